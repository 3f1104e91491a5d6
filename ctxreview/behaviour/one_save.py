"""Whether several saves of a transaction became one, which is a transaction by itself."""

from __future__ import annotations

import re

from ctxreview.behaviour.accounted import OUTSIDE
from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold
from ctxreview.behaviour.version import Version, version
from ctxreview.model import il
from ctxreview.regex import regex

_SENDS = ("query", "save", "commit", "rollback", "io", "foreign", "spawn")
"""What reaches others by itself."""
_OFTEN = frozenset(("in loop", "each", "parallel"))


def is_one_save_now(pair: Pair, hold: Hold, inside: list[Effect]) -> bool:
    """Whether all that a transaction did was to save what its context tracks, and one save sends that now."""
    about = version(hold.outline).about
    work = [e for e in inside if e.kind in (*OUTSIDE, "foreign", "write") and e.is_seen]
    tracks = [e for e in work if e.kind not in ("save", "commit")]
    saves = [e for e in work if e.kind == "save"]
    # Of one save that was there before, what is read and sent in front of the transaction may stay.
    around = {now.number for n, now in pair.became.items() if pair.before.effects[n] not in inside}
    sends = [e for e in pair.after.effects if e.kind in _SENDS and not (len(saves) == 1 and e.number in around)]
    if [e.kind for e in sends] != ["save"] or not saves:
        return False
    save = sends[0]
    return (
        hold.key in (save.party, *(e.party for e in saves))
        and about.has("saves_all", save.name)
        and save.traits.isdisjoint(_OFTEN)
        and all(
            e.kind == "write" or about.has("changes_tracked", e.name) or _is_on_row(e, pair, save, hold) for e in tracks
        )
        and all((now := pair.became.get(e.number)) is not None and now.number < save.number for e in tracks)
        and (len(saves) == 1 or not _uses_what_a_save_gives(pair, hold, saves[0]))
    )


def is_one_statement_now(pair: Pair, inside: list[Effect]) -> bool:
    """Whether all that a transaction sent were statements in SQL, and one statement that changes the same tables is all that is sent now."""
    before = [e.text for e in inside if e.kind in _SENDS_SQL and e.text]
    sent = [e for e in pair.after.effects if e.kind in _SENDS_SQL and e.text]
    if not before or len(sent) != 1 or sent[0].traits & _OFTEN:
        return False
    if not all(h.is_of_statement for h in sent[0].holds):
        return False
    now = sent[0].text
    changed = [table for text in before for table in _CHANGED.findall(text)]
    unknown = (e for e in inside if e.kind in (*OUTSIDE, "foreign") and not e.text and not _is_of_rows(e))
    rest = (e for e in pair.after.effects if e.kind in ("save", "io", "foreign") and e.number != sent[0].number)
    hints = {h.upper() for text in before for h in _KEEPS.findall(text)}
    return (
        bool(changed)
        and _CHANGED.search(now) is not None
        and all(re.search(rf"\b{re.escape(table)}\b", now, re.IGNORECASE) for table in changed)
        and hints <= {h.upper() for h in _KEEPS.findall(now)}
        and not any(unknown)
        and not any(rest)
    )


def _is_of_rows(effect: Effect) -> bool:
    """Whether something is done with rows that were read already, or with nothing that is known to be data."""
    return not effect.party or (effect.kind == "query" and effect.party.startswith("row of "))


_SENDS_SQL = ("query", "save", "call")
_CHANGED = regex(r"(?i)\b(?:update|insert\s+into|delete\s+from|merge\s+into|merge)\s+(?:[\w\[\]\"`]+\.)*[\[\"`]?(\w+)")
"""A statement that changes a table, and the table without its schema."""
_KEEPS = regex(r"(?i)\b(?:holdlock|serializable|repeatableread)\b")
"""Hints that keep out more than the rows that are changed."""


def _is_on_row(call: Effect, pair: Pair, save: Effect, hold: Hold) -> bool:
    """Whether a call is one of an object that a query through the context of the save gave: what it changes is saved with the rest."""
    rows = [pair.before.effects[n] for n in call.made_by]
    of = version(hold.outline)
    return (
        call.kind == "call"
        and call.made == "query"
        and bool(rows)
        and all(r.party == save.party or _type_of(of, r.party) == _type_of(of, save.party) != "" for r in rows)
    )


def _type_of(of: Version, party: str) -> str:
    """The type of the context that a field refers to: one scope has one of each."""
    home, _, name = party.rpartition(".")
    state = of.state(home, name) if home else None
    return state.type if state is not None else ""


def _uses_what_a_save_gives(pair: Pair, hold: Hold, first: Effect) -> bool:
    """Whether a member of a new object is read behind the first save that its creation did not set: the database may have made it."""
    unit = version(hold.outline).units.get(pair.before.function.span)
    if unit is None:
        return True
    made: dict[str, il.Create] = {}
    for node in il.walk(unit.body, into=False):
        if isinstance(node, il.Assign) and isinstance(node.target, il.Name) and isinstance(node.value, il.Create):
            made[node.target.text] = node.value
        elif isinstance(node, il.Access) and isinstance(node.of, il.Name) and node.span.start > first.span.end:
            maker = made.get(node.of.text)
            if maker is None or any(m.name == node.name for m in maker.members):
                continue
            if not _is_set_when_made(version(hold.outline), maker, node.name):
                return True
    return False


def _is_set_when_made(of: Version, maker: il.Create, name: str) -> bool:
    """Whether the type of a new object gives a member its value itself: in its constructors, or where it declares it."""
    state = of.state(maker.type, name, maker.span)
    if state is None:
        return False
    there = state.version
    if there.initialiser(state.home, name) is not None:
        return True
    makers = [there.units[d.span] for d in there.units.declared if d.kind == "constructor" and d.home == state.home]
    return bool(makers) and all(
        any(isinstance(n, il.Assign) and il.last_name(n.target) == name for n in il.walk(unit)) for unit in makers
    )
