"""Words that would make a text say more than a tool can know."""

import re
import unicodedata

from ctxreview.regex import regex

WORDS = regex(r"(?<![^\W_])(reviewed|safe|approved|lgtm)(?![^\W_])", re.IGNORECASE)
"""Words that would make a comment say more than a tool can know; as parts of longer words they are others."""


def claims(text: str) -> str | None:
    """The first of the :data:`WORDS` in ``text``, however its letters are encoded; ``None`` where there is none."""
    found = WORDS.search(unicodedata.normalize("NFKC", text))
    return found[0] if found else None


def neutral(text: str) -> str:
    """``text`` without any of the :data:`WORDS`."""
    if claims(text) is None:
        return text
    return WORDS.sub("[…]", unicodedata.normalize("NFKC", text))
