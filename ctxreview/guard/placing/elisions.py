"""Code that an answer leaves out: which lines say so, and exactly which lines of the original they stand for.

An answer is aligned with the original by the lines that both have. Each elision has to stand between two such lines
(or at an end), and there must be one reading only: anything else is left to a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import NamedTuple

_DOTS = r"(?:\.\.\.+|…)"
_LEFT_OUT = r"\b(?:existing|rest|remaining|remainder|remains?|unchanged|same|other|omitted|original|previous|snip(?:ped)?|elided|truncated|brevity)\b"
_OF_WHAT = (
    r"\b(?:code|logic|method|methods|function|functions|body|implementation|class|members?|fields?|propert(?:y|ies)|"
    r"usings?|imports?|statements?|lines?|constructors?|file|before|above|unchanged|omitted|brevity|here|stays?|"
    r"remains?|checks?|validation|parts?|is|as)\b"
)
_SMALL = r"\b(?:the|of|this|that|in|all|and|your|for|are|to)\b"
_OPENS = re.compile(r"//+|#|/\*+|--|<!--")
_IN_BRACES = re.compile(
    rf"(?P<head>.*?)\{{\s*(?:/\*\s*)?(?:{_DOTS})(?:[^{{}}]*?)(?:\*/)?\s*\}}(?P<tail>.*)|"
    rf"(?P<head2>.*?)\{{\s*/\*(?P<said>[^{{}}]*?)\*/\s*\}}(?P<tail2>.*)"
)
# What has no end is looked for from each place where it could begin: only so far, and each run of `$` once.
_LITERAL = re.compile(
    r"""(?<!\$)\$*+@?\$*+\"{3,}.*?\"{3,}|\$?@\$?"(?:""|[^"])*"|\$?"(?:\\.|[^"\\\n]){0,3000}"|"""
    r"""'(?:\\.|[^'\\\n]){1,20}'|//[^\n]*|/\*.{0,3000}?\*/""",
    re.S,
)
_DECLARES = re.compile(
    r"(?:await\s+using\s+|using\s+)?(?!return\b|throw\b|await\b|else\b|case\b|goto\b|yield\b)[\w.]+(?:<[^=;(){}]*>)?(?:\[[,\s]*\])*\??\s+(\w+)\s*=(?![=>])"
)


_FLOW = re.compile(r"(?:if|else|while|for|foreach|switch|do|case)\b")


LONGEST_LINE = 10_000
"""Characters of a line of an answer's code; nobody reviews longer ones."""

MOST_PIECES, MOST_LINES, MOST_READINGS = 200, 5_000, 3_000_000
"""Where an answer leaves code out: its pieces and lines, and how many ways to lay them over the original are tried."""


class UnplacedError(Exception):
    """Why a change has no certain place: one sentence."""


def within_reason(lines: Sequence[str]) -> None:
    """Raises :class:`UnplacedError` where a line of an answer's code is longer than :data:`LONGEST_LINE`."""
    longest = max(map(len, lines), default=0)
    if longest > LONGEST_LINE:
        raise UnplacedError(f"A line of it has {longest:,} characters; up to {LONGEST_LINE:,} are read.")


def squeezed(line: str) -> str:
    """A line without its layout; a byte order mark is a part of it."""
    return " ".join(line.replace("\ufeff", "").split())


def code_only(text: str) -> str:
    """``text`` without what its strings, characters and comments hold."""
    return _LITERAL.sub(lambda m: "" if m[0].startswith(("//", "/*")) else '""', text)


def balance(text: str) -> int:
    """How many more braces ``text`` opens than it closes."""
    code = code_only(text)
    return code.count("{") - code.count("}")


def is_telling(line: str) -> bool:
    """Whether a line says more than where a block begins or ends."""
    return re.search(r"\w\w", line) is not None and squeezed(line) not in ("else", "try", "finally", "do", "get", "set")


def _words(line: str) -> str:
    """What a line says, without the marks of a comment around it."""
    said = line.strip()
    opened = _OPENS.match(said)
    said = said[opened.end() :] if opened is not None else said
    said = said[:-2].rstrip("*") if said.endswith("*/") else said.removesuffix("-->")
    return said.strip()


