"""A model's answer as the sentences of an intent comment."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ctxreview.context.visible import UNSEEN
from ctxreview.errors import ReplyError
from ctxreview.model.claims import claims
from ctxreview.model.notation import AWAIT
from ctxreview.redact import redact
from ctxreview.regex import regex

_MARKS = regex(r"^\s*(?:/{2,}|/\*+|\*+/?|[-*•>]\s|```\w*$)|\*/\s*$")
_FENCE = regex(r"^[ \t]*```[^`\n]*$", re.MULTILINE)
_STATEMENT = regex(
    rf"[;{{}}]\s*$|^\s*[{{}}#@]|^\s*(?:{AWAIT} |using |var |new )*[\w.<>]+\s*\([^()]*\)\s*$|^\s*</?\w[^<>]*>\s*$"
)
_CODE = regex(r"[;{}]\s*$|\)\s*;|;\s*\S.*;|=>|[^=!<>]=[^=]|`{3}")
_DIRECTIVE = regex(r"(?i)ctxreview\s*:|resharper|nosonar|nolint|pragma|\[REDACTED|\*/|/\*|//")


def sentences_from_answer(answer: str) -> tuple[str, ...]:
    """A model's answer as sentences that can be in a comment.

    Marks, code, what other tools would obey, secrets, control and direction-changing characters are gone, and so is every
    sentence that claims what a person has to answer for (:func:`ctxreview.model.claims.claims`). Raises
    :class:`ReplyError` where nothing is left.
    """
    prose = " ".join(_prose(answer))
    text = " ".join(redact(_printable(prose)).text.split())
    unwanted = (_CODE.search, _DIRECTIVE.search, claims)
    kept = [
        s for s in re.split(r"(?<=[.!?])\s+", text) if re.search(r"\w", s) and not any(found(s) for found in unwanted)
    ]
    if not kept:
        raise ReplyError("The comment has no usable sentence: write plain sentences, without code or judgement.")
    return tuple(kept)


def _prose(answer: str) -> Iterator[str]:
    """The lines of an answer that are not code, without comment marks; of fenced ones those that are comments."""
    for number, part in enumerate(_FENCE.split("\n".join(re.split(r"[\r\n\v\f\x85\u2028\u2029]+", answer)))):
        for line in part.split("\n"):
            bare = _MARKS.sub("", line)
            if not _STATEMENT.search(bare) and (number % 2 == 0 or bare != line):
                yield bare


def _printable(text: str) -> str:
    """``text`` without characters that are not seen or change how others are seen."""
    return "".join(
        " " if c.isspace() or unicodedata.category(c) == "Cc" else c
        for c in text
        if c.isspace() or not (UNSEEN.match(c) or unicodedata.category(c) in ("Co", "Cn"))
    )
