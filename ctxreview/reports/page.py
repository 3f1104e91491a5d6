"""Reports as one HTML file: no script, nothing from elsewhere, and a policy that forbids both.

What the Markdown report says, in the same order. Every text that is put into the template goes through one place, where
control characters are written out, secrets replaced, and everything escaped that HTML would act on.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ctxreview.context.listing import file_listings
from ctxreview.context.proofs import proven, suggested
from ctxreview.context.visible import visible
from ctxreview.model.phrases import place
from ctxreview.model.review import Review
from ctxreview.redact import redact
from ctxreview.reports.opinions import SAME, compared_answers
from ctxreview.reports.words import (
    NOTICE,
    UNANSWERED,
    closing_lines,
    ignored_line,
    omitted_parts,
    problems,
    sure,
    unredacted_lines,
    visible_parts,
)

FOLDER = Path(__file__).parent


def review_page(value: Review) -> str:
    """One review."""
    return _page([value])


def opinions_page(values: Sequence[Review]) -> str:
    """Several models' reviews of one selection."""
    return _page(values)


def _page(values: Sequence[Review]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def clean(value: object) -> object:
        return redact(visible(value)).text if isinstance(value, str) and not isinstance(value, Markup) else value

    first, context = values[0], values[0].context
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
    shown: dict[str, Any] = {
        "digest": Markup(f"sha256-{digest}"),  # both are ours
        "style": Markup(style),
        "lines": lambda text: redact(visible(text.rstrip("\n"))).text.split("\n"),  # whole: some secrets span lines
        "place": place,
        "question": first.question,
        "context": context,
        "files": [(source.path, code) for source, code in file_listings(context)],
        "proven": proven(context),
        "suggested": suggested(context),
        "seen": list(visible_parts(context)),
        "not_seen": [*context.unseen, *omitted_parts(context)],
        "hazards": first.hazards,
        "ignored": ignored_line(first) if first.ignored else "",
        "items": compared_answers(values) if len(values) > 1 else (),
        "same": SAME,
        "answers": [
            {
                "asked": value.provider is not None,
                "name": f"{value.provider} ({value.model})",
                "summary": value.summary,
                "checklist": value.checklist,
                "suggestions": [(s, sure(s.suggestion)) for s in value.suggestions],
                "problems": list(problems(value)),
            }
            for value in values
        ],
        "end": [
            *(closing_lines(first) if len(values) == 1 else unredacted_lines(first)),
            NOTICE if first.provider is not None else UNANSWERED,
        ],
    }
    return environment.get_template("page.html.j2").render(shown)
