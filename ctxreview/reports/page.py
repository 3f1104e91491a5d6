"""Reviews as one HTML file: no script, nothing from elsewhere, and a policy that forbids both.

Everything on it comes from the document of a review (``ctxreview.review/1``) and what is :class:`~ctxreview.reports.shown.Shown`
beside it, so a kept review gives the same page. Every text that is put into the template goes through one place, where control
characters are written out, secrets replaced, and everything escaped that HTML would act on.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from ctxreview.context.visible import visible
from ctxreview.model.kinds import GUARD_VERDICTS, SEVERITIES
from ctxreview.model.phrases import amount
from ctxreview.model.review import Comparison
from ctxreview.regex import regex
from ctxreview.reports import words
from ctxreview.reports.json_text import redacted_text
from ctxreview.reports.page_compared import Compared, compared
from ctxreview.reports.page_parts import Entry, Failed, entry
from ctxreview.reports.shown import Reviewed

FOLDER = Path(__file__).parent
_NAME = regex(r"`([^`\n]+)`")


class Part(NamedTuple):
    """A part of the page: what the index calls it, with which verdict, and what the template is given."""

    prefix: str
    kind: Literal["review", "comparison", "failed"]
    verdict: str
    name: str
    made: Entry | Compared | Failed


def page(given: Sequence[Reviewed | Failed | Comparison]) -> str:
    """One page: a review or a comparison, or several with an index of them."""
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
    entries = [_part(each, f"r{n}" if len(given) > 1 else "") for n, each in enumerate(given, 1)]
    made: str = environment.get_template("page.html.j2").render(
        digest=Markup(f"sha256-{digest}"),  # both are ours
        style=Markup(style),
        prose=prose,
        code=Markup.escape,  # cleaned as a whole already: some secrets span lines
        entries=entries,
        title=_title(given),
        notices=tuple(dict.fromkeys(_notices(given))),
        counted=_counted,
        words=words,
    )
    return made


def _part(given: Reviewed | Failed | Comparison, prefix: str) -> Part:
    if isinstance(given, Comparison):
        return Part(prefix, "comparison", given.verdict, given.given, compared(given, prefix))
    if isinstance(given, Failed):
        return Part(prefix, "failed", "failed", given.selection, given)
    made = entry(given, prefix)
    context = made.document["context"]
    name = f"{context['selection']['path']}:{made.own.words}"
    return Part(prefix, "review", made.verdict or context["verdict"], name, made)


def _title(given: Sequence[Reviewed | Failed | Comparison]) -> str:
    (*_, last) = given
    if len(given) == 1 and isinstance(last, Reviewed):
        return f"{last.shown['selected']}, {last.documents[0]['context']['selection']['path']}"
    selections = sum(not isinstance(each, Comparison) for each in given)
    versions = [each.given for each in given if isinstance(each, Comparison)]
    return ", ".join([*versions, *([amount(selections, "selection")] if selections else [])])


def _notices(given: Sequence[Reviewed | Failed | Comparison]) -> Iterator[str]:
    return (each.documents[0]["notice"] for each in given if isinstance(each, Reviewed))


def _counted(found: Sequence[str]) -> list[tuple[str, int]]:
    """Verdicts or severities with their numbers, the worst first."""
    counts = Counter(found)
    return [(word, counts[word]) for word in (*GUARD_VERDICTS, *SEVERITIES) if counts[word]]
