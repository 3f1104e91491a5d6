"""What a declaration says before its body: parameters of a function, bases of a type. Read from its head's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ctxreview.model.facts import Argument
from ctxreview.outline.symbols.written_names import simple_type

_PASSED = frozenset({"this", "ref", "out", "in", "params", "scoped", "readonly"})
_MODIFIERS = frozenset(
    [
        "public",
        "private",
        "protected",
        "internal",
        "static",
        "abstract",
        "virtual",
        "override",
        "sealed",
        "async",
        "extern",
        "unsafe",
        "partial",
        "new",
        "readonly",
        "required",
        "file",
    ]
)
_ATTRIBUTE = re.compile(r"(?:\A|[<,(])\s*\[")
_LONGEST = 4096
"""Characters of a head in which type parameters are looked for: none has more, and made-up ones would take long."""
_NO_TYPES = {"class", "class?", "struct", "new()", "notnull", "unmanaged", "default", "allows ref struct"}
"""Constraints that name no type."""
_NUMBERS = {"int", "long", "short", "byte", "sbyte", "uint", "ulong", "ushort", "nint", "nuint"}
_REALS = {"float", "double", "decimal", "Half"}
_PLAIN = {"bool": "bool", "string": "string", "char": "char", "String": "string", "Guid": "Guid"}
"""Types that a literal or another plain type tells from the others."""


class Parameter(NamedTuple):
    """One parameter: its type as written, its name, how it is passed (``out``, ``params``, ...)."""

    type: str
    name: str
    passed: str = ""
    optional: bool = False


class Signature(NamedTuple):
    """The head of a function: its modifiers, parameters and explicit interface; ``returns`` is the type as written."""

    modifiers: frozenset[str]
    returns: str
    interface: str
    type_parameters: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    on: str = ""
    """The type that a static extension member is called on, besides its own."""

    @property
    def generic(self) -> int:
        """How many type parameters it has."""
        return len(self.type_parameters)

    @property
    def extends(self) -> str:
        """The type that an extension method extends, ``""`` for any other."""
        first = self.parameters[0] if self.parameters else None
        return first.type if first is not None and first.passed.startswith("this") else ""

    def without_receiver(self) -> Signature:
        """The signature as a call on a value sees it, where it is an extension method's."""
        return self._replace(parameters=self.parameters[1:])


@lru_cache(maxsize=4096)
def signature(head: str, name: str) -> Signature:
    """The signature in a function's head; without parameters where there is no parenthesis after ``name``."""
    text = _without_attributes(_without_comments(head))
    found = re.search(rf"(?<![\w@])@?{re.escape(name)}\s*(?:<[^()]*>)?\s*\(", text)
    before = text[: found.start()] if found is not None else text
    explicit = re.search(r"([\w<>, ]+)\.\s*$", before)
    words = before[: explicit.start()].split() if explicit is not None else before.split()
    modifiers = frozenset(w for w in words if w in _MODIFIERS)
    returns = " ".join(w for w in words if w not in _MODIFIERS)
    parameters: tuple[Parameter, ...] = ()
    named: tuple[str, ...] = ()
    if found is not None:
        listed = _inside(text, found.end() - 1)
        parameters = tuple(_parameter(p) for p in _split(listed) if p.strip())
        own = re.search(r"<(.*)>", found[0], re.DOTALL)
        named = tuple(p.split()[-1] for p in _split(own[1]) if p.strip()) if own is not None else ()
    return Signature(modifiers, returns, explicit[1].strip() if explicit is not None else "", named, parameters)


def extension(member: Signature, head: str) -> Signature:
    """The signature of a member as the ``extension`` block with that head makes it: the receiver is its first parameter."""
    block = signature(head, "extension")
    named = (*block.type_parameters, *member.type_parameters)
    receiver = block.parameters[0] if block.parameters else Parameter("", "")
    if "static" in member.modifiers or not receiver.type:
        return member._replace(type_parameters=named, on=receiver.type or receiver.name)
    first = receiver._replace(passed=f"this {receiver.passed}".rstrip())
    modifiers = member.modifiers | {"static"}
    return member._replace(modifiers=modifiers, type_parameters=named, parameters=(first, *member.parameters))


