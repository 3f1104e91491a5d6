"""Diffs as chat models write them: unified, ``*** Begin Patch``, or SEARCH/REPLACE blocks, to edits of a source.

What applies exactly is done so by :mod:`ctxreview.guard.placing.unified`. Else line numbers and counts in hunk headers are often wrong,
and headers are left out; so a hunk is found by what it quotes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.guard.placing import pairs, unified
from ctxreview.guard.placing.edits import (
    columns,
    file_named,
    lines_of,
    moved,
    places_of,
    solid,
    squeezed_lines,
    verbatim,
)
from ctxreview.guard.placing.elisions import is_elision, is_placeholder, is_telling, squeezed
from ctxreview.guard.placing.refusals import Instead, UnplacedError, several
from ctxreview.guard.placing.sections import header_names
from ctxreview.model.review import Edit
from ctxreview.model.source import Selection, Source
from ctxreview.regex import regex

_HUNK = regex(r"@@(?: -(\d+)(?:,(\d+))? \+\d+(?:,\d+)?)?(.*)")
_FILE = regex(r"\*\*\* (Update|Add|Delete) File: (.+)")
_WORDS = regex(r"\[-[^\n]{0,500}?-\]|\{\+[^\n]{0,500}?\+\}")
"""A change in ``git diff --word-diff``."""
_NEITHER = regex(r"index |new file mode|deleted file mode|old mode|new mode|similarity |rename |copy |\\ No newline")


class Hunk(NamedTuple):
    """Lines with their sign (space, ``-``, ``+``), where they are said to start (0: nowhere) and how many to be.

    ``names`` are those of the file, the last the newest.
    """

    names: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    start: int = 0
    size: int = 0
    near: str = ""


def is_patch(text: str) -> bool:
    """Whether a text is, or has in it, a diff of any kind."""
    return bool(
        re.search(
            r"^(@@ .*@@|@@ -\d|@@@ |diff --(?:git|cc|combined) |\*\*\* \d+(?:,\d+)? \*{4}|\*\*\* Begin Patch|\*\*\* Update File: )",
            text,
            re.M,
        )
        or re.search(r"^--- \S.*\n\+\+\+ \S", text, re.M)
        or pairs.pairs(text)
    )


def is_signed(code: str, source: Source) -> bool:
    """Whether code is a hunk without a head: what it takes out is in the file, or all that it does not add."""
    lines = [(line[:1], squeezed(line[1:] if line[:1] in "+-" else line)) for line in code.split("\n") if line.strip()]
    known = {*squeezed_lines(source)}
    old = [text for sign, text in lines if sign == "-"] or [text for sign, text in lines if sign != "+"]
    signed = any(sign in ("+", "-") for sign, _ in lines)
    return signed and any(map(is_telling, old)) and all(text in known for text in old)


def edits(text: str, selection: Selection, fenced: bool = True) -> tuple[Edit, ...]:
    """The edits of a diff, those of other files as they are given. Raises :class:`UnplacedError`.

    What a diff without right numbers changes may stand in several places: then the one is meant that is selected.
    ``fenced``: there is nothing but the diff in ``text``, which has the line ends that it came with.
    """
    source = selection.source
    exact = unified.edits(text, source)
    if exact is not None:
        return exact
    text = text.replace("\r\n", "\n").replace(unified.MARK, "")
    if given := pairs.pairs(text):
        return pairs.edits(given, selection)
    _refuse_other_forms(text)
    found = list(hunks(text, source, fenced))
    mine = file_named((h.names for h in found), source)
    return tuple(e for hunk in found if (e := _edit(hunk, mine, selection)) is not None)


def _refuse_other_forms(text: str) -> None:
    """Raises for the forms of git and diff that do not say, line by line, what becomes of the file."""
    if re.search(r"^(?:@@@ |diff --(?:cc|combined) )", text, re.M):
        raise UnplacedError("It is a combined diff, of a merge.", Instead.PARENT)
    if re.search(r"^\*\*\* \d+(?:,\d+)? \*{4}", text, re.M):
        raise UnplacedError("It is a context diff.", Instead.UNIFIED)
    inside = re.split(r"^@@ .*\n", text, flags=re.M)[1:]
    if any(re.search(r"^~$", h, re.M) or (_WORDS.search(h) and not re.search(r"^[+-]", h, re.M)) for h in inside):
        raise UnplacedError("It is a diff of words.", Instead.UNIFIED)


def hunks(text: str, source: Source, fenced: bool = True) -> Iterator[Hunk]:
    """The hunks in a text. Without any header its lines are one hunk of ``source``."""
    lines = text.split("\n")
    known = {*squeezed_lines(source)}
    names: tuple[str, ...] = (source.path,)
    start, size, near = 0, 0, ""
    inside = fenced and not is_patch(text)
    body: list[tuple[str, str]] = []

    def flushed() -> Iterator[Hunk]:
        while body and body[-1] == (" ", ""):
            body.pop()
        while body and body[0] == (" ", ""):
            body.pop(0)
        if any(sign != " " for sign, _ in body):
            yield Hunk(names, tuple(body), start, size, near)
        body.clear()

    for i, line in enumerate(lines):
        following = lines[i + 1] if i + 1 < len(lines) else ""
        if git := re.fullmatch(r"diff --git a/(.+) b/(.+)", line):
            yield from flushed()
            names, inside = git.groups(), False
        elif line.startswith("--- ") and following.startswith("+++ "):
            yield from flushed()
            inside = False
        elif line.startswith("+++ ") and i and lines[i - 1].startswith("--- "):
            names = tuple(name for name in header_names(lines[i - 1], line) if name) or names
            inside, start, size, near = True, 0, 0, ""
        elif patch := _FILE.fullmatch(line):
            yield from flushed()
            names, inside, start, size, near = (patch[2].strip(),), True, 0, 0, ""
        elif line.startswith("*** "):
            yield from flushed()
            inside = False
        elif line.startswith("@@") and (head := _HUNK.match(line)) is not None:
            yield from flushed()
            inside, start, size = True, int(head[1] or 0), int(head[2] or 1)
            near = squeezed(head[3].replace("@@", ""))
        elif inside and not _NEITHER.match(line):
            sign, said = (line[0], line[1:]) if line[:1] in (" ", "+", "-") else (" ", line)
            if sign == " " and is_elision(said) and squeezed(said) not in known:
                yield from flushed()
                start = 0
            elif line[:1] in (" ", "+", "-", "") or squeezed(line) in known:
                body.append((sign, said))
            elif not fenced:
                yield from flushed()
                inside = False
            else:
                body.append((" ", line))
    yield from flushed()


def _edit(hunk: Hunk, mine: str | None, selection: Selection) -> Edit | None:
    source = selection.source
    old = [text for sign, text in hunk.lines if sign != "+"]
    new = [text for sign, text in hunk.lines if sign != "-"]
    if mine not in hunk.names:
        return Edit(hunk.names[-1], hunk.start, hunk.start, "\n".join(old), "\n".join(new), verbatim=True)
    known = {*squeezed_lines(source)}
    left_out = next((t for s, t in hunk.lines if s == "+" and is_placeholder(t) and squeezed(t) not in known), None)
    if left_out is not None:
        raise UnplacedError(f"It adds a line that stands for other code: `{squeezed(left_out)}`.", Instead.METHOD)
    if not any(line.strip() for line in old):
        raise UnplacedError("It has a hunk that does not quote the lines it changes.", Instead.CONTEXT)
    first, last = _place(hunk, old, selection)
    made = _made(hunk, first, last, source)
    there = lines_of(source, first, last)
    if made == there:
        return None
    # Neighbouring hunks may share the lines around them.
    while made[1:] and made[-1] == there[-1] and solid(there[:-1]) and solid(made[:-1]):
        made, there, last = made[:-1], there[:-1], last - 1
    while made[1:] and made[0] == there[0] and solid(there[1:]) and solid(made[1:]):
        made, there, first = made[1:], there[1:], first + 1
    return verbatim(source, first, last, made)


def _place(hunk: Hunk, old: Sequence[str], selection: Selection) -> tuple[int, int]:
    source, (chosen_first, chosen_last) = selection.source, selection.lines
    places = places_of(old, source)
    if len(places) == 1:
        return places[0]
    # Models get line numbers wrong; one that agrees, with a count that agrees, was counted.
    exact = [p for p in places if p[0] == hunk.start and len(old) == hunk.size]
    if exact:
        return exact[0]
    if len(places) > 1 and hunk.near:
        marks = [n for n, line in enumerate(squeezed_lines(source), 1) if hunk.near in line]
        later = [p for p in places if len(marks) == 1 and p[0] >= marks[0]]
        if len(later) == 1:
            return later[0]
    touched = [p for p in places if p[0] <= chosen_last and chosen_first <= p[1]]
    if len(touched) == 1:
        return touched[0]
    if places:
        where = several(first for first, _ in places)
        raise UnplacedError(f"The lines that a hunk changes occur in {where}.", Instead.CONTEXT)
    known = {*squeezed_lines(source)}
    lost = next((line for line in old if line.strip() and squeezed(line) not in known), None)
    raise UnplacedError(
        f"A hunk quotes a line that is not in the file as it is now: `{squeezed(lost)}`."
        if lost is not None
        else "The lines that a hunk changes are not together in the file as it is now.",
        Instead.QUOTED,
    )


def _made(hunk: Hunk, first: int, last: int, source: Source) -> list[str]:
    """The lines ``first`` to ``last`` with the hunk's changes; what it only quotes stays as it is."""
    there = lines_of(source, first, last)
    shift = _shift(hunk, there)
    made: list[str] = []
    at = 0
    for sign, text in hunk.lines:
        if sign == "+":
            made += moved([text], shift, source)
            continue
        if not text.strip() and (at >= len(there) or there[at].strip()):
            continue  # a blank line that the file does not have there
        while there[at].strip() == "" and text.strip():
            made.append(there[at])
            at += 1
        if sign == " ":
            made.append(there[at])
        at += 1
    return made


def _shift(hunk: Hunk, there: Sequence[str]) -> int:
    """How much deeper the file's lines are than the hunk quotes them."""
    solid = [line for line in there if line.strip()]
    quoted = [(sign, text) for sign, text in hunk.lines if sign != "+" and text.strip()]
    pairs = [
        (sign, columns(line) - columns(text))
        for (sign, text), line in zip(quoted, solid, strict=True)
        if is_telling(text)
    ]
    found = Counter(d for sign, d in pairs if sign == "-") or Counter(d for _, d in pairs)
    most = found.most_common(1)[0][0] if found else 0
    # One column is the sign's, which models forget.
    return most if abs(most) > 1 else 0
