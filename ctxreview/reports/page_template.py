"""The templates of pages, and the one place where what is put into them is cleaned: control characters are written out, secrets replaced,
and everything escaped that HTML would act on."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ctxreview.context.visible import visible
from ctxreview.model.kinds import GUARD_VERDICTS, SEVERITIES
from ctxreview.regex import regex
from ctxreview.reports import words
from ctxreview.reports.json_text import redacted_text

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
_NAME = regex(r"`([^`\n]+)`")
_SOFT = regex(r"(?<=\S)[ \t]*\n(?=[^\W\d_]|[(\"']|`(?!``))")
"""The end of a line within a paragraph, which Markdown takes for a blank: what follows begins no list, heading or code."""


@cache
def environment() -> Environment:
    """The templates, with what they all use."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def clean(value: object) -> object:
        return redacted_text(visible(value)) if isinstance(value, str) and not isinstance(value, Markup) else value

    def prose(said: str) -> Markup:
        """Sentences with the names in them, which are between backticks, as code; a paragraph is one line."""
        text = str(Markup.escape(_SOFT.sub(" ", redacted_text(visible(said)))))
        return Markup(_NAME.sub(r"<code>\1</code>", text))  # escaped just before

    def own(name: str) -> Markup:
        """The text of a file of ours."""
        return Markup((FOLDER / name).read_text("utf-8"))

    def digest(text: str) -> Markup:
        """The source of a text of ours for the policy of the page."""
        return Markup(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'")

    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        finalize=clean,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Code is cleaned as a whole already: some secrets span lines.
    made.globals |= {"prose": prose, "code": Markup.escape, "counted": counted, "words": words}
    made.globals |= {"own": own, "digest": digest}
    return made


def counted(found: Sequence[str]) -> list[tuple[str, int]]:
    """Verdicts or severities with their numbers, the worst first."""
    counts = Counter(found)
    return [(word, counts[word]) for word in (*GUARD_VERDICTS, *SEVERITIES) if counts[word]]
