"""The functions of a file whose behaviour an edit can change: those that it changes, and those that name what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ctxreview.behaviour.body import Body, bodies
from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Trace
from ctxreview.behaviour.file_functions import WORD
from ctxreview.behaviour.version import version
from ctxreview.kept import kept
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex

FURTHEST = 4
"""Steps from what is changed to who uses it; a trace follows calls about as far."""
MOST_AFFECTED = 60
"""Functions that are examined for one edit, the nearest first."""

_NAME = regex(r"@?[^\W\d]\w*")


@kept(2)
def affected(both: Comparison) -> tuple[Pair, ...]:
    """The functions that are in both versions and may do something else, those that the edit changes first.

    What no longer parses is left out: what it does cannot be told.
    """
    members = both.both.members
    words = _words(both)
    taken = [n for n, (old, new) in enumerate(members) if old.words != new.words]
    units = version(both.after).units
    names = {
        _name(members[n][1])
        for n in taken
        if not _does_the_same(both.of(members[n][0].member.span), units.get(members[n][1].member.span))
    }
    names |= set(changed_state(both.before, both.after))
    names |= {_name(b) for b in both.both.fresh}
    if both.after.elsewhere is not None:
        names |= both.after.elsewhere.changed_beside(both.after.source.path)
    chosen = dict.fromkeys(taken)
    for _ in range(FURTHEST):
        using = [n for n, of in enumerate(words) if n not in chosen and not names.isdisjoint(of)]
        if not using or len(chosen) >= MOST_AFFECTED:
            break
        chosen.update(dict.fromkeys(using))
        names = {_name(members[n][1]) for n in using}
    broken = both.after.parse.errors
    whole = [n for n in chosen if not any(members[n][1].member.span.contains(e) for e in broken)]
    found = (both.of(members[n][0].member.span) for n in whole[:MOST_AFFECTED])
    return tuple(pair for pair in found if pair is not None)


@kept(2)
def touched(both: Comparison) -> frozenset[Span]:
    """The members before the edit that it changes, and those that may do something else by it, through any number of calls.

    Of the others all effects are in both versions, under the same transactions and locks.
    """
    members, old, new = both.both.members, bodies(both.before), bodies(both.after)
    changed = [n for n, (was, now) in enumerate(members) if was.words != now.words]
    known = {id(body) for pair in members for body in pair}
    apart = [members[n][1] for n in changed] + [b for b in (*old, *new) if id(b) not in known]
    if _rest(both.before) != _rest(both.after) or not all(_NAME.fullmatch(_name(b)) for b in apart):
        return frozenset(b.member.span for b in old)  # operators and indexers are used without their names
    using: dict[str, list[int]] = {}
    for n, words in enumerate(_words(both)):
        for word in words:
            using.setdefault(word, []).append(n)
    waiting = [*map(_name, apart), *changed_state(both.before, both.after)]
    if both.after.elsewhere is not None:
        waiting += both.after.elsewhere.changed_beside(both.after.source.path)
    found = set(changed)
    while waiting:
        for n in using.pop(waiting.pop(), ()):
            if n not in found:
                found.add(n)
                waiting += {_name(body) for body in members[n]}
    return frozenset((*(members[n][0].member.span for n in found), *(b.member.span for b in old if id(b) not in known)))


@kept(2)
def _words(both: Comparison) -> list[frozenset[str]]:
    """The words of each member, in either version; those of comments use nothing."""
    return [frozenset(WORD.findall(f"{old.words} {new.words}")) for old, new in both.both.members]


def _name(of: Body) -> str:
    """The name by which a member is used; an accessor's is its property's."""
    return of.member.name.partition(".")[0]


def _rest(of: Outline) -> bytes:
    """The text of a file outside its members and what it declares as state, without comments and layout."""
    data, found, at = of.source.data, list[bytes](), 0
    for start, end in sorted((*(f.span for f in of.outermost), *(m.span for m in of.members), *of.comments)):
        found.append(data[at:start])
        at = max(at, end)
    return b"".join(b"".join((*found, data[at:])).split())


def _does_the_same(pair: Pair | None, unit: il.Unit | None) -> bool:
    """Whether whoever calls a function that was changed gets the same effects: then its callers are not affected."""
    if pair is None or not pair.understood or unit is None or unit.parameters:
        return False  # a trace does not say what becomes of each parameter
    return _visible(pair.before) == _visible(pair.after)


def _visible(of: Trace) -> list[tuple[object, ...]]:
    return [
        (
            e.kind,
            e.key,
            e.party,
            e.text,
            e.made,
            e.traits,
            tuple(sorted((h.kind, h.key, h.isolation or "") for h in e.holds)),
        )
        for e in of.effects
        if e.kind not in ("log", "await")
    ]


def not_told(pairs: Iterable[Pair], after: Outline, told: Iterable[Finding]) -> Iterator[Pair]:
    """The functions in which nothing of what is ``told`` stands: one change is one finding."""
    at = [f.at.start_line for f in told]
    for pair in pairs:
        first, last = after.source.lines_of(pair.after.function.span)
        if not any(first <= line <= last for line in at):
            yield pair


def changed_state(before: Outline, after: Outline) -> Iterator[str]:
    """The names of fields and properties that are declared otherwise, or in one version only."""
    old, new = (
        {name: " ".join(o.source.text(m.span).split()) for m in o.members for name in m.names} for o in (before, after)
    )
    yield from (name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
