"""A fragment of an answer by itself: as lines, as an outline, and in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from ctxreview.model.outline import Outline
from ctxreview.model.source import Source
from ctxreview.outline import outline

COMMENT_LINE = re.compile(r"\s*(?://|/\*|\*|\*/)")


def parsed(lines: Sequence[str], source: Source, before: str = "", after: str = "") -> Outline:
    """The outline of a fragment; its first line is line 1 without ``before``, else line 2."""
    text = "\n".join((*((before,) if before else ()), *lines, *((after,) if after else ()), ""))
    return outline(Source(f"fragment{PurePosixPath(source.path).suffix}", text.encode()))


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, the first four of them."""
    shown = list(dict.fromkeys(names))
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
