"""What the source proves of a selection, and what names suggest: one sentence for each thing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from ctxreview.model.facts import Fact
from ctxreview.model.notation import SELF
from ctxreview.model.phrases import amount, at_lines, numbers, place
from ctxreview.model.regions import Region
from ctxreview.model.review import Context
from ctxreview.model.source import Spans

MAX_FACTS = 200
"""More facts than this are cut from the prompt (never from the JSON); the cut is said."""

MAX_CALLERS = 10
"""Scopes of callers that are told one by one."""

WORDS = {
    "read": "Reads",
    "write": "Writes",
    "save": "Saves or sends",
    "await": "Awaits",
    "tracking": "Changes tracking",
    "token": "Optimistic concurrency",
    "fence": "Orders memory accesses",
    "complete": "Commits or rolls back",
    "io": "Calls out",
    "spawn": "Starts or joins other work",
    "sql-hint": "SQL that locks",
}
_BY_NAME = frozenset({"read", "save", "io", "spawn", "tracking", "complete", "token"})
"""Kinds of facts that a call's name tells; a ``write`` may be an assignment, which needs no name."""


def proven(context: Context) -> tuple[str, ...]:
    """What the source proves about the selection, one sentence each, with lines."""
    facts = _listed(context)
    completing = _completing(context)
    proofs = [f for f in facts if not _is_by_name(f, context, completing)]
    said = [*_scopes(context, assumed=False), *_protected(context, assumed=False), *_facts(proofs, context)]
    if len(facts) == MAX_FACTS:
        said.append(f"Only the first {MAX_FACTS} facts are listed.")
    return (*said, *_state(context), *context.settled, *context.said)


def suggested(context: Context) -> tuple[str, ...]:
    """What only names suggest: scopes and callers that were assumed, and what calls do whose declarations were not read."""
    completing = _completing(context)
    calls = [f for f in _listed(context) if _is_by_name(f, context, completing)]
    return (
        *_scopes(context, assumed=True),
        *_protected(context, assumed=True),
        *_facts(calls, context),
        *context.supposed,
    )


def _protected(context: Context, assumed: bool) -> list[str]:
    """What the scopes protect, as far as it is proven, or as far as names suggest it."""
    if not context.protections:
        return []
    from ctxreview.context.protected import sentence

    chosen = (p for p in context.protections if (p.certainty == "assumed") is assumed)
    return [said for p in chosen if (said := sentence(p))]


def _scopes(context: Context, assumed: bool) -> list[str]:
    """The scopes that are proven, or those that are not, a sentence each."""
    chosen = [s for s in context.scopes if (s.certainty == "assumed") is assumed]
    near, far = [s for s in chosen if not s.path], [s for s in chosen if s.path]
    touched, enclosing = frozenset(context.touched), frozenset(context.enclosing)
    held = {s: "holds the selection" if s in enclosing else "holds a part of the selection" for s in touched}
    shown = (*near, *far[:MAX_CALLERS])
    said = [_scope_sentence(s, held.get(s, "does not hold the selection"), context) for s in shown]
    if len(far) > MAX_CALLERS:
        said.append(f"{amount(len(far) - MAX_CALLERS, 'caller', 'more')} with a transaction or lock.")
    return list(dict.fromkeys(said))


def _listed(context: Context) -> list[Fact]:
    return [f for f in context.facts if f.kind != "exit" and not _is_named_alone(f)][:MAX_FACTS]


def _facts(facts: Sequence[Fact], context: Context) -> Iterator[str]:
    """The facts, one sentence for each kind."""
    source = context.selection.source
    listed: dict[str, dict[str, dict[str, None]]] = {}
    for fact in facts:
        name = "" if fact.name == fact.kind else f"{_on(fact)}{fact.name}"
        what = "Calls delegates or events" if fact.calls else WORDS.get(fact.kind, fact.kind)
        listed.setdefault(what, {}).setdefault(name, {})[numbers(*source.lines_of(fact.span))] = None
    for what, names in listed.items():
        told = (f"{name} ({_lines(at)})" if name else _lines(at) for name, at in names.items())
        yield f"{what}: {', '.join(told)}."


def _lines(at: Collection[str]) -> str:
    """``line 3``, ``lines 3-5`` or ``lines 3, 7-8``."""
    said = ", ".join(at)
    return f"line{'' if said.isdecimal() else 's'} {said}"


