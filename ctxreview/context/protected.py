"""What locks and transactions protect, a sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ctxreview.model.notation import without_self
from ctxreview.model.phrases import listed
from ctxreview.model.protection import (
    Access,
    LockProtection,
    ProtectedPlace,
    Protection,
    Step,
    TransactionProtection,
)

MOST_GROUPS = 3
"""Groups and decisions told of one scope."""
MOST_SAID = 4
"""Places of which it is told how they are used without the lock."""


def sentence(of: Protection) -> str:
    """What one lock or transaction protects; ``""`` where nothing is known to say."""
    return _of_lock(of) if isinstance(of, LockProtection) else _of_transaction(of)


def _of_lock(of: LockProtection) -> str:
    """What a lock protects, with the line of each access that is not under it."""
    protected, partly = of.of("protected"), of.of("partly")
    parts = []
    if protected:
        # What is locked itself protects what it holds.
        own = [p for p in protected if p.name == without_self(of.lock)]
        others = [_name(p.name) for p in protected if p not in own]
        parts.append(
            f"{_name(of.lock)} protects {listed([*(['its contents'] if own else []), *others])}{_all_together(of, protected)}"
        )
        parts += _groups(of, protected)
    parts += [
        f"{_name(p.name)} is written under {'it' if parts else _name(of.lock)} in {listed(p.written_in)} and without it in "
        f"{_accesses([a for a in p.without if a.writes])}"
        for p in partly[:MOST_SAID]
    ]
    reads = [(p, [a for a in p.without if not a.writes]) for p in protected]
    parts += [f"{_name(p.name)} is read without it in {_accesses(at)}" for p, at in reads if at][:MOST_SAID]
    used = of.of("used")
    if used:
        parts.append(f"also used under it: {_names(used)}" if parts else f"Used under {_name(of.lock)}: {_names(used)}")
    if not parts:
        return ""
    where = "" if of.private else " (as far as this file shows)"
    return f"{'; '.join(parts)}{where}."


def _all_together(of: LockProtection, places: Sequence[ProtectedPlace]) -> str:
    """Where all that is protected is written in one go."""
    every = {p.name for p in places}
    whole = next((g for g in of.groups if set(g.places) == every), None)
    return f", written together in {listed(whole.members)}" if whole is not None else ""


def _groups(of: LockProtection, places: Sequence[ProtectedPlace]) -> Iterator[str]:
    every = {p.name for p in places}
    parts = [g for g in of.groups if set(g.places) != every]
    for group in parts[:MOST_GROUPS]:
        yield f"{listed([_name(p) for p in group.places])} are written together in {listed(group.members)}"


def _accesses(accesses: Iterable[Access]) -> str:
    """The members that make some accesses, each with its lines, the locks that it has instead, and whether it is one ordered step."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for access in accesses:
        through = f" through {access.through}" if access.through and access.through != access.member else ""
        under = f"under {listed([_name(n) for n in access.under])}" if access.under else ""
        how = ", ".join(filter(None, (under, "in one step" if access.at_once else "")))
        found.setdefault((f"{access.member}{through}", how), {})[str(access.at.start_line)] = None
    told = []
    for (who, how), at in found.items():
        told.append(f"{who} ({', '.join(filter(None, (_place(list(at)), how)))})")
    return listed(told)


def _place(numbers: Sequence[str]) -> str:
    return f"line{'s' if len(numbers) > 1 else ''} {listed(numbers)}"


def _of_transaction(of: TransactionProtection) -> str:
    """What a transaction keeps together, and which reads decide it."""
    if len(of.writes) < 2 and not of.decisions:
        return ""
    parts = [f"The transaction of {of.region.construct} keeps together {_steps(of.writes)}"]
    for decision in of.decisions[:MOST_GROUPS]:
        whole = len(decision.writes) == len(of.writes) > 1
        what = "all of it depends" if whole else f"{_steps(decision.writes)} depend{'s' * (len(decision.writes) == 1)}"
        parts.append(f"{what} on the result of {_steps([decision.read])}")
    if of.decisions and of.isolation:
        parts.append(f"that relies on isolation {of.isolation}")
    if of.decisions and of.hints:
        parts.append(f"and on {_steps(of.hints)}" if of.isolation else f"that relies on {_steps(of.hints)}")
    return f"{'; '.join(parts)}."


def _steps(steps: Iterable[Step]) -> str:
    found: dict[str, dict[str, None]] = {}
    for step in steps:
        found.setdefault(step.name, {})[str(step.at.start_line)] = None
    return listed([f"{_name(name)} ({_place(list(at))})" for name, at in found.items()])


def _names(places: Iterable[ProtectedPlace]) -> str:
    return listed([_name(p.name) for p in places])


def _name(name: str) -> str:
    return f"`{name}`"
