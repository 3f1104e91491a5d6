"""Who else takes the same lock and uses the same state: their declarations, and the members that touch them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.shared_state import Shared, is_use_of, state_shared_by
from ctxreview.model.declarations import Function
from ctxreview.model.facts import Reference
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline, contained_in
from ctxreview.model.phrases import amount, listed
from ctxreview.model.regions import Crossing
from ctxreview.model.review import Excerpt, SharedUse
from ctxreview.model.source import Span, Spans
from ctxreview.outline.excerpts import excerpt_of

MAX_FILES = 60
"""Files read for one name of state that other types can reach."""
MAX_MEMBERS = 60
"""Members of a file that are examined for what they do with the same state, the nearest to the selected function first."""


class Sharing(NamedTuple):
    """Excerpts of what shares a lock or state with some functions, and a sentence on each file of which not all was looked at."""

    excerpts: tuple[Excerpt, ...]
    beyond: tuple[str, ...]


def sharing(outline: Outline, functions: Sequence[Function], repository: Repository) -> Sharing:
    """Declarations in other files, then members under the same lock, then other members that use the same state."""
    shared = list(state_shared_by(outline, functions, repository))
    own = outline.source.path
    declared = [
        excerpt_of(
            one.home.outline,
            [one.member.span],
            "field",
            f"{one.name}: {'the lock' if one.lock else 'used by the function'}, declared in {one.home.name}",
        )
        for one in shared
        if one.home.outline.source.path != own
    ]
    users: list[Excerpt] = []
    beyond = []
    for members, left in _members_using(shared, outline, functions, repository):
        users += members
        beyond += [left] if left else []
    users.sort(key=lambda e: e.role != "same-lock")
    return Sharing((*declared, *users), tuple(beyond))


def _members_using(
    shared: Sequence[Shared], outline: Outline, functions: Sequence[Function], repository: Repository
) -> Iterator[tuple[list[Excerpt], str]]:
    """For each file its members that use what is shared, and where there are too many of them a sentence that says so."""
    locks = {s.name for s in shared if s.lock}
    state = {s.name: s for s in shared if not s.lock and s.can_race}
    own = Spans(f.span for f in functions)
    written = {f.name for f in outline.facts if f.kind == "write" and own.contains(f.span)}
    paths: dict[str, None] = {}
    for one in shared:
        if one.lock or one.name in state:
            paths |= dict.fromkeys(p.outline.source.path for p in repository.types.parts(one.home))
            # Every object has instance state of its own: from elsewhere it matters where a lock is to keep it together.
            if not one.is_private and (locks or one.is_static):
                near = repository.files_with(one.home.name)
                paths |= dict.fromkeys([p for p in repository.files_with(one.name) if p in near][:MAX_FILES])
    names = locks | state.keys()
    for path in paths if names else ():
        file = _uses_in_file(path, names, shared, repository)
        if file is None:
            continue
        here = path == outline.source.path
        at = functions[-1].span.start if here else 0
        others = (m for m in file.users if not (here and own.contains(m.span)))
        members = sorted(others, key=lambda m: abs(m.span.start - at))
        found = []
        for member in sorted(members[:MAX_MEMBERS], key=lambda m: m.span):
            uses = [(r, s) for r, s in file.users[member] if not (here and own.contains(r.name_span))]
            excerpt = _excerpt(file, member, uses, locks, written) if uses else None
            found += [excerpt] if excerpt is not None else []
        beyond = len(members) - MAX_MEMBERS
        left = f"{path} has {amount(beyond, 'member', 'more')} that also use {listed(sorted(names))} and were not read."
        yield found, left if beyond > 0 else ""


def _uses_in_file(
    path: str, names: AbstractSet[str], shared: Sequence[Shared], repository: Repository
) -> _FileUses | None:
    """What a file does with what is shared: one that is asked about for the next selection, too."""
    about = sorted(f"{s.home.qualified}.{s.name} {s.lock}" for s in shared)
    there = repository.outline_for(path, names)
    if there is None:
        return None
    return repository.memo(("sharing", path, *sorted(names), "", *about), lambda: _FileUses(there, shared, repository))


class _FileUses:
    """One file: the members that use what is shared, its locks, and what it knows as writes, such as a collection's ``Add``."""

    def __init__(self, there: Outline, shared: Sequence[Shared], repository: Repository) -> None:
        self.there = there
        self.locks = Crossing([s for s in there.regions if s.kind == "lock"])
        self._writes = Spans(f.span for f in there.facts if f.kind == "write")
        self.users: dict[Function, list[tuple[Reference, Shared]]] = {}
        named: dict[str, list[Shared]] = {}
        for one in shared:
            named.setdefault(one.name, []).append(one)
        for reference in there.references:
            known = named.get(reference.name, ())
            meant = next((s for s in known if is_use_of(reference, there, s, repository)), None)
            around = there.functions_around(reference.name_span) if reference.form in ("name", "call") else ()
            if meant is not None and around and around[-1].kind != "constructor":
                self.users.setdefault(around[-1], []).append((reference, meant))

    def is_changed(self, reference: Reference) -> bool:
        """Whether the use is a write, or begins in one."""
        start = reference.name_span.start
        return reference.writes or self._writes.overlaps(Span(start, start + 1))

    def ends_around(self, uses: Sequence[Span]) -> list[Span]:
        """The two ends of each lock that one of the uses is under."""
        held = dict.fromkeys(s for use in uses for s in self.locks.around(use))
        return [end for s in held for end in (s.opening, s.closing)]


def _excerpt(
    file: _FileUses, member: Function, uses: Sequence[tuple[Reference, Shared]], locks: set[str], written: set[str]
) -> Excerpt | None:
    """One member: the lock it takes with what it does there, or its uses of the state where one side writes."""
    there = file.there
    held = [
        s
        for s in contained_in(member.span, there.regions)
        if s.kind == "lock" and any(s.opening.contains(r.name_span) for r, one in uses if one.lock)
    ]
    state = [r for r, one in uses if not one.lock]
    head = Span(member.span.start, member.opening.end)
    if held:
        kept = [head, *(s.opening for s in held), *(s.closing for s in held), *(r.name_span for r in state)]
        kept += file.ends_around([r.name_span for r in state])
        excerpt = excerpt_of(there, kept, "same-lock", f"{member.name} takes the same lock, {held[0].resource}")
        sure = (s for s in held if s.certainty != "assumed")
        return excerpt._replace(users=tuple(SharedUse(member.name, s.opening, without_self(s.resource)) for s in sure))
    if any(one.lock for _, one in uses):
        kept = [head, *(r.span for r, _ in uses)]
        return excerpt_of(there, kept, "same-lock", f"{member.name} uses the same lock")
    racing = [r for r in state if file.is_changed(r) or r.name in written]
    if not racing:
        return None
    names = ", ".join(dict.fromkeys(r.name for r in racing))
    spans = [r.name_span for r in racing]
    under = next((s for s in file.locks.around(spans[0]) if all(map(s.span.contains, spans))), None)
    if under is not None:
        how = f"under {under.construct} on {under.resource}"
    else:
        how = "only partly under locks" if any(map(file.locks.around, spans)) else "outside its own locks"
    kept = [head, *(r.span for r in racing), *file.ends_around(spans)]
    excerpt = excerpt_of(there, kept, "member", f"{member.name} uses {names} {how}")
    changed = (r for r in racing if file.is_changed(r))
    return excerpt._replace(users=tuple(SharedUse(member.name, r.name_span, r.name, writes=True) for r in changed))
