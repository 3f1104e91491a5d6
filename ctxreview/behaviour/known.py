"""What is known of a value while a function is traced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ctxreview.behaviour.effects import Made, Place, Trait
from ctxreview.behaviour.version import Closure

LONGEST_KEY = 160
"""Characters of a key; what is longer ends in an ellipsis and is still the same for the same value."""


class Query(NamedTuple):
    """Rows that are asked for: ``source`` is the set or table, ``party`` the context or connection, ``operators`` the calls on it in order."""

    source: str
    party: str
    operators: tuple[str, ...] = ()
    traits: frozenset[Trait] = frozenset()
    type: str = ""
    text: str = ""
    """The statement that it sends, where the code has it as a constant."""


class Known(NamedTuple):
    """What is known of a value.

    ``key`` names it without any local name; ``needs`` are the effects it was made from. ``state`` is the place whose reference, or
    part, it is. ``made`` and ``made_by`` say where the object comes from, ``constant`` is its text where it is one, ``query`` the rows that it
    stands for while nothing has run, ``pending`` the effects of a task that is not awaited yet. ``type`` is its declared type as written.
    ``party``: it is a context, connection or something that was begun on one.
    """

    key: str
    needs: frozenset[int] = frozenset()
    state: Place | None = None
    made: Made = "unknown"
    made_by: frozenset[int] = frozenset()
    constant: str | None = None
    query: Query | None = None
    pending: frozenset[int] = frozenset()
    type: str = ""
    party: str = ""
    functions: tuple[Closure, ...] = ()
    parts: Place | None = None
    """What the elements of a collection of this function's own are: objects that state holds too."""
    rows: str = ""
    """The set or table whose row it is, or a collection of whose rows."""
    unwalked: Place | None = None
    """What is read whenever somebody walks it: it is a sequence over what state holds."""
    level: str = ""
    """The level of isolation that it asks for, where it is a set of options."""
    walks: frozenset[int] = frozenset()
    """The effects of walking it, where it is the sequence of an iterator."""
    text: str = ""
    """The statement that it sends, where it is a command."""
    items: tuple[Known, ...] = ()
    """What a tuple is made of."""

    def also(self, needs: frozenset[int]) -> Known:
        """The same value, which needs further effects."""
        return self._replace(needs=self.needs | needs) if needs - self.needs else self


UNKNOWN = Known("?")


def sent(values: Iterable[Known], on: Known | None) -> str:
    """The statement that a call sends: of what it is given, or else of what it is called on."""
    return next((k.constant or k.text for k in values if k.constant or k.text), on.text if on is not None else "")


def constant(text: str) -> Known:
    """A value that is known."""
    return Known(short(text), made="fresh", constant=text)


def short(key: str) -> str:
    """A key that is not too long."""
    return key if len(key) <= LONGEST_KEY else f"{key[: LONGEST_KEY - 12]}…{len(key)}"


def union(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    """All effects of some sets."""
    return frozenset().union(*sets)


def either(a: Known | None, b: Known | None) -> Known:
    """A value that is one or the other, as after the two ways of a branch."""
    if a is None or b is None:
        return a or b or UNKNOWN
    if a == b:
        return a
    same = a.key == b.key
    first, second = sorted((a, b), key=lambda k: k.key == "null")  # what is null says least
    if second.key == "null":
        return first.also(second.needs)
    return Known(
        a.key if same else short("|".join(dict.fromkeys((*a.key.split("|"), *b.key.split("|"))))),
        a.needs | b.needs,
        a.state if a.state == b.state else a.state or b.state,
        a.made if a.made == b.made else _wider(a.made, b.made),
        a.made_by | b.made_by,
        a.constant if a.constant == b.constant else None,
        _joined(a.query, b.query),
        a.pending | b.pending,
        a.type if a.type == b.type else "",
        a.party if a.party == b.party else a.party or b.party,
        tuple(dict.fromkeys((*a.functions, *b.functions))),
        a.parts or b.parts,
        a.rows or b.rows,
        a.unwalked or b.unwalked,
        a.level if a.level == b.level else "",
        a.walks | b.walks,
        a.text if a.text == b.text else "",
        tuple(map(either, a.items, b.items)) if len(a.items) == len(b.items) else (),
    )


def _joined(a: Query | None, b: Query | None) -> Query | None:
    if a is None or b is None:
        return a or b
    return a._replace(traits=a.traits | b.traits, operators=tuple(dict.fromkeys((*a.operators, *b.operators))))


_ORDER: tuple[Made, ...] = ("state", "query", "captured", "parameter", "unknown", "fresh", "")


def _wider(a: Made, b: Made) -> Made:
    return min(a, b, key=_ORDER.index)
