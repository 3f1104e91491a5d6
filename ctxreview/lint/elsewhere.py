"""What files open through methods of other files: those that call such a method are linted once more, with what it holds for them.

Which methods these are, and who names them, is told for all files together; only files that call one are read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from ctxreview.callgraph.finished import with_ends_elsewhere
from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.wrappers.bodies import wrapper_methods
from ctxreview.callgraph.wrappers.call_text import possible_calls, possible_wrappers
from ctxreview.callgraph.wrappers.scopes import with_wrapped_scopes
from ctxreview.model.outline import Outline
from ctxreview.processes import cores, parallel_map
from ctxreview.regex import regex

MIN_SHARED = 24
"""With fewer files, starting processes takes longer than they save."""
MOST_NAMING = 400
"""Files with a method's name up to which its calls are looked for: one that more of them have is an everyday one."""

LEVELS = 2
"""Methods in a row that are asked for one file: the second one opens what the first hands on. Each level costs half a second in a large repository."""

_TYPE_NAME = regex(rb"\b[A-Z]\w+")

R = TypeVar("R")


def shared(work: Callable[[str], R], paths: Sequence[str]) -> Iterator[R]:
    """``work`` of each path, on every core where there are enough of them."""
    return map(work, paths) if len(paths) < MIN_SHARED or cores() < 2 else parallel_map(work, paths)


def calling(names: frozenset[str], repository: Repository) -> frozenset[str]:
    """The files that may call methods of these names, by their text."""
    repository.prefetch_words(names)
    where: dict[str, set[str]] = {}
    for name in names:
        paths = repository.files_with(name)
        for path in paths if len(paths) <= MOST_NAMING else ():
            where.setdefault(path, set()).add(name)

    def calls(path: str) -> bool:
        text = repository.text_of(path).decode("utf-8", "replace")
        return not where[path].isdisjoint(possible_calls(text, frozenset(), repository.language))

    listed = sorted(where)
    found = frozenset(p for p, does in zip(listed, shared(calls, listed), strict=True) if does)
    expect_types(found, repository)
    return found


def expect_types(paths: Iterable[str], repository: Repository) -> None:
    """Search for all types that some files may name, in one pass over the text: each call is looked up by them."""
    texts = (repository.text_of(path) for path in paths)
    repository.prefetch_words({word.decode("utf-8", "replace") for text in texts for word in _TYPE_NAME.findall(text)})


def with_scopes_of_others(made: Outline, names: frozenset[str] | None, repository: Repository) -> Outline | None:
    """The outline of a whole file with the scopes that methods of other files open or hold for it; ``None`` where none does.

    Where there are ``names``, these methods alone are asked, and none that they call; else :data:`LEVELS` in a row.
    """
    levels = LEVELS if names is None else 1
    spans = [f.span for f in made.outermost]
    may = {span: possible_wrappers(made, span, repository) for span in spans}
    every = frozenset(name for own in may.values() for name in own)
    if names is None:
        repository.prefetch_words(every)
    known = frozenset(n for n in (every if names is None else every & names) if wrapper_methods(n, repository, levels))
    asked = tuple(span for span in spans if not known.isdisjoint(may[span]))
    if not asked:
        return None
    found = with_wrapped_scopes(made, asked, repository, known, levels)
    found = with_ends_elsewhere(found, asked, repository)
    return None if found is made else found
