"""How much a transaction or lock that is gone held, by the outline's facts: nothing that others miss, one read, or more."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

from ctxreview.behaviour.body import body_of, within
from ctxreview.behaviour.boundary import without_comments
from ctxreview.behaviour.lock_usage import is_reached
from ctxreview.behaviour.moved_lines import sides
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.places import member_of
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.model.notation import SELF
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.regex import regex


def what_it_held(old: Region, before: Outline, after: Outline) -> Literal["nothing", "one read", "more"]:
    """What a scope held; ``nothing`` is one statement that is a transaction on its own, or what was deleted with its member."""
    gone = _is_gone(old, before, after)
    if _reads_once(old, before) or _sends_once(old, before) or (gone and _left(old, before, after)):
        return "nothing"
    if old.kind == "lock" and (_reads_one(old, before) or _reads_once_now(old, before, after)):
        return "one read"
    return "more"


def went_unused(old: Region, before: Outline, after: Outline) -> bool:
    """Whether a scope went with a member that nothing called."""
    return _is_dead(old, before) and _is_gone(old, before, after)


def _reads_once(scope: Region, outline: Outline) -> bool:
    """Whether a transaction held one read, of data or by SQL that selects, and nothing that may write."""
    body = body_of(outline, scope.opening) if scope.kind == "transaction" else None
    if body is None:
        return False
    inside = [f for f in within(outline, scope.span) if not f.is_state]
    selects = re.findall(r"(?i)[\"`]\s*(select|with)\b", body.text(scope.span))
    reads = [f for f in inside if f.kind == "read"]
    writes = [f for f in inside if f.kind in ("save", "write", "tracking", "sql-hint", "io", "spawn")]
    calls = [c for c in body.calls if scope.span.contains(c.span)]
    return max(len(selects), len(reads)) == 1 and not writes and not any(_MAY_WRITE.search(c.name) for c in calls)


def _sends_once(scope: Region, outline: Outline) -> bool:
    """Whether a transaction held nothing but one statement that EF Core sends, or one save of all that was changed: each is a transaction on its own."""
    about = names_of(outline.language)
    body = body_of(outline, scope.opening) if scope.kind == "transaction" else None
    sent = [f for f in within(outline, scope.span) if f.kind == "save"] if body is not None else []
    if body is None or len(sent) != 1:
        return False
    saves = about.has("saves_all", sent[0].name)
    if saves and (load(outline.language).is_ambient(scope.name) or (scope.isolation and not scope.isolation.default)):
        return False
    if not saves and not about.has("one_statement", sent[0].name):
        return False
    around = [b for b in body.blocks(sent[0].span.start) if scope.span.contains(b)]
    if any(body.opener(b) in load(outline.language).words.looping for b in around):
        return False
    rest = [c for c in body.calls if scope.span.contains(c.span) and not scope.opening.contains(c.span)]
    own = next((c for c in rest if c.span.start <= sent[0].span.end and c.name == sent[0].name), None)
    return own is not None and all(
        own.chain.contains(c.span)
        or about.has("ends", c.name)
        or (saves and (c.creates or about.has("changes_tracked", c.name)))
        for c in rest
    )


_MAY_WRITE = regex(
    r"(?i)save|insert|update|delete|remove|upsert|merge|write|store|create|set|lock|claim|add|execute(?!query|reader|scalar)"
)


def _left(old: Region, before: Outline, after: Outline) -> bool:
    """Whether all that the scope held is gone with it: its member was deleted, and its lines stand nowhere else."""
    if pairing(before, after).fresh and not _is_without_type(old, before, after):
        return False  # it may be what the member became
    there = _lines(after)
    own = {before.source.line_of(c.start) for c in old.completes_at}
    ends = {" ".join(before.source.line(n).split()) for n in own}
    inside = [line for line in sides(old, before).inside if line not in ends]
    if not any(line in there for line in inside):
        return True
    had, member = _lines(before), member_of(before, old.opening)
    if member is None:
        return False
    gone = Counter(_squeezed(before.source.text(member.span)))
    return not any(there[line] > had[line] - gone[line] for line in inside)  # it stood elsewhere too


def _lines(outline: Outline) -> Counter[str]:
    return Counter(_squeezed(outline.source.data.decode("utf-8", "replace")))


def _squeezed(text: str) -> list[str]:
    """The lines of a text without their layout."""
    return [" ".join(line.split()) for line in text.splitlines()]


def _is_without_type(scope: Region, before: Outline, after: Outline) -> bool:
    """Whether the type that had the scope is gone with all that it kept, and has no other name."""
    return (
        not any(t.name == scope.container for t in after.types) and scope.container not in pairing(before, after).types
    )


def _is_gone(scope: Region, before: Outline, after: Outline) -> bool:
    return pairing(before, after).became(scope.opening) is None


def _is_dead(scope: Region, outline: Outline) -> bool:
    """Whether a scope's member is private and its name stands nowhere else in the file."""
    member = member_of(outline, scope.opening)
    if member is None or member.kind not in ("method", "local function"):
        return False
    parts = load(outline.language).words.parts
    words = outline.source.text(Span(member.span.start, member.opening.end)).partition(f" {member.name}")[0]
    if is_reached(member, outline) or parts.search(words.encode()) or f".{member.name}" in words:
        return False
    around = outline.type_of(member.span)
    if around is None or around.kind == "interface" or parts.search(outline.source.data, *around.opening):
        return False
    return (
        len(re.findall(rf"\b{re.escape(member.name)}\b", without_comments(outline, Span(0, len(outline.source.data)))))
        == 1
    )


def _reads_once_now(lock: Region, before: Outline, after: Outline) -> bool:
    """Whether a lock held nothing but reads of one field and calls that only tell, and the member reads it once now."""
    body = body_of(before, lock.opening)
    used = [f for f in body.facts if lock.span.contains(f.span) and f.is_state] if body is not None else []
    state = {f.name for f in used if not f.is_readonly}
    if body is None or len(state) != 1 or any(f.kind == "write" for f in used):
        return False
    calls = [c for c in body.calls if lock.span.contains(c.span) and not lock.opening.contains(c.span)]
    tells = names_of(before.language).pattern("told_on")
    if any(not tells.search(c.on) for c in calls):
        return False
    now = pairing(before, after).became(lock.opening)
    return now is not None and sum(f.kind == "read" and f.name in state for f in now.facts) == 1


def _reads_one(lock: Region, outline: Outline) -> bool:
    """Whether nothing but one field is read under a lock: one read is atomic on its own, and may still be late."""
    facts = [f for f in within(outline, lock.span) if not lock.opening.contains(f.span) and f.kind != "exit"]
    one = [f for f in facts if f.kind == "read" and f.is_state]
    rest = outline.source.text(Span(lock.opening.end, lock.span.end))
    return (
        len(one) == len(facts) == 1 and "(" not in rest and not re.search(r"\w\s*\.\s*\w", rest.replace(f"{SELF}.", ""))
    )
