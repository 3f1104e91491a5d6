"""What an answer leaves out, filled in from the original: the lines that each elision stands for.

What is shown is laid over the original in every way that keeps its order: a unit of code stands as it was, is changed, comes or
goes, and an elision takes in what is between. The way with the least change is taken where it is clearly the least.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, product
from typing import NamedTuple

from ctxreview.guard.placing.elisions import balance, is_telling, leaves_out, pieces, squeezed
from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.guard.placing.renaming import Renames, renames
from ctxreview.guard.placing.snippets import LIKE, alike, shortened
from ctxreview.guard.placing.units import Hole, Unit, shown, units
from ctxreview.regex import regex

MOST_PIECES, MOST_LINES, MOST_STEPS = 200, 5_000, 600_000
"""Where an answer leaves code out: its pieces and lines, and how many ways to lay them over the original are tried."""
_KEPT, _FEW = 12, 50_000
"""Ways to fill in the same beginning that are followed, the least first; a third of them where there are more steps than a few."""
_CLEARLY = 4.0
"""How many words less the best way has to change than the next."""
_COPIED = 2.0
"""What it costs more that a unit comes which the original has: it may be the one that is there."""
_OF_CHOSEN = 0.25
"""How much less it costs that something goes which the answer is about."""
_TORN = 3.0
"""What it costs that an elision stands for a part of a block and what follows it."""

_DECLARES = regex(r"(?:\w+ )*(?:[\w.]+(?:<[^=;(){}]*>)?(?:\[[, ]*\])*\??) (\w+) =(?![=>])")


class _Way(NamedTuple):
    """A way to lay a beginning over the original: what each hole takes in, and which units are versions of which."""

    cost: float
    taken: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[int, int], ...]


def filled(given: Sequence[str], original: Sequence[str], chosen: Collection[int] = ()) -> list[str]:
    """``given`` with each elision replaced by the lines of ``original`` that it stands for.

    ``chosen`` are the lines of the original, from 0, that the answer is about: they sooner go and change than others.
    Raises :class:`UnplacedError` where there is no reading, or more than one.
    """
    if not leaves_out(given, original):
        return list(given)
    lines = list(pieces(given, original))
    holes = sum(line is None for line in lines)
    if not holes:
        return [line or "" for line in lines]
    if holes > MOST_PIECES or len(given) > MOST_LINES:
        raise UnplacedError(
            f'It leaves code out ("...") in {holes:,} places of {len(given):,} lines, which is more than is read.',
            Instead.METHOD,
        )
    why: UnplacedError | None = None
    for whole in (True, False):  # an elision may be within a statement
        laid, there = shown(lines, whole), list(units(original, whole))
        if whole and _are_parts(laid, there, lines, original):
            continue
        try:
            return _Filling(laid, there, lines, original, chosen).text()
        except UnplacedError as error:
            why = why or error
    raise why or UnplacedError('It leaves code out ("...") within a statement.', Instead.METHOD)


def _are_parts(
    shown: Sequence[Unit | Hole], there: Sequence[Unit], lines: Sequence[str | None], original: Sequence[str]
) -> bool:
    """Whether something next to an elision is a part of a statement: not a unit of the original, but lines of it."""
    keys, known = {u.key for u in there}, {squeezed(line) for line in original}
    for (i, unit), step in product(enumerate(shown), (-1, 1)):
        near = shown[i + step] if isinstance(unit, Hole) and 0 <= i + step < len(shown) else unit
        if isinstance(near, Unit) and isinstance(unit, Hole) and near.key not in keys:
            parts = lines[near.first : near.last]
            if all(squeezed(line or "") in known for line in parts):
                return True
    return False


class _Filling:
    """The ways to lay what is shown over the units of the original."""

    def __init__(
        self,
        shown: Sequence[Unit | Hole],
        there: Sequence[Unit],
        lines: Sequence[str | None],
        original: Sequence[str],
        chosen: Collection[int],
    ) -> None:
        self.shown, self.there, self.lines, self.original = shown, there, lines, original
        # Where most of it is chosen, that says nothing.
        few = len(chosen) * 2 < len(original)
        self.chosen = [few and not {*range(u.first, u.last)}.isdisjoint(chosen) for u in there]
        self.renames = Renames({})
        self.depth = [*accumulate((balance(u.key) for u in there), initial=0)]
        self.known = {u.key for u in there}
        sides = (there, [u for u in shown if isinstance(u, Unit)])
        once = [Counter(m[1] for u in side if (m := _DECLARES.match(u.key)) is not None) for side in sides]
        self.declared = Counter({n: 2 for n in once[0] if once[0][n] == once[1][n] == 1})
        holes = sum(isinstance(u, Hole) for u in shown)
        steps = (len(shown) + holes * len(there)) * len(there)
        self.kept = _KEPT if steps < _FEW else _KEPT // 3
        if steps > MOST_STEPS:
            raise UnplacedError(
                'It leaves code out ("..."), and there are too many places where the rest could stand.', Instead.METHOD
            )

    def text(self) -> list[str]:
        """The original with what is shown in its place. Raises :class:`UnplacedError` where that is not certain."""
        depth = balance("\n".join(self.original))
        texts: list[tuple[_Way, list[str]]] = []
        ways = self._ways()
        self.renames = self._renames(ways[0]) if ways else Renames({})
        for way in self._ways() if self.renames.names else ways:
            text = self._written(way)
            if balance("\n".join(text)) == depth and all(text != t for _, t in texts) and not self._is_swapped(way):
                texts.append((way, text))
        best = texts[0][0] if texts else None
        if best is None or not best.pairs or self._is_doubtful(best):
            raise UnplacedError(self._why_not(), Instead.METHOD)
        fixed, gone = self._is_fixed(best), self._gone(best)
        for way, _ in texts[1:]:
            # What is doubtful for another reason than a copy is meant less often than what is not.
            sure = fixed or (self._is_doubtful(way) and not self._is_copied(way))
            more = sum(self.there[n].weight * (1 - _OF_CHOSEN) for n in self._gone(way) - gone if self.chosen[n])
            if way.cost + more < best.cost + _CLEARLY * (1 if sure else 4):
                raise UnplacedError(
                    'It leaves code out ("..."), and what it leaves out can be read in more than one way.',
                    Instead.METHOD,
                )
        return texts[0][1]

    def _gone(self, way: _Way) -> set[int]:
        """The units of the original that a way takes out."""
        kept = (*(n for _, n in way.pairs), *(n for first, last in way.taken for n in range(first, last)))
        return set(range(len(self.there))).difference(kept)

    def _is_swapped(self, way: _Way) -> bool:
        """Whether a brace or a bare keyword comes next to an elision in the place of the same one, which goes or is taken in there."""
        gone = {self.there[n].key for n in self._gone(way) if not self.there[n].words}
        for near, inner, headed in self._come(way):
            same = inner is not None and near.key == inner.key and (near.words or headed)
            if not is_telling(near.key) and (near.key in gone or same):
                return True
        return False

    def _come(self, way: _Way) -> Iterator[tuple[Unit, Unit | None, bool]]:
        """What comes next to each elision, the next unit that the elision takes in, and whether the heads of both are one."""
        pairs, taken = dict(way.pairs), iter(way.taken)
        for i, unit in enumerate(self.shown):
            if isinstance(unit, Hole):
                first, last = next(taken)
                for n, there in ((i - 1, first), (i + 1, last - 1)):
                    near = self.shown[n] if 0 <= n < len(self.shown) else unit
                    if isinstance(near, Unit) and n not in pairs:
                        headed = n < i and pairs.get(n - 1) == there - 1
                        yield near, self.there[there] if first < last else None, headed

    def _is_doubtful(self, way: _Way) -> bool:
        doubts = (self._is_copied, self._may_replace, self._is_loose, self._is_torn, self._is_stale)
        return any(doubt(way) for doubt in doubts)

    def _renames(self, way: _Way) -> Renames:
        """What a way calls otherwise, wherever it is shown."""
        pairs = {(self.there[n].key, unit.key) for i, n in way.pairs if isinstance(unit := self.shown[i], Unit)}
        return renames(pairs, frozenset(w for u in self.shown if isinstance(u, Unit) for w in u.words))

    def _is_stale(self, way: _Way) -> bool:
        """Whether an elision takes in a variable that what is shown declares under another name."""
        within = [n for a, b in way.taken for n in range(a, b)]
        declared = (_DECLARES.match(u.key) for n, u in enumerate(self.there) if n not in within)
        old = {m[1] for m in declared if m is not None} & set(self.renames.names)
        return any(name in self.there[n].words for n in within for name in old)

    def _may_replace(self, way: _Way) -> bool:
        """Whether something comes next to an elision that begins as the next thing that the elision takes in: it may replace that."""
        for near, inner, _ in self._come(way):
            a, b = (u.key.split(" ")[0].rstrip(";") if u is not None else "" for u in (near, inner))
            if a == b and re.fullmatch(r"\w+", a):
                return True
        return False

    def _is_fixed(self, way: _Way) -> bool:
        """Whether the original has what is next to each elision only once; what comes there is nothing that it has."""
        count, pairs = Counter(u.key for u in self.there), dict(way.pairs)
        near = [n for i, u in enumerate(self.shown) if isinstance(u, Hole) for n in (i - 1, i + 1)]
        come = [u for n in near if 0 <= n < len(self.shown) and n not in pairs and isinstance(u := self.shown[n], Unit)]
        own = [self.there[pairs[n]] for n in near if n in pairs]
        return all(count[u.key] == 1 for u in own if u.words) and not any(count[u.key] for u in come if u.words)

    def _is_copied(self, way: _Way) -> bool:
        """Whether something comes that an elision takes in as well: it may be that which is meant."""
        pairs = dict(way.pairs)
        within = [self.there[n] for a, b in way.taken for n in range(a, b)]
        keys, names = {u.key for u in within if u.words}, {self._names(u) for u in within} - {""}
        gone = {self.there[n].key for n in self._gone(way) if self.there[n].words}
        holes = {n for i, u in enumerate(self.shown) if isinstance(u, Hole) for n in (i - 1, i + 1)}
        kept = keys | {self.there[n].key for n in pairs.values()}
        for i, unit in enumerate(self.shown):
            if isinstance(unit, Hole) or (
                i in pairs
                and (
                    unit.key == self.there[pairs[i]].key
                    or (
                        (self.chosen[pairs[i]] or self.renames.explain(self.there[pairs[i]].key, unit.key))
                        and unit.key not in keys
                    )
                )
            ):
                continue
            moved = gone if i in holes else set[str]()
            if unit.key in (kept if i in pairs else keys | moved) or self._names(unit) in names:
                return True
        return False

    def _is_torn(self, way: _Way) -> bool:
        """Whether an elision ends in another block than it begins in, and braces come besides: which is whose is not certain."""
        pairs = dict(way.pairs)
        braces = (i for i, u in enumerate(self.shown) if isinstance(u, Unit) and not u.words and i not in pairs)
        return next(braces, None) is not None and any(self.depth[a] != self.depth[b] for a, b in way.taken)

    def _is_loose(self, way: _Way) -> bool:
        """Whether what is shown between two elisions has nothing of the original in it."""
        pairs, run = dict(way.pairs), [0]
        for i, unit in enumerate(self.shown):
            if isinstance(unit, Hole):
                if i and run and not any(run):
                    return True
                run = []
            else:
                run.append(unit.words.total() if i in pairs else 0)
        return False

    def _ways(self) -> list[_Way]:
        """The least ways for all that is shown, the least first."""
        size = len(self.there)
        now: list[list[_Way]] = [[] for _ in range(size + 1)]
        now[0] = [_Way(0.0, (), ())]
        for i, unit in enumerate(self.shown):
            now = self._taking(now, i, unit) if isinstance(unit, Hole) else self._laying(now, i, unit)
        return now[size] if isinstance(self.shown[-1], Hole) else self._without(now)[size]

    def _taking(self, now: list[list[_Way]], i: int, hole: Hole) -> list[list[_Way]]:
        """The ways after a hole, which takes in units from where each way is on."""
        size = len(self.there)
        found: list[list[_Way]] = [[] for _ in range(size + 1)]
        for j, ways in enumerate(now):
            if not ways:
                continue
            least = self.depth[j]
            for k in range(j, size + 1):
                least = min(least, self.depth[k])
                if k == j:
                    continue
                closed = self.depth[k] == self.depth[j] == least
                # An elision may be a block whose head is shown, not another one without its head.
                headless = self.there[j].key == "{"
                for w in ways:
                    torn = not closed or (headless and w.pairs[-1:] != ((i - 1, j - 1),))
                    found[k].append(_Way(w.cost + _TORN * torn, (*w.taken, (j, k)), w.pairs))
                if len(found[k]) > 100:
                    found[k] = _least(found[k], self.kept)
        return [_least(ways, self.kept) for ways in found]

    def _without(self, now: list[list[_Way]]) -> list[list[_Way]]:
        """The ways where units of the original go next."""
        found = [list(ways) for ways in now]
        for j, unit in enumerate(self.there):
            found[j] = _least(found[j], self.kept)
            price = _OF_CHOSEN if self.chosen[j] else 1.0
            found[j + 1] += [w._replace(cost=w.cost + unit.weight * price) for w in found[j]]
        found[-1] = _least(found[-1], self.kept)
        return found

    def _laying(self, now: list[list[_Way]], i: int, unit: Unit) -> list[list[_Way]]:
        """The ways after a unit, which comes new or is a version of the next one of the original."""
        # What goes next to an elision would have been taken in by it, unless something comes in its place.
        before = now if i and isinstance(self.shown[i - 1], Hole) else self._without(now)
        come = unit.weight
        copied = (unit.key in self.known and bool(unit.words)) or bool(self._names(unit))
        if copied:
            come = come * _COPIED + _COPIED
        found = [[w._replace(cost=w.cost + come) for w in ways] for ways in before]
        for j in range(len(self.there)):
            if before[j]:
                changed = self._change(unit, j)
                if changed is not None:
                    found[j + 1] += [
                        _Way(w.cost + changed + self._beheaded(w, i, j), w.taken, (*w.pairs, (i, j))) for w in before[j]
                    ]
        return [_least(ways, self.kept) for ways in found]

    def _beheaded(self, way: _Way, i: int, j: int) -> float:
        """What it costs that a block is taken for another one's, whose head it has not."""
        if self.there[j].key != "{" or i == 0 or isinstance(self.shown[i - 1], Hole):
            return 0.0
        return 0.0 if way.pairs[-1:] == ((i - 1, j - 1),) else _TORN + _CLEARLY

    def _change(self, unit: Unit, j: int) -> float | None:
        """What it costs that a unit is a version of one of the original; ``None``: it is not one."""
        other, price = self.there[j], _OF_CHOSEN if self.chosen[j] else 1.0
        if unit.key == other.key:
            return 0.0 if unit.words else 0.01 * min(20, abs(unit.columns - other.columns))
        if balance(unit.key) != balance(other.key):
            return None
        if self.renames.explain(other.key, unit.key):
            return 0.5
        changed = max(0.5, (unit.words - other.words).total() + (other.words - unit.words).total() * price)
        if self._names(unit) and self._names(unit) == self._names(other):
            return min(changed, 1.0)
        return changed if alike(unit.words, other.words) >= LIKE else None

    def _names(self, unit: Unit) -> str:
        """The variable that a unit declares with its value, where neither side does so twice."""
        named = _DECLARES.match(unit.key)
        return named[1] if named is not None and self.declared[named[1]] == 2 else ""

    def _written(self, way: _Way) -> list[str]:
        """The lines of a way: what is shown, at the depth of what it is a version of, and what the holes take in."""
        pairs = dict(way.pairs)
        out: list[str] = []
        taken = iter(way.taken)
        moved = at = 0
        for i, unit in enumerate(self.shown):
            if isinstance(unit, Unit):
                if i == 0 or isinstance(self.shown[i - 1], Hole):
                    moved = self._moved(i, pairs)
                elif unit.first > at:
                    out += [""] * (unit.first - at)
                out += [_shifted(line or "", moved) for line in self.lines[unit.first : unit.last]]
                at = unit.last
                continue
            first, last = next(taken)
            if first < last:
                before, after = pairs.get(i - 1) == first - 1, pairs.get(i + 1) == last
                start = self.there[first - 1].last if before and first else self.there[first].first
                end = self.there[last].first if after and last < len(self.there) else self.there[last - 1].last
                start, end = (0 if i == 0 else start), (len(self.original) if i == len(self.shown) - 1 else end)
                deeper = unit.columns + moved - self.there[first].columns
                for near, there in ((i - 1, first - 1), (i + 1, last)):
                    beside = self.shown[near] if pairs.get(near) == there else None
                    if isinstance(beside, Unit):
                        depth = moved if near < i else self._moved(near, pairs)
                        deeper = beside.columns + depth - self.there[there].columns
                        break
                out += [_shifted(line, deeper) for line in self.original[start:end]]
        return out

    def _moved(self, i: int, pairs: dict[int, int]) -> int:
        """How much deeper what is shown from unit ``i`` to the next hole is in the original; the beginning is in its place."""
        for n, unit in enumerate(self.shown[i:], i):
            if isinstance(unit, Hole) or i == 0:
                break
            if n in pairs:
                return self.there[pairs[n]].columns - unit.columns
        return 0

    def _why_not(self) -> str:
        """The sentence for an answer without any reading: the first line next to an elision that is not in the original."""
        for i, unit in enumerate(self.shown):
            holes = any(isinstance(u, Hole) for u in self.shown[max(0, i - 1) : i + 2])
            if isinstance(unit, Unit) and unit.key not in self.known and holes:
                return f'It leaves code out ("..."), and the line next to that is not in the original: `{shortened(unit.key)}`.'
        return 'It leaves code out ("..."), and the lines around that do not say what it stands for.'


def _least(ways: list[_Way], most: int) -> list[_Way]:
    """The ways of least cost, one for each that takes in the same."""
    found: dict[tuple[tuple[int, int], ...], _Way] = {}
    for way in sorted(ways, key=lambda w: w.cost):
        found.setdefault(way.taken, way)
        if len(found) == most:
            break
    return list(found.values())


def _shifted(line: str, by: int) -> str:
    """A line ``by`` columns deeper, with the tabs or spaces that it has."""
    if not line.strip() or not by or line.startswith("#"):
        return line
    indent = line[: len(line) - len(line.lstrip())]
    to = max(0, len(indent.expandtabs(4)) + by)
    return ("\t" * (to // 4) + " " * (to % 4) if "\t" in indent else " " * to) + line.lstrip()
