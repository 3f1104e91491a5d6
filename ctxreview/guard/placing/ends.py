"""The lines of a file that a fragment which differs begins and ends with: its lines are laid over those around the tokens that it shares."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from ctxreview.guard.placing.file_tokens import FileTokens, Row, words_in
from ctxreview.guard.placing.likeness import Near
from ctxreview.guard.placing.snippets import LIKE, alike
from ctxreview.kept import kept

_REACH, _BEYOND = 24, 10
"""Lines at an end of a fragment that are looked at, and how many more of the file."""
_NEW, _SKIPPED, _LEFT, _FAR = 3.0, 1.5, 0.1, 0.2
"""What it costs that a line is new, besides its tokens, that one of the file is gone, or a token of it, and each line between where tokens and lines begin."""
_NEVER = (1e9, -1)
_SOME, _SPELLED, _SHORT = 0.2, 0.75, 400
"""How much of their words two lines share that are versions of each other if they are spelled alike, how much that is, and up to how many characters."""


def ends(near: Near, parts: Sequence[Row], own: tuple[int, int], there: FileTokens) -> tuple[int, int]:
    """The first and the last line that a fragment is a version of, whose tokens are ``near``.

    ``parts`` are its lines, of which ``own`` are the numbers of those before the first and behind the last place where it leaves code out.
    """
    first, last = there.lines[near.start], there.lines[near.end - 1]
    begin = _edge(first, parts[: own[0]], 1, there)
    end = _edge(last, parts[: -own[1] - 1 : -1], -1, there)
    return (begin, end) if begin <= end else (first, last)


def _edge(line: int, given: Sequence[Row], step: int, there: FileTokens) -> int:
    """The line with which a fragment begins, its lines being laid over those of the file around ``line`` with the least change.

    With ``step`` -1 that with which it ends, ``given`` being the other way round.
    """
    if len(given) < 2:
        return line
    given = given[:_REACH]
    numbers = _around(line, len(given) + _BEYOND, step, there)
    own = [there.line(n) for n in numbers]
    near = numbers.index(line)
    # Of each beginning of what is given: what it costs to end with each line, and where it began.
    ways = [(0.0, -1) for _ in range(len(own) + 1)]
    for part in given:
        fresh = len(part) + _NEW
        made = [(ways[0][0] + fresh, -1)]
        for at, line_there in enumerate(own):
            (came, began), (gone, start), (new, since) = ways[at], made[at], ways[at + 1]
            differ = _change(part, line_there)
            first = began if began >= 0 else at
            far = 0.0 if began >= 0 else _FAR * abs(at - near)
            laid = (came + differ + far, first) if differ is not None else _NEVER
            left = (gone + _SKIPPED, start) if start >= 0 else _NEVER
            made.append(min(laid, left, (new + fresh, since), key=lambda w: w[0]))
        ways = made
    _, start = min(ways, key=lambda w: w[0])
    return numbers[start] if start >= 0 else line


@kept(4_096)
def _change(part: Row, own: Row) -> float | None:
    """What it costs that a line becomes a given one; ``None`` where it is not a version of it."""
    if part == own:
        return 0.0
    words, there = words_in(part), words_in(own)
    if not words or not there:
        return None
    a, b = ("\n".join(("", *tokens, "")) for tokens in (part, own))
    shared = alike(words, there)
    if shared < LIKE and a not in b and b not in a and not (shared >= _SOME and _are_spelled_alike(a, b)):
        return None
    held = sum(block.size for block in SequenceMatcher(None, part, own, autojunk=False).get_matching_blocks())
    return len(part) - held + _LEFT * (len(own) - held)  # it may leave out the rest of the line


def _are_spelled_alike(a: str, b: str) -> bool:
    return max(len(a), len(b)) <= _SHORT and SequenceMatcher(None, a, b, autojunk=False).ratio() >= _SPELLED


def _around(line: int, count: int, step: int, there: FileTokens) -> list[int]:
    """The numbers of lines with code from some before ``line`` to ``count`` behind it, in a direction."""
    before, after = (_towards(line, s, n, there) for s, n in ((-step, _BEYOND), (step, count)))
    return [*reversed(before), line, *after]


def _towards(line: int, step: int, count: int, there: FileTokens) -> list[int]:
    found: list[int] = []
    line += step
    while 1 <= line <= there.source.line_count and len(found) < count:
        if there.line(line):
            found.append(line)
        line += step
    return found
