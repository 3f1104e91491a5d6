"""The hunks of a change as selections: those of one member are one, and deleted lines are seen through the member that lost them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ctxreview.behaviour.lock_usage import masked_source
from ctxreview.errors import SourceError
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.source import Selection, Source, Span
from ctxreview.outline import outline
from ctxreview.workspace.changed_files import Changed
from ctxreview.workspace.changed_lines import changed_lines
from ctxreview.workspace.contents import as_text
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.generated import is_generated

MOST = 10_000
"""Selections that are made of one change, the first by path."""


class ChangedSelections(NamedTuple):
    """The selections of a change by the text that names each, such as ``src/Orders.cs:31-33``, in order.

    ``notes`` say what is not selected: members that are gone whole, and what is beyond the limit. ``failed`` has a sentence for each
    file that cannot be read.
    """

    selections: dict[str, Selection]
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def selections_of(changed: Iterable[Changed], root: Path) -> ChangedSelections:
    """What a change touches in the version after, file by file; generated files are passed over."""
    found: dict[str, Selection] = {}
    notes: list[str] = []
    failed: list[str] = []
    beyond = 0
    for one in changed:
        try:
            made = _Touched(one, root)
        except SourceError as error:
            failed.append(str(error))
            continue
        notes += made.lost()
        for first, last in made.lines():
            given = f"{one.path}:{first}-{last}" if last > first else f"{one.path}:{first}"
            if len(found) < MOST:
                found[given] = Selection(made.after, made.after.line_span(first, last), given)
            else:
                beyond += 1
    if beyond:
        failed.append(f"{beyond:,} more selections were left out: at most {MOST:,} are made of one change.")
    return ChangedSelections(found, tuple(notes), tuple(failed))


class _Touched:
    """What a change touches in one file. Raises :class:`SourceError` where a version cannot be read."""

    def __init__(self, one: Changed, root: Path) -> None:
        self.path = one.path
        if (one.was and one.before is None) or not (one.gone or one.after is not None):
            raise SourceError(f"{one.path}: cannot be read in both versions; nothing of it was selected.")
        self.before, self.after = (_source(one.path, raw, root) for raw in (one.before, one.after))
        generated = is_generated(as_text(self.after.data or self.before.data))
        old, new = (b"", b"") if generated else (self.before.data, self.after.data)
        self._old, self._new = old.splitlines(), new.splitlines()
        self._ranges = (
            changed_lines(self._old, self._new) if one.was else (((1, len(self._new)),) if new.strip() else ())
        )
        self._was = outline(self.before) if old.strip() else None
        self._now = outline(self.after) if new.strip() else None

    def lines(self) -> list[tuple[int, int]]:
        """First and last line of each selection, in order."""
        if self._now is None:
            return []
        members: dict[Span, list[int]] = {}
        others: list[tuple[int, int]] = []
        own = {member.span: self.after.lines_of(member.span) for member in self._now.outermost}
        for first, last in self._ranges:
            if last < first:
                for span, line in self._losing(last, first, own):
                    members.setdefault(span, []).append(line)
                continue
            left = set(range(first, last + 1))
            for span, (start, end) in own.items():
                if here := [n for n in (max(first, start), min(last, end)) if start <= n <= end and first <= n <= last]:
                    members.setdefault(span, []).extend(here)
                    left -= set(range(start, end + 1))
            others += self._in_types(sorted(left), self._now)
        return sorted([*((min(found), max(found)) for found in members.values()), *others])

    def _losing(self, above: int, below: int, own: dict[Span, tuple[int, int]]) -> Iterator[tuple[Span, int]]:
        """The members around a place where lines are only gone, between the lines ``above`` and ``below``, each with one of these."""
        for span, (start, end) in own.items():
            if start <= above and below <= end:
                yield span, above if self._new[above - 1].strip() else below

    def lost(self) -> Iterator[str]:
        """A sentence for each member that is gone, whatever became of its lines."""
        if self._was is None:
            return
        there = {_key(f) for f in self._now.outermost} if self._now is not None else set()
        for member in self._was.outermost:
            if _key(member) not in there and member.name:
                of = f" of {member.container}" if member.container else ""
                yield f"{self.path}: {member.name}{of} is gone; there is nothing of it to select, and guard --diff compares it."

    def _in_types(self, lines: list[int], now: Outline) -> Iterator[tuple[int, int]]:
        """Runs of lines with code that are in a type and in no function of it."""
        masked = masked_source(now).splitlines()
        telling = [
            n
            for n in lines
            if any(c.isalnum() for c in masked[n - 1].decode("utf-8", "replace"))
            and now.type_of(self._code_of(n)) is not None
        ]
        start = 0
        for i, n in enumerate(telling):
            if i + 1 == len(telling) or telling[i + 1] != n + 1:
                yield telling[start], n
                start = i + 1

    def _code_of(self, line: int) -> Span:
        """A line without the blanks around what stands in it."""
        span, text = self.after.line_span(line), self.after.line(line)
        return Span(span.start + len(text) - len(text.lstrip()), span.end)


def _key(member: Function) -> tuple[str, str]:
    return member.container, member.name


def _source(path: str, raw: bytes | None, root: Path) -> Source:
    return replace(decode(raw, path), root=root) if raw and raw.strip() else Source(path, b"", root=root)
