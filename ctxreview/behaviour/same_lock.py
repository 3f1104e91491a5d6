"""Which lock a hold is on: whether its key means one object wherever it is taken, and whether it may be another hold's."""

from __future__ import annotations

from ctxreview.behaviour.effects import Hold
from ctxreview.behaviour.version import Version
from ctxreview.model.notation import SELF, without_self
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex

_TYPE_PARAMETER = regex(r"T(?:[A-Z0-9]\w*)?")
"""What a type is called that stands for any."""


def is_stable(of: Version, hold: Hold) -> bool:
    """Whether a lock's key means one lock for each object (or for all) wherever it is taken: state that is not replaced, the object, a type."""
    home, _, name = hold.key.rpartition(".")
    known = of.state(home, name) if home in of.homes else None
    if known is not None:
        return (known.fixed or not known.changes) and of.getter(known) is None
    return hold.key.removeprefix(f"{SELF} ") in of.homes


def may_be(of: Version, hold: Hold, key: str) -> bool:
    """Whether a hold may be on the lock of a stable ``key``: where it is not known which object it is on, unless its type is another.

    An object of the library's own types, as most locks are, is none of a type that the library does not have.
    """
    if is_stable(of, hold):
        return hold.key == key
    home, _, name = key.rpartition(".")
    known, about = of.state(home, name), of.about
    common = about.of("made") | about.of("collections") | about.of("concurrent") | about.of("signals")
    mine = simple_type_or_array(known.type) if known is not None else ""
    theirs = simple_type_or_array(hold.type)
    named = theirs and theirs not in common | about.of("lazy_types") and not _TYPE_PARAMETER.fullmatch(theirs)
    return not (mine in common and named)


def lock_name(of: Version, hold: Hold) -> str:
    """What is locked, as people read it: by its state, or else as the code names it there."""
    return hold.name if is_stable(of, hold) or not hold.region.resource else without_self(hold.region.resource)
