"""C# that the grammar cannot read, made readable without moving a byte.

Every offset and line of the result is that of the input, so spans found in its tree hold for the file as
it was read; names and literals are to be read from the original bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ctxreview.languages.csharp.conditional import Selection, others, select
from ctxreview.languages.csharp.editing import Rewrite
from ctxreview.languages.csharp.lex import CONDITIONALS, Code, lex
from ctxreview.languages.csharp.rewrites import LAST_REWRITES, REWRITES, rewritten

MOST_BRANCHES = 8
"""How many further variants of a file are made at most, so that code in its dark branches is seen."""
MOST_BRANCH_BYTES = 64_000_000
"""How many bytes these variants have together at most, a branch counting like 200; one is made in any case."""

OTHER_SELECTIONS = 3
"""How many other ways through ``#if`` are tried where the reference is not a program: some need a symbol."""


class Normalised(NamedTuple):
    """Bytes to parse in place of the ones read: same length, same line ends, valid UTF-8.

    ``rewrites`` names what was done, in the order of the table; nothing for a file that parses as it is.
    ``branches`` are further variants in which the ``#if`` branches blanked in ``data`` are code; empty
    where all branches still are in ``data``.
    """

    data: bytes
    rewrites: tuple[str, ...] = ()
    branches: tuple[bytes, ...] = ()


class _Attempt(NamedTuple):
    code: Code
    rewrites: Mapping[str, Rewrite]
    selection: Selection | None

    def result(self) -> Normalised:
        data, used = rewritten(self.code, self.rewrites)
        return Normalised(data, ("conditional-compilation", *used) if self.selection else used)


def normalise(data: bytes, broken: Callable[[bytes], int], keep: int | None = None) -> Normalised:
    """``data`` (valid UTF-8) with what the grammar fails on replaced by text of the same length.

    ``broken`` parses and answers how much could not be read, 0 for nothing; bytes in error tell more than a
    count of nodes, since one error may swallow a whole file. It may also count what parses into the wrong
    thing, such as a constructor named ``extension``. It is asked for ``data`` first, and if that
    is clean nothing is changed; otherwise for one candidate after the other, each more invasive than the
    one before, until one is clean. What does not make it less is not kept. The last bytes it was asked
    for are those of the result whenever they are clean.

    ``keep`` is a byte offset that has to stay code: where ``#if`` branches must be blanked, the one that
    holds it is kept; otherwise those are that a compiler without preprocessor symbols takes.
    """
    least = broken(data)
    best: tuple[Normalised, _Attempt] | None = None
    tried = {data}
    for attempt in _attempts(data, keep) if least else ():
        candidate = attempt.result()
        if candidate.data in tried:
            continue
        tried.add(candidate.data)
        left = broken(candidate.data)
        if left < least:
            least, best = left, (candidate, attempt)
        if not left:
            break
    if best is None:
        return Normalised(data)
    result, attempt = best
    if least:
        result, attempt = _without_idle(result, attempt, least, broken)
    return Normalised(result.data, result.rewrites, tuple(_branches(attempt)))


def _attempts(data: bytes, keep: int | None) -> Iterator[_Attempt]:
    """From the least invasive on: words and marks first, then ``#if``, at last the text of literals."""
    code, selection = lex(data), None
    yield _Attempt(code, REWRITES, None)
    if any(d.name in CONDITIONALS for d in code.directives):
        selection, code = select(data, keep)
        yield _Attempt(code, REWRITES, selection)
        for other, its_code in others(selection, OTHER_SELECTIONS):
            if keep is None or other.dark(keep) is None:
                yield _Attempt(its_code, REWRITES, other)
    yield _Attempt(code, LAST_REWRITES, selection)


def _without_idle(
    result: Normalised, attempt: _Attempt, least: int, broken: Callable[[bytes], int]
) -> tuple[Normalised, _Attempt]:
    """For a file that stays broken: the result without the rewrites that did not help."""
    for name in result.rewrites:
        if name in attempt.rewrites:
            rewrites = {n: m for n, m in attempt.rewrites.items() if n != name}
            fewer = _Attempt(attempt.code, rewrites, attempt.selection)
            candidate = fewer.result()
            if broken(candidate.data) <= least:
                result, attempt = candidate, fewer
    return result, attempt


def _branches(attempt: _Attempt) -> Iterator[bytes]:
    if attempt.selection is not None:
        size = len(attempt.code.data) + 200 * len(attempt.selection.branches)
        most = max(1, min(MOST_BRANCHES, MOST_BRANCH_BYTES // max(1, size)))
        for _, code in others(attempt.selection, most, declaring=True):
            yield rewritten(code, attempt.rewrites)[0]
