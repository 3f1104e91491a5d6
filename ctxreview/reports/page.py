"""Reviews as one HTML file: no script, nothing from elsewhere, and a policy that forbids both.

Everything on it comes from the document of a review (``ctxreview.review/1``) and what is :class:`~ctxreview.reports.shown.Shown`
beside it, so a kept review gives the same page. Every text that is put into the template goes through one place, where control
characters are written out, secrets replaced, and everything escaped that HTML would act on.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ctxreview.context.visible import visible
from ctxreview.model.kinds import GUARD_VERDICTS, SEVERITIES
from ctxreview.regex import regex
from ctxreview.reports import words
from ctxreview.reports.json_text import redacted_text
from ctxreview.reports.page_parts import Failed, entry
from ctxreview.reports.shown import Reviewed

FOLDER = Path(__file__).parent
_NAME = regex(r"`([^`\n]+)`")


def page(given: Sequence[Reviewed | Failed]) -> str:
    """One page: a review, or several with an index of them."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def clean(value: object) -> object:
        return redacted_text(visible(value)) if isinstance(value, str) and not isinstance(value, Markup) else value

    def prose(said: str) -> Markup:
        """A sentence with the names in it, which are between backticks, as code."""
        return Markup(_NAME.sub(r"<code>\1</code>", str(Markup.escape(clean(said)))))  # escaped just before

    style = (FOLDER / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        finalize=clean,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    prefixes = [f"r{n}" if len(given) > 1 else "" for n in range(1, len(given) + 1)]
    entries = [
        (prefix, entry(each, prefix) if isinstance(each, Reviewed) else None, each)
        for prefix, each in zip(prefixes, given, strict=True)
    ]
    made: str = environment.get_template("page.html.j2").render(
        digest=Markup(f"sha256-{digest}"),  # both are ours
        style=Markup(style),
        prose=prose,
        code=Markup.escape,  # cleaned as a whole already: some secrets span lines
        entries=entries,
        counted=_counted,
        words=words,
    )
    return made


def _counted(found: Sequence[str]) -> list[tuple[str, int]]:
    """Verdicts or severities with their numbers, the worst first."""
    counts = Counter(found)
    return [(word, counts[word]) for word in (*GUARD_VERDICTS, *SEVERITIES) if counts[word]]
