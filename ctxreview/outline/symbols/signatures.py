"""What a declaration says before its body: parameters of a function, bases of a type. Read from its head's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.kept import kept
from ctxreview.languages import Language, load
from ctxreview.languages.words import Words
from ctxreview.model.facts import Argument, Reference
from ctxreview.model.outline import Outline
from ctxreview.outline.symbols.written_names import simple_type
from ctxreview.regex import regex

_ATTRIBUTE = regex(r"(?:\A|[<,(])\s*\[")
_WORD = regex(r"\w")
_LISTING = regex(r"\s*(?:<[^()]*>)?\s*\(")
_LONGEST = 4096
"""Characters of a head in which type parameters are looked for: none has more, and made-up ones would take long."""


class Parameter(NamedTuple):
    """One parameter: its type as written, its name, and the words before its type that say how it is passed (``out``, ...).

    ``receives`` says that a call may be made on it, as if the function were its type's, ``collects`` that it takes what
    arguments are left.
    """

    type: str
    name: str
    passed: frozenset[str] = frozenset()
    optional: bool = False
    receives: bool = False
    collects: bool = False


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
        return first.type if first is not None and first.receives else ""

    def without_receiver(self) -> Signature:
        """The signature as a call on a value sees it, where it is an extension method's."""
        return self._replace(parameters=self.parameters[1:])


def signature(head: str, name: str, language: Language) -> Signature:
    """The signature in a function's head; without parameters where there is no parenthesis after ``name``."""
    return _signature(head, name, language)


@kept(4096)
def _signature(head: str, name: str, language: Language) -> Signature:
    text, words = _declaring(head, language), language.words
    found = _listing(text, name)
    before = text[: found.start() - len(name)].removesuffix("@") if found is not None else text
    explicit = re.search(r"([\w<>, ]+)\.\s*$", before)
    written = before[: explicit.start()].split() if explicit is not None else before.split()
    modifiers = frozenset(w for w in written if w in words.modifiers)
    returns = " ".join(w for w in written if w not in words.modifiers)
    parameters: tuple[Parameter, ...] = ()
    named: tuple[str, ...] = ()
    if found is not None:
        listed = _inside(text, found.end() - 1)
        parameters = tuple(_parameter(p, words) for p in _split(listed) if p.strip())
        own = re.search(r"<(.*)>", found[0], re.DOTALL)
        named = tuple(p.split()[-1] for p in _split(own[1]) if p.strip()) if own is not None else ()
    return Signature(modifiers, returns, explicit[1].strip() if explicit is not None else "", named, parameters)


def _listing(text: str, name: str) -> re.Match[str] | None:
    """What follows ``name`` up to the parenthesis of its parameters; a pattern for each name would take longer to make than to use."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not (at and _WORD.match(text[at - 1])) and (found := _LISTING.match(text, end)) is not None:
            return found
        at = text.find(name, at + 1)
    return None


def extension(member: Signature, head: str, language: Language) -> Signature:
    """The signature of a member as the block with that head makes it: the receiver is its first parameter."""
    around, words = signature(head, language.shape.block, language), language.words
    named = (*around.type_parameters, *member.type_parameters)
    receiver = around.parameters[0] if around.parameters else Parameter("", "")
    if words.shared & member.modifiers or not receiver.type:
        return member._replace(type_parameters=named, on=receiver.type or receiver.name)
    first = receiver._replace(receives=True)
    modifiers = member.modifiers | words.shared
    return member._replace(modifiers=modifiers, type_parameters=named, parameters=(first, *member.parameters))


def bases(head: str, name: str, language: Language) -> tuple[str, ...]:
    """The types that a type's head says that it derives from, as written, without arguments of a base constructor."""
    return _bases(head, name, language)


@kept(4096)
def _bases(head: str, name: str, language: Language) -> tuple[str, ...]:
    text, words = _declaring(head, language), language.words
    found = re.search(rf"\b{re.escape(name)}\b", text)
    if found is None:
        return ()
    after = words.bases_ended.split(text[found.end() :])[0]
    at = next((hit for hit in words.bases_marked.finditer(after) if _is_outside(after, hit.start())), None)
    parts = words.bases_parted.split(after[at.end() :]) if at is not None else []
    listed = (re.sub(r"\(.*", "", " ".join(b.split()), flags=re.DOTALL).strip() for p in parts for b in _split(p))
    return tuple(b for b in listed if b)


