"""What a scope's member does inside and outside of it, and what of that crossed the boundary in an edit.

Lines that moved as they were are found by their text; this finds what was rewritten on its way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ctxreview.behaviour.body import comments_in, within
from ctxreview.behaviour.lock_usage import own_calls
from ctxreview.behaviour.places import member_of
from ctxreview.behaviour.same import Same
from ctxreview.kept import kept
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.languages.words import any_of
from ctxreview.model.declarations import Member
from ctxreview.model.facts import Fact
from ctxreview.model.notation import SELF, without_self
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span, Spans
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex

Work = tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]
"""What happens inside and what happens outside of a scope: kind and name of each thing."""

KINDS = {
    "read": "the read",
    "write": "the write of",
    "save": "the save",
    "sql-hint": "the SQL hint",
    "io": "the call out",
    "call": "the call of",
    "await": "an",
}
"""Kinds of facts that matter on which side they stand; a rewritten one is still one of its kind."""

STATE = "state"


def work(
    scope: Region, outline: Outline, names: Mapping[str, str] = MappingProxyType({}), *, past: bool = False
) -> Work:
    """The facts of the scope's member, and for a lock its uses of the type's state, which has other ``names`` after the edit.

    With ``past``, what is past the end of a transaction in its block is outside.
    """
    inside: Counter[tuple[str, str]] = Counter()
    outside: Counter[tuple[str, str]] = Counter()
    member = member_of(outline, scope.opening)
    if member is None:
        return inside, outside
    for (kind, name), count in _done(Same(outline), member.span).items():
        outside[kind, names.get(name, name)] += count
    over = ended(scope) if past else ()
    apart = (*detached(scope, outline), *over)
    for fact in within(outline, scope.span):
        if _counts(fact):
            key = fact.kind, names.get(fact.name, fact.name)
            if scope.opening.contains(fact.span):
                outside[key] -= 1
                continue
            if outline.under(fact.span, scope):
                inside[key] += 1
            elif any(s.contains(fact.span) for s in apart):
                continue
            outside[key] -= 1
    for name, at in own_calls(outline, scope.span):
        (outside if any(s.contains(at) for s in apart) else inside)["call", name] += 1
    if scope.kind == "lock":
        started = mentions("\n".join(without_comments(outline, s) for s in apart))
        held = mentions(without_comments(outline, scope.span))
        every = _mentioned(Same(outline), member.span)
        for name in guarded_state(outline):
            if name in every:
                here = held[name] - started[name]
                inside[STATE, names.get(name, name)] = here
                outside[STATE, names.get(name, name)] = every[name] - here
    return inside, outside


def _counts(fact: Fact) -> bool:
    """Whether it matters on which side a fact stands; a lock's reads are counted by their names, a transaction holds none."""
    return fact.kind in KINDS and not (fact.kind == "read" and fact.is_state)


@kept(64)
def _done(same: Same, member: Span) -> Counter[tuple[str, str]]:
    """What a member does, by kind and name."""
    return Counter((f.kind, f.name) for f in within(same.outline, member) if _counts(f))


@kept(64)
def _mentioned(same: Same, member: Span) -> Counter[str]:
    return mentions(without_comments(same.outline, member))


def ended(scope: Region) -> tuple[Span, ...]:
    """What follows the end of a transaction in the block that it is declared in."""
    last = scope.completes_at[-1:]
    return tuple(s for s in scope.excluded if last and s.start >= last[0].end)


def detached(scope: Region, outline: Outline) -> tuple[Span, ...]:
    """The tasks that are started under a scope and that nobody waits for there: what they do is not done under it."""
    about, waiting = names_of(outline.language), any_of(load(outline.language).words.awaiting)
    found = []
    for fact in within(outline, scope.span):
        if fact.kind != "spawn" or fact.name not in about.of("starts") or not outline.under(fact.span, scope):
            continue
        rest = outline.source.text(Span(fact.span.end, scope.span.end))
        above = outline.source.text(Span(max(scope.span.start, fact.span.start - 40), fact.span.start))
        waits = re.search(rf"\b{waiting}\s+(?:[\w.]+\s*=\s*)?$", above) or re.match(
            rf"\s*\.\s*{any_of(about.of('waits'))}\b", rest
        )
        if not waits and not (fact.result.isidentifier() and re.search(rf"\b{fact.result}\b", rest)):
            found.append(fact.span)
    return tuple(found)