def is_elision(line: str) -> bool:
    """Whether the whole line stands for code that is left out: ``// ... existing code ...``, ``…``, ``// rest unchanged``."""
    bare = line.strip()
    words = _words(bare)
    if not words:
        return False
    if re.fullmatch(rf"[\[(<{{]?\s*{_DOTS}\s*[\])>}}]?", words):
        return True
    if not bare.startswith(("//", "#", "/*", "--", "<!--")) or bare.startswith("#region"):
        return bool(re.match(rf"{_DOTS}|[(\[][^()\[\];=]*{_LEFT_OUT}[^()\[\];=]*[)\]]$", words))
    if re.match(rf"[\[(<]?\s*{_DOTS}", words):
        return True
    named = re.search(_LEFT_OUT, words, re.IGNORECASE)
    if named and re.search(rf"{_DOTS}\s*[\])>]?$", words):
        return True
    rest = words[: named.start()] + words[named.end() :] if named and len(words.split()) <= 9 else "that is no elision"
    return not re.search(r"\w", rest) or (bool(named) and bool(re.search(_OF_WHAT, rest, re.IGNORECASE)))


def is_placeholder(line: str) -> bool:
    """Whether a line is an elision and nothing else: dots, or a comment that has no words but those of one.

    An elision in a fragment may be any ``// the checks of the order remain``; a diff says itself what it leaves alone.
    """
    if not is_elision(line):
        return False
    words = _words(line)
    return bool(re.search(_DOTS, words)) or not re.search(
        r"\w", re.sub(rf"{_LEFT_OUT}|{_OF_WHAT}|{_SMALL}", "", words, flags=re.I)
    )


def leaves_out(given: Sequence[str], original: Sequence[str]) -> bool:
    """Whether ``given`` leaves code out. What stands in the original just so is a comment like any other."""
    known = {squeezed(line) for line in original}
    return any(squeezed(line) not in known and (is_elision(line) or _within(line) is not None) for line in given)


def _within(line: str) -> re.Match[str] | None:
    """The elision inside a line of code: ``{ ... }``, ``Call(...)``, ``/* ... */``."""
    masked = _LITERAL.sub(lambda m: m[0] if m[0].startswith("/*") else " " * len(m[0]), line)
    return re.search(rf"/\*\s*{_DOTS}[^*]*\*/|{_DOTS}|/\*[^*]*{_DOTS}\s*\*/", masked)


def without_elisions(lines: Sequence[str]) -> list[str]:
    """The lines as they can be parsed: what stands for other code is blank."""
    return ["" if is_elision(line) else _blanked(line) for line in lines]


def _blanked(line: str) -> str:
    while (hole := _within(line)) is not None:
        line = line[: hole.start()] + " " * (hole.end() - hole.start()) + line[hole.end() :]
    return line


class _Unit(NamedTuple):
    """What is aligned: a line that is not blank, or a whole declaration. ``first`` and ``last`` are its lines, from 0."""

    key: str
    text: str
    first: int
    last: int


class _Change(NamedTuple):
    """The lines ``first`` to ``last`` (from 0, half-open) become those of a segment.

    ``opens`` and ``closes``: the segment wraps what follows, or ends what wraps the lines before. ``lost``: more lines
    go than come.
    """

    first: int
    last: int
    segment: int
    opens: bool = False
    closes: bool = False
    lost: bool = False


