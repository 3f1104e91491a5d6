"""What the rest of the repository says about a selection: who holds what around it, and who else uses what it touches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ctxreview.callgraph.callees import callees, concurrency_tokens
from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.callers.chains import CallChains, CallEdge, call_chains
from ctxreview.callgraph.frameworks.assumptions import context_registrations, framework_assumptions
from ctxreview.callgraph.frameworks.entries import entry_of
from ctxreview.callgraph.frameworks.marks import scopes_of_marks
from ctxreview.callgraph.frameworks.versions import project_versions
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.state_users import Sharing, sharing
from ctxreview.callgraph.wrappers.bodies import LARGE_FILE
from ctxreview.callgraph.wrappers.scopes import excerpts_of_wrappers
from ctxreview.model.declarations import Function, outermost
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import amount, listed
from ctxreview.model.review import Excerpt, Surroundings
from ctxreview.model.source import Source, Span
from ctxreview.outline.excerpts import excerpt_of, returns_of, with_structure
from ctxreview.workspace.code_of_tests import is_test_code

MAX_SHOWN = 10
"""Callers of which the model gets to see lines: those that hold a scope first."""
MAX_NAMED = 5
"""Places named in one sentence; the others are counted."""


ROLES = ("field", "same-lock", "member", "callee")
"""Excerpts other than those of callers, the most needed first."""


def starts(outline: Outline, functions: Sequence[Function]) -> list[Function]:
    """The functions whose callers run the selected code: out of lambdas that are run where they are.

    ``functions`` are those around the selection, innermost first, or several members. A lambda that only runs later
    ends the way: who runs it is not known.
    """
    nested = len(functions) > 1 and functions[-1].span.contains(functions[0].span)
    if not nested:
        return [f for f in functions if f.kind != "lambda" or f.span in outline.immediate]
    for function in functions:
        if function.kind == "lambda" and function.span not in outline.immediate:
            return []
        if function.kind != "lambda":
            return [function]
    return []


def surroundings(
    outline: Outline, functions: Sequence[Function], repository: Repository, hops: int, *, shown: bool = True
) -> Surroundings:
    """What the repository says about the selected functions of a file; ``hops`` is how far callers are followed.

    Where it is not ``shown`` to anybody, only the scopes of callers, and whether all callers are known.
    """
    targets = [Callee(outline, f) for f in starts(outline, functions)]
    found = [call_chains(t, repository, hops) for t in targets] if hops else []
    scopes = {(s.path, s.span): s for a in reversed(found) for s in a.scopes}
    assumed = list(framework_assumptions(outline, functions, [r for a in found for r in _roots(a)], repository))
    holding = Surroundings(
        scopes=(*scopes_of_marks(outline, functions, repository), *scopes.values()),
        sources=tuple({link.outline.source.path: link.outline.source for a in found for link in a.links}.values()),
        callers_complete=bool(found)
        and not assumed
        and not repository.place.left_out
        and all(map(_closed, targets, found)),
        callers_certain=bool(found) and all(map(_is_certain, found)),
        doubts=tuple(dict.fromkeys(d for a in found for d in _doubts(a))),
    )
    if not shown:
        return holding
    supposed = [s for t, a in zip(targets, found, strict=False) for s in _supposed_of_callers(t, a)]
    told = [s for t, a in zip(targets, found, strict=False) for s in _told_of_callers(t, a, repository)]
    blind = told + [s for t, a in zip(targets, found, strict=False) for s in _said_of_callers(t, a, hops)]
    registered = list(context_registrations(outline, functions, repository))
    shared = sharing(outline, functions, repository)
    if hops:
        blind += _large(dict.fromkeys((outline.source, *(link.outline.source for a in found for link in a.links))))
    blind += [
        *shared.beyond,
        *_in_tests(found),
        *assumed,
        *registered,
        *repository.place.left_out,
    ]
    return holding._replace(
        excerpts=(*_of_callers(found, repository), *_others(shared, outline, functions, repository)),
        said=_project_of(outline, repository),
        blind_spots=tuple(dict.fromkeys(blind)),
        settled=(*told, *registered),
        supposed=(*supposed, *assumed),
    )


def _project_of(outline: Outline, repository: Repository) -> tuple[str, ...]:
    """What the nearest project files say: the same for all files of a folder."""
    folder = outline.source.path.rpartition("/")[0]
    return repository.memo(("project", folder), lambda: tuple(project_versions(outline.source, outline.language)))


def _others(
    shared: Sharing, outline: Outline, functions: Sequence[Function], repository: Repository
) -> Iterator[Excerpt]:
    """Of other places what is not a caller: each once; of a method that is called and shortened, where nothing of it is shown."""
    found = [*shared.excerpts, *concurrency_tokens(outline, functions, repository)]
    found += [e for f in outermost(functions) for e in excerpts_of_wrappers(outline, f.span, repository, direct=True)]
    found += callees(outline, functions, repository)
    shown: dict[str, set[Span]] = {}
    shared_with: dict[str, list[Span]] = {}
    for excerpt in sorted(found, key=lambda e: ROLES.index(e.role)):
        path, is_callee = excerpt.source.path, excerpt.role == "callee"
        if excerpt.span in shown.setdefault(path, set()):
            continue
        if is_callee and excerpt.elided and any(excerpt.span.overlaps(s) for s in shared_with.get(path, ())):
            continue
        shown[path].add(excerpt.span)
        if not is_callee:
            shared_with.setdefault(path, []).append(excerpt.span)
        yield excerpt


def _roots(found: CallChains) -> Iterator[Declared]:
    """The types of the functions from which the ways to the target begin."""
    names = {root.qualified_name for root in found.roots}
    for link in found.links:
        home = link.outline.type_of(link.call.reference.name_span)
        if home is not None and link.via[0].caller in names:
            yield Declared(link.outline, home)


def _closed(target: Callee, found: CallChains) -> bool:
    """Whether every way to the target is known: its calls all resolved, none deferred, and none left unfollowed."""
    return bool(found.direct.calls) and not found.cut and not found.stopped and _is_certain(found)


def _is_certain(found: CallChains) -> bool:
    """Whether each call that was found is one for certain and made at once, and none is passed on; those in tests aside."""
    links = (link for link in found.links if not is_test_code(link.outline.source.path))
    return not found.unknown and all(link.certainty == "resolved" and not link.deferred for link in links)


def _doubts(found: CallChains) -> Iterator[str]:
    """A sentence on each way by which it is not known whether, or when, a caller calls; those in tests aside."""
    links = [link for link in found.links if not is_test_code(link.outline.source.path)]
    for link in (link for link in links if link.deferred and not link.call.doubt):
        name = link.call.reference.name
        how = f"passes {name} on as" if link.call.reference.escapes else f"uses {name} in"
        yield f"{link.via[0]} {how} a delegate; how often that runs is not known."
    for link in (link for link in links if link.call.doubt):
        yield f"The call of {link.call.reference.name} by {link.via[0]} is only assumed: {link.call.doubt}."
    yield from found.unknown


def _told_of_callers(target: Callee, found: CallChains, repository: Repository) -> Iterator[str]:
    """What is known of callers: where they are, that a framework calls, or that there are none."""
    if not found.direct.calls and not found.direct.unknown:
        yield from _uncalled([target], repository)
    held, bare = _held_and_bare(found)
    if bare and not held:
        yield f"{target.qualified_name} is called by {listed(bare)}; no transaction or lock was found there."
    yield from _uncalled(found.roots, repository)


def _uncalled(targets: Sequence[Callee], repository: Repository) -> Iterator[str]:
    """That nobody in the repository calls the functions, and which of them a framework calls."""
    called: dict[tuple[str, str], list[str]] = {}
    rest = []
    for target in targets:
        entry = entry_of(target, repository)
        if entry is None:
            rest.append(target.qualified_name)
        else:
            called.setdefault((entry.framework, entry.how), []).append(target.qualified_name)
    for (framework, how), names in called.items():
        yield f"{framework} calls {listed(names)} {how}; in this repository no caller was found."
    if rest:
        yield f"Who calls {listed(rest)}: no caller was found in this repository."


def _held_and_bare(found: CallChains) -> tuple[bool, list[str]]:
    """Whether some caller holds a scope, and the direct callers that run under none."""
    passed = {via for link in found.links if link.scopes for via in link.via}
    direct = (link for link in found.links if link.depth == 1 and link.certainty == "resolved")
    bare = [link for link in direct if not link.scopes and not link.deferred and link.via[0] not in passed]
    return bool(passed), [str(link.via[0]) for link in bare]


def _said_of_callers(target: Callee, found: CallChains, hops: int) -> Iterator[str]:
    """What is not known of callers, and that some hold a scope and others do not."""
    name = target.qualified_name
    yield from found.unknown[:MAX_NAMED]
    if len(found.unknown) > MAX_NAMED:
        yield f"For {amount(len(found.unknown) - MAX_NAMED, 'function', 'more')} on the call chains, not all callers can be known."
    held, bare = _held_and_bare(found)
    if held and bare:
        yield f"{name} is also called where no transaction or lock was found: {listed(bare)}."
    yield from _supposed_of_callers(target, found)
    later = [str(link.via[0]) for link in _outside_tests(found.links) if link.deferred]
    if later:
        does = "passes the call on or stores it" if len(set(later)) == 1 else "pass the call on or store it"
        yield f"{listed(later)} only {does}: when it runs, and what is held then, is unknown."
    if found.cut:
        yield f"Callers of {listed(found.cut)} were not followed further (--hops {hops})."
    if found.stopped:
        yield f"Callers of {listed(found.stopped)} were not followed further: too many files use the names followed so far."


def _supposed_of_callers(target: Callee, found: CallChains) -> Iterator[str]:
    """The calls that may be of the target, as far as their names tell."""
    doubts: dict[str, list[str]] = {}
    for link in _outside_tests(found.links):
        if link.call.doubt:
            doubts.setdefault(link.call.doubt, []).append(str(link.via[0]))
    for doubt, places in list(doubts.items())[:MAX_NAMED]:
        yield f"The call of {target.qualified_name}, or of a caller of it, by {listed(places)} was assumed: {doubt}."
    if len(doubts) > MAX_NAMED:
        yield f"{sum(map(len, doubts.values()))} calls in all were assumed by name; their own callers were not followed."


def _large(sources: Iterable[Source]) -> Iterator[str]:
    """What is not looked for in files that are too large to be read for each method."""
    for source in sources:
        if len(source.data) > LARGE_FILE:
            yield (
                f"{source.path} has more than {LARGE_FILE:,} bytes: of its methods that open or pass on a transaction or lock, "
                "those called through another method were not read."
            )


# --- excerpts of callers -----------------------------------------------------------------------------------


def _of_callers(found: Sequence[CallChains], repository: Repository) -> Iterator[Excerpt]:
    """One excerpt for each calling function, those that hold a scope first; and what its wrappers open."""
    links = _shown_links(found)
    shown: set[tuple[str, Span]] = set()
    wrappers: dict[tuple[str, Span], Excerpt] = {}
    for link in links:
        caller = link.caller
        if caller is None or (link.outline.source.path, caller.span) in shown:
            continue
        shown.add((link.outline.source.path, caller.span))
        if len(shown) > MAX_SHOWN:
            break
        yield _of_caller(link, caller)
        if link.scopes:
            for excerpt in excerpts_of_wrappers(link.outline, caller.span, repository, direct=True):
                wrappers.setdefault((excerpt.source.path, excerpt.span), excerpt)
    yield from wrappers.values()


def _shown_links(found: Sequence[CallChains]) -> list[CallEdge]:
    """The calls whose callers are shown, those that hold a scope first; code of tests only where nothing else calls."""
    links = _outside_tests([link for a in found for link in a.links if link.caller is not None])
    return sorted(links, key=lambda link: (not link.scopes, link.certainty == "assumed", link.depth))


def _outside_tests(links: Sequence[CallEdge]) -> Sequence[CallEdge]:
    """The calls outside code of tests; all where nothing else calls. What tests do is named once, in :func:`_in_tests`."""
    return [link for link in links if not is_test_code(link.outline.source.path)] or links


def _in_tests(found: Sequence[CallChains]) -> Iterator[str]:
    """The callers in tests that are named and not shown."""
    shown = {link.via[0] for link in _shown_links(found)}
    left = [str(link.via[0]) for a in found for link in a.links if link.caller is not None and link.via[0] not in shown]
    if left:
        yield f"Callers in tests are not shown: {listed(left)}."


def _of_caller(link: CallEdge, caller: Function) -> Excerpt:
    """The caller's head, the scope's two ends, the call, and what is written, saved or committed after it."""
    outline = link.outline
    within = max((s.span for s in link.scopes), key=lambda s: s.size, default=caller.span)
    kept = [Span(caller.span.start, caller.opening.end), link.call.reference.span]
    for scope in link.scopes:
        kept += [scope.opening, scope.closing, *scope.completes_at]
    for fact in outline.facts:
        later = fact.span.start >= link.call.reference.name_span.start and within.contains(fact.span)
        if later and (fact.kind in ("save", "complete", "tracking") or (fact.kind == "write" and not fact.captured)):
            kept.append(fact.span)
    kept = with_structure(outline, caller, [*kept, *returns_of(outline, caller)])
    held = f" under {link.scopes[0].construct}" if link.scopes else ""
    why = f"calls {link.call.reference.name}{held}"
    return excerpt_of(outline, kept, "caller", why)
