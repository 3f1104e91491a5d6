"""How many may hold a counted lock at once, by the count that it is made with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from ctxreview.languages import Construct, Language, nodes
from ctxreview.languages.words import any_of
from ctxreview.model.notation import without_self
from ctxreview.model.source import Span
from ctxreview.outline.file_view import FileView
from ctxreview.regex import regex

if TYPE_CHECKING:
    from tree_sitter import Node

UNSEEN = -1
"""The file does not say how many: the lock is made elsewhere, or with a count that is not a number."""

_MADE = (
    r"{name}(?<!\w{name})\s*(?:\{{[^{{}}]*\}}\s*)?(?:\?\?)?=\s*{new}\b\s*(?:[\w.:]*\b{types})?\s*"
    r"\(\s*((?:[^()]|\([^()]*\))*)\)"
)
"""A variable with the arguments of the counted lock that it is made as; the name first, so that ``re`` looks for it alone."""

_NUMBER = regex(r"([0-9][0-9_]{0,9})[uUlL]*")


@cache
def _counted(language: Language) -> frozenset[str]:
    return frozenset(c.construct for c in language.constructs if c.counted)


def slots(
    node: Node,
    resource: str,
    constructs: Iterable[Construct],
    page: FileView,
    known: dict[tuple[str, Span | None], int],
) -> int:
    """How many may hold what ``resource`` names at ``node`` at once: 1 for a lock that is not counted, or :data:`UNSEEN`.

    0 is a signal: who waits for it waits until somebody releases it, and holds nothing then.
    """
    counted = _counted(page.language)
    if not any(c.construct in counted for c in constructs):
        return 1
    name = without_self(resource).rpartition(".")[2]
    home = page.home(name, nodes.span(node))
    if (name, home) not in known:
        within = home
        if within is None:  # a local variable
            around = page.functions.outermost(nodes.span(node))
            within = around.span if around is not None else Span(0, len(page.source.data))
        form = _MADE.format(name=re.escape(name), types=any_of(counted), new=any_of(page.language.words.creating))
        made = re.compile(form.encode()).finditer(page.source.data, *within)
        own = (hit for hit in made if home is None or page.home(name, Span(*hit.span())) == home)  # no nested type's
        known[name, home] = _least(
            {_initial(hit[1].decode("utf-8", "replace"), page.language.words.first_count) for hit in own}
        )
    return known[name, home]


def _least(counts: set[int]) -> int:
    """What counts from different places have in common: the one number, the least of several slots, or nothing."""
    if len(counts) == 1 or (counts and min(counts) > 1):
        return min(counts)
    return UNSEEN


def _initial(arguments: str, first: str) -> int:
    """The initial count among the arguments of a counted lock's creation, as written."""
    given = [part.strip() for part in arguments.split(",")]
    named = (part.partition(":") for part in given)
    count = next((value.strip() for name, colon, value in named if colon and name.strip() == first), given[0])
    number = _NUMBER.fullmatch(count)
    return int(number[1].replace("_", "")) if number is not None else UNSEEN