@lru_cache(maxsize=4096)
def bases(head: str, name: str) -> tuple[str, ...]:
    """The types after the colon of a type's head, as written, without arguments of a base constructor."""
    text = _without_attributes(_without_comments(head))
    found = re.search(rf"\b{re.escape(name)}\b", text)
    if found is None:
        return ()
    after = re.split(r"\bwhere\b", text[found.end() :])[0]
    at = next((i for i, c in _outside(after) if c == ":"), None)
    if at is None:
        return ()
    listed = (re.sub(r"\(.*", "", " ".join(b.split()), flags=re.DOTALL).strip() for b in _split(after[at + 1 :]))
    return tuple(b for b in listed if b)


def modifiers(head: str, name: str) -> frozenset[str]:
    """The words before a type's keyword and name."""
    text = _without_attributes(_without_comments(head))
    found = re.search(rf"\b{re.escape(name)}\b", text)
    return frozenset(text[: found.start()].split()) if found is not None else frozenset()


def constraints(head: str, scope: str, name: str) -> tuple[str, ...] | None:
    """The types that a type parameter's argument has to be, as written; ``None`` where ``scope`` has no such parameter."""
    text = _without_attributes(_without_comments(head[:_LONGEST]))
    if re.search(rf"\b{re.escape(scope)}\s*<[^()]*\b{re.escape(name)}\b[^()]*>", text) is None:
        return None
    found = re.search(rf"\bwhere\s+{re.escape(name)}\s*:(.*?)(?:\bwhere\b|=>|\Z)", text, re.DOTALL)
    listed = (part.strip() for part in _split(found[1])) if found is not None else ()
    return tuple(part for part in listed if part and part not in _NO_TYPES)


def given(call: str, at: int) -> tuple[tuple[str, str], ...]:
    """The arguments of a call's text after the character ``at``: the name that each is given by (``""``), and its own text."""
    opening = call.find("(", at)
    listed = _split(_inside(call, opening)) if opening >= 0 else ()
    parts = (re.match(r"\s*(?:(\w+)\s*:(?!:))?\s*(.*?)\s*\Z", part, re.DOTALL) for part in listed)
    return tuple((part[1] or "", part[2]) for part in parts if part is not None and part[2])


def arity(written: str) -> int:
    """How many type arguments a type as written has."""
    found = re.search(r"<(.*)>", written, re.DOTALL)
    return len(list(_split(found[1]))) if found is not None else 0


def accepts(declared: Signature, given: Sequence[Argument]) -> bool:
    """Whether a call with these arguments can be one of that signature, as far as the source tells."""
    return cost(declared, given) is not None


class Cost(NamedTuple):
    """How far a call is from a signature, as C# weighs it, the heaviest first: less is better."""

    converted: int
    """Arguments that are not of the parameter's own type."""
    generic: bool
    spread: bool
    """Whether arguments are collected for ``params``."""
    left_out: int
    """Parameters that have a default."""


def cost(declared: Signature, given: Sequence[Argument]) -> Cost | None:
    """How far a call is from the signature, ``None`` where it cannot be a call of it."""
    parameters = declared.parameters
    rest = parameters[-1] if parameters and "params" in parameters[-1].passed else None
    names = {p.name: i for i, p in enumerate(parameters)}
    taken: set[int] = set()
    spread = False
    converted = 0
    for at, argument in enumerate(given):
        if argument.name:
            if argument.name not in names:
                return None
            place = names[argument.name]
        elif rest is not None and at >= len(parameters) - 1:
            place, spread = len(parameters) - 1, True
        elif at < len(parameters):
            place = at
        else:
            return None
        if not _fits(parameters[place], argument, params=spread):
            return None
        taken.add(place)
        converted += _is_converted(declared, parameters[place], argument, params=spread)
    missing = [p for i, p in enumerate(parameters) if i not in taken and not (p.optional or p is rest)]
    return None if missing else Cost(converted, declared.generic > 0, spread, len(parameters) - len(taken))


