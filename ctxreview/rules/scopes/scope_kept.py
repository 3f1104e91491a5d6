"""What an edit changed of a transaction or lock that is still there: its kind, key, mode, isolation and end, and its work."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.boundary import crossed, guarded_state, work
from ctxreview.behaviour.comparison import (
    chosen_among,
    comparison,
    holds_state_alone,
    locked,
    made_here,
    takes_the_same,
)
from ctxreview.behaviour.exclusion import Judgement
from ctxreview.behaviour.lock_usage import lock_key
from ctxreview.behaviour.moved_lines import does_anything, moved_lines, sides
from ctxreview.behaviour.pairing import Pairing, pairing
from ctxreview.behaviour.places import scope_lines
from ctxreview.behaviour.renames import (
    is_another_of_its_kind,
    is_any_object,
    is_same_lock,
    renamed_state,
    took_its_place,
)
from ctxreview.behaviour.version import version
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.model import il
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Isolation, Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.rules.scopes.scope_finding import before_edit, finding_of, on_resource, one_of, quoted


def changes_of(old: Region, new: Region, before: Outline, after: Outline, verdict: Judgement) -> list[Finding]:
    """What differs between a scope and the one that it became."""
    found: list[Finding] = []

    def changed(severity: Severity, message: str, question: str) -> None:
        found.append(finding_of(severity, message, question, scope_lines(after, new), before_edit(old, before)))

    name, language = f"{old.construct}{on_resource(old)}", load(after.language)
    both = pairing(before, after)
    targets = list(_other_target(old, new, before, after, verdict))
    other = any(severity == "high" for severity, *_ in targets)  # that says what is locked now
    helped = old.mode != new.mode and not new.mode and takes_the_same(comparison(before, after), old, new)
    if (old.construct, old.kind) != (new.construct, new.kind) and not other and not _is_renamed(old, new, both):
        same = old.kind == new.kind == "transaction" and _level(old) == _level(new)
        same = same and (old.name == new.name or not any(language.is_ambient(s.name) for s in (old, new)))
        plain = is_any_object(old, before) and is_any_object(new, after)
        same = same or (plain and verdict.keeps and not verdict.gone and old.kind == new.kind == "lock")
        same = (
            same
            or takes_the_same(comparison(before, after), old, new)
            or (verdict.keeps and new.kind == "lock" and holds_state_alone(comparison(before, after), old))
        )
        stronger = new.mode == "exclusive" and lock_key(old) == lock_key(new)
        changed(
            "note" if helped or (same and (stronger or old.mode == _mode(new, after))) else "medium",
            f"The edit turns the {name} into {one_of(new.construct)}.",
            "Do both have the same default isolation, ownership and reentrancy?",
        )
    for target in targets:
        changed(*target)
    unknown = helped or (old.kind == "lock" and not new.mode and _is_of_another_type(old, new, before, after))
    if old.mode != new.mode and not unknown and not (other and new.mode == "exclusive"):
        changed(
            "note"
            if old.kind == "lock" and (verdict.keeps or _holds_the_same_within(old, new, before))
            else "medium"
            if new.mode == "exclusive"
            else "high",
            f"The edit changes the {name} from {old.mode or 'its default mode'} to {new.mode or 'its default mode'}.",
            "Does anything under it still write, or rely on excluding others?",
        )
    if _level(old) != _level(new):
        changed(
            "medium",
            f"The edit changes the isolation of the {name} from {_told(old.isolation)} to {_told(new.isolation)}.",
            "Does a write depend on what is read here, and what keeps that unchanged until then?",
        )
    if old.kind == "lock" and _can_be_stopped_now(old, new, before, after):
        changed(
            "medium",
            f"The caller can now stop before the {name} is taken; nothing could before.",
            "Must what is done under it be done even if the caller no longer waits for it?",
        )
    if old.async_flow and new.async_flow is False:
        # What is awaited under it is async_flow's finding.
        changed("medium", f"The {name} no longer flows across await.", "Is anything awaited under it?")
    if old.completes_at and not new.completes_at:
        changed(
            "high",
            f"The {name} is no longer completed: its work is rolled back.",
            "Where is it completed now?",
        )
    if old.form == new.form == "acquire-release" and new.unreleased and not old.unreleased:
        changed(
            "high",
            f"The {name} is no longer released here.",
            "What releases it now, also after an exception?",
        )
    if both.stayed(old, new):
        return found
    # Without a block around it a transaction ended where it was completed, and so it does in one that is declared.
    past = old.form != new.form and "acquire-release" in (old.form, new.form)
    out, into = moved_lines(old, new, before, after, past=past)
    names = {key.rpartition(".")[2]: state.name for key, state in renamed_state(before, after).items()}
    unseen = _written_unseen(old, before, after)
    rewritten_out, rewritten_in = crossed(
        work(old, before, names, past=past), work(new, after, past=past), [*out, *into], unseen
    )
    if out or rewritten_out:
        state = _state(old, before)
        severity: Severity = (
            "high" if rewritten_out or any(does_anything(line, state, language) for line in out) else "low"
        )
        harmless = verdict.keeps or (not rewritten_out and _does_nothing_seen(out, old, new, before, after))
        changed(
            "low" if harmless else severity,
            f"The edit moves code out of the {name}: {quoted(out, rewritten_out)}.",
            "Must this still happen together with what remains under it?",
        )
        found[-1] = found[-1]._replace(informs=harmless, about=tuple(out))
    if into or rewritten_in:
        looks = ("read",) if old.kind == "lock" else ()  # it is at what the lock guards now, and takes no time
        idle = not any(does_anything(line, (), language) for line in into) or _was_held_around(old, before)
        done = any(now.kind not in (*_DO_NOTHING, *looks) for _, now in verdict.entered)
        stayed = _had_another(old, before) and verdict.complete and not verdict.entered and not verdict.waits
        pure = stayed or (
            not done and not rewritten_in and (idle or _does_nothing_seen(into, old, new, before, after, came=True))
        )
        changed(
            "note" if pure else "medium",
            f"The edit moves code into the {name}: {quoted(into, rewritten_in)}.",
            "How long is it held now, and can this work wait for code that waits for it?",
        )
    return found


def _mode(scope: Region, outline: Outline) -> str:
    """The mode of a scope; where that is for the lock to say, which another part of the type makes, what that part knows of it."""
    of = version(outline).state(scope.container, lock_key(scope)) if not scope.mode else None
    theirs = of.version.outline.regions if of is not None else ()
    same = (scope.construct, scope.container, lock_key(scope))
    return next((r.mode for r in theirs if (r.construct, r.container, lock_key(r)) == same), scope.mode)


def _is_of_another_type(old: Region, new: Region, before: Outline, after: Outline) -> bool:
    """Whether what is locked is declared as another type: how many that lets in is for its own code to say."""
    one, two = (version(o).state(s.container, lock_key(s)) for s, o in ((old, before), (new, after)))
    return one is not None and two is not None and one.type != two.type


def _is_renamed(old: Region, new: Region, both: Pairing) -> bool:
    """Whether what opens a scope is a member of the file that the edit gave another name."""
    names = (old.construct, new.construct)
    return old.kind == new.kind and any((was.member.name, now.member.name) == names for was, now in both.members)


def _had_another(old: Region, before: Outline) -> bool:
    """Whether a function took the same lock twice, one time after the other: what came into the one may be out of the other."""
    return old.kind == "lock" and any(
        r.owner == old.owner
        and (r.construct, r.mode, lock_key(r)) == (old.construct, old.mode, lock_key(old))
        and not r.span.overlaps(old.span)
        for r in before.regions
    )


def _can_be_stopped_now(old: Region, new: Region, before: Outline, after: Outline) -> bool:
    """Whether the call that takes a lock said that nothing stops it, and is given something else in that place."""
    never = names_of(before.language).pattern("never_stops")
    had, has = _given(old, before), _given(new, after)
    return len(had) == len(has) and any(never.search(a) and not never.search(b) for a, b in zip(had, has, strict=True))


def _given(region: Region, outline: Outline) -> list[str]:
    """What the call is given that opens a region."""
    unit = version(outline).units.get(region.owner)
    every = il.walk(unit, into=False, within=region.opening) if unit is not None else ()
    acquires = load(outline.language).named("acquires")
    call = next(
        (n for n in every if isinstance(n, il.Call) and n.callee in acquires and region.opening.overlaps(n.span)), None
    )
    return [outline.source.text(a.value.span) for a in call.arguments] if call is not None else []


_DO_NOTHING = ("return", "throw", "end", "log")


def _other_target(
    old: Region, new: Region, before: Outline, after: Outline, verdict: Judgement
) -> Iterator[tuple[Severity, str, str]]:
    """What is locked now is another thing: how bad that is, what it is, and what has to be asked."""
    if old.kind != "lock":
        return
    both, name = comparison(before, after), f"{old.construct}{on_resource(old)}"
    keys = locked(both, old, new)
    written = lock_key(old) == lock_key(new) or is_same_lock(old, new, before, after)
    if written and keys is not None and keys[0] != keys[1]:
        yield (
            "high",
            f"The name that the {old.construct} is taken by is another one now: `{_name_in(keys[1])}` and not `{_name_in(keys[0])}`.",
            "Do all who are to exclude each other ask for the same name?",
        )
    if not written and (keys is None or keys[0] != keys[1]):
        kept = verdict.keeps and not is_another_of_its_kind(old, new, before, after)
        kept = kept or took_its_place(old, new, before, after)
        seen: Severity = "medium" if _has_other_parts(old, before) else "note"
        yield (
            "note" if chosen_among(both, old, new) else seen if kept else "high",
            f"The edit locks `{new.resource}` where it locked `{old.resource}`.",
            "Do the other users of the same state also take the new lock?",
        )
    if written and made_here(both, old, new):
        yield (
            "high",
            f"The {name} is taken on an object that is made here now: nobody else has it.",
            "Which object do the others lock?",
        )


def _has_other_parts(scope: Region, outline: Outline) -> bool:
    """Whether a type has parts in files that are not read: what they lock is not known."""
    around = outline.type_of(scope.opening)
    parts = load(outline.language).words.parts
    return outline.elsewhere is None and around is not None and bool(parts.search(outline.source.data, *around.opening))


def _written_unseen(old: Region, before: Outline, after: Outline) -> frozenset[str]:
    """The names of members that a function sets, before and after the edit, on objects alone that no other thread or session sees."""
    pair = comparison(before, after).of(old.owner)
    writes = [e for of in (pair.before, pair.after) for e in of.of("write")] if pair is not None else []
    return frozenset(e.name for e in writes) - {e.name for e in writes if e.is_seen}


def _does_nothing_seen(
    crossed_lines: list[str], old: Region, new: Region, before: Outline, after: Outline, *, came: bool = False
) -> bool:
    """Whether lines that left a scope, or ``came`` into it, only work on what no other thread or session sees, also in the helpers that they call."""
    pair, now = comparison(before, after).of(old.owner), sides(new, after)
    if pair is None or not pair.after.understood:
        return False
    numbers = {n for line in crossed_lines for n in now.every.get(line, ()) if (n in now.apart.get(line, ())) == came}
    there = [e for e in pair.after.effects if numbers.intersection(_lines(e.span, after))]
    ends = names_of(after.language).pattern("only_disposes")
    return all(
        e.kind in _DO_NOTHING
        or (e.place is not None and not e.place.shared)
        or (not came and old.kind == "lock" and ends.search(e.name) is not None)
        for e in there
    )


def _lines(span: Span, outline: Outline) -> range:
    first, last = outline.source.lines_of(span)
    return range(first, last + 1)


def _was_held_around(old: Region, before: Outline) -> bool:
    """Whether the same lock was held around a scope in a mode of its own: what comes into the scope was under it."""
    return old.kind == "lock" and any(
        r != old and r.construct == old.construct and lock_key(r) == lock_key(old) and r.span.contains(old.span)
        for r in before.regions
    )


def _holds_the_same_within(old: Region, new: Region, before: Outline) -> bool:
    """Whether a scope is in the mode now that the same lock had in a part of it."""
    return any(
        r.construct == old.construct
        and lock_key(r) == lock_key(old)
        and r.mode == new.mode == "exclusive"
        and old.span.contains(r.span)
        for r in before.regions
        if r != old
    )


def _name_in(key: str) -> str:
    """The part of a key that names a lock."""
    return key.partition("[")[2].removesuffix("]")


def _told(isolation: Isolation | None) -> str:
    return isolation.text if isolation is not None else "None"


def _level(scope: Region) -> Isolation | None:
    """The isolation that the source names; the default where it is left to the method that opens the scope."""
    isolation = scope.isolation
    if isolation is None:
        return None
    if isolation.is_open and isolation.given_by.rpartition(".")[2] == scope.construct:
        return Isolation(default=True)
    return isolation if isolation.is_open else isolation._replace(given_by="")


def _state(scope: Region, outline: Outline) -> tuple[str, ...]:
    return guarded_state(outline) if scope.kind == "lock" else ()