def _completing(context: Context) -> Spans:
    """The calls that complete scopes of the selected file."""
    return Spans(c for s in context.scopes if not s.path for c in s.completes_at)


def _is_by_name(fact: Fact, context: Context, completing: Spans) -> bool:
    """Whether only the name of what is called tells the fact."""
    if fact.calls or fact.by_callee:
        return False
    if fact.kind == "complete" and completing.overlaps(fact.span):
        return False
    if fact.kind == "sql-hint" and not fact.sql:
        return True  # a call of that name, and no SQL
    return fact.kind in _BY_NAME or (fact.kind == "write" and _is_call(fact, context.selection.source.text(fact.span)))


def _is_call(write: Fact, text: str) -> bool:
    """Whether a call writes, and no assignment."""
    return text.endswith(")") and not re.search(rf"(?<!\w){re.escape(write.name)}\s*[^\w\s.(=]{{0,3}}=(?![=>])", text)


def _is_named_alone(fact: Fact) -> bool:
    """Whether it is a use of a variable, told by its name with all the lines."""
    return fact.is_state or fact.captured


def _state(context: Context) -> Iterator[str]:
    """The uses of state and of captured variables, each name once."""
    used: dict[str, dict[str, dict[int, None]]] = {}
    for fact in context.facts:
        if _is_named_alone(fact):
            words = [*(["static"] if fact.is_static else []), *(["volatile"] if fact.is_volatile else [])]
            on = f"{fact.target}." if fact.target not in ("", SELF) else ""
            name = f"`{on}{fact.name}`{''.join(f' {w}' for w in words)}"
            what = f"{fact.kind.capitalize()}s {'state' if fact.is_state else 'captured variables'}"
            lines = used.setdefault(what, {}).setdefault(name, {})
            lines[context.selection.source.line_of(fact.span.start)] = None
    for what, names in sorted(used.items()):
        told = (f"{n} (line{'s' if len(at) > 1 else ''} {', '.join(map(str, at))})" for n, at in names.items())
        yield f"{what}: {', '.join(told)}."


def _on(fact: Fact) -> str:
    """What a fact is done on: the start of the chain, up to its first call."""
    start = re.split(r"[(\[]", fact.target, maxsplit=1)[0]
    if start != fact.target and "." in start:
        return f"{start.rsplit('.', 1)[0]} … "
    return f"{start}." if start else ""


def _scope_sentence(scope: Region, held: str, context: Context) -> str:
    source = context.source_of(scope)
    first, last = source.lines_of(scope.span)
    on = f" on `{scope.resource}`" if scope.resource and scope.kind == "lock" else ""
    where = f" of {scope.path}" if scope.path else ""
    through = f" through {' and then '.join(map(str, scope.via))}" if scope.via else ""
    what = "Retry by" if scope.mode == "retried" else scope.kind.capitalize()
    suppressed = scope.mode == "suppressed"
    if suppressed:  # there is no transaction, and so no isolation
        what, held = "No transaction by", held.replace("does not hold", "is not around").replace("holds", "is around")
    construct = "" if scope.construct.lower() == scope.kind else f" {scope.construct}"
    parts = [f"{what}{construct}{on}, {place(first, last)}{where}, {held}{through}"]
    if scope.mode not in ("", "exclusive", "retried"):
        parts.append(f"mode {scope.mode}")
    if scope.isolation is not None and not suppressed:
        parts.append(f"isolation {scope.isolation.text}")
    if scope.async_flow is not None:
        parts.append("flows across await" if scope.async_flow else "does not flow across await")
    if scope.completes_at:
        parts.append(f"completes at {at_lines([source.line_of(c.start) for c in scope.completes_at])}")
    if scope.excluded:
        parts.append(f"not held in {', '.join(place(*source.lines_of(g)) for g in scope.excluded)}")
    if scope.alternatives:
        at = at_lines([source.line_of(a.start) for a in scope.alternatives])
        open_ = "opens it in another branch" if len(scope.alternatives) == 1 else "open it in other branches"
        parts.append(f"{at} {open_} instead")
    if scope.exits and scope.kind == "transaction":
        parts.append(f"left without completing at {at_lines([source.line_of(e.start) for e in scope.exits])}")
    note = f" {scope.note[:1].upper()}{scope.note[1:]}" if scope.note else ""
    return f"{'; '.join(parts)} ({scope.certainty}).{note}"