def modifiers(head: str, name: str, language: Language) -> frozenset[str]:
    """The words before a type's keyword and name."""
    text = _declaring(head, language)
    found = re.search(rf"\b{re.escape(name)}\b", text)
    return frozenset(text[: found.start()].split()) if found is not None else frozenset()


def constraints(head: str, scope: str, name: str, language: Language) -> tuple[str, ...] | None:
    """The types that a type parameter's argument has to be, as written; ``None`` where ``scope`` has no such parameter."""
    if name not in head or "<" not in head:  # most have no type parameters: no pattern is made for them
        return None
    text, words = _declaring(head[:_LONGEST], language), language.words
    if re.search(rf"\b{re.escape(scope)}\s*<[^()]*\b{re.escape(name)}\b[^()]*>", text) is None:
        return None
    listed = (part.strip() for part in _split(words.required_of(name, text)))
    return tuple(part for part in listed if part and not words.typeless.issuperset(part.split()))


def arguments_written(call: Reference, outline: Outline) -> tuple[tuple[str, str], ...]:
    """The arguments of a call: the name that each is given by (``""``), and its own text."""
    data = outline.source.data[call.span.start : call.span.end]
    code = load(outline.language).lex(data).masked.decode("latin-1")  # a character for each byte
    opening = code.find("(", call.name_span.end - call.span.start)
    spans = _parts(_inside(code, opening)) if opening >= 0 else ()
    listed = (data[opening + 1 + start : opening + 1 + end].decode("utf-8", "replace") for start, end in spans)
    return tuple(one for part in listed if (one := _argument(part))[1])


def arguments_in(given: str) -> tuple[tuple[str, str], ...]:
    """The arguments in what is between the parentheses of a call: the name that each is given by (``""``), and its own text."""
    return tuple(one for part in _split(given) if (one := _argument(part))[1])


def _argument(part: str) -> tuple[str, str]:
    name = re.match(r"\s*(\w+)\s*:(?!:)", part)
    return (name[1], part[name.end() :].strip()) if name is not None else ("", part.strip())


def arity(written: str) -> int:
    """How many type arguments a type as written has."""
    found = re.search(r"<(.*)>", written, re.DOTALL)
    return len(list(_split(found[1]))) if found is not None else 0


def accepts(declared: Signature, given: Sequence[Argument], words: Words) -> bool:
    """Whether a call with these arguments can be one of that signature, as far as the source tells."""
    return cost(declared, given, words) is not None


class Cost(NamedTuple):
    """How far a call is from a signature, the heaviest first: less is better."""

    converted: int
    """Arguments that are not of the parameter's own type."""
    generic: bool
    spread: bool
    """Whether a parameter collects the last arguments."""
    left_out: int
    """Parameters that have a default."""


def cost(declared: Signature, given: Sequence[Argument], words: Words) -> Cost | None:
    """How far a call is from the signature, ``None`` where it cannot be a call of it."""
    parameters = declared.parameters
    rest = parameters[-1] if parameters and parameters[-1].collects else None
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
        type_ = _expected(parameters[place], collected=spread)
        if not _fits(parameters[place], type_, argument, words):
            return None
        taken.add(place)
        converted += _is_converted(declared, type_, argument, words)
    missing = [p for i, p in enumerate(parameters) if i not in taken and not (p.optional or p is rest)]
    return None if missing else Cost(converted, declared.generic > 0, spread, len(parameters) - len(taken))


