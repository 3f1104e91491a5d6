"""Types and members that a change moves from one file to another: the version before is read as if they had stood there already.

So only what was edited in them is compared. Lines stay where they were in the file that something left, and in a new file that
takes from one file alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ctxreview.model.declarations import TypeDecl
from ctxreview.model.outline import Outline
from ctxreview.model.source import Source, Span

Key = tuple[str, ...]
"""A type by its name, or a member by its type's and its own."""


class _Move(NamedTuple):
    """What goes from the file of index ``old`` to that of index ``new``."""

    key: Key
    old: int
    new: int


def as_if_moved(before: Sequence[Outline], after: Sequence[Outline]) -> list[Source]:
    """The texts before, file by file, with what moves between them in the file that has it after."""
    moves = [*_moves([_types(o) for o in before], [_types(o) for o in after])]
    moves += _moves([_members(o) for o in before], [_members(o) for o in after], {m.key[0] for m in moves})
    texts = [
        _blanked(outline.source.data, [s for m in moves if m.old == number for s in _places(outline, m.key)])
        for number, outline in enumerate(before)
    ]
    for number in {m.new for m in moves}:
        own = [m for m in moves if m.new == number]
        if len({m.old for m in own}) == 1 and not texts[number].strip():
            texts[number] = _alone(before[own[0].old], {m.key for m in own})
            continue
        added = [(_end_of(before[number], m.key), _text(before[m.old], m.key)) for m in own]
        for at, text in sorted(added, reverse=True):
            texts[number] = b"\n".join((texts[number][:at], text, texts[number][at:]))
    return [
        outline.source if text == outline.source.data else replace(outline.source, data=text if text.strip() else b"")
        for outline, text in zip(before, texts, strict=True)
    ]


def _moves(old: Sequence[Counter[Key]], new: Sequence[Counter[Key]], known: Iterable[str] = ()) -> list[_Move]:
    """What one file alone has before and another one alone after; nothing of the types that are ``known``."""
    passed = frozenset(known)
    left: dict[Key, list[int]] = {}
    come: dict[Key, list[int]] = {}
    for number, (was, now) in enumerate(zip(old, new, strict=True)):
        for key in was:
            left.setdefault(key, []).append(number if key not in now else -1)
        for key in now:
            come.setdefault(key, []).append(number if key not in was else -1)
    return [
        _Move(key, olds[0], come[key][0])
        for key, olds in left.items()
        if len(olds) == 1
        and olds[0] >= 0
        and key[0] not in passed
        and len(come.get(key, ())) == 1
        and come[key][0] >= 0
    ]


def _outer(outline: Outline) -> list[TypeDecl]:
    """The types that are in no other one."""
    found: list[TypeDecl] = []
    for one in sorted(outline.types, key=lambda t: (t.span.start, -t.span.end)):
        if not found or not found[-1].span.contains(one.span):
            found.append(one)
    return found


def _types(outline: Outline) -> Counter[Key]:
    return Counter((one.name,) for one in _outer(outline))


def _members(outline: Outline) -> Counter[Key]:
    return Counter((member.container, member.name) for member in outline.outermost if member.container and member.name)


def _places(outline: Outline, key: Key) -> list[Span]:
    """Where a type or the members of a name stand in the version before."""
    if len(key) == 1:
        return [one.span for one in _outer(outline) if one.name == key[0]]
    return [m.span for m in outline.outermost if (m.container, m.name) == key]


def _text(outline: Outline, key: Key) -> bytes:
    return b"\n".join(outline.source.data[s.start : s.end] for s in _places(outline, key))


def _end_of(outline: Outline, key: Key) -> int:
    """Where a member goes into its type, or a type into a file: at the end."""
    data = outline.source.data
    into = next((one.span for one in outline.types if one.name == key[0]), None) if len(key) > 1 else None
    return into.end - 1 if into is not None and data[into.end - 1 : into.end] == b"}" else len(data)


def _alone(outline: Outline, keys: set[Key]) -> bytes:
    """A file with nothing in its types but what moves, each line where it was."""
    kept = [span for key in keys for span in _places(outline, key)]
    gone = []
    for one in _outer(outline):
        if any(span.contains(one.span) for span in kept):
            continue
        if not any(one.span.contains(span) for span in kept):
            gone.append(one.span)
            continue
        inside = [*(m.span for m in outline.outermost_in(one.span)), *(outline.declaration(m) for m in outline.members)]
        gone += [s for s in inside if one.span.contains(s) and not any(k.contains(s) for k in kept)]
    return _blanked(outline.source.data, gone)


def _blanked(text: bytes, gone: Iterable[Span]) -> bytes:
    """A text with blanks in some places, each line where it was."""
    made = bytearray(text)
    for span in gone:
        made[span.start : span.end] = bytes(b if b in b"\r\n" else 0x20 for b in text[span.start : span.end])
    return bytes(made)
