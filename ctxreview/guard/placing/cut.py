"""Lines from an answer that are not whole statements: placed by the lines at their ends, around the selection or as it.

An ``else`` with its block, a block's head without its end, or a few lines around a change are not code by themselves. Where
they begin and end as the file does around the selection, and open and close as many blocks as what is there, they
become just that; where they are another version of the selected lines, they become those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ctxreview.guard.placing.edits import becoming, lines_of, reads
from ctxreview.guard.placing.elisions import balance, is_telling, squeezed, without_elisions, without_ends
from ctxreview.guard.placing.refusals import Instead, UnplacedError, several
from ctxreview.guard.placing.snippets import COMMENT_LINE, LIKE, alike, words
from ctxreview.model.review import Context, Edit

_MOST_LINES = 2_000
"""Lines of a function in which the ends of a fragment are looked for."""
_MOST_TRIED = 1_000
"""Stretches of lines that a fragment is held against."""


def cut(body: Sequence[str], context: Context) -> Edit | None:
    """The edit of a fragment that begins or ends within a statement; ``None`` where its ends are not those of the selection.

    Raises :class:`UnplacedError` where it could stand in several places.
    """
    return anchored(body, context, whole=False) or as_selected(body, context)


def anchored(body: Sequence[str], context: Context, whole: bool) -> Edit | None:
    """The edit of a fragment without elisions; ``None`` where its ends are not around the selection.

    Of a fragment that may be ``whole`` statements nothing that is not selected may go, and nothing come that stands elsewhere.
    Raises :class:`UnplacedError` where they do so in several ways that are equally good.
    """
    source, (chosen_first, chosen_last) = context.selection.source, context.selection.lines
    given = without_ends(body)
    keys = [squeezed(line) for line in given if line.strip()]
    held = [source.lines_of(f.span) for f in context.functions] or [(chosen_first, chosen_last)]
    top, bottom = min(a for a, _ in held), max(b for _, b in held)
    if not keys or bottom - top > _MOST_LINES or without_elisions(given) != given:
        return None
    there = [(n, squeezed(source.line(n))) for n in range(top, bottom + 1)]
    there = [(n, text) for n, text in there if text]
    texts = [text for _, text in there]
    starts = {i: _run(keys, texts[i:]) for i, text in enumerate(texts) if text == keys[0]}
    ends = {i: _run(keys[::-1], texts[i::-1]) for i, text in enumerate(texts) if text == keys[-1]}
    opened = balance("\n".join(given))
    # No more lines may go than are selected or come.
    longest = 2 * len(keys) + chosen_last - chosen_first + 1
    around = [
        (i, j)
        for i in starts
        for j in ends
        if i <= j < i + longest and there[i][0] <= chosen_last and chosen_first <= there[j][0]
    ]
    if len(around) > _MOST_TRIED:
        return None
    found = []
    for i, j in around:
        lead, trail, first, last = starts[i], ends[j], there[i][0], there[j][0]
        # Lines that go and are not selected were not meant to go.
        stretch = Counter(texts[i : j + 1])
        own = Counter(squeezed(source.line(n)) for n in range(max(first, chosen_first), min(last, chosen_last) + 1))
        gone, come = stretch - Counter(keys), Counter(keys) - stretch
        lost = (gone - own).total()
        says = any(map(is_telling, keys[:lead])), any(map(is_telling, keys[len(keys) - trail :]))
        if whole:
            copied = any(is_telling(line) for line in come & (Counter(texts) - stretch))
            fits = any(says) and not lost and not copied
        else:
            fits = lost <= come.total() and (any(says) or not lost)
        if fits and balance("\n".join(lines_of(source, first, last))) == opened:
            found.append((lost, gone.total() + come.total(), -lead - trail, first, last))
    found.sort()
    if not found:
        return None
    least = [f for f in found if f[:3] == found[0][:3]]
    if len(least) > 1 and whole:  # what its statements are like may tell
        return None
    if len(least) > 1:
        raise UnplacedError(f"It could stand in {several(first for *_, first, _ in least)}.", Instead.LINES)
    *_, first, last = least[0]
    # What is selected besides, and may be replaced as well by the look of the ends, is not left as it is for certain.
    if any(
        f[0] == found[0][0]
        and f[2] == found[0][2]
        and f[3:] != (first, last)
        and _is_more(f[3:], (first, last), context)
        for f in found
    ):
        return None
    return becoming(given, first, last, source)


def _is_more(place: tuple[int, ...], other: tuple[int, int], context: Context) -> bool:
    """Whether some lines hold more of what is selected than others."""
    start, end = context.selection.lines
    own, least = (min(b, end) - max(a, start) for a, b in (place, other))
    return own > least


def _run(keys: Sequence[str], texts: Sequence[str]) -> int:
    """How many lines both begin with."""
    return next((n for n, (a, b) in enumerate(zip(keys, texts, strict=False)) if a != b), min(len(keys), len(texts)))


def as_selected(body: Sequence[str], context: Context, whole: bool = False) -> Edit | None:
    """The edit that puts a fragment in the place of the selected lines; ``None`` where it is not another version of them.

    It is one where it begins and ends as they do, or at one end and has most of their words, opens as many braces, and has
    nothing that is next to them. One that may be ``whole`` statements begins and ends as they do.
    """
    source = context.selection.source
    first, last = context.selection.lines
    old = lines_of(source, first, last)
    there, given = ([line for line in lines if line.strip() and not COMMENT_LINE.match(line)] for lines in (old, body))
    if not there or not given or balance("\n".join(there)) != balance("\n".join(given)):
        return None
    ends = [_is_like(a, b) for a, b in ((there[0], given[0]), (there[-1], given[-1]))]
    most = not whole and any(ends) and alike(words("\n".join(there)), words("\n".join(given))) >= LIKE
    keys = [squeezed(line) for line in given]
    beside = {squeezed(source.line(n)) for n in (first - 1, last + 1) if 1 <= n <= source.line_count}
    copied = any(is_telling(line) and line in beside - {*map(squeezed, old)} for line in keys)
    if copied or not (all(ends) or most):
        return None
    try:
        edit = becoming(body, first, last, source, (first, last))
        return edit if reads((edit,), source) else None
    except UnplacedError:
        return None


def _is_like(there: str, given: str) -> bool:
    return squeezed(there) == squeezed(given) or alike(words(there), words(given)) >= LIKE
