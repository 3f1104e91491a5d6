"""A pasted fragment in a file: the lines that it was copied from, whatever became of layout, of what is left out and of some lines.

A fragment is a row of tokens, with holes where it leaves code out; a hole takes in what closes all that it opens. Where the tokens stand
just so, that is the place, or there are several. Else the place with the fewest differences is taken, if it has clearly the fewest.
"""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from itertools import chain
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.guard.placing.elisions import LONGEST_LINE, shown_runs, within_reason, without_ends
from ctxreview.guard.placing.ends import ends
from ctxreview.guard.placing.file_tokens import TOKEN, Place, Row, is_word, tokens_of, words_in
from ctxreview.guard.placing.likeness import MOST_NEAR, Near, nearest
from ctxreview.guard.placing.refusals import UnplacedError
from ctxreview.kept import kept
from ctxreview.model.source import Source
from ctxreview.regex import regex

MOST_PLACES = 1_000
"""Places where a fragment stands just so that are told of one file."""
MOST_TOKENS = 20_000
"""Tokens of a fragment; nobody asks about more code at once."""
DIFFERENT, SURELY = 0.6, 0.25
"""The part of its tokens by which a fragment may differ from its place, and by which none of its lines need be there just so."""
KEPT = 0.5
"""The part of its lines that have to be there just so, else."""
FEW, FEWEST_WORDS = 4, 2
"""A fragment with fewer tokens, or fewer words, has to stand just so."""
SHARED, WHOLE = 0.5, 0.9
"""The part of its words that a place has to have, or else the part of the place's words that it has to have."""
_APART = 2
"""How many more differences one of two places that share lines has to have, so that the other one is meant, where something is left out."""
_MOST_OWN = 5_000
"""Tokens of a place that are held against those of a fragment."""
_LETTERS, _PIECE = 2_000, 3
"""Characters of a stretch that differs, of the fragment and of the file, that are held against each other, and how many together are alike."""

_FENCE = regex(r"\s*(?:`{3,}|~{3,})[\w#+.-]*\s*")
_NOTHING = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"))


class Fragment(NamedTuple):
    """What was pasted: all its tokens, and the tokens of each of its runs, between which it leaves code out.

    ``parts`` are the tokens of each line, a line that leaves something out being several; ``ends`` are how many the first and the last run have.
    """

    whole: Row
    runs: tuple[Row, ...]
    parts: tuple[Row, ...]
    ends: tuple[int, int]

    @property
    def size(self) -> int:
        """How many tokens are shown."""
        return sum(map(len, self.runs))


def fragment_of(text: str) -> Fragment:
    """A fragment as it was pasted, perhaps with a code fence around it. Raises :class:`SourceError` where there is nothing, or too much."""
    plain = text.translate(_NOTHING).replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in plain.split("\n") if line.strip()]
    if lines and _FENCE.fullmatch(lines[0]):
        lines = lines[1:-1] if lines[-1].strip() in ("```", "~~~") else lines[1:]
    try:
        within_reason(lines)
    except UnplacedError as error:
        raise SourceError(f"The fragment is not read. {error}") from None
    whole = tuple(TOKEN.findall("\n".join(lines)))
    runs = shown_runs(without_ends(lines))
    if not runs:
        raise SourceError("The fragment is empty: there is nothing to look for.")
    if len(whole) > MOST_TOKENS:
        raise SourceError(
            f"The fragment has {len(whole):,} words and marks; up to {MOST_TOKENS:,} are read. Give a part of it."
        )
    parts = [[part for line in run if (part := tuple(TOKEN.findall(line)))] for run in runs]
    rows = tuple(tuple(TOKEN.findall("\n".join(run))) for run in runs)
    return Fragment(whole, rows, tuple(chain(*parts)), (len(parts[0]), len(parts[-1])))


def exact_places(fragment: Fragment, source: Source) -> list[Place]:
    """Where the tokens of a fragment stand in a file, in source order, all that it leaves out being between; blanks and line ends aside."""
    there = tokens_of(source)
    # A comment that looks as if it left something out may be one of the file.
    found = there.occurrences(fragment.whole) or there.laid([there.occurrences(run) for run in fragment.runs])
    return list(dict.fromkeys(there.place(near) for near in sorted(found)[:MOST_PLACES]))


