"""A pasted fragment as a selection: found in one file, or in all files of a folder, or listed with its candidates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.guard.placing.file_tokens import Place
from ctxreview.guard.placing.pasted import (
    SHARED,
    Fragment,
    cut_places,
    exact_places,
    explained,
    fragment_of,
    held_words,
    most_of,
    near_places,
    words_of,
)
from ctxreview.kept import kept
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import amount, numbers
from ctxreview.model.source import Selection, Source, Span
from ctxreview.outline import outline
from ctxreview.workspace.files import Workspace, read_file
from ctxreview.workspace.reading import path_from, read_source
from ctxreview.workspace.search import search_words
from ctxreview.workspace.selection_form import FORM, is_link, is_member, plain

MOST_NAMED = 8
"""Candidates that are named in one sentence; the others are counted."""
MOST_FOUND = 200
"""Places after which no more files are looked at: that is no selection."""
MOST_FILES = 300
"""Files in which a fragment is looked for that stands nowhere just so; those that lack the fewest of its words are the first."""
MOST_WEIGHED = 20_000
"""Tokens of a fragment times candidates up to which these are held against each other."""
LETTERS = 2
"""Characters more that a candidate has of what differs, to be the one that is meant."""
_PREFIX = 60
"""Tokens of a run that a file is searched for before it is taken apart."""


class Found(NamedTuple):
    """Where a fragment is from. Where it differs from what is there, ``note`` says how much."""

    selection: Selection
    note: str = ""


class _Candidate(NamedTuple):
    source: Source
    place: Place


def select_fragment(given: str, text: str, root: Path | None = None) -> Found:
    """The place of the copied code ``text`` in the file that ``given`` names: ``PATH``, or a selection of the caret's lines or of a member.

    Raises :class:`SourceError` where the file cannot be read, where the code is nowhere in it, or at several places: these are listed.
    """
    fragment = fragment_of(text)
    if is_link(given) or is_member(given):
        from ctxreview.review.request import Run

        selection = Run().select(given, root)
        found = found_in_file(fragment, selection.source, selection.lines)
        (first, last), (start, end) = selection.lines, found.selection.lines
        if is_member(given) and (end < first or last < start):
            raise SourceError(
                f"{given}: the code is not in this member, but is {found.selection.given}; give that, or the path alone."
            )
        return found
    form = FORM.fullmatch(plain(given).rstrip())
    path = Path(form["path"] if form is not None else given)
    source = read_source(path_from(path, root) or path, root)
    if form is None:
        return found_in_file(fragment, source)
    first, last = (int(form[a] or form[b] or form["start"] or 0) for a, b in (("l1", "start"), ("l2", "end")))
    # Beyond the end of the file too: the caret is in a text that may not have been saved.
    return found_in_file(fragment, source, (first, max(first, last)))


def find_fragment(text: str, paths: Sequence[str], root: Path) -> Found:
    """The place of the copied code ``text`` in the files at ``paths``, from ``root``. Raises as :func:`select_fragment` does."""
    return found_in_folder(fragment_of(text), Workspace(root, tuple(paths)))


def found_in_file(fragment: Fragment, source: Source, near: tuple[int, int] | None = None) -> Found:
    """The place of a fragment in a file; of several that are equal the one that is nearest to the lines ``near``, such as the caret's.

    A fragment that begins or ends within a word is taken only beside the lines ``near``: of other code it may be the same part by chance.

    Raises :class:`SourceError` where there is none, or several: these are listed.
    """
    places = exact_places(fragment, source)
    if not places and near is not None:
        first, last = near
        places = [p for p in cut_places(fragment, source) if p.first - 1 <= last and first <= p.last + 1]
    places = places or near_places(fragment, source)
    candidates = [_Candidate(source, place) for place in places]
    return _only(candidates, fragment, f"in {source.path}", near)


def found_in_folder(fragment: Fragment, place: Workspace) -> Found:
    """The place of a fragment in the files of a workspace: their text is searched for its words, and only those that may have it are taken apart.

    Raises :class:`SourceError` where there is none, or several: these are listed.
    """
    words = words_of(fragment)
    texts: dict[str, bytes] = {}
    having = {word: frozenset(paths) for word, paths in search_words(place, words, texts).items()}
    held = Counter(path for word, count in words.items() for path in having[word] for _ in range(count))
    total = words.total()
    where = f"in the {amount(len(place.paths), 'file')} of {place.root.name or place.root}"
    lacking = sorted((total - count, path) for path, count in held.items())
    exact = list(_exact(fragment, [path for lacks, path in lacking if not lacks], place, texts))
    if exact:
        return _only(exact, fragment, where, None)
    near: list[_Candidate] = []
    looked = 0
    for lacks, path in lacking:
        if lacks > (1 - SHARED) * total or (near and lacks > most_of(near[0].place.cost)):
            break
        if near and not _may_be(path, near[0], words, having, fragment):
            continue
        looked += 1
        if looked > MOST_FILES:
            raise SourceError(
                f"The fragment stands nowhere {where} just so, and more than {MOST_FILES} files have most of its words: name the file, as PATH --text -."
            )
        if (source := read_file(place, path)) is not None:
            near += [_Candidate(source, found) for found in near_places(fragment, source)]
        near.sort(key=lambda c: (c.place.cost, c.source.path))
    return _only(near, fragment, where, None)


def _may_be(
    path: str,
    best: _Candidate,
    words: Collection[str],
    having: Mapping[str, Collection[str]],
    fragment: Fragment,
) -> bool:
    """Whether a file may have a place that explains something which the best one so far does not, or as much."""
    own = held_words(fragment, *best)
    return any(path in having[word] for word in words if word not in own) or all(path in having[word] for word in own)


def _exact(fragment: Fragment, paths: Sequence[str], place: Workspace, texts: dict[str, bytes]) -> Iterator[_Candidate]:
    """Where a fragment stands in some files just so."""
    patterns = [re.compile(rb"\s*".join(re.escape(token.encode()) for token in run[:_PREFIX])) for run in fragment.runs]
    count = 0
    for path in paths:
        text = texts.get(path)
        if text is not None and not all(pattern.search(text) for pattern in patterns):
            continue
        if (source := read_file(place, path)) is None:
            continue
        for found in exact_places(fragment, source):
            yield _Candidate(source, found)
            count += 1
        if count > MOST_FOUND:
            return


def _only(candidates: Sequence[_Candidate], fragment: Fragment, where: str, near: tuple[int, int] | None) -> Found:
    """The one candidate, the least different being the first; several are told apart by the lines ``near``."""
    if not candidates:
        raise SourceError(
            f"The fragment stands nowhere {where}, nor does anything that is clearly a version of it; give the lines, or more of the code."
        )
    equal = _likeliest(candidates, fragment)
    if len(equal) > 1 and near is not None:
        equal = _nearest(equal, near)
    if len(equal) > 1:
        named = [_named(c) for c in equal[:MOST_NAMED]]
        more = f"; and {len(equal) - MOST_NAMED:,} more" if len(equal) > MOST_NAMED else ""
        stands = "may be from" if equal[0].place.cost else "stands at"
        raise SourceError(
            f"The fragment {stands} {len(equal):,} places {where}; give the lines of one, or the caret's line as PATH:LINE --text -: {'; '.join(named)}{more}."
        )
    ((source, place),) = equal
    given = f"{source.path}:{numbers(place.first, place.last)}"
    if place.columns is not None:
        given = f"{source.path}:{place.first}:{place.columns[0]}-{place.last}:{place.columns[1]}"
    note = (
        f"{given} is taken for the fragment: {place.cost:,} of its {amount(fragment.size, 'word')} and marks differ."
        if place.cost
        else ""
    )
    return Found(Selection(source, _span(source, place), given), note)


def _likeliest(candidates: Sequence[_Candidate], fragment: Fragment) -> list[_Candidate]:
    """Those of some candidates that may be meant, the least different being the first: not those that differ much more than the best, and explain nothing more."""
    least = candidates[0].place.cost
    if not least or len(candidates) < 2 or len(candidates) * fragment.size > MOST_WEIGHED:
        return [c for c in candidates if c.place.cost <= most_of(least)]
    has = {candidate: explained(fragment, *candidate) for candidate in candidates}

    def rank(candidate: _Candidate) -> tuple[int, ...]:
        words, letters = has[candidate]
        # Of what is left out, a longer place has more only by chance.
        held = (len(words), letters, -candidate.place.cost)
        return held if len(fragment.runs) == 1 else (-candidate.place.cost, *held)

    best = max(candidates, key=rank)
    near = [c for c in candidates if c.place.cost <= most_of(best.place.cost)]
    return [c for c in near if c == best or c.place.overlaps(best.place) or not _is_less(c, best, has)]


def _is_less(one: _Candidate, best: _Candidate, has: Mapping[_Candidate, tuple[frozenset[int], int]]) -> bool:
    """Whether a candidate explains nothing that the best one does not, and that explains more."""
    (words, letters), (own, some) = has[best], has[one]
    fewer = some + LETTERS <= letters or (some <= letters and one.place.cost > best.place.cost)
    return own < words or (own == words and fewer)


def _span(source: Source, place: Place) -> Span:
    lines = source.line_span(place.first, place.last)
    if place.columns is None:
        return lines
    start, end = (
        source.line_span(line).start + len(source.line(line)[:column].encode())
        for line, column in ((place.first, place.columns[0] - 1), (place.last, place.columns[1]))
    )
    return Span(start, end)


def _nearest(candidates: Sequence[_Candidate], near: tuple[int, int]) -> list[_Candidate]:
    """Those that the lines ``near`` mean: which they touch, or else the one that is clearly nearer than all others."""

    def away(candidate: _Candidate) -> int:
        return max(0, candidate.place.first - near[1], near[0] - candidate.place.last)

    ordered = sorted(candidates, key=away)
    first, second = away(ordered[0]), away(ordered[1])
    touched = [c for c in ordered if not away(c)]
    return ordered[:1] if first * 2 < second else touched or ordered


@kept(2)
def _heads(source: Source) -> Outline:
    return outline(source, within=())


def _named(candidate: _Candidate) -> str:
    """A candidate with the member that it is in."""
    source, place = candidate
    said = f"{source.path}:{numbers(place.first, place.last)}"
    member = _heads(source).member_of(_span(source, place))
    return f"{said} in {member.name}" if member is not None and member.name else said
