"""Counted locks that are made with nothing in them: who waits for one waits for a signal and holds nothing then."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from ctxreview.languages import Construct, Language, nodes
from ctxreview.languages.words import any_of
from ctxreview.model.source import Span
from ctxreview.outline.file_view import FileView
from ctxreview.outline.symbols.written_names import without_self

if TYPE_CHECKING:
    from tree_sitter import Node

_MADE = (
    r"\b{name}\s*(?:\{{[^{{}}]*\}}\s*)?(?:\?\?)?=\s*new\b\s*(?:[\w.:]*\b{types})?\s*"
    r"\(\s*((?:[^()]|\([^()]*\))*)\)"
)
"""A variable with the arguments of the counted lock that it is made as."""


@cache
def _counted(language: Language) -> frozenset[str]:
    return frozenset(c.construct for c in language.constructs if c.counted)


def is_signal(
    node: Node,
    resource: str,
    constructs: Iterable[Construct],
    page: FileView,
    known: dict[tuple[str, Span | None], bool],
) -> bool:
    """Whether a semaphore is made with nothing in it: who waits for it waits for somebody's signal, and holds nothing then."""
    counted = _counted(page.language)
    if not any(c.construct in counted for c in constructs):
        return False
    name = without_self(resource).rpartition(".")[2]
    home = page.home(name, nodes.span(node))
    if (name, home) not in known:
        within = home
        if within is None:  # a local variable
            around = page.functions.outermost(nodes.span(node))
            within = around.span if around is not None else Span(0, len(page.source.data))
        form = _MADE.format(name=re.escape(name), types=any_of(counted))
        made = re.compile(form.encode()).finditer(page.source.data, *within)
        own = (hit for hit in made if home is None or page.home(name, Span(*hit.span())) == home)  # no nested type's
        counts = [_initial(hit[1].decode("utf-8", "replace"), page.language.words.first_count) for hit in own]
        known[name, home] = bool(counts) and all(re.fullmatch(r"0[uUlL]*", count) for count in counts)
    return known[name, home]


def _initial(arguments: str, first: str) -> str:
    """The initial count among the arguments of a semaphore's creation, as written."""
    given = [part.strip() for part in arguments.split(",")]
    named = (part.partition(":") for part in given)
    return next((value.strip() for name, colon, value in named if colon and name.strip() == first), given[0])
