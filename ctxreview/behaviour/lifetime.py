"""Work that is begun under a transaction or lock, or on a context, and goes on when that is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.languages.behaviour import Behaviour


class Outlived(NamedTuple):
    """``after`` was waited for before the edit, where it is ``before``, and is not any more: it may be done past the end of ``hold``, if there is one."""

    before: Effect
    after: Effect
    hold: Hold | None
    certain: bool


def outlived(pair: Pair) -> Iterator[Outlived]:
    """The effects of tasks that were waited for and are not any more, the first of each hold and the first of all that had none."""
    told: set[int] = set()
    left, more = (_awaited(t) for t in (pair.before, pair.after))
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if left[now.key] <= more[now.key] or _is_of_another(pair, was, now):
            continue  # of several alike, one may be taken for another
        if (
            not now.lapsed
            and -1 not in told
            and (_is_left(pair.after, now) or _is_dropped(pair.after, was, now))
            and "awaited" in was.traits
            and "unawaited" not in was.traits
            and (not was.path or "task" in was.traits)
            and now.kind in _WORK
        ):
            told.add(-1)
            yield Outlived(was, now, None, pair.understood)
        for hold in now.lapsed:
            held = any(h.kind == hold.kind and h.construct == hold.construct for h in was.holds)
            if hold.kind != "retry" and hold.section not in told and held and now.is_seen and "awaited" in was.traits:
                told.add(hold.section)
                yield Outlived(was, now, hold, pair.understood)


def _is_of_another(pair: Pair, was: Effect, now: Effect) -> bool:
    """Whether an effect is one of a call that was made before the edit beside that which it is paired with, or too far off to be sure."""
    if len(now.path) > 1 and not pair.understood:
        return True
    turns = (b for a, b in zip(was.path, now.path, strict=False) if a != b)
    helper = next(turns, "")
    return bool(helper) and any(e.name == helper or helper in e.path for e in pair.before.effects)


def _is_left(of: Trace, now: Effect) -> bool:
    """Whether a task goes on by itself, and nothing is called with it that may wait for it, such as what tells of its end."""
    if "dropped" in now.traits:
        return True
    later = of.effects[now.number + 1 :]
    given = (e for e in later if e.kind in ("call", "foreign") and now.number in e.depends - e.decided_by)
    return "unawaited" in now.traits and not any(e.span.contains(now.span) for e in given)


def _is_dropped(of: Trace, was: Effect, now: Effect) -> bool:
    """Whether nobody asks for the task of a call any more, or for anything else that it gives."""
    if now.name != was.name or "awaited" in now.traits or was.traits & {"later", "parallel"}:
        return False
    return not any(now.number in e.depends for e in of.effects[now.number + 1 :])


def unwaited(pair: Pair) -> Iterator[Effect]:
    """The first task kept by state that a function waited for, and does not wait for any more."""
    waits = {e.key for e in pair.after.of("await")}
    wait = next((e for e in pair.before.of("await") if "." in e.key and e.key not in waits), None)
    if wait is not None:
        yield wait


def _awaited(of: Trace) -> Counter[str]:
    """How many effects of each key are waited for."""
    return Counter(e.key for e in of.effects if "awaited" in e.traits and "dropped" not in e.traits and not e.lapsed)


_WORK = ("save", "query", "io", "call")


class Unread(NamedTuple):
    """``query`` was run before the edit; ``returned`` gives it to the caller unread, past ``holds`` or the disposal of its context."""

    query: Effect
    returned: Effect
    holds: tuple[Hold, ...]
    certain: bool


def unread(pair: Pair) -> Iterator[Unread]:
    """Queries that ran in the function before the edit and leave it without having run."""
    gone = [e for e in pair.before.of("query") if e.number not in pair.became]
    for returned in pair.after.of("return"):
        if "deferred" not in returned.traits or not returned.party or _was_deferred(pair, returned):
            continue
        query = next((q for q in gone if q.party == returned.party), None)
        ends = any(e.party == returned.party for e in pair.after.of("dispose"))
        if query is not None and (query.holds or ends):
            yield Unread(query, returned, query.holds, pair.understood)


class Disposed(NamedTuple):
    """``query`` runs after ``disposal`` of its context or connection, or with ``unfinished`` is not waited for before it; before the edit it ran in time."""

    query: Effect
    disposal: Effect
    certain: bool
    unfinished: bool = False


def disposed(pair: Pair) -> Iterator[Disposed]:
    """The first query of each context that runs when that is disposed, or the first task on it that nobody waits for until then."""
    yield from _unfinished(pair)
    if any(_disposal(pair.before, q) for q in pair.before.of("query")):
        return
    told: set[str] = set()
    for query in pair.after.of("query"):
        disposal = _disposal(pair.after, query)
        if disposal is not None and query.party not in told:
            told.add(query.party)
            yield Disposed(query, disposal, pair.understood)


def _unfinished(pair: Pair) -> Iterator[Disposed]:
    told: set[str] = set()
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if now.kind not in _WORK or not now.party or now.party in told or now.lapsed or "task" not in now.traits:
            continue
        end = _ended_under(pair.after, now)
        if end is not None and _ended_under(pair.before, was) is None:
            told.add(now.party)
            yield Disposed(now, end, pair.understood, unfinished=True)


def _ended_under(of: Trace, task: Effect) -> Effect | None:
    """The disposal of a task's context or connection that nobody waits before, in the function that disposes of it."""
    for end in of.effects[task.number + 1 :]:
        another = "own" in end.traits and task.path[: len(end.path)] != end.path  # of a helper that made its own
        if end.kind == "dispose" and end.party == task.party and not another:
            waits = (e for e in of.effects[task.number : end.number] if e.kind == "await" and task.number in e.depends)
            return None if any(e.path == end.path for e in waits) else end
    return None


class GivenBack(NamedTuple):
    """``use`` is of what ``back`` has given back by then, and was done before it."""

    use: Effect
    back: Effect
    certain: bool


def given_back(pair: Pair, about: Behaviour) -> Iterator[GivenBack]:
    """The first use, or wait for a task, of what was taken from others and is given back before that since the edit."""
    for back in pair.after.of("call"):
        taken = [n for n in back.depends - back.decided_by if pair.after.effects[n].kind == "call"]
        then = pair.was.get(back.number)
        if then is None or not taken or not about.has("gives_back", back.name):
            continue
        for use in pair.after.effects[back.number + 1 :]:
            was = pair.was.get(use.number)
            if was is None or use.kind not in (*_WORK, "await") or was.number > then.number:
                continue
            if any(pair.after.decides(pair.after.effects[n], use) for n in taken) and not use.decided_by & {
                back.number
            }:
                yield GivenBack(use, back, pair.understood)
                return


def _disposal(of: Trace, query: Effect) -> Effect | None:
    """The disposal of a query's context before it runs; one that is made again in between is another."""
    ends = [e for e in of.effects[: query.number] if e.kind == "dispose" and e.party and e.party == query.party]
    if (
        not ends
        or not query.depends
        or any(
            e.kind in ("call", "foreign", "begin") and of.decides(e, query)
            for e in of.effects[ends[-1].number + 1 : query.number]
        )
    ):
        return None
    return ends[-1]


def _was_deferred(pair: Pair, returned: Effect) -> bool:
    was = pair.was.get(returned.number)
    return was is not None and "deferred" in was.traits