def cut_places(fragment: Fragment, source: Source) -> list[Place]:
    """Where a fragment stands of whose first word a part is missing at its beginning, or of the last one at its end, as where an editor's selection cuts words."""
    first, inner, last = fragment.whole[:1], fragment.whole[1:-1], fragment.whole[1:][-1:]
    there = tokens_of(source)
    around = (Near(n.start - 1, n.end + 1, 0) for n in (there.occurrences(inner) if inner else ()))
    found = [
        n
        for n in around
        if n.start >= 0
        and n.end <= len(there.texts)
        and there.texts[n.start].endswith(first)
        and there.texts[n.end - 1].startswith(last)
    ]
    return [there.place(n) for n in found[:MOST_PLACES]]


def near_places(fragment: Fragment, source: Source) -> list[Place]:
    """Where a fragment may be from whose lines are no longer, or not yet, those of the file: whole lines, those with the fewest differences first."""
    size = fragment.size
    wanted = words_of(fragment)
    if size < FEW or wanted.total() < FEWEST_WORDS or max(map(len, source.lines), default=0) > LONGEST_LINE:
        return []
    there = tokens_of(source)
    runs = [nearest(run, there.texts, int(DIFFERENT * len(run))) for run in fragment.runs]
    found = [near for near in there.laid(runs, fragment.runs) if near.cost <= DIFFERENT * size]
    lines = [part for part in fragment.parts if words_in(part)]
    places: list[Place] = []
    apart = _APART if len(fragment.runs) > 1 else 0
    for near in sorted(set(found), key=lambda n: (n.cost, n.start, n.end))[:MOST_NEAR]:
        first, last = ends(near, fragment.parts, fragment.ends, there)
        its = there.within(first, last)
        own = words_in(there.texts[its.start : its.end])
        kept = sum(there.has(part, its) for part in lines)
        shared = (wanted & own).total()
        if shared < min(SHARED * wanted.total(), WHOLE * own.total()) or (
            near.cost > SURELY * size and kept < KEPT * len(lines)
        ):
            continue
        # What shares lines with a place that differs less is no other one.
        place = Place(first, last, near.cost)
        if not any(p.cost + apart < near.cost and p.overlaps(place) for p in places):
            places.append(place)
    return list(dict.fromkeys(places))


def words_of(fragment: Fragment) -> Counter[str]:
    """The words that a fragment shows, each as often as it does."""
    return words_in([token for run in fragment.runs for token in run])


def most_of(cost: int) -> int:
    """Up to how many differences a place may be meant as well as another one that has ``cost``; where that has none, only such."""
    return cost + max(2, cost // 2) if cost else 0


def explained(fragment: Fragment, source: Source, place: Place) -> tuple[frozenset[int], int]:
    """Which words of a fragment a place has, by their number among all its tokens, and how many of its characters, each in order."""
    there = tokens_of(source)
    its = there.within(place.first, place.last)
    own = there.texts[its.start : min(its.end, its.start + _MOST_OWN)]
    given = [token for run in fragment.runs for token in run]
    held: set[int] = set()
    letters = 0
    for kind, a, b, i, j in SequenceMatcher(None, given, own, autojunk=False).get_opcodes():
        if kind == "equal":
            held.update(n for n in range(a, b) if is_word(given[n]))
        elif kind == "replace":
            alike = SequenceMatcher(None, "".join(given[a:b])[:_LETTERS], "".join(own[i:j])[:_LETTERS], autojunk=False)
            letters += sum(block.size for block in alike.get_matching_blocks() if block.size >= _PIECE)
    return frozenset(held), letters


@kept(4)
def held_words(fragment: Fragment, source: Source, place: Place) -> frozenset[str]:
    """The words of a fragment that a place has, in their order."""
    given = [token for run in fragment.runs for token in run]
    return frozenset(given[n] for n in explained(fragment, source, place)[0])
