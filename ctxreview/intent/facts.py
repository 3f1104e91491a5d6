"""What the source proves of a scope, as the sentences of an intent comment.

What the source proves is what happens together and what must not be changed; why, a person knows. No sentence says more
than its evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ctxreview.behaviour.body import body_of, root_of, source_of
from ctxreview.behaviour.lock_usage import lock_key
from ctxreview.languages.behaviour import Behaviour, names_of
from ctxreview.model.facts import Fact
from ctxreview.model.notation import SELF, without_self
from ctxreview.model.phrases import listed
from ctxreview.model.protection import LockProtection
from ctxreview.model.regions import Region
from ctxreview.model.review import Context
from ctxreview.regex import regex

_NAME = regex(r"[\w.]+(?:<[\w.]+>)?(?:\(\))?")


def sentences_from_facts(context: Context, scope: Region) -> tuple[str, ...]:
    """What the source proves of a scope of the selected file, as sentences; none where nothing was found under it."""
    together = _belongs_together(context, scope)
    if not together:
        return ()
    return (
        f"Belongs together: {together}.",
        *_protected(context, scope),
        *_same_lock(context, scope),
        *_callers_scopes(context, scope),
        *_must_not(context, scope),
    )


def _belongs_together(context: Context, scope: Region) -> str:
    """What is read, changed and saved under the scope; what is called where nothing of that is known."""
    under = _facts_under(context, scope)
    own = {without_self(scope.resource).split(".")[0]}
    roots = {root_of(f.target) for f in under if f.kind in ("save", "io", "complete") or _is_query(f)} | own
    changed = [_place(f) for f in under if f.kind == "write" and not f.captured and f.name not in own]
    queried = [(f, source_of(f.target)) for f in under if _is_query(f)]
    read = [source for f, source in queried if _is_set(f, source)]
    read += [
        _place(f) for f in under if f.kind == "read" and f.is_state and f.name not in roots and _can_change(f, context)
    ]
    called = [_called_as(f, source) for f, source in queried if not _is_set(f, source)]
    called += [f.name for f in under if f.kind == "save"]
    done = {
        "reading and changing": [n for n in read if n in changed],
        "reading": [n for n in read if n not in changed],
        "changing": [n for n in changed if n not in read],
        "calling": called,
    }
    if not any(done.values()):
        done = {"calling": _calls_under(context, scope)}
    return _joined([f"{what} {_listed(names)}" for what, names in done.items() if names], ", and")


def _is_set(query: Fact, source: str) -> bool:
    """Whether a query is asked of something that has a name, such as ``_db.Orders``; ``connection.Query()`` is but a call."""
    return "." in source and not query.target.partition(source)[2].startswith("(")


def _called_as(query: Fact, source: str) -> str:
    return source if "." in source else f"{source}.{query.name}" if source else query.name


def _place(fact: Fact) -> str:
    """State as it is named in code: ``_count`` or ``record.Status``."""
    on = source_of(fact.target)
    return f"{on}.{fact.name}" if on and on != SELF else fact.name


def _facts_under(context: Context, scope: Region) -> list[Fact]:
    return [f for f in context.facts if not scope.opening.contains(f.span) and context.outline.under(f.span, scope)]


def _is_query(fact: Fact) -> bool:
    return fact.kind == "read" and not fact.is_state and not fact.captured


def _can_change(fact: Fact, context: Context) -> bool:
    """Whether state is more than a service that is only called: not readonly, or a collection."""
    member = next((m for m in context.outline.members if fact.name in m.names), None)
    listed = names_of(context.outline.language).of("collections")
    collects = member is not None and not listed.isdisjoint(re.findall(r"\w+", member.declares))
    return collects or not fact.is_readonly


def _calls_under(context: Context, scope: Region) -> list[str]:
    """What the source calls under the scope, as it names it."""
    body, plumbing = body_of(context.outline, scope.opening), names_of(context.outline.language).of("plumbing")
    ends = (scope.opening, scope.closing, *scope.completes_at)
    calls = [
        c
        for c in (body.calls if body is not None else ())
        if not (c.creates or c.name in plumbing or any(end.overlaps(c.span) for end in ends))
        and context.outline.under(c.span, scope)
    ]
    return [f"{without_self(c.on)}.{c.name}" if re.fullmatch(r"[\w.]+", c.on) else c.name for c in calls]


def _protected(context: Context, scope: Region) -> Iterator[str]:
    """What the lock protects in the whole type, where that is proven and others use it too: of this one all is said already."""
    of = next((p for p in context.protections if isinstance(p, LockProtection) and _is_lock(p.region, scope)), None)
    places = of.of("protected") if of is not None else ()
    around = context.outline.member_of(scope.opening)
    members = {m for p in places for m in (*p.written_in, *p.read_in)}
    if of is None or of.certainty == "assumed" or around is None or members <= {around.name}:
        return
    names = [p.name for p in places]
    whole = next((g for g in of.groups if len(g.places) == len(names)), None)
    where = f", written together in {_listed(whole.members)}" if whole is not None else ""
    yield f"The lock protects {_listed(names)}{where}."


def _is_lock(one: Region, other: Region) -> bool:
    """Whether two regions of one function's type take the same lock."""
    return one.kind == other.kind and lock_key(one) == lock_key(other)


