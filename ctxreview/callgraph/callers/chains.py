"""The scopes that callers hold around a function, followed from call to call."""

from __future__ import annotations

import re
from typing import NamedTuple

from ctxreview.callgraph.callers.call_sites import CallSite, CallSites, calls_of
from ctxreview.callgraph.callers.callee import Callee, qualified_name
from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.wrappers.scopes import expect_wrappers, with_wrapped_scopes
from ctxreview.languages import load
from ctxreview.languages.lists import repository_lists
from ctxreview.model.declarations import Function
from ctxreview.model.kinds import Certainty
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Hop, Region
from ctxreview.model.source import Span

MAX_TEXT = 1_200_000
"""Bytes of files read for calls, after which a function's callers' callers are not followed: that is said. A file counts
each time that another name is looked for in it, whether or not an earlier selection has had it read: what is found must
not depend on that."""


class CallEdge(NamedTuple):
    """A call on the way to the selected function: from ``caller``, under ``scopes`` of its own; ``via`` leads to it.

    ``scopes`` are those of the caller's file that hold the call. ``depth`` is 1 for a direct call. ``deferred`` says
    that it is in a function that only runs later: nothing around it is held then.
    """

    call: CallSite
    caller: Function | None
    scopes: tuple[Region, ...]
    via: tuple[Hop, ...]
    certainty: Certainty
    depth: int
    deferred: bool = False

    @property
    def outline(self) -> Outline:
        """The outline of the caller's file."""
        return self.call.outline


class CallChains(NamedTuple):
    """All links that were found, nearest first.

    ``direct`` are the calls of the selected function itself, ``unknown`` sentences on callers anywhere on the way that
    cannot be known; ``cut`` and ``stopped`` are the functions whose callers were not followed, because they are too many
    calls away and because too much had been read, ``roots`` those that nobody in the repository calls.
    """

    links: tuple[CallEdge, ...]
    direct: CallSites
    unknown: tuple[str, ...]
    cut: tuple[str, ...]
    stopped: tuple[str, ...]
    roots: tuple[Callee, ...]

    @property
    def scopes(self) -> tuple[Region, ...]:
        """The scopes that callers hold, each with its file and the calls from there; by the surest way to each."""
        found: dict[tuple[str, Span], Region] = {}
        for link in self.links:
            path = link.outline.source.path
            for scope in link.scopes:
                certainty: Certainty = "assumed" if "assumed" in (link.certainty, scope.certainty) else "resolved"
                known = found.get((path, scope.span))
                if known is None or (known.certainty == "assumed" and certainty == "resolved"):
                    found[path, scope.span] = scope._replace(
                        form="caller", path=path, via=link.via, certainty=certainty
                    )
        return tuple(found.values())


def call_chains(target: Callee, repository: Repository, hops: int) -> CallChains:
    """The calls that lead to ``target``, at most ``hops`` of them in a row."""
    links: list[CallEdge] = []
    cut: list[str] = []
    roots: dict[str, Callee] = {}
    stopped: list[str] = []
    unknown: list[str] = []
    size = 0
    seen = {_key(target)}
    direct = CallSites(())
    waiting: list[tuple[Callee, tuple[Hop, ...], Certainty, int]] = [(target, (), "resolved", 0)]
    while waiting:
        here, via, certainty, depth = waiting.pop(0)
        if depth and here.function.kind == "top-level statements":
            continue  # the program's own start
        if depth == hops:
            cut.append(here.qualified_name)
            continue
        if depth and size > MAX_TEXT:
            stopped.append(here.qualified_name)
            continue
        found = calls_of(here, repository)
        unknown += found.unknown
        size += found.size
        if depth == 0:
            direct = found
        if not found.calls and depth > 0 and here.name not in repository_lists(repository.language).of("main"):
            roots.setdefault(here.qualified_name, here)
        around = ((c.outline, c.outline.member_of(c.reference.name_span)) for c in found.calls)
        groups = frozenset({here.name} if any(c.reference.form == "name" for c in found.calls) else ())
        wrappers = expect_wrappers(((o, member.span) for o, member in around if member is not None), repository, groups)
        is_iterator = here.is_iterator
        for call in found.calls:
            link, following = _link(call, via, certainty, depth + 1, repository, wrappers)
            if is_iterator and not _is_enumerated(link):
                # Its body runs where somebody goes through what it gives, which may be after all that is held here.
                link, following = link._replace(scopes=(), deferred=True), None
            links.append(link)
            if following is not None and link.certainty == "resolved" and _key(following) not in seen:
                seen.add(_key(following))
                waiting.append((following, link.via, link.certainty, depth + 1))
    return CallChains(
        tuple(links),
        direct,
        tuple(dict.fromkeys(unknown)),
        tuple(dict.fromkeys(cut)),
        tuple(dict.fromkeys(stopped)),
        tuple(roots.values()),
    )