def is_inferred(declared: Signature) -> bool:
    """Whether its type arguments follow from its arguments, so that a call need not say them."""
    types = " ".join(p.type for p in declared.parameters)
    return all(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", types) for name in declared.type_parameters)


def _is_converted(declared: Signature, parameter: Parameter, argument: Argument, *, params: bool) -> bool:
    """Whether an argument is known to be of another type than the parameter."""
    type_ = parameter.type.rstrip("?")
    type_ = simple_type(re.sub(r"\[\]$", "", type_) if params else type_)
    shape = argument.shape
    if shape in ("", "null") or shape.startswith("lambda") or type_ in declared.type_parameters:
        return False
    given = shape.removeprefix("type:")
    return type_ != given and (not _plain(type_) or _plain(type_) != (_plain(given) or given))


def _fits(parameter: Parameter, argument: Argument, *, params: bool) -> bool:
    """Whether an argument may be given for a parameter; what the source does not tell may."""
    by = {w for w in parameter.passed.split() if w in ("ref", "out")}
    if by != {w for w in (argument.passed,) if w in ("ref", "out")}:
        return False
    type_ = parameter.type.rstrip("?")
    plain = _plain(simple_type(re.sub(r"\[\]$", "", type_) if params else type_))
    shape = argument.shape
    if not shape or by:
        return True
    if shape == "null":
        return parameter.type.endswith("?") or plain in ("", "string")
    if shape.startswith("lambda"):
        return not plain and not type_.endswith("]")
    given = _plain(shape.removeprefix("type:"))
    if shape.startswith("type:") and not given:
        return not plain  # an object for a number or text; of two other types nothing is known
    if given == "number":
        return plain in ("number", "real", "") and not _is_delegate(type_)
    if given == "real":
        return plain in ("real", "") and not _is_delegate(type_)
    return plain in (given, "") and not _is_delegate(type_)


def _plain(type_: str) -> str:
    if type_ in _NUMBERS or type_ == "number":
        return "number"
    return "real" if type_ in _REALS or type_ == "real" else _PLAIN.get(type_, "")


def _is_delegate(type_: str) -> bool:
    return simple_type(type_) in ("Action", "Func", "Predicate", "Comparison", "EventHandler")


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL) if "/" in text else text


def _without_attributes(text: str) -> str:
    """Without the ``[...]`` in front of it, of parameters and of type parameters; an array's follow a name and stay."""
    at = 0
    while (found := _ATTRIBUTE.search(text, at)) is not None:
        opening = found.end() - 1
        text = text[:opening] + text[opening + len(_inside(text, opening)) + 2 :]
        at = found.start()
    return text


def _parameter(text: str) -> Parameter:
    default = next((i for i, c in _outside(text) if c == "="), None)
    words = text[:default].split()
    passed = [w for w in words if w in _PASSED]
    rest = [w for w in words if w not in _PASSED]
    return Parameter(" ".join(rest[:-1]), rest[-1].lstrip("@") if rest else "", " ".join(passed), default is not None)


def _inside(text: str, opening: int) -> str:
    """What stands between the bracket at ``opening`` and its other half; all of the rest where it has none."""
    depth = 0
    for at, char in _code(text, opening):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0:
                return text[opening + 1 : at]
    return text[opening + 1 :]


def _split(text: str) -> Iterator[str]:
    """The parts between commas that stand in no bracket."""
    start = 0
    for at, char in _outside(text):
        if char == ",":
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _outside(text: str) -> Iterator[tuple[int, str]]:
    """The characters that stand in no bracket, with their places."""
    depth = 0
    for at, char in _code(text, 0):
        if char in "([{<":
            depth += 1
        elif char in ")]}" or (char == ">" and text[at - 1 : at] != "="):
            depth -= 1
        elif depth == 0:
            yield at, char


def _code(text: str, start: int) -> Iterator[tuple[int, str]]:
    """The characters outside texts in quotes."""
    quoted = ""
    at = start
    while at < len(text):
        char = text[at]
        if quoted:
            if char == "\\":
                at += 1
            elif char == quoted:
                quoted = ""
        elif char in "\"'":
            quoted = char
        else:
            yield at, char
        at += 1
