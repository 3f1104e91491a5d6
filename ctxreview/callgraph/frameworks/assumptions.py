"""What frameworks do around code that no call shows: turns, pipelines and registrations, as sentences with places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from ctxreview.callgraph.frameworks.interceptors import interceptors_around
from ctxreview.callgraph.frameworks.marks import marks_on_bases
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages import data
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.outline.symbols.written_names import simple_type


class Frameworks(NamedTuple):
    """The names in a language's ``frameworks.toml``."""

    pipeline: tuple[str, ...]
    registration: tuple[str, ...]
    settings: tuple[str, ...]
    tokens: tuple[str, ...]
    unregistered: tuple[str, ...]
    turns: Mapping[str, str]


@cache
def frameworks(language: str) -> Frameworks:
    """What is known of a language's frameworks; nothing for a language without the file."""
    told = data(language, "frameworks.toml")
    lists = {key: tuple(told.get(key, ())) for key in Frameworks._fields if key != "turns"}
    return Frameworks(**lists, turns=told.get("turns", {}))


def framework_assumptions(
    outline: Outline, functions: Sequence[Function], roots: Sequence[Declared], repository: Repository
) -> Iterator[str]:
    """Sentences on what may hold a transaction or lock around the functions without a call that shows it.

    ``roots`` are the types of the functions at which the ways to the selected ones begin.
    """
    home = outline.type_of(functions[-1].span) if functions else None
    if home is None:
        return
    about = frameworks(outline.language)
    own = Declared(outline, home)
    names = {f.name for f in functions}
    for root in dict.fromkeys([own, *roots]):
        above, unknown = repository.hierarchy.ancestors(root)
        for base in unknown:
            if base in about.turns:
                yield f"{root.name} is {about.turns[base]}. The runtime does that, and it was not proven."
        yield from marks_on_bases(root, above, names, repository)
    if any(repository.hierarchy.ancestors(r)[1] or r.type.kind == "interface" for r in (own, *roots)):
        yield from interceptors_around(own, about.pipeline, repository)


def context_registrations(outline: Outline, functions: Sequence[Function], repository: Repository) -> Iterator[str]:
    """How the database contexts that the functions' type holds are registered."""
    home = outline.type_of(functions[-1].span) if functions else None
    if home is None:
        return
    about = frameworks(outline.language)
    held = {simple_type(m.declares) for m in outline.members if home.span.contains(m.span)}
    held |= set(re.findall(r"\w+", outline.source.text(home.opening)))
    names = sorted(n for n in held if n.endswith("Context") and n not in about.unregistered)
    if not names:
        return
    repository.prefetch_words(about.registration)
    for word in about.registration:
        for path in repository.files_with(word):
            source = repository.source(path)
            for name in names if source is not None else ():
                called = (
                    re.search(rb"\b%s\s*<\s*(?:[\w.,\s]+[.,]\s*)?%s\s*>" % (word.encode(), name.encode()), source.data)
                    if source
                    else None
                )
                if source is not None and called is not None:
                    rest = source.data[called.start() : called.start() + 1500].split(b";")[0]
                    said = [s for s in about.settings if s.encode() in rest]
                    more = f" with {', '.join(said)}" if said else ""
                    yield f"{name} is registered at {path}:{source.line_of(called.start())} ({word}{more})."
