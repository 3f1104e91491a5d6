"""Unified diffs read: what each says of which file, line by line, in the form of git-diff(1) and of GNU diffutils."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ctxreview.regex import regex

_HUNK = regex(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_INDEX = regex(r"index ([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: \d+)?")
_MOVED = regex(r"(?:rename|copy) (from|to) (.+)")
_PREFIX = regex(r"[abciow12]/(?=.)")
_ESCAPE = regex(rb"\\([0-3][0-7]{2}|.)", re.S)
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


class Hunk(NamedTuple):
    """``lines`` are sign (space, ``-``, ``+``) and text with its line end; they replace those from ``start`` (1-based) on.

    Of a hunk that has only added lines, ``start`` is the line before them; 0 is the start of the file. ``new_start`` is the same of
    the lines after.
    """

    start: int
    lines: tuple[tuple[str, str], ...]
    new_start: int = 0

    @property
    def old(self) -> list[str]:
        """The lines that it quotes, with their ends."""
        return [text for sign, text in self.lines if sign != "+"]


class Section(NamedTuple):
    """What a diff says of one file: its names before and after (``""``: there is none), and ``blob`` and ``new_blob``, the objects.

    ``binary`` says that it changes without being shown.
    """

    old: str
    new: str
    hunks: tuple[Hunk, ...]
    blob: str = ""
    new_blob: str = ""
    binary: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What the file is called, before and after."""
        return tuple(dict.fromkeys(name for name in (self.old, self.new) if name))


def sections(text: str) -> tuple[Section, ...]:
    """The files in a diff, whatever is around them; none where a hunk does not agree with its own counts."""
    lines = text.split("\n")
    if any(line.startswith("+++ ") and line.endswith("\r") for line in lines):
        lines = [line.removesuffix("\r") for line in lines]
    found: list[Section] = []
    git, headed = ("", ""), False
    at = 0
    while at < len(lines):
        line = lines[at]
        following = lines[at + 1] if at + 1 < len(lines) else ""
        at += 1
        if line.startswith("diff --git "):
            git, headed = _git_names(line[11:]), True
            found.append(Section(*git, ()))
        elif line.startswith("--- ") and following.startswith("+++ "):
            names = _without_prefixes(_name(line[4:]), _name(following[4:]))
            objects = (found[-1].blob, found[-1].new_blob) if headed else ("", "")
            found[len(found) - headed :] = [Section(*names, (), *objects)]
            headed = False
            at += 1
        elif headed and (moved := _MOVED.fullmatch(line)) is not None:
            name = _name(moved[2])
            found[-1] = found[-1]._replace(old=name) if moved[1] == "from" else found[-1]._replace(new=name)
        elif headed and (blob := _INDEX.fullmatch(line)) is not None:
            found[-1] = found[-1]._replace(blob=blob[1], new_blob=blob[2])
        elif headed and line.startswith(("Binary files ", "GIT binary patch")):
            found[-1] = found[-1]._replace(binary=True)
        elif headed and line.startswith("new file mode"):
            found[-1] = found[-1]._replace(old="")
        elif headed and line.startswith("deleted file mode"):
            found[-1] = found[-1]._replace(new="")
        elif line.startswith("@@"):
            read = _hunk(lines, at - 1) if found else None
            if read is None:
                return ()
            hunk, at = read
            found[-1] = found[-1]._replace(hunks=(*found[-1].hunks, hunk))
    return tuple(found) if any(s.hunks for s in found) else ()


def _hunk(lines: Sequence[str], at: int) -> tuple[Hunk, int] | None:
    """The hunk whose head is ``lines[at]``, and where the lines after it begin; ``None`` where its counts are wrong."""
    head = _HUNK.match(lines[at])
    if head is None:
        return None
    old, new = (int(count) if count is not None else 1 for count in (head[2], head[4]))
    made: list[tuple[str, str]] = []
    at += 1
    while at < len(lines) and (old or new):
        line = lines[at]
        sign = line[:1] or " "
        if line.startswith("\\") and made:
            made[-1] = made[-1][0], made[-1][1].removesuffix("\n")
        elif line.startswith("--- ") and [x[:4] for x in lines[at + 1 : at + 3]] in (["+++ ", "@@ -"], ["+++ ", "@@"]):
            return None  # the head of the next file: there are fewer lines than were counted
        elif sign not in " +-" or (not line and at == len(lines) - 1):
            return None
        else:
            old, new = old - (sign != "+"), new - (sign != "-")
            made.append((sign, f"{line[1:]}\n"))
        if old < 0 or new < 0:
            return None
        at += 1
    if at < len(lines) and lines[at].startswith("\\"):
        made[-1:] = [(sign, text.removesuffix("\n")) for sign, text in made[-1:]]
        at += 1
    following = lines[at] if at < len(lines) else ""
    # More lines than were counted; a mail ends with "-- ".
    goes_on = following[:1] in ("+", "-", " ") and not following.startswith("--- ") and following not in ("-- ", "--")
    return None if old or new or goes_on else (Hunk(int(head[1]), tuple(made), int(head[3])), at)


def _git_names(rest: str) -> tuple[str, str]:
    """The two names after ``diff --git``, which are one unless the file is renamed; ``""`` where that is not clear."""
    if quoted := re.fullmatch(r'("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)', rest):
        return _without_prefixes(_name(quoted[1]), _name(quoted[2]))
    for gap in re.finditer(" ", rest):
        old, new = _without_prefixes(rest[: gap.start()], rest[gap.end() :])
        if old == new:
            return old, new
    return "", ""


def _name(said: str) -> str:
    """A file's name in a header: before the tab and the time, out of C quotes; ``""`` for ``/dev/null``."""
    name = said.split("\t", 1)[0].removesuffix("\r")
    if (quoted := re.match(r'"((?:[^"\\]|\\.)*)"', said)) is not None:
        raw = _ESCAPE.sub(lambda m: _unescaped(m[1]), quoted[1].encode("utf-8", "replace"))
        return raw.decode("utf-8", "replace")
    name = re.split(r"(?<!\s)\s+\d{4}-\d\d-\d\d[ T]\d\d:", name, maxsplit=1)[0]
    return "" if name.strip() == "/dev/null" else name


def _unescaped(code: bytes) -> bytes:
    return bytes([int(code, 8)]) if len(code) == 3 else _ESCAPES.get(code, code)


def _without_prefixes(old: str, new: str) -> tuple[str, str]:
    """Two names without git's ``a/`` and ``b/`` (with ``diff.mnemonicPrefix`` also ``c i o w``), where they have them."""
    if old and new and (old[:2] == new[:2] or not (_PREFIX.match(old) and _PREFIX.match(new))):
        return old, new
    return _PREFIX.sub("", old, count=1), _PREFIX.sub("", new, count=1)


def header_names(old: str, new: str) -> tuple[str, str]:
    """The names in the lines ``--- ...`` and ``+++ ...``; ``""`` for ``/dev/null``."""
    return _without_prefixes(_name(old[4:]), _name(new[4:]))


def undone(section: Section) -> Section:
    """The section that takes a file back to what it was."""
    signs = {"+": "-", "-": "+"}
    hunks = (
        Hunk(h.new_start, tuple((signs.get(sign, sign), text) for sign, text in h.lines), h.start)
        for h in section.hunks
    )
    return Section(section.new, section.old, tuple(hunks), section.new_blob, section.blob, section.binary)