def filled(given: Sequence[str], original: Sequence[str], open_ends: bool = False) -> list[str]:
    """``given`` with each elision replaced by the lines of ``original`` that it stands for.

    ``open_ends``: the original goes on before and after what is given. Raises :class:`UnplacedError` when a line next
    to an elision is not in the original, or when there is more than one reading.
    """
    segments = _segments(given, original, open_ends)
    if len(segments) == 1:
        return list(given)
    if len(segments) > MOST_PIECES or len(given) > MOST_LINES:
        raise UnplacedError(
            f'It leaves code out ("...") in {len(segments) - 1:,} places of {len(given):,} lines, which is more than is read.'
        )
    names = _declared_once(segments, original)
    headed = not open_ends and bool(segments[0])
    units = _units(original, names, headed)
    parts = [_units(s, names, headed and i == 0) for i, s in enumerate(segments)]
    alignment = _Alignment(parts, units)
    # What is left out is whole statements, unless that gives no reading: an answer may show what is deep inside.
    whole = bool(alignment.readings(whole=True, sure=True))
    readings = alignment.readings(whole, sure=True)
    # A reading that takes lines away has to be the only one, however odd the others are.
    rivals = alignment.readings(whole and not any(c.lost for r in readings for c in r), sure=False)
    texts, possible = (
        {tuple(_written(r, segments, parts, units, original)) for r in found} for found in (readings, rivals)
    )
    if len(texts) == 1 and texts == possible:
        return list(texts.pop())
    if possible and texts:
        raise UnplacedError('It leaves code out ("..."), and what it leaves out can be read in more than one way.')
    raise UnplacedError(_why_not(parts, units))


def _segments(given: Sequence[str], original: Sequence[str], open_ends: bool) -> list[list[str]]:
    """The runs of lines between elisions, without blank lines at their ends; the first or last may be empty."""
    known = {squeezed(line) for line in original}
    if any(is_elision(line) for line in original) and any(
        is_elision(line) and squeezed(line) in known for line in given
    ):
        raise UnplacedError('It leaves code out ("..."), and the original has a comment that looks just so.')
    runs: list[list[str]] = [[]]
    for line in given:
        if squeezed(line) in known or not line.strip():
            runs[-1].append(line)
        elif is_elision(line):
            runs.append([])
        else:
            for piece in _pieces(line, original, known):
                runs.append([]) if piece is None else runs[-1].append(piece)
    if open_ends:
        runs = [[], *runs, []]
    trimmed = [_trimmed(run) for run in runs]
    return [run for i, run in enumerate(trimmed) if run or i in (0, len(trimmed) - 1)]


def _trimmed(run: list[str]) -> list[str]:
    solid = [i for i, line in enumerate(run) if line.strip()]
    return run[solid[0] : solid[-1] + 1] if solid else []


def _pieces(line: str, original: Sequence[str], known: set[str]) -> Iterator[str | None]:
    """A line of code with its elisions taken apart; ``None`` stands for each that covers whole lines."""
    braces = _IN_BRACES.fullmatch(line)
    if braces is not None and (braces["said"] is None or is_elision(f"// {braces['said']}")):
        head, tail = (
            (braces["head"], braces["tail"]) if braces["head"] is not None else (braces["head2"], braces["tail2"])
        )
        indent = line[: len(line) - len(line.lstrip())]
        if squeezed(head + "{") in known:
            yield f"{head}{{"
        else:
            if head.strip():
                yield head.rstrip()
            yield f"{indent}{{"
        yield None
        yield f"{indent}}}{tail.rstrip()}"
        return
    hole = _within(line)
    if hole is None:
        yield line
        return
    before, after = line[: hole.start()], line[hole.end() :]
    if not after.strip() and hole[0].startswith("/*") and squeezed(before) in known:
        yield before
        yield None
        return
    fits = [
        (i, j)
        for i, start in enumerate(original)
        if start.strip()
        for j in range(i + 1, min(i + 6, len(original)) + 1)
        if _fits(before, after, squeezed(" ".join(original[i:j])))
        and not any(_fits(before, after, squeezed(" ".join(original[i:k]))) for k in range(i + 1, j))
    ]
    if len(fits) != 1:
        raise UnplacedError(f'It leaves code out ("...") within a line: `{squeezed(line)}`.')
    yield from original[slice(*fits[0])]


def _fits(before: str, after: str, line: str) -> bool:
    start, end = squeezed(before), squeezed(after)
    return (
        len(line) > len(start) + len(end)
        and bool(start)
        and line.startswith(start)
        and line.endswith(end)
        and balance(line) == balance(start + end)
    )