def is_inferred(declared: Signature) -> bool:
    """Whether its type arguments follow from its arguments, so that a call need not say them."""
    types = " ".join(p.type for p in declared.parameters)
    return all(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", types) for name in declared.type_parameters)


def _expected(parameter: Parameter, *, collected: bool) -> str:
    """The type that an argument for a parameter is of, as written: one element's of what collects several."""
    type_ = parameter.type.rstrip("?")
    return re.sub(r"\[\]$", "", type_) if collected else type_


def _is_converted(declared: Signature, type_: str, argument: Argument, words: Words) -> bool:
    """Whether an argument is known to be of another type than the parameter."""
    type_, shape = simple_type(type_), argument.shape
    if shape in ("", "null") or shape.startswith("lambda") or type_ in declared.type_parameters:
        return False
    given, plain = shape.removeprefix("type:"), words.plain
    return type_ != given and (type_ not in plain or plain[type_] != plain.get(given, given))


def _fits(parameter: Parameter, type_: str, argument: Argument, words: Words) -> bool:
    """Whether an argument may be given for a parameter; what the source does not tell may."""
    by = parameter.passed & words.by_reference
    if by != {argument.passed} & words.by_reference:
        return False
    plain = words.plain.get(simple_type(type_), "")
    shape = argument.shape
    if not shape or by:
        return True
    if shape == "null":
        return parameter.type.endswith("?") or plain in ("", "string")
    written = parameter.type.rstrip("?")
    if shape.startswith("lambda"):
        return not plain and not written.endswith("]") and _fits_delegate(written, argument.gives, words)
    given = words.plain.get(shape.removeprefix("type:"), "")
    if shape.startswith("type:") and not given:
        return not plain  # an object for a number or text; of two other types nothing is known
    takes = (given, "real", "") if given == "number" else (given, "")
    return plain in takes and simple_type(written) not in words.delegates


def _fits_delegate(written: str, gives: str, words: Words) -> bool:
    """Whether a lambda that gives this may be of that type: of one that the language does not know, any may."""
    name = simple_type(written)
    if not gives or name not in words.giving | words.giving_nothing:
        return True
    if name in words.giving_nothing:
        return gives in ("nothing", "task")
    listed = re.search(r"<(.*)>", written, re.DOTALL)
    given = list(_split(listed[1]))[-1].strip() if listed is not None else ""
    if gives in ("value", "nothing"):
        return gives == "value"
    of_value = "<" in given
    return simple_type(given) not in words.tasks or of_value == (gives == "task of value")


def _declaring(head: str, language: Language) -> str:
    """A head without comments, attributes and what literals hold."""
    return _without_attributes(language.lex(head.encode()).masked.decode("utf-8", "replace"))


def _without_attributes(text: str) -> str:
    """Without the ``[...]`` in front of it, of parameters and of type parameters; an array's follow a name and stay."""
    at = 0
    while (found := _ATTRIBUTE.search(text, at)) is not None:
        opening = found.end() - 1
        text = text[:opening] + text[opening + len(_inside(text, opening)) + 2 :]
        at = found.start()
    return text


def _parameter(text: str, words: Words) -> Parameter:
    default = next((i for i, c in _outside(text) if c == "="), None)
    written = text[:default].split()
    passed = [w for w in written if w in words.passing]
    rest = [w for w in written if w not in words.passing]
    return Parameter(
        " ".join(rest[:-1]),
        rest[-1].lstrip("@") if rest else "",
        frozenset(passed),
        default is not None,
        receives=bool(words.receiving.intersection(passed[:1])),
        collects=not words.collecting.isdisjoint(passed),
    )


def _inside(text: str, opening: int) -> str:
    """What is between the bracket at ``opening`` and its other half; all of the rest where it has none."""
    depth = 0
    for at, char in enumerate(text[opening:], opening):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0:
                return text[opening + 1 : at]
    return text[opening + 1 :]


def _split(text: str) -> Iterator[str]:
    """The parts between commas that are outside all brackets."""
    return (text[start:end] for start, end in _parts(text))


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Where these parts begin and end."""
    start = 0
    for at, char in _outside(text):
        if char == ",":
            yield start, at
            start = at + 1
    yield start, len(text)


def _outside(text: str) -> Iterator[tuple[int, str]]:
    """The characters that are outside all brackets, with their places."""
    depth = 0
    for at, char in enumerate(text):
        if char in "([{<":
            depth += 1
        elif char in ")]}" or (char == ">" and text[at - 1 : at] != "="):
            depth -= 1
        elif depth == 0:
            yield at, char


def _is_outside(text: str, at: int) -> bool:
    """Whether the character there is outside all brackets."""
    return any(i == at for i, _ in _outside(text))
