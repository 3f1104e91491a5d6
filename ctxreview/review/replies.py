"""A reply that somebody brings from any chat, in place of a model's: read, checked and kept like one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast

from ctxreview.callgraph.repository.index import Repository
from ctxreview.errors import ReplyError, SourceError
from ctxreview.guard.check import suggestions
from ctxreview.model.kinds import CHAT, Confidence
from ctxreview.model.review import Completion, Context, Prompt, Reply, Suggestion, Usage
from ctxreview.prompt.answers import answers
from ctxreview.prompt.asking import Provider, Reader
from ctxreview.prompt.chat import read_chat
from ctxreview.prompt.checklist import Item
from ctxreview.prompt.limits import unfenced
from ctxreview.prompt.reply import parse
from ctxreview.regex import regex
from ctxreview.review.request import Request

UNKNOWN: Final = "unknown model"


def brought(text: str, model: str | None) -> Provider:
    """A provider whose answer is ``text``, whatever it is asked; ``model`` is whose it is said to be."""

    def ask(_: Prompt) -> Completion:
        return Completion(text, CHAT, model or UNKNOWN, Usage(None, None))

    return ask


_CONFIDENCE = regex(r"[*_ ]*Confidence[*_ ]*:[*_ ]*(high|medium|low)\b[*_.]*\s*", re.IGNORECASE)


def _with_confidence(value: Suggestion) -> Suggestion:
    """A suggestion with the confidence that its text gives, and without that in its text."""
    said = _CONFIDENCE.search(value.rationale)
    if said is None:
        return value
    rest = f"{value.rationale[: said.start()]} {value.rationale[said.end() :]}".strip()
    return value._replace(confidence=cast("Confidence", said[1].lower()), rationale=rest)


def reader(request: Request) -> Reader:
    """What reads the answer to the request that :func:`brought` gives."""
    return lambda text, items, context: _read(text, items, context, request.repository)


def _read(text: str, items: Sequence[Item], context: Context, repository: Repository | None) -> Reply:
    """The reply in a chat's answer: an object of the reply's schema, or Markdown with its code placed by the guard.

    What Markdown does not answer of the checklist is answered as far as the source alone goes, and says so.
    Raises :class:`SourceError` where it is neither.
    """
    try:
        if re.match(r"\s*\{", unfenced(text)):
            return parse(text, items)
        parts = read_chat(text, items)
        has_code = re.search(r"^[ \t>]*(?:`{3,}|~{3,})", parts.suggestions, re.MULTILINE) is not None
        made = suggestions(parts.suggestions, context) if has_code else ()
        if not (made or parts.summary or parts.problems):
            raise ReplyError("There is nothing in it.")
        given = {a.id: a for a in parts.checklist}
        missing = {a.id: a for a in answers([i for i in items if i.id not in given], context, repository)}
        checklist = tuple(given.get(i.id) or missing[i.id] for i in items)
        return Reply(parts.summary, checklist, tuple(map(_with_confidence, made)), parts.problems)
    except ReplyError as error:
        raise SourceError(f"The reply cannot be read: {error}") from None