def _declared_once(segments: Sequence[Sequence[str]], original: Sequence[str]) -> frozenset[str]:
    """Variables that both sides declare once, in a statement that is complete: it is the same statement, changed or not."""
    given = Counter(name for s in segments for name, _, _ in _declarations(s))
    there = Counter(name for name, _, _ in _declarations(original))
    opened = Counter(
        m[1] for s in (*segments, original) for line in s if (m := _DECLARES.match(line.strip())) is not None
    )
    return frozenset(n for n in given if given[n] == 1 and there[n] == 1 and opened[n] == 2)


def _declarations(lines: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """The variables declared by statements that begin on a line of their own, with their lines from 0, half-open."""
    unended = 0  # up to this line no statement ends
    for i, line in enumerate(lines):
        named = _DECLARES.match(line.strip())
        if named is None or i < unended:
            continue
        for j in range(i, min(i + 40, len(lines))):
            code = code_only("\n".join(lines[i : j + 1]))
            if code.rstrip().endswith(";") and all(code.count(a) == code.count(b) for a, b in ("()", "{}", "[]")):
                yield named[1], i, j + 1
                break
        else:
            unended = i + 40 if ";" not in "".join(lines[i : i + 40]) else 0


def _units(lines: Sequence[str], names: frozenset[str], headed: bool) -> list[_Unit]:
    whole = {i: (f"declares {name}", j) for name, i, j in _declarations(lines) if name in names}
    if headed and (end := _head_end(lines)) is not None:
        whole = {0: ("head", end), **{i: w for i, w in whole.items() if i >= end}}
    found, i = [], 0
    while i < len(lines):
        key, end = whole.get(i, (squeezed(lines[i]), i + 1))
        if lines[i].strip():
            found.append(_Unit(key, squeezed(" ".join(lines[i:end])), i, end - 1))
        i = end
    return found


def _head_end(lines: Sequence[str]) -> int | None:
    """Where the head of a function ends, before the line with the brace that opens its body."""
    for i, line in enumerate(lines[:200]):
        code = code_only("\n".join(lines[: i + 1]))
        if code.count("(") != code.count(")"):
            continue
        if line.strip() == "{":
            return i or None
        if "=>" in code or ";" in code or "{" in code:
            return i + 1 if code.rstrip().endswith("{") and "(" in code else None
    return None


class _Place(NamedTuple):
    """Where a segment can stand: units from ``first`` to ``last`` (half-open), what it changes, and braces it opens.

    ``sure``: nothing but this place would explain the lines next to the elisions.
    """

    first: int
    last: int
    change: _Change | None = None
    opens: int = 0
    sure: bool = True


class _Alignment:
    """Every plausible way to lay the segments over the units of the original, with something left out between them."""

    def __init__(self, parts: Sequence[Sequence[_Unit]], units: Sequence[_Unit]) -> None:
        self.parts = parts
        self.units = units
        self.at: dict[str, list[int]] = {}
        for i, unit in enumerate(units):
            self.at.setdefault(unit.key, []).append(i)
        self.depth = [0]
        for unit in units:
            self.depth.append(self.depth[-1] + balance(unit.text))
        self.telling = [0]
        for unit in units:
            self.telling.append(self.telling[-1] + is_telling(unit.text))
        self.left = MOST_READINGS
        self.places = [self._places(i) for i in range(len(parts))]
        ways = sum(len(a) * len(b) for a, b in pairwise(self.places))
        self._spend(ways * len(units) // 8)  # looking at a stretch of depths is quick

    def _spend(self, steps: int) -> None:
        """Raises :class:`UnplacedError` where all that was tried comes to more than :data:`MOST_READINGS` steps."""
        self.left -= steps
        if self.left < 0:
            raise UnplacedError('It leaves code out ("..."), and there are too many places where the rest could stand.')

    def readings(self, whole: bool, sure: bool) -> frozenset[tuple[_Change, ...]]:
        """The changes that each reading makes; segments that change nothing do not count.

        ``whole``: braces that are opened in what is left out are closed in it. ``sure``: only where there is evidence.
        """

        @cache
        def after(i: int, least: int, opened: int) -> frozenset[tuple[_Change, ...]]:
            if i == len(self.parts):
                return frozenset({()}) if opened == 0 else frozenset()
            found: set[tuple[_Change, ...]] = set()
            for b, a, change, opens, certain in self.places[i]:
                if (sure and not certain) or (i > 0 and not self._left_out(least, b, whole)) or opened + opens < 0:
                    continue
                for rest in after(i + 1, a, opened + opens):
                    found.add((*((change,) if change is not None else ()), *rest))
                    if len(found) > 64:
                        return frozenset(found)
            return frozenset(found)

        return after(0, 0, 0)

    def _left_out(self, start: int, end: int, whole: bool) -> bool:
        """Whether the units from ``start`` to ``end`` (half-open) can be left out: at least one, with all its braces."""
        depths = self.depth[start : end + 1]
        return end > start and (not whole or depths[0] == depths[-1] == min(depths))

    def _places(self, i: int) -> list[_Place]:
        """Where segment ``i`` can stand: units from and to (half-open), what it changes, and the braces it opens."""
        part, size = self.parts[i], len(self.units)
        left, right = i > 0, i < len(self.parts) - 1
        if not part:
            return [_Place(0, 0)] if not left else [_Place(size, size)]
        starts = self.at.get(part[0].key, []) if left else [0]
        ends = [n + 1 for n in self.at.get(part[-1].key, [])] if right else [size]
        found = []
        for b in starts:
            for a in ends:
                self._spend(1 + min(len(part), max(0, a - b)))
                if a > b and (there := self._anchored(i, b, a, left, right)) is not None:
                    found.append(there)
        found += self._wrapping(i, starts, ends, left, right)
        return found

    def _anchored(self, i: int, b: int, a: int, left: bool, right: bool) -> _Place | None:
        """The segment over the units ``b`` to ``a``, when it is plausible there."""
        part = self.parts[i]
        most = min(len(part), a - b)
        head = next((n for n in range(most) if part[n].key != self.units[b + n].key), most)
        tail = next((n for n in range(most) if part[-1 - n].key != self.units[a - 1 - n].key), most)
        # Lines that stand twice can count for either end; an end next to an elision needs them more.
        head, tail = (min(head, most - tail), tail) if right and not left else (head, min(tail, most - head))
        if left and right and not tail and len(part) != a - b:
            head, tail = head - 1, 1
        gone, new = (b + head, a - tail), part[head : len(part) - tail]
        if _depths(new) != _depths(self.units[slice(*gone)]):
            return None
        lost = self.telling[gone[1]] - self.telling[gone[0]] - sum(is_telling(u.text) for u in new)
        sure = True
        if gone[1] > gone[0] or new:
            runs = ([part[:head]] if left else []) + ([part[len(part) - tail :]] if right else [])
            if not all(runs):
                return None
            # A line next to the elision may be one that was moved or copied there: then nothing was taken away.
            said = [any(re.search(r"\w", u.text) for u in run) for run in runs]
            one_for_one = len(new) == gone[1] - gone[0] <= 3 and not (left and not said[0])
            sure = one_for_one or all(n and len(run) >= 1 + (lost > 0) for n, run in zip(said, runs, strict=True))
            if lost > 0 and not all(said):
                return None
        # A block is still one of its kind: `foreach (...) {` does not become `lock (...) {`.
        heads = new and gone[1] > gone[0] and right and not any(is_telling(u.text) for u in part[len(part) - tail :])
        if heads and bool(_FLOW.match(new[-1].text)) != bool(_FLOW.match(self.units[gone[1] - 1].text)):
            return None
        same = (
            gone[0] == gone[1] and not new and all(u.text == v.text for u, v in zip(part, self.units[b:a], strict=True))
        )
        change = None if same else _Change(self.units[b].first, self.units[a - 1].last + 1, i, lost=lost > 0)
        return _Place(b, a, change, sure=sure)

    def _wrapping(
        self, i: int, starts: Sequence[int], ends: Sequence[int], left: bool, right: bool
    ) -> Iterator[_Place]:
        """The segment that opens or closes blocks around what is left out, and takes nothing away."""
        part = self.parts[i]
        if right and part[-1].text.endswith("{"):
            for b in starts:
                head = self._same(part, b)
                if 0 < head < len(part) and not any(u.text.endswith(";") for u in part[head:]):
                    opens = sum(balance(u.text) for u in part[head:])
                    if opens > 0:
                        change = _Change(self.units[b].first, self.units[b + head - 1].last + 1, i, opens=True)
                        yield _Place(b, b + head, change, opens, sure=self._unknown(part[head:]))
        if left and part[0].text.startswith("}"):
            for a in ends:
                most = min(len(part), a)
                tail = next((n for n in range(most) if part[-1 - n].key != self.units[a - 1 - n].key), most)
                tails = range(1, min(tail, len(part) - 1) + 1)
                for n in tails:
                    closes = sum(balance(u.text) for u in part[: len(part) - n])
                    if closes < 0:
                        change = _Change(self.units[a - n].first, self.units[a - 1].last + 1, i, closes=True)
                        yield _Place(a - n, a, change, closes, sure=self._unknown(part[: len(part) - n]))

    def _unknown(self, units: Sequence[_Unit]) -> bool:
        """Whether none of these lines is one of the original, which it would then stand for."""
        return not any(re.search(r"\w", u.text) and u.key in self.at for u in units)

    def _same(self, part: Sequence[_Unit], b: int) -> int:
        most = min(len(part), len(self.units) - b)
        return next((n for n in range(most) if part[n].key != self.units[b + n].key), most)


def _depths(units: Sequence[_Unit]) -> tuple[int, int]:
    """How many braces some units open more than they close, at their end and at the least."""
    at = [*accumulate((balance(u.text) for u in units), initial=0)]
    return at[-1], min(at)


def _written(
    changes: Sequence[_Change],
    segments: Sequence[Sequence[str]],
    parts: Sequence[Sequence[_Unit]],
    units: Sequence[_Unit],
    original: Sequence[str],
) -> Iterator[str]:
    """The original with the changes made."""
    at = 0
    deeper = ""
    for change in changes:
        yield from (deeper + line if line.strip() else line for line in original[at : change.first])
        segment = _aligned(segments[change.segment], original, change)
        yield from segment
        deeper = ""
        if change.opens and change.last < len(original):
            inside = next((line for line in original[change.last :] if line.strip()), "")
            opened = _indent(segment[-1])
            step = "\t" if "\t" in _indent(inside) else "    "
            deeper = step if _indent(inside) == opened else ""
        at = change.last
    yield from original[at:]


def _aligned(segment: Sequence[str], original: Sequence[str], change: _Change) -> list[str]:
    """A segment at the depth of the lines it replaces: answers show what is deep inside at any depth."""
    first = next(line for line in original[change.first : change.last] if line.strip())
    pairs = [(segment[0], first), (segment[-1], original[change.last - 1])]
    given, own = next(((g, o) for g, o in pairs[change.closes :] if squeezed(g) == squeezed(o)), pairs[0])
    more, less = _indent(own), _indent(given)
    if more.startswith(less):
        return [more[len(less) :] + line if line.strip() else line for line in segment]
    if less.startswith(more):
        return [line.removeprefix(less[len(more) :]) for line in segment]
    return list(segment)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _why_not(parts: Sequence[Sequence[_Unit]], units: Sequence[_Unit]) -> str:
    """The sentence for an answer without any reading: the first line next to an elision that is not in the original."""
    known = {u.key for u in units}
    last = len(parts) - 1
    for i, part in enumerate(parts):
        edges = ([part[0]] if part and i > 0 else []) + ([part[-1]] if part and i < last else [])
        lost = next((u for u in edges if u.key not in known), None)
        if lost is not None:
            return (
                f'It leaves code out ("..."), and the line next to that is not in the original: `{_short(lost.text)}`.'
            )
    return 'It leaves code out ("..."), and the lines around that do not say what it stands for.'


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
