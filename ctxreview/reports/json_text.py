"""JSON documents as text, with the secrets replaced in what they quote."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ctxreview.kept import kept
from ctxreview.regex import regex

Document = dict[str, Any]
_CLEANED = (str, dict, list)


def dumps(document: Mapping[str, Any], indent: int | None = None) -> str:
    """One JSON document: on one line, or indented for people.

    In ASCII, so that no code page, terminal or line reader on the way can change it or act on it, and without ``##``, by which logs of
    builds know a command. What JSON has no
    form for (NaN, infinity) is ``null``, and half a surrogate pair U+FFFD, as JSON's readers want it.
    """
    try:
        made = json.dumps(document, indent=indent, allow_nan=False)
    except ValueError:
        made = json.dumps(_plain(document), indent=indent, allow_nan=False)
    if _HALF.search(made):
        made = json.dumps(_plain(document), indent=indent)
    return made.replace("##", "#\\u0023")


_HALF = regex(r"\\u[dD][89a-fA-F]")
"""What may be half a surrogate pair."""


def _plain(value: Any) -> Any:
    """A document without what JSON has no form for."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def redacted_text(text: str) -> str:
    """``text`` without its secrets."""
    return _redacted_again(text) if len(text) <= _SHORT else _redacted_new(text)


def _redacted_new(text: str) -> str:
    from ctxreview.redact import redact  # most contexts quote nothing

    return redact(text).text


_QUOTES = regex(r"[\"']|[A-Z0-9+/=_-]{16,}|\b(?=\w*\d)[\w+/=-]{16,}")
"""What a text has that quotes a literal, or that names a file or member as keys are written."""

_redacted_again = kept(4096)(_redacted_new)
_SHORT = 400
"""Characters of a text that is likely to come again: a path, a construct, a sentence of a rule."""


def clean(value: Any, quoted: bool = False) -> Any:
    """A document with the secrets replaced in every text; with ``quoted``, only in those that quote something or name a key."""
    # By type and without a call for each leaf: a batch makes two hundred leaves for each selection.
    if type(value) is str:
        return redacted_text(value) if not quoted or _QUOTES.search(value) else value
    if type(value) is dict:
        return {key: clean(inner, quoted) if type(inner) in _CLEANED else inner for key, inner in value.items()}
    return [clean(inner, quoted) for inner in value] if type(value) is list else value
