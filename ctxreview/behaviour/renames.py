"""State that an edit gave another name and nothing else: declared as before, and named as often."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.behaviour.lock_usage import lock_key, masked_source
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.places import member_of
from ctxreview.behaviour.same import Same
from ctxreview.behaviour.version import State, version
from ctxreview.kept import kept
from ctxreview.languages import load
from ctxreview.languages.words import any_of
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex

_WORD = regex(rb"[A-Za-z_]\w*")


def renamed_state(before: Outline, after: Outline) -> Mapping[str, State]:
    """The state after the edit by the keys that it had before."""
    return _renamed_state(Same(before), Same(after))


@kept(4)
def _renamed_state(one: Same, two: Same) -> Mapping[str, State]:
    before, after = one.outline, two.outline
    old, new = ({s.key: s for s in version(o).states} for o in (before, after))
    gone, fresh = ([s for key, s in a.items() if key not in b] for a, b in ((old, new), (new, old)))
    if not gone:
        return {}
    found = {s.key: given for s in gone if (given := _given_instead(s, before, after)) is not None}
    if not fresh:
        return found
    had, has = (Counter(_WORD.findall(masked_source(o))) for o in (before, after))
    types = pairing(before, after).types
    found |= {s.key: new[now] for s in gone if (now := f"{types.get(s.home)}.{s.name}") in new}
    for state in gone:
        if state.key in found:
            continue
        like = [
            s
            for s in fresh
            if _declared(s, after) == _declared(state, before)
            and has[s.name.encode()] - had[s.name.encode()] == had[state.name.encode()] - has[state.name.encode()] > 0
        ]
        if len(like) == 1:
            found[state.key] = like[0]
    return found


def _given_instead(state: State, before: Outline, after: Outline) -> State | None:
    """What a type is given that stands where a field stood which kept that and nothing else."""
    if not state.fixed or state.static:
        return None
    kept = re.search(rf"\b{re.escape(state.name)}\s*=\s*(\w+)\s*;?\s*$", before.source.text(state.member.span))
    now = version(after).state(state.home, kept[1] if kept is not None else state.name.lstrip("_"))
    if now is None or now.changes or now.type != state.type:
        return None
    return now if any(t.opening == now.member.span for t in after.types) else None


def _declared(state: State, outline: Outline) -> tuple[str, str, str]:
    """The home, the type and the declaration of state, without its name and layout."""
    text = re.sub(rf"\b{re.escape(state.name)}\b", "", outline.source.text(state.member.span))
    return state.home, "".join(state.type.split()), "".join(text.split())


def under_new_names(of: Trace, names: Mapping[str, State]) -> Trace:
    """A trace of the version before the edit, with the keys of state as they are after it."""
    if not names:
        return of
    pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, names))})(?!\w)")

    def named(text: str) -> str:
        return pattern.sub(lambda m: names[m[0]].key, text)

    def held(holds: tuple[Hold, ...]) -> tuple[Hold, ...]:
        return tuple(h._replace(key=named(h.key)) for h in holds)

    def effect(e: Effect) -> Effect:
        place = e.place._replace(key=named(e.place.key), of=named(e.place.of)) if e.place is not None else None
        return e._replace(
            key=named(e.key), place=place, party=named(e.party), holds=held(e.holds), lapsed=held(e.lapsed)
        )

    return Trace(of.function, tuple(map(effect, of.effects)), held(of.sections), of.unseen)


def is_same_lock(old: Region, new: Region, before: Outline, after: Outline) -> bool:
    """Whether what two regions lock differs in names alone: of state, of variables with the same value, of variables that were renamed."""
    names = {key.rpartition(".")[2]: state.name for key, state in renamed_state(before, after).items()}
    first, second = (_with_values(s, o) for s, o in ((old, before), (new, after)))
    if _NAME.sub("", first) != _NAME.sub("", second):
        return False
    text, now = (_around(s, o) for s, o in ((old, before), (new, after)))
    pairs = zip(_NAME.findall(first), _NAME.findall(second), strict=True)
    return all(
        a == b
        or names.get(a) == b
        or (a not in now and b not in text and _is_own(a, old, before) and _is_own(b, new, after))
        for a, b in pairs
    )


def _is_own(name: str, scope: Region, outline: Outline) -> bool:
    """Whether the member around a region declares a variable or parameter of that name."""
    member = member_of(outline, scope.opening)
    walked = any_of(load(outline.language).words.walking)
    declared = rf"[\w>\]?]\s+{re.escape(name)}\s*(?:[=,);]|\b{walked}\b)"
    return member is not None and re.search(declared, outline.source.text(member.span)) is not None


def took_its_place(old: Region, new: Region, before: Outline, after: Outline) -> bool:
    """Whether a lock of a type alone is gone, and a new one is taken wherever it was, in all parts of the type: all who kept each other out still do."""
    one, two = (version(o).state(s.container, lock_key(s)) for s, o in ((old, before), (new, after)))
    if one is None or two is None or (one.home, one.static) != (two.home, two.static):
        return False
    if not (one.fixed and two.fixed) or not load(before.language).words.reached.isdisjoint(one.member.modifiers):
        return False
    if version(after).state(one.home, one.name) is not None or version(before).state(two.home, two.name) is not None:
        return False
    return all(
        there is not None
        and all(
            (now := pairing(part, there).scope_after.get(r)) is not None and lock_key(now) == lock_key(new)
            for r in part.regions
            if r.container == old.container and lock_key(r) == lock_key(old)
        )
        for part, there in _parts(old, one, before, after)
    )


def _parts(lock: Region, state: State, before: Outline, after: Outline) -> Iterator[tuple[Outline, Outline | None]]:
    """The files with parts of the type that has a lock, before and after the edit; ``None`` for those that are not known."""
    yield before, after
    around = before.type_of(lock.opening)
    if around is not None and not load(before.language).words.parts.search(before.source.data, *around.opening):
        return
    first, second = before.elsewhere, after.elsewhere
    if around is None or first is None or second is None:
        yield before, None
        return
    parts = first.relatives(around.name, state.name, before, family=False)
    yield from ((part, second.file(part.source.path)) for part in parts or ())
    if parts is None:
        yield before, None


def is_another_of_its_kind(old: Region, new: Region, before: Outline, after: Outline) -> bool:
    """Whether two regions lock by a key, or a part of a variable: then the name of the part does not tell which it is."""
    for scope, outline in ((old, before), (new, after)):
        root, part, _ = lock_key(scope).partition(".")
        if "[" in root or (part and _is_own(root, scope, outline)):
            return True
    return False


def is_any_object(scope: Region, outline: Outline) -> bool:
    """Whether what is locked has one lock only, of its own or as an object: then every way to lock it is the same lock.

    A field may; the object itself does, which an attribute of a member locks.
    """
    of = version(outline)
    state = of.state(scope.container, lock_key(scope))
    if state is None:
        return scope.form == "attribute"
    return not of.is_signal(state.type) or simple_type_or_array(state.type) in of.about.of("locked_by_statement")


_NAME = regex(r"(?<![\w@])@?[A-Za-z_]\w*")


def _around(scope: Region, outline: Outline) -> frozenset[str]:
    """The names in the member around a region."""
    member = member_of(outline, scope.opening)
    return frozenset(_NAME.findall(outline.source.text(member.span))) if member is not None else frozenset()


def _with_values(scope: Region, outline: Outline) -> str:
    """What a region locks, its variables by what they were given, a text that is put together like one that is not."""
    found = _NAME.sub(lambda m: _value(m[0], scope, outline) or m[0], lock_key(scope))
    return re.sub(r"[\s$\"{}+]", "", found)


def _value(variable: str, scope: Region, outline: Outline) -> str | None:
    """What a variable was last given before a region begins."""
    member = member_of(outline, scope.opening)
    if member is None:
        return None
    code = outline.source.text(Span(member.span.start, scope.opening.start))
    name = rf"\b[\w.<>?]+\s+{re.escape(variable)}\s*"
    walked = any_of(load(outline.language).words.walking)
    found = re.findall(rf"{name}(=)(?!=)\s*([^;]+);|{name}({walked})\b\s*([^;{{]+?)\s*\)\s*(?:\{{|\n|$)", code)
    return " ".join("".join(found[-1]).split()).removeprefix("=") if found else None
