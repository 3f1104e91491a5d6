"""Who else takes the lock, and who uses what it protects without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ctxreview.behaviour.users import Users
from ctxreview.behaviour.version import version
from ctxreview.languages import load
from ctxreview.model.declarations import Member
from ctxreview.model.notation import without_self
from ctxreview.model.phrases import amount, listed
from ctxreview.model.protection import Access, LockProtection
from ctxreview.model.regions import Region
from ctxreview.model.source import Spans
from ctxreview.prompt.answers.kept import Kept
from ctxreview.prompt.answers.seen import Found, Place, Seen


def other_users(seen: Seen) -> Found:
    """Where other members take the same lock."""
    if not _locks(seen):
        return _without_lock(seen)
    own = Spans(f.span for f in seen.context.functions)
    places = []
    for of in _protections(seen):
        for taker in of.takers:
            if not own.overlaps(seen.source.line_span(taker.at.start_line, taker.at.start_line)):
                places.append(Place(seen.source, taker.at.start_line, f"{taker.name} takes {of.lock}"))
    for excerpt in seen.context.excerpts:
        for use in excerpt.users:
            if not use.writes:
                line = excerpt.source.line_of(use.span.start)
                places.append(Place(excerpt.source, line, f"{use.member} takes {use.name}"))
    if places:
        return Found("yes", places)
    open_ = [*_open(seen), *_of_others(seen, [of.lock for of in _protections(seen)])]
    if open_:
        return Found("cannot-tell", (), " ".join(open_))
    return Found(
        "no",
        (),
        f"Only {listed([m.name for m in seen.members])} takes it, and no other file can: it is private. Read: {seen.source.path}.",
    )


def use_without(seen: Seen) -> Found:
    """Where what is used under the lock is used without it."""
    if not _locks(seen):
        return _without_lock(seen)
    places: list[Place] = []
    for of in _protections(seen):
        for place in of.places:
            for access in place.without:
                does = "writes" if access.writes else "reads"
                through = f" through {access.through}" if access.through and access.through != access.member else ""
                places.append(
                    Place(
                        seen.source,
                        access.at.start_line,
                        f"{access.member} {does} {place.name} without {of.lock}{through}{_instead(access)}",
                    )
                )
    if places:
        return Found("yes", places)
    open_ = list(_open(seen))
    used = {e.place.of.rpartition(".")[2] for _, e in seen.effects if e.place is not None}
    elsewhere = ((x.source, u) for x in seen.context.excerpts for u in x.users if x.source.path != seen.source.path)
    written = [f"{u.member} ({s.path}:{s.line_of(u.span.start)})" for s, u in elsewhere if u.writes and u.name in used]
    open_ += [f"Whether {listed(written)} writes under it is not known."] if written else []
    for of in _protections(seen):
        open_ += [f"Whether {_users(p.unsure)} {p.name} under {of.lock} is not known." for p in of.places if p.unsure]
        loose = [p.name for p in of.places if not p.unsure and p.standing != "protected"]
        open_ += [f"Who else has what {listed(loose)} refers to is not known."] if loose else []
        open_ += ["Other files can use what is used under it."] if not of.private else []
    named = [p.name for of in _protections(seen) for p in of.places]
    open_ += _of_others(seen, [*(of.lock for of in _protections(seen)), *named])
    for of in _protections(seen):
        kept = Kept(seen, of.region)
        for name in (n for n in kept.names if n not in named):
            others = [f"{function.name} (line {line})" for function, line in kept.without(name)]
            if others:
                where = "locked here" if name == without_self(of.lock) else f"used under {of.lock}"
                open_.append(
                    f"{name} is {where}, and used without the lock in {listed(others)}; "
                    "whether that changes what is used here was not read."
                )
            else:
                named.append(name)
    if open_:
        return Found("cannot-tell", (), " ".join(open_))
    what = (
        f"All that uses {listed(named)} does so under it"
        if named
        else "No field or property that can change is used under it"
    )
    return Found("no", (), f"{what}, construction aside. Read: {seen.source.path}.")


def _instead(access: Access) -> str:
    """The other locks under which an access is, as a part of a sentence."""
    return f", under {listed(access.under)}" if access.under else ""


def _users(accesses: tuple[Access, ...]) -> str:
    said = listed([f"{a.member} (line {a.at.start_line})" for a in accesses])
    return f"{said} {'use' if len(accesses) > 1 else 'uses'}"


def _locks(seen: Seen) -> bool:
    return any(s.kind == "lock" for s in seen.scopes)


def _without_lock(seen: Seen) -> Found:
    """The answer where no lock holds the selection, as far as that is known."""
    context = seen.context
    rows = "which other code locks the same rows is not looked for"
    if context.verdict == "no-scope-found" and not seen.is_held:
        return Found("no", (), f"No lock holds the selection. Read: {seen.read_members} and all its callers.")
    is_called = any(e.role == "caller" for e in context.excerpts)
    if not (context.callers_certain and is_called) or seen.broken or any(s.kind == "lock" for s in context.touched):
        return Found("cannot-tell", (), f"No lock that holds the selection was found; {rows}.")
    read = f"{seen.read_members} and the callers that were found"
    return Found("no", (), f"No lock that holds the selection was found, also in its callers; {rows}. Read: {read}.")


def _protections(seen: Seen) -> list[LockProtection]:
    """What is known of the locks of the file that hold the selection or a part of it."""
    return [p for p in seen.context.protections if isinstance(p, LockProtection) and p.certainty != "assumed"]


def _open(seen: Seen) -> Iterator[str]:
    """What stands against saying that all uses of the locks are known, a sentence each."""
    known = {without_self(p.lock): p for p in _protections(seen)}
    users = Users(version(seen.outline))
    for scope in (s for s in seen.scopes if s.kind == "lock"):
        of = known.get(without_self(scope.resource))
        if of is None:
            yield f"What else takes {seen.name(scope)}, and what it protects, is not known{_because(scope, seen)}."
            continue
        if of.left_out:
            yield f"Of the functions that may use {of.lock}, {amount(of.left_out, 'was', '')} not read."
        name = without_self(of.lock)
        declared = list(seen.outline.named(name))
        reached = load(seen.outline.language).words.reached
        if len(declared) != 1 or not reached.isdisjoint(declared[0].modifiers):
            yield f"Other files may take {of.lock}."
        elif not seen.is_repository and not _is_whole(declared[0], seen):
            yield f"Other parts of the type may take {of.lock}."
        elif users.is_handed_out(name):
            yield f"{of.lock} is handed to other code."


def _of_others(seen: Seen, names: Iterable[str]) -> Iterator[str]:
    """The sentence on private state of those names that the file uses of an object which may be another one; none where it does not."""
    users = Users(version(seen.outline))
    reached = load(seen.outline.language).words.reached
    found = []
    for name in dict.fromkeys(map(without_self, names)):
        if any(not reached.isdisjoint(m.modifiers) for m in seen.outline.named(name)):
            continue  # other types can have members of that name
        lines = dict.fromkeys(seen.source.line_of(n.span.start) for n in users.of_others(name))
        found += [f"{name} (line {line})" for line in lines]
    if found:
        yield f"Whether {listed(found)} {'is' if len(found) == 1 else 'are'} of the same object was not found out."


def _because(scope: Region, seen: Seen) -> str:
    """Why uses of a lock cannot be told from those of another, as a part of a sentence; ``""`` where that takes more than its name."""
    path = without_self(scope.resource)
    of = version(seen.outline)
    home = seen.outline.type_of(scope.owner)
    state = of.state(home.name, path) if home is not None else None
    if state is not None and state.changes and not state.fixed:
        return f": {path} is assigned again, so that another object may be locked each time"
    return ""


def _is_whole(member: Member, seen: Seen) -> bool:
    """Whether the type that declares a member has no part in another file."""
    home = seen.outline.type_of(member.span)
    partial = load(seen.outline.language).words.partial
    return home is not None and partial.isdisjoint(seen.source.text(home.opening).split())