def _same_lock(context: Context, scope: Region) -> Iterator[str]:
    """Which other members take the same lock."""
    if scope.kind != "lock" or not _NAME.fullmatch(scope.resource):
        return
    outline = context.outline
    wanted = without_self(scope.resource)
    home = outline.types_around(scope.opening)[:1]
    names = [
        outline.functions_around(s.opening)[-1].name
        for s in outline.regions
        if s.kind == "lock"
        and without_self(s.resource) == wanted
        and outline.types_around(s.opening)[:1] == home
        and not s.owner.contains(scope.opening)
        and outline.functions_around(s.opening)
    ]
    elsewhere = (u for e in context.excerpts for u in e.users if not u.writes)
    names += [u.member for u in elsewhere if u.name.rpartition(".")[2] == wanted.rpartition(".")[2]]
    if names:
        yield f"{_listed(names)} {'take' if len(set(names)) > 1 else 'takes'} the same lock."


def _callers_scopes(context: Context, scope: Region) -> Iterator[str]:
    """Under which scopes of its callers it runs."""
    held: dict[str, list[str]] = {}
    for outer in context.scopes:
        if outer.path and outer.via and outer.certainty != "assumed":
            held.setdefault(outer.construct, []).append(outer.via[0].caller)
    for construct, callers in held.items():
        yield f"{_listed(callers)} {'call' if len(set(callers)) > 1 else 'calls'} it under a {construct}."


def _must_not(context: Context, scope: Region) -> Iterator[str]:
    under = _facts_under(context, scope)
    rules = [f"move any of it out of the {'transaction' if scope.kind == 'transaction' else 'lock'}"]
    if scope.isolation is not None and scope.isolation.level and not scope.isolation.default:
        rules.append(f"lower the isolation level ({scope.isolation.level})")
    hints = [f.sql for f in under if f.kind == "sql-hint" and re.fullmatch(r"[\w ]+", f.sql)]
    if hints:
        rules.append(f"drop {_listed(hints)}")
    if scope.async_flow and any(f.kind == "await" for f in under):
        rules.append("drop the async flow")
    yield f"Do not {_joined(rules, ' or')}."
    about = names_of(context.outline.language)
    tracked = [f for f in under if _is_query(f) and _is_saved(f, under, about)]
    if tracked:
        yield (
            f"Keep {_listed([f.result for f in tracked])} tracked (no {about.first('untracked')}): {about.first('saves_all')} "
            "sends only changes of what its context tracks."
        )


def _is_saved(read: Fact, under: Sequence[Fact], about: Behaviour) -> bool:
    """Whether the result of a tracked query is changed afterwards, and the change is saved by the same context."""
    if not read.result or any(f.kind == "tracking" and f.result == read.result for f in under):
        return False
    changes = [
        f for f in under if f.kind == "write" and root_of(f.target) == read.result and f.span.start > read.span.end
    ]
    return any(
        f.kind == "save"
        and about.has("saves_all", f.name)
        and root_of(f.target) == root_of(read.target)
        and f.span.start > changes[0].span.start
        for f in (under if changes else ())
    )


def _listed(names: Sequence[str]) -> str:
    return listed([n for n in names if _NAME.fullmatch(n)]) or "what it names"


def _joined(parts: Sequence[str], last: str) -> str:
    return f"{last} ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
