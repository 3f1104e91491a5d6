"""Of many selections those that are worth a question: each where something was found, those of one function together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ctxreview.model.source import Selection
from ctxreview.review.manifest import Asked, question_of
from ctxreview.workspace.selection_form import is_link, path_in

Ranges = tuple[tuple[int, int], ...]


class Told(NamedTuple):
    """The selections that are left, in order, and those of them that are new: several of one function as one.

    ``left_out`` counts those where nothing was found, ``joined`` those that are part of another one now.
    """

    selections: list[str]
    made: dict[str, Selection]
    left_out: int
    joined: int


def told(given: Iterable[str], selected: Mapping[str, Selection], found: Callable[[Selection], Ranges]) -> Told:
    """Which of the ``given`` selections are left, where ``found`` says the lines of the members in a selection's file where something is.

    One that is not ``selected`` stays: why it cannot be is told in its place. What has an id or tags of a manifest stays alone.
    """
    groups: dict[object, list[str]] = {}
    left_out = 0
    for number, one in enumerate(given):
        selection = selected.get(one)
        if selection is None:
            groups[number] = [one]
            continue
        first, last = selection.lines
        touched = tuple(lines for lines in found(selection) if lines[0] <= last and first <= lines[1])
        if not touched:
            left_out += 1
            continue
        alone = is_link(one) or (isinstance(one, Asked) and (one.id is not None or bool(one.tags)))
        key = number if alone else (path_in(one), touched, question_of(one))
        groups.setdefault(key, []).append(one)
    made: dict[str, Selection] = {}
    left: list[str] = []
    for group in groups.values():
        left.append(_joined(group, selected, made) if len(set(group)) > 1 else group[0])
    return Told(left, made, left_out, sum(len(group) - 1 for group in groups.values()))


def _joined(group: list[str], selected: Mapping[str, Selection], made: dict[str, Selection]) -> str:
    """The selection of all the lines that some of one function select."""
    lines = [selected[one].lines for one in group]
    first, last = min(a for a, _ in lines), max(b for _, b in lines)
    source = selected[group[0]].source
    given = Asked(f"{path_in(group[0])}:{first}-{last}", question_of(group[0]))
    made[given] = Selection(source, source.line_span(first, last), str(given))
    return given
