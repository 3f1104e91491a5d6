"""What a language's data says of its code beside the roles of nodes: ``[shape]`` of a ``language.toml``."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ctxreview.languages.words import NOTHING
from ctxreview.model.kinds import FunctionKind, MemberKind, TypeKind

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Lock(NamedTuple):
    """What a statement that locks is called, and what is said of some declared types of what it locks."""

    construct: str
    notes: Mapping[str, str] = _NOTHING


class Fragments(NamedTuple):
    """How a piece of code that is cut out of a file reads.

    ``members`` and ``statements`` are the lines before and after that make a file of members of a type and of statements of
    a function; ``imports`` is a regular expression for a line at the head of a file that only gives names, ``signatures`` one for a
    line that declares a type of functions as ``name``.
    """

    members: Sequence[str] = (" ", " ")
    statements: Sequence[str] = (" ", " ")
    imports: str = NOTHING
    signatures: str = NOTHING


class Conditional(NamedTuple):
    """How conditional compilation reads: ``lines`` is a regular expression for its lines, with the groups ``opens`` and ``closes`` for
    the first and the last of a set of branches; ``other`` is one for what begins another branch of a set.
    """

    lines: str = NOTHING
    other: str = NOTHING


class Shape(NamedTuple):
    """What is known of a language's code.

    ``functions``, ``types``, ``members`` and ``exits`` have the field's word for a node type. ``bodies`` are node types of what
    functions run, ``leaves`` those that no pattern matches inside. ``markers`` are how lines begin that only mark the lines
    around them. ``named`` has, by kind of function, what one is called where that is not its name alone, in which
    ``{name}``, ``{holder}``, ``{operator}`` and ``{type}`` stand for its parts; ``nameless`` is the name of what has none.
    ``block`` begins what is a part of the type around it, for values of another type. ``misread`` are keywords of types that the
    grammar may take for a function's ``name``, or for the ``type`` that one returns. ``caught`` are the types that a catch
    of everything names. ``awaiting_calls`` give what they are called on to who awaits it; the first says nothing of what it is.
    ``naming_calls`` only name their argument.
    """

    bodies: Sequence[str]
    functions: Mapping[str, FunctionKind]
    types: Mapping[str, TypeKind]
    leaves: Sequence[str] = ()
    members: Mapping[str, MemberKind] = _NOTHING
    exits: Mapping[str, str] = _NOTHING
    markers: Sequence[str] = ()
    named: Mapping[str, str] = _NOTHING
    nameless: str = ""
    block: str = ""
    misread: Mapping[str, str] = _NOTHING
    caught: Sequence[str] = ()
    awaiting_calls: Sequence[str] = ()
    naming_calls: Sequence[str] = ()
    lock: Lock = Lock("lock")
    fragments: Fragments = Fragments()
    conditional: Conditional = Conditional()


_PARTS = {"lock": Lock, "fragments": Fragments, "conditional": Conditional}


def shape_of(told: Mapping[str, Any], where: str) -> Shape:
    """The shape that the data tells. Raises :class:`ValueError` for a key that there is not, or one that is missing."""
    for key in told:
        if key not in Shape._fields:
            raise ValueError(f"{where}: unknown key {key} in [shape]")
    for key in Shape._fields:
        if key not in told and key not in Shape._field_defaults:
            raise ValueError(f"{where}: [shape] has no {key}")
    parts = {key: made(**told[key]) for key, made in _PARTS.items() if key in told}
    return Shape(**{**told, **parts})
