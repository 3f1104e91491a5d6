"""Unified diffs as git and ``diff -u`` write them, applied to the reviewed file exactly as they would, or not at all.

Every line counts here: nothing in such a diff stands for other code. What does not agree with its own counts or with the
file is for :mod:`ctxreview.guard.placing.patches`, which reads diffs as models write them. The format is that of git-diff(1) and of GNU
diffutils, "Detailed Description of Unified Format".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from ctxreview.guard.placing.edits import file_named
from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.guard.placing.sections import Hunk, Section, sections
from ctxreview.model.review import Edit
from ctxreview.model.source import Source

MARK = "\ufeff"
"""A byte order mark, which a :class:`Source` does not have and a diff of its first line quotes."""


def edits(text: str, source: Source) -> tuple[Edit, ...] | None:
    """The edits of a diff, verbatim where they are of ``source``; ``None`` where it is not one that applies exactly.

    None at all where it changes no code: a byte order mark, a mode or a name. Raises :class:`UnplacedError` where it names
    no one file.
    """
    found = sections(text)
    if not found:
        return None
    mine = file_named([s.names for s in found], source)
    own = [s for s in found if mine is not None and mine in s.names]
    others = [e for s in found if s not in own for e in _elsewhere(s)]
    if not own:
        return tuple(others)
    if not any(s.old for s in own):
        raise UnplacedError(f"It creates {source.path}, which is there already.", Instead.EXISTING)
    here = _verbatim(own, source)
    if here is None:
        return None
    return (*here, *others)


def _elsewhere(section: Section) -> Iterator[Edit]:
    """The edits of another file, which are not made; one without text where the diff does not show them."""
    name = section.new or section.old
    for hunk in section.hunks:
        new = "".join(text for sign, text in hunk.lines if sign != "-")
        yield Edit(name, hunk.start, hunk.start, "".join(hunk.old), new, verbatim=True)
    if not section.hunks:
        yield Edit(name, 0, 0, "", "", verbatim=True)


class _Piece(NamedTuple):
    """The lines ``first`` to ``last`` (from 0, half-open) of a file become ``new``."""

    first: int
    last: int
    new: list[bytes]


class _File:
    """A file as git counts its lines: with their ends, of which only ``\\n`` is one."""

    def __init__(self, data: bytes, source: Source) -> None:
        self.data, self.newline, self.encoding = data, source.newline.encode(), source.encoding
        self.lines = [line + b"\n" for line in data.split(b"\n")]
        self.lines[-1:] = [self.lines[-1][:-1]] if self.lines[-1] != b"\n" else []

    @cached_property
    def keys(self) -> list[bytes]:
        """The lines without their ends."""
        return [line.rstrip(b"\r\n") for line in self.lines]

    @cached_property
    def loose(self) -> list[bytes]:
        """The lines without their layout."""
        return [_bare(key) for key in self.keys]

    @cached_property
    def places(self) -> dict[bytes, list[int]]:
        """Where each line stands, whatever its layout."""
        found: dict[bytes, list[int]] = defaultdict(list)
        for i, key in enumerate(self.loose):
            found[key].append(i)
        return found

    def only_place(self, keys: Sequence[bytes]) -> int | None:
        """Where these lines stand, if they do nowhere else in another layout either."""
        bare = [_bare(key) for key in keys]
        rarest = min(range(len(bare)), key=lambda i: len(self.places.get(bare[i], ())))
        starts = (p - rarest for p in self.places.get(bare[rarest], ()))
        found = [p for p in starts if p >= 0 and self.loose[p : p + len(bare)] == bare]
        return found[0] if len(found) == 1 and self.starts_at(keys, found[0]) else None

    def starts_at(self, keys: Sequence[bytes], at: int) -> bool:
        """Whether these lines stand from line ``at`` (from 0) on."""
        return at >= 0 and self.keys[at : at + len(keys)] == list(keys)

    def is_blob(self, blob: str) -> bool:
        """Whether git has this file under the given, mostly shortened, name."""
        import hashlib  # takes 3 ms, and many diffs name no blob

        unix = self.data.replace(b"\r\n", b"\n")
        bodies = {mark + data for mark in (b"", MARK.encode()) for data in (self.data, unix)}
        if not self.encoding.startswith("utf"):  # git keeps such a file as it is
            bodies.add(self.data.decode().encode(self.encoding, "replace"))
        blobs = [b"blob %d\0" % len(body) + body for body in bodies]
        made = [h(b, usedforsecurity=False).hexdigest() for h in (hashlib.sha1, hashlib.sha256) for b in blobs]
        return len(blob) >= 7 and any(name.startswith(blob) for name in made)


def _bare(line: bytes) -> bytes:
    return b" ".join(line.split())


def _verbatim(own: Sequence[Section], source: Source) -> tuple[Edit, ...] | None:
    """The edits of the sections of one file, each on what the one before leaves; ``None`` where they do not apply."""
    if (made := patched(own, source)) is None:
        return None
    file, pieces = _File(source.data, source), made.pieces
    if len(own) > 1:
        whole = _trimmed(_Piece(0, len(file.lines), _File(made.data, source).lines), file.lines)
        pieces = (whole,) if whole is not None else ()
    starts = [*accumulate(map(len, file.lines), initial=0)]
    return tuple(_edit(piece, starts, source) for piece in pieces)


class Patched(NamedTuple):
    """A file's text after some sections of a diff; ``exact``: each hunk is where it says, or git's name of the text is right.

    ``pieces`` are those of the last section.
    """

    data: bytes
    exact: bool
    pieces: tuple[_Piece, ...] = ()


def patched(own: Sequence[Section], source: Source) -> Patched | None:
    """What the sections of one file make of it, each of what the one before leaves; ``None`` where they do not apply."""
    data, exact, pieces = source.data, True, tuple[_Piece, ...]()
    for section in own:
        file = _File(data, source)
        placed = _placed(section, file)
        if placed is None:
            return None
        where = [hunk.start - any(sign != "+" for sign, _ in hunk.lines) for hunk in section.hunks]
        exact = exact and ([piece.first for piece in placed] == where or file.is_blob(section.blob))
        pieces = tuple(trimmed for piece in placed if (trimmed := _trimmed(piece, file.lines)) is not None)
        data = _joined(pieces, file.lines)
    return Patched(data, exact, pieces)


def _placed(section: Section, file: _File) -> list[_Piece] | None:
    """The hunks where they say, or all as far from there as the first that is in one other place only."""
    pieces: list[_Piece] = []
    shift = after = 0
    proven = False
    for hunk in section.hunks:
        keys = [text.encode("utf-8", "replace").rstrip(b"\r\n") for text in hunk.old]
        if hunk.start <= 1:
            keys[:1] = [key.removeprefix(MARK.encode()) for key in keys[:1]]
        at = hunk.start - bool(keys) + shift
        if not keys:
            proven = proven or (not section.old and not file.data) or file.is_blob(section.blob)
            if shift or not proven or not after <= at <= len(file.lines):
                return None
        elif not file.starts_at(keys, at):
            found = file.only_place(keys)
            if found is None:
                return None
            shift += found - at
            at = found
        proven = proven or bool(keys and any(keys) and not shift)
        if at < after:
            return None
        after = at + len(keys)
        pieces.append(_Piece(at, after, _new(hunk, file, at, after)))
    return pieces


def _new(hunk: Hunk, file: _File, first: int, last: int) -> list[bytes]:
    """What a hunk makes of the lines ``first`` to ``last`` (from 0, half-open): what it only quotes stays as it is."""
    there = file.lines[first:last]
    quoted = [text.encode("utf-8", "replace") for text in hunk.old]
    quoted[:1] = [line.removeprefix(MARK.encode()) if first == 0 else line for line in quoted[:1]]
    added = [text.encode("utf-8", "replace") for sign, text in hunk.lines if sign == "+"]
    # A diff that went through a clipboard or a mail has lost the line ends of the file, or got others.
    body = slice(None, -1) if last == len(file.lines) else slice(None)
    kept = [a.endswith(b"\r\n") for a in quoted[body]] == [b.endswith(b"\r\n") for b in there[body]]
    has_own = kept and (quoted[body] or any(b"\r" in line for line in added))
    made: list[bytes] = []
    at = 0
    for sign, text in hunk.lines:
        line = text.encode("utf-8", "replace")
        if sign == "+":
            line = line if has_own or not line.endswith(b"\n") else line.rstrip(b"\r\n") + file.newline
            made.append(line.removeprefix(MARK.encode()) if first == 0 and not made else line)
            continue
        if sign == " ":
            made.append(there[at])
        at += 1
    if last < len(file.lines):
        return [line if line.endswith(b"\n") else line + file.newline for line in made]
    made = [*(line if line.endswith(b"\n") else line + file.newline for line in made[:-1]), *made[-1:]]
    lost = bool(quoted and there and quoted[-1].endswith(b"\n") and not there[-1].endswith(b"\n"))
    return [*made[:-1], made[-1].rstrip(b"\r\n")] if lost and made else made


def _trimmed(piece: _Piece, lines: Sequence[bytes]) -> _Piece | None:
    """A piece without the lines at its ends that stay as they are; ``None`` where all do."""
    first, last, new = piece
    head = 0
    while first < last and head < len(new) and lines[first] == new[head]:
        first, head = first + 1, head + 1
    tail = len(new)
    while first < last and head < tail and lines[last - 1] == new[tail - 1]:
        last, tail = last - 1, tail - 1
    # What follows a last line without an end cannot be added without that line.
    if first == last == len(lines) and first and not lines[-1].endswith(b"\n") and head:
        first, head = first - 1, head - 1
    return _Piece(first, last, new[head:tail]) if first < last or head < tail else None


def _joined(pieces: Sequence[_Piece], lines: Sequence[bytes]) -> bytes:
    made: list[bytes] = []
    at = 0
    for piece in pieces:
        made += lines[at : piece.first]
        made += piece.new
        at = piece.last
    return b"".join((*made, *lines[at:]))


def _edit(piece: _Piece, starts: Sequence[int], source: Source) -> Edit:
    """The edit of a piece, in the lines of the source, where a lone carriage return ends a line too."""
    start, end = starts[piece.first], starts[piece.last]
    first = source.line_of(start) if start < len(source.data) else source.line_count + 1
    last = source.line_of(end - 1) if end > start else first - 1
    original = source.data[start:end].decode("utf-8", "replace")
    return Edit(source.path, first, last, original, b"".join(piece.new).decode("utf-8", "replace"), verbatim=True)
