"""Who calls a function, from where, and how surely: one step up, by what the repository says.

A call counts as ``resolved`` where a declaration and what the call is made on agree, as ``assumed`` where only the
name does; what is known to call something else is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.callers.overloads import overload_doubt
from ctxreview.callgraph.callers.override_set import OverrideSet
from ctxreview.callgraph.callers.receivers import reach
from ctxreview.callgraph.callers.search_range import files_to_read
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.model.facts import Reference
from ctxreview.model.kinds import Certainty
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import amount
from ctxreview.outline.symbols.written_names import simple_type

LOCAL = ("local function",)
UNNAMED = ("lambda", "operator", "conversion operator", "finalizer", "indexer", "top-level statements")
"""Functions whose uses have no name that a search could find."""


class CallSite(NamedTuple):
    """A place that calls the target; ``doubt`` says in words what makes it only ``assumed``."""

    outline: Outline
    reference: Reference
    certainty: Certainty
    doubt: str = ""

    @property
    def line(self) -> int:
        """The 1-based line of the call's name."""
        return self.outline.source.line_of(self.reference.name_span.start)

    @property
    def place(self) -> str:
        """``path:line``."""
        return f"{self.outline.source.path}:{self.line}"


class CallSites(NamedTuple):
    """The calls of one target.

    ``unknown`` has sentences on callers that cannot be known: a framework's, or those in files that were not read. ``size`` are the
    bytes of the files that were read for them, now or before.
    """

    calls: tuple[CallSite, ...]
    unknown: tuple[str, ...] = ()
    size: int = 0


def calls_of(target: Callee, repository: Repository) -> CallSites:
    """The places that call the target, in order of path and line."""
    function = target.function
    if function.kind in LOCAL:
        return CallSites(tuple(_local_calls(target, repository)))
    if function.kind in UNNAMED or not target.name.isidentifier():
        return CallSites(
            (), (f"Uses of {target.qualified_name} were not searched: a {function.kind} has no name to search for.",)
        )
    home = target.type
    if home is None:
        return CallSites(())
    family = OverrideSet(target, Declared(target.outline, home), repository)
    paths, left = files_to_read(family)
    found = []
    own = target.name.encode()
    read = repository.outlines_for([p for p in paths if own in repository.text_of(p)], {target.name})
    repository.types.prefetch(
        simple_type(name) for o in read for r in o.references for name in (r.type, r.root) if name
    )
    for outline in read:
        found += [c for r in outline.references if (c := as_call(family, outline, r)) is not None]
    size = sum(len(repository.text_of(p)) for p in paths)
    return CallSites(tuple(found), (*family.unknown_callers, *left, *_unparsed(target, read)), size)


def _unparsed(target: Callee, read: Sequence[Outline]) -> Iterator[str]:
    """A sentence on files that name the target where the parser lost its way: a call there may have been missed."""
    broken = [o for o in read if o.parse.errors]
    if broken:
        source, at = broken[0].source, broken[0].parse.errors[0].start
        more = f" and {amount(len(broken) - 1, 'file', 'more')}" if len(broken) > 1 else ""
        yield (
            f"{source.path}{more} could not be fully parsed (line {source.line_of(at)}): calls of {target.name} there may "
            "be missed."
        )


def calls_among(
    references: Iterable[Reference], outline: Outline, target: Callee, repository: Repository
) -> Iterator[CallSite]:
    """The calls of the target among the references of a file to its name."""
    home = target.type
    if home is not None:
        key = "family", target.outline.source.path, str(target.function.span.start)
        family = repository.memo(key, lambda: OverrideSet(target, Declared(target.outline, home), repository))
        yield from (c for r in references if (c := as_call(family, outline, r)) is not None)


def _local_calls(target: Callee, repository: Repository) -> Iterator[CallSite]:
    """The calls of a local function: its name, in the member around it."""
    member = target.outline.member_of(target.function.span) or target.function
    outline = repository.outline_for(target.outline.source.path, {target.name})
    for reference in outline.references if outline is not None else ():
        if (
            outline is not None
            and not reference.receiver
            and member.span.contains(reference.name_span)
            and reference.form in ("call", "name")
            and not reference.removed
        ):
            yield CallSite(outline, reference, "resolved")


def as_call(family: OverrideSet, outline: Outline, reference: Reference) -> CallSite | None:
    """The reference as a call of the target, or ``None`` where it is one of something else."""
    if family.creates:
        return _creation(family, outline, reference)
    if reference.form not in ("call", "name") or (reference.local and not reference.receiver):
        return None
    if (reference.writes or reference.removed) and family.target.function.kind == "method":
        return None  # a property of that name, or a handler that is taken off
    read = family.target.function.kind in ("accessor", "property")
    if read and (reference.form != "name" or not _by_access(family, reference)):
        return None
    if read:
        reference = reference._replace(escapes=False)  # what is handed on is the value
    reached = reach(family, outline, reference)
    if reached is None:
        return None
    certainty, doubt = reached
    if reference.form == "call":
        told = overload_doubt(family, reference)
        if told is None:
            return None
        if told:
            certainty, doubt = "assumed", told
    return CallSite(outline, reference, certainty, doubt)


def _by_access(family: OverrideSet, reference: Reference) -> bool:
    kind = family.target.function.name.rpartition(".")[2] if family.target.function.kind == "accessor" else "get"
    return reference.writes if kind in ("set", "init") else not reference.writes


def _creation(family: OverrideSet, outline: Outline, reference: Reference) -> CallSite | None:
    if reference.form != "new":
        return None
    known = family.repository.types.resolve(reference.name, outline, reference.name_span)
    if known and family.home.qualified not in {t.qualified for t in known}:
        return None
    told = overload_doubt(family, reference)
    return None if told is None else CallSite(outline, reference, "assumed" if told else "resolved", told)