def _is_enumerated(link: CallEdge) -> bool:
    """Whether what an iterator gives is gone through where it is called, or under the same scope later on."""
    source, span = link.outline.source, link.call.reference.span
    before = source.text(Span(max(0, span.start - 200), span.start))
    within = max(
        (s.span.end for s in link.scopes), default=link.caller.span.end if link.caller is not None else span.end
    )
    after = source.text(Span(span.end, within))
    lists, waited = repository_lists(link.outline.language), load(link.outline.language).words.waited_for
    walked, consumed = lists.text("walked"), lists.text("consumed")
    if re.search(rf"{walked}\Z", before) or lists.pattern("consumer").search(before) or re.match(consumed, after):
        return True
    kept = re.search(rf"(?<![\w.])(\w+)\s*=\s*{waited}\Z", before)
    name = re.escape(kept[1]) if kept is not None else ""
    return bool(name) and re.search(rf"{walked}{name}\b|(?<![\w.]){name}{consumed}", after) is not None


def _key(target: Callee) -> tuple[str, Span]:
    return target.outline.source.path, target.function.span


def _link(
    call: CallSite,
    via: tuple[Hop, ...],
    certainty: Certainty,
    depth: int,
    repository: Repository,
    wrappers: frozenset[str],
) -> tuple[CallEdge, Callee | None]:
    """One call with what holds it, and the function to go on from; ``None`` where nothing is known to run it."""
    at = call.reference.name_span
    member = call.outline.member_of(at)
    outline = (
        with_wrapped_scopes(call.outline, (member.span,), repository, wrappers) if member is not None else call.outline
    )
    if outline is not call.outline:
        again = next((r for r in outline.references if r.name_span == at), call.reference)
        call = call._replace(outline=outline, reference=again)
    around = outline.functions_around(at)
    scopes = [
        s
        for s in outline.holding(at)
        if outline.runs_under(at, s) and not s.opens_in(at) and not any(g.contains(at) for g in s.excluded)
    ]
    if call.reference.run_under is not None:
        scopes.append(call.reference.run_under)
    following: Function | None = None
    deferred = call.reference.form == "name" and call.reference.run_under is None and call.reference.escapes
    for function in around:
        if function.kind == "lambda" and function.span not in outline.immediate:
            deferred = True
            break
        if function.kind != "lambda":
            following = function
            break
    if deferred and call.reference.form == "name" and call.reference.escapes:
        scopes, following = [], None
    surely: Certainty = "assumed" if "assumed" in (certainty, call.certainty) else "resolved"
    caller = around[-1] if around else None
    named = qualified_name(outline, caller) if caller is not None else outline.source.path
    link = CallEdge(
        call=call,
        caller=caller,
        scopes=tuple(scopes),
        via=(Hop(named, call.place), *via),
        certainty=surely,
        depth=depth,
        deferred=deferred,
    )
    return link, Callee(outline, following) if following is not None else None
