"""What the code does with rows: what has to stay tracked, and what keeps other sessions from them."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.model.phrases import listed
from ctxreview.prompt.answers.seen import Found, Place, Seen, called


def tracked_writes(seen: Seen) -> Found:
    """Objects of queries that are changed before a save."""
    places: list[Place] = []
    elsewhere: list[str] = []
    for trace in seen.traces:
        every = [(w, s) for w in trace.of("write") if (s := _save_of(w, trace)) is not None and _is_tracked(w, trace)]
        found = [(w, s) for w, s in every if _is_own(w, trace)]
        elsewhere += [w.path[0] for w, _ in every if not _is_own(w, trace)]
        places += [seen.at(w, f"{w.name} is changed") for w, _ in found]
        places += [seen.at(s, f"{s.name} saves it") for _, s in found]
    if places:
        return Found("yes", places)
    if seen.not_followed:
        return Found("cannot-tell", (), seen.not_followed)
    doubts = [d for t in seen.traces for d in _doubtful(t, seen)]
    if doubts:
        return Found("cannot-tell", (), f"What becomes of an object is not known: {listed(doubts)}.")
    queries = any(True for t in seen.traces for _ in t.of("query"))
    what = (
        "Nothing that a query gives is changed and saved"
        if queries
        else "No query that keeps track of what it gives was found in it"
    )
    if elsewhere:
        what = f"Queries whose objects are changed and saved run only in {listed(elsewhere)}, which it calls"
    return Found("no", (), f"{what}. {seen.read_with(e for t in seen.traces for e in t.effects)}")


def _is_tracked(write: Effect, trace: Trace) -> bool:
    """Whether what is written is a part of an object that a query gave and its context tracks."""
    queries = [trace.effects[n] for n in write.made_by if trace.effects[n].kind == "query"]
    return _is_of_object(write) and bool(queries) and not any(q.traits & {"untracked", "projected"} for q in queries)


def _is_own(effect: Effect, trace: Trace) -> bool:
    """Whether it, or the query whose result it is about, is in the function's own text: what a helper reads and changes is the helper's."""
    return not effect.path or any(
        trace.effects[n].kind == "query" and not trace.effects[n].path for n in effect.made_by
    )


def _is_of_object(write: Effect) -> bool:
    """Whether a part of an object is written, not state that only refers to one."""
    return write.place is not None and write.place.kind in ("rows", "object")


def _save_of(write: Effect, trace: Trace) -> Effect | None:
    """The first save after a write that may send it."""
    return next((e for e in trace.effects[write.number + 1 :] if e.kind == "save"), None)


def _doubtful(trace: Trace, seen: Seen) -> Iterator[str]:
    """Changes of objects that may be rows, and objects of queries that are handed to what was not read."""
    for effect in (e for e in trace.effects if _is_own(e, trace)):
        made = {trace.effects[n].kind for n in effect.made_by}
        if (
            effect.kind == "write"
            and made & {"query", "call", "io"}
            and _is_of_object(effect)
            and not _is_untracked(effect, trace)
        ):
            after = (e for e in trace.effects[effect.number + 1 :] if e.kind in ("save", "call"))
            if next(after, None) is not None:
                yield f"write {effect.name} (line {effect.at.start_line})"
        elif effect.kind == "call" and "query" in made:
            yield called(effect, seen.source)


def _is_untracked(write: Effect, trace: Trace) -> bool:
    queries = [trace.effects[n] for n in write.made_by if trace.effects[n].kind == "query"]
    return bool(queries) and all(q.traits & {"untracked", "projected"} for q in queries)


def _is_made(effect: Effect, seen: Seen) -> bool:
    """Whether what a query or save sends is made by the library, which asks for no lock: no text of the code's, no method of others."""
    about, name = seen.about, effect.name
    said = {name, effect.key.rpartition(" ")[2].rpartition(".")[2]}
    if any(map(about.pattern("sends_text").search, said)):
        return False
    known = about.has("saves_all", name) or about.has("one_statement", name)
    return effect.kind == "query" or known


def isolation(seen: Seen) -> Found:
    """Transactions that hold the selection, lock hints and concurrency tokens."""
    context = seen.context
    scopes = [s for s in seen.scopes if s.kind == "transaction"]
    places = [
        seen.opening(s, f"{s.construct}{f' at {s.isolation.text}' if s.isolation is not None else ''}") for s in scopes
    ]
    places += [
        seen.at_span(f.span, f"{f.kind} {f.sql or f.name}") for f in context.facts if f.kind in ("sql-hint", "token")
    ]
    places += [seen.at(e, f"{e.name} with a lock hint") for t in seen.traces for e in t.effects if "hinted" in e.traits]
    if places:
        return Found("yes", places)
    if seen.not_followed:
        return Found("cannot-tell", (), seen.not_followed)
    if any(s.kind == "transaction" and s.certainty == "assumed" for s in context.touched):
        return Found("cannot-tell", (), "That a transaction holds it is only assumed.")
    effects = [e for t in seen.traces for e in t.effects]
    begun = [called(e, seen.source) for e in effects if e.kind == "begin"]
    sent = [
        called(e, seen.source) for e in effects if e.kind in ("query", "save") and not e.text and not _is_made(e, seen)
    ]
    if begun or sent:
        open_ = [f"The isolation of the transaction that {listed(begun)} begins was not found."] if begun else []
        open_ += [f"What {listed(sent)} {'sends' if len(sent) == 1 else 'send'} was not read."] if sent else []
        return Found("cannot-tell", (), " ".join(open_))
    if any(e.kind in ("query", "save") for e in effects):
        if not seen.is_repository:
            return Found(
                "cannot-tell",
                (),
                "Whether the rows have a concurrency token stands in other files, which were not read.",
            )
        tokens = [f"{x.source.path}:{x.source.line_of(x.span.start)}" for x in seen.concurrency_tokens()]
        if tokens:  # they go with an entity by its name alone
            return Found(
                "cannot-tell",
                (),
                f"Whether the rows are those with the concurrency token of {listed(tokens)} is not known.",
            )
    return Found("no", (), f"It names none. {seen.read_with(effects)}")