def crossed(
    before: Work, after: Work, moved: Iterable[str], unseen: frozenset[str] = frozenset()
) -> tuple[list[str], list[str]]:
    """What left the scope and what came into it, in words; what the ``moved`` lines already show is left out, and writes of ``unseen`` names."""
    known = "\n".join(moved)

    def named(lost: Counter[tuple[str, str]], gained: Counter[tuple[str, str]]) -> list[str]:
        same = lost & gained
        found = list(same)
        for kind in KINDS:
            # Rewritten on its way: one of a kind fewer here, one more there.
            rest = [key for key in (lost - same).elements() if key[0] == kind]
            there = sum(n for key, n in (gained - same).items() if key[0] == kind)
            found += rest[:there]
        words: dict[str, str] = {}
        # What is awaited says more than the await.
        found = [f for f in found if f[0] != "write" or f[1] not in unseen]
        for kind, name in [f for f in found if f[0] != "await"] or found:
            words.setdefault(name, KINDS.get(kind, "the use of"))
        return [f"{word} `{name}`" for name, word in words.items() if not re.search(rf"\b{re.escape(name)}\b", known)]

    inside, outside = before[0] - after[0], before[1] - after[1]
    more_inside, more_outside = after[0] - before[0], after[1] - before[1]
    return named(inside, more_outside), named(outside, more_inside)


def guarded_state(outline: Outline) -> tuple[str, ...]:
    """Names of fields and properties that a lock may be there for: what can change, except loggers and locks.

    What only constructors write does not change while it is shared.
    """
    return _guarded_state(Same(outline))


@kept(4)
def _guarded_state(same: Same) -> tuple[str, ...]:
    outline = same.outline
    makers = Spans(f.span for f in outline.functions if f.kind == "constructor")
    writes = [(f.name, makers.contains(f.span)) for f in outline.facts if f.kind == "write" and f.is_state]
    made = {name for name, early in writes if early} - {name for name, early in writes if not early}
    locks = {without_self(scope.resource) for scope in outline.regions}
    sets = re.compile(rf"\b{any_of(load(outline.language).words.setting)}\b")
    return tuple(
        name
        for member in outline.members
        for name in member.names
        if name
        and name not in locks | made
        and not re.search(r"[lL]og", name)
        and not _fixed(member, outline)
        and (member.kind != "property" or sets.search(outline.source.text(member.span)))
    )


def _fixed(member: Member, outline: Outline) -> bool:
    """Whether a member can never change: a constant, or a read-only value that has no insides."""
    words, own = load(outline.language).words, frozenset(member.modifiers)
    plain = simple_type_or_array(member.declares) in names_of(outline.language).of("immutable")
    return bool(own & words.constants or (own & words.kept and plain))


def mention(name: str) -> str:
    """A pattern for a use of a member of this object, by its name alone or by ``this``."""
    return rf"(?:(?<![\w.])|\b{SELF}\.){re.escape(name)}\b(?!\s*\()"


_MENTIONED = regex(rf"(?:\b{SELF}\.|(?<![\w.]))(\w+)\b(?!\s*\()")


def mentions(code: str) -> Counter[str]:
    """How often each name is used in ``code`` as :func:`mention` has it."""
    return Counter(_MENTIONED.findall(code))


def without_comments(outline: Outline, span: Span) -> str:
    """The text of ``span`` with its comments blanked, as many bytes as before."""
    data = bytearray(outline.source.data[span.start : span.end])
    for comment in comments_in(outline, span):
        first, last = max(comment.start, span.start) - span.start, min(comment.end, span.end) - span.start
        data[first:last] = bytes(b if b in b"\r\n" else 0x20 for b in data[first:last])
    return data.decode("utf-8", "replace")
