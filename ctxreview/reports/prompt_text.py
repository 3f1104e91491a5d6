"""The finished prompt: as one text to paste, and as ``ctxreview.prompt/1``."""

from __future__ import annotations

from ctxreview.model.review import Prompt
from ctxreview.model.source import Selection
from ctxreview.prompt.build import ReplyForm
from ctxreview.redact import replaced
from ctxreview.reports.json_text import Document, redacted_text


def prompt_text(value: Prompt) -> str:
    """Both parts under headings."""
    return f"===== system =====\n{value.system}\n===== user =====\n{value.user}".rstrip("\n")


def prompt_document(value: Prompt, selection: Selection, form: ReplyForm) -> Document:
    """The prompt about a selection, whose reply has that form."""
    first, last = selection.lines
    return {
        "schema": "ctxreview.prompt/1",
        "selection": {"path": redacted_text(selection.source.path), "start_line": first, "end_line": last},
        "system": value.system,
        "user": value.user,
        "reply": "markdown" if form == "chat" else "json",
        "tokens": {
            "prompt": value.tokens.prompt,
            "budget": value.tokens.budget,
            "tokenizer": value.tokens.tokenizer,
        },
        "redacted": replaced(value.user, selection.source.data.decode("utf-8", "replace")),
    }
