"""Code as units that are laid over each other: statements, or lines, and the elisions between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.guard.placing.elisions import squeezed, without_comments
from ctxreview.guard.placing.snippets import COMMENT_LINE, words


class Unit(NamedTuple):
    """What is laid over the other side: the lines ``first`` to ``last`` (from 0, half-open) that belong together."""

    key: str
    words: Counter[str]
    first: int
    last: int
    columns: int

    @property
    def weight(self) -> float:
        """What it costs when it comes or goes."""
        return 2.0 if COMMENT_LINE.match(self.key) else float(self.words.total()) or 2.0


class Hole(NamedTuple):
    """An elision, and how deep it stands."""

    columns: int


def shown(lines: Sequence[str | None], whole: bool) -> list[Unit | Hole]:
    """What is given, as units and holes; two holes with nothing between are one."""
    found: list[Unit | Hole] = []
    start = 0
    columns = 0
    for at in (*(i for i, line in enumerate(lines) if line is None), len(lines)):
        run = [line or "" for line in lines[start:at]]
        for unit in units(run, whole):
            columns = unit.columns
            found.append(unit._replace(first=unit.first + start, last=unit.last + start))
        if at < len(lines) and not (found and isinstance(found[-1], Hole)):
            found.append(Hole(_column_of(lines, at, columns)))
        start = at + 1
    return found


def _column_of(lines: Sequence[str | None], at: int, before: int) -> int:
    """How deep a hole stands: as what follows or precedes it, and one step deeper than a brace that opens before it."""
    above = next((line for line in reversed(lines[:at]) if line and line.strip()), "")
    if above.rstrip().endswith("{"):
        return before + 4
    below = next((line for line in lines[at + 1 :] if line and line.strip()), "")
    return before if above or not below else len(below.expandtabs(4)) - len(below.lstrip())


def units(lines: Sequence[str], whole: bool) -> Iterator[Unit]:
    """The units of some lines: ``whole`` ones go from a line to where its brackets are closed and it ends as code does."""
    i = 0
    while i < len(lines):
        if not lines[i].strip():
            i += 1
            continue
        j = i + 1
        if whole and not COMMENT_LINE.match(lines[i]):
            while j < len(lines) and (_goes_on(lines[i:j], lines[j]) or _is_value(lines, i, j)):
                j += 1
        text = "\n".join(lines[i:j])
        first = lines[i].expandtabs(4)
        yield Unit(
            squeezed(text), words(text) or Counter(re.findall(r"\w+", text)), i, j, len(first) - len(first.lstrip())
        )
        i = j


def _goes_on(lines: Sequence[str], following: str) -> bool:
    """Whether a unit goes on after these lines: a bracket is open, or nothing ends it."""
    if len(lines) > 60 or not following.strip():
        return False
    code = without_comments("\n".join(lines)).rstrip()
    if code.count("(") > code.count(")") or code.count("[") > code.count("]"):
        return not code.endswith("{")
    ends = code.endswith((";", "{", "}", ",", ":")) or following.lstrip()[0] in "{}"
    return not ends and not COMMENT_LINE.match(following)


def _is_value(lines: Sequence[str], start: int, at: int) -> bool:
    """Whether the brace that ends the lines before ``at`` opens a value within brackets, not a block: no statement ends in it."""
    code = without_comments("\n".join(lines[start:at])).rstrip()
    if at - start > 60 or not code.endswith("{") or code.count("(") <= code.count(")"):
        return False
    depth = 1
    for line in lines[at : at + 60]:
        bare = without_comments(line)
        depth += bare.count("{") - bare.count("}")
        if depth <= 0:
            return True
        if ";" in bare:
            return False
    return False
