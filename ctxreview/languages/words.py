"""The words of a language that code is read by as text: ``[words]`` of a ``language.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property


class Words:
    """A language's keywords by what they say, and names of its library that the forms of regions look for.

    What is not told is empty, and then nowhere found.
    """

    value_after: frozenset[bytes]
    """Words after which an expression may start; after any other word stands a declared name, a type or a label."""
    value_before: frozenset[bytes]
    """Words that may follow an expression; before any other word stands a type."""
    no_value_in: frozenset[bytes]
    """What does not evaluate the value in its parentheses, or for one that does not matter, as that of a locked object."""
    looping: frozenset[str]
    """Words that open a block that may run more than once."""
    each: str
    """The word for a loop over what a collection has."""
    uncalled: frozenset[str]
    """Words before a parenthesis that do not make a call."""
    type_of: str
    """What gives the type that it is handed by name."""
    passed: frozenset[bytes]
    """Words before an argument that is read and written."""
    given_back: frozenset[bytes]
    """Words before an argument that is written."""
    lent: frozenset[bytes]
    """Words before an argument of which the place is given and that is only read."""
    own: frozenset[str]
    """The words for the object at hand and for its base."""
    self: str
    """The word for the object at hand."""
    reached: frozenset[str]
    """Modifiers without which a member is its type's alone."""
    inherited: frozenset[str]
    """Of these, the ones of what the types above and below may use and nobody else."""
    contract: str
    """How the name of an interface begins, which calls nothing: a regular expression."""
    constants: frozenset[str]
    """Modifiers of what is not a state, since it never changes."""
    shared: frozenset[str]
    """Modifiers of state that all objects share."""
    volatile: frozenset[str]
    """Modifiers of state whose reads and writes are seen in their order."""
    kept: frozenset[str]
    """Modifiers of state that keeps the value that it is made with."""
    hidden: frozenset[str]
    """Modifiers of what is its type's alone."""
    overriding: frozenset[str]
    """Modifiers of what a base type may call."""
    fixed: frozenset[str]
    """Modifiers of what has its value where it is declared."""
    public: frozenset[str]
    """Modifiers of what everybody can call."""
    sealed: frozenset[str]
    """Modifiers of types that cannot be derived from."""
    partial: frozenset[str]
    """Modifiers of types that are declared in parts."""
    types: frozenset[str]
    """The keywords of types."""
    inferred: frozenset[str]
    """The word for a type that a variable has from its value."""
    untyped: frozenset[str]
    """What is in place of a type that is not told."""
    shared_import: frozenset[str]
    """The word of an import that holds in all files of a project."""
    bases: frozenset[str]
    """What is before the types that a type derives from."""
    bases_end: frozenset[str]
    """What is after them."""
    backing: str
    """The word for what a property keeps."""
    keeping: frozenset[str]
    """The accessors that may use it."""
    setting: frozenset[str]
    """The accessors by which others change it whenever they like."""
    awaiting: frozenset[str]
    """The word that waits for a task."""
    twin: str
    """What the name of a call ends with that gives a task, where it has a twin that does not."""
    marking: str
    """What the name of a type ends with that marks others, where a mark may leave it out."""
    thrown: str
    """What the names of types that are thrown end with."""
    isolation: str
    """The type that has the levels of isolation."""
    propagation: str
    """The type that says whether a transaction is joined, begun or left."""
    suppressed: frozenset[str]
    """Its members that suppress the transaction."""
    begun: frozenset[str]
    """Its members for a new one."""
    flow: str
    """What the type ends with that says whether a transaction follows an await."""
    options: str
    """The type that has a level of isolation among other things."""
    no_level: frozenset[str]
    """Types of what is given with a level of isolation, but is none; ``*`` stands for any letters."""
    first_count: str
    """The name of the argument for what a counted lock has at first."""
    modifiers: frozenset[str]
    """Words before what a function returns."""
    passing: frozenset[str]
    """Words before a parameter's type."""
    receiving: frozenset[str]
    """Of these, the one before what a function of another type may be called on."""
    collecting: frozenset[str]
    """Of these, the one before what takes all arguments that are left."""
    typeless: frozenset[str]
    """What a type parameter is required to be and is not a type."""
    numbers: frozenset[str]
    """Types of whole numbers."""
    reals: frozenset[str]
    """Types of other numbers."""
    booleans: frozenset[str]
    characters: frozenset[str]
    texts: frozenset[str]
    own_shape: frozenset[str]
    """Types that have no literals, and that nothing is converted to."""
    delegates: frozenset[str]
    """Types whose values are functions."""
    giving: frozenset[str]
    """Of these, the ones whose last type argument is what they give."""
    giving_nothing: frozenset[str]
    """Of these, the ones that give nothing."""
    tasks: frozenset[str]
    """What an asynchronous function gives, with a type argument where it gives a value."""
    asynchronous: frozenset[str]
    """The modifier of an asynchronous function."""
    creating: frozenset[str]
    """The word before the type of an object that is made."""
    nothing: frozenset[str]
    """The word for no object."""
    holding: frozenset[str]
    """The word for what is true."""
    failing: frozenset[str]
    """The word for what is false."""
    differing: frozenset[str]
    """What is between two values that are asked not to be equal."""
    testing: frozenset[str]
    """The word that asks what a value is."""
    negating: frozenset[str]
    """The word after it for what the value is not."""
    comparing: frozenset[str]
    """The word before what a value is compared with, one after another."""
    otherwise: frozenset[str]
    """The word for what is left then, or for the value that a type has at first."""
    enumerations: frozenset[str]
    """The keyword of a type with a fixed list of values."""
    walking: frozenset[str]
    """What is between the variable of a loop and the collection that it goes through."""
    trying: frozenset[str]
    """The word before code whose exceptions are handled."""
    catching: frozenset[str]
    """The word before what handles them."""
    returning: frozenset[str]
    """The word before what a function returns."""
    leaving: frozenset[str]
    """The words of statements that leave the code around them for good."""
    labelled: frozenset[str]
    """The words of statements that may name the label they go to."""
    called_after: frozenset[str]
    """Words after which a name and a parenthesis are a call, not a declaration."""

    def __init__(self, told: Mapping[str, str], where: str) -> None:
        """``told`` has words with spaces between them. Raises :class:`ValueError` for a key that there is not."""
        for key in told:
            if key not in Words.__annotations__:
                raise ValueError(f"{where}: unknown key {key} in [words]")
        for key, kind in Words.__annotations__.items():
            given = told.get(key, "")
            words = frozenset(given.split())
            as_bytes = kind == "frozenset[bytes]"
            setattr(self, key, given if kind == "str" else frozenset(map(str.encode, words)) if as_bytes else words)

    @cached_property
    def uncreated(self) -> str:
        """A regular expression: what is next is not the type of an object that is made."""
        return "".join(rf"(?<!{re.escape(word)} )" for word in sorted(self.creating))

    @cached_property
    def tested(self) -> str:
        """A regular expression for what asks what a value is, or is not."""
        is_ = any_of(self.testing)
        return rf"{is_}|{is_}\s+{any_of(self.negating)}"

    @cached_property
    def label(self) -> re.Pattern[bytes]:
        """A statement that names the label it goes to, which is the first group."""
        cases = any_of(self.comparing | self.otherwise)
        return re.compile(rf"{any_of(self.labelled)}\s+(?!{cases}\b)([@\w\x80-\xff]+)".encode("latin-1"))

    @cached_property
    def above(self) -> frozenset[str]:
        """The words for the base of the object at hand."""
        return self.own - {self.self}

    @cached_property
    def type_head(self) -> re.Pattern[bytes]:
        """The keyword of a type before its name."""
        return re.compile(rf"\b{any_of(self.types)}\s".encode())

    @cached_property
    def base_list(self) -> re.Pattern[bytes]:
        """:attr:`bases_marked`, in bytes."""
        return re.compile(any_of(self.bases).encode())

    @cached_property
    def no_type_before(self) -> re.Pattern[bytes]:
        """What ends before a name that is called, and declared nowhere: a keyword, or a variable and a dot."""
        return re.compile(rf"(?:\b{any_of(self.uncalled)}\s+|\b_?[a-z]\w*\.)\Z".encode())

    @cached_property
    def body_after(self) -> re.Pattern[bytes]:
        """What follows the parameters of a function that has a body."""
        required = rf"(?:{any_of(self.bases_end)}[^;{{}}]{{0,400}})?"
        return re.compile(rf"\s*{required}(?:\{{|=>)".encode())

    @cached_property
    def waited_for(self) -> str:
        """A regular expression for the word that waits for what is after it, where it is there."""
        return rf"(?:{any_of(self.awaiting)}\s+)?" if self.awaiting else ""

    @cached_property
    def outward(self) -> re.Pattern[str]:
        """A modifier of what others than its type can call."""
        return re.compile(rf"\b{any_of(self.reached | self.overriding)}\b")

    @cached_property
    def modified(self) -> re.Pattern[str]:
        """A modifier of state before a declaration that no local variable has."""
        return re.compile(rf"\s*{any_of(self.reached | self.hidden | self.shared | self.kept | self.volatile)}\b")

    @cached_property
    def by_reference(self) -> frozenset[str]:
        """Words before an argument that is written, whether or not it is read."""
        return frozenset(word.decode() for word in self.passed | self.given_back)

    @cached_property
    def referring(self) -> frozenset[str]:
        """Words before an argument of which the place is given."""
        return self.by_reference | frozenset(word.decode() for word in self.lent)

    @cached_property
    def plain(self) -> Mapping[str, str]:
        """What a literal shows of itself, or one of :attr:`own_shape`, by the type that is that: ``number`` of ``int``."""
        shapes = {
            "number": self.numbers,
            "real": self.reals,
            "bool": self.booleans,
            "char": self.characters,
            "string": self.texts,
        }
        found = {type_: shape for shape, types in shapes.items() for type_ in (shape, *types)}
        return {**found, **{type_: type_ for type_ in self.own_shape}}

    @cached_property
    def bases_marked(self) -> re.Pattern[str]:
        """What is before the types that a type derives from."""
        return re.compile(any_of(self.bases))

    @cached_property
    def bases_parted(self) -> re.Pattern[str]:
        """What is between two lists of them."""
        return re.compile(rf"\b{any_of(frozenset(filter(str.isalpha, self.bases)))}\b")

    @cached_property
    def bases_ended(self) -> re.Pattern[str]:
        """What is after them."""
        return re.compile(rf"\b{any_of(self.bases_end)}\b")

    def required_of(self, parameter: str, head: str) -> str:
        """What a head says after its bases that a type parameter has to be; ``""`` where it says nothing."""
        end = any_of(self.bases_end)
        pattern = rf"\b{end}\s+{re.escape(parameter)}\s*{any_of(self.bases)}(.*?)(?:\b{end}\b|=>|\Z)"
        found = re.search(pattern, head, re.DOTALL)
        return found[1] if found is not None else ""

    def untwinned(self, name: str) -> str:
        """The name of a call that may be waited for as that of its twin that blocks: ``Save`` of ``SaveAsync``."""
        return name.removesuffix(self.twin)

    def is_task(self, name: str) -> bool:
        """Whether a call of that name gives a task, as far as its name says."""
        return self.twin != "" and name.endswith(self.twin)

    @cached_property
    def handed(self) -> re.Pattern[bytes]:
        """An argument that is written, its name the first group."""
        return re.compile(
            rf"\b{any_of(self.by_reference)}\s++([A-Za-z_\x80-\xff][\w\x80-\xff]*+)\s*+[,)]".encode("latin-1")
        )

    @cached_property
    def written(self) -> re.Pattern[bytes]:
        """A name that is assigned, counted up or down, or passed to be written; the names of a deconstruction."""
        return re.compile(
            rb"(?<![.\w])(?:([A-Za-z_]\w*+)\s*+(?:\+\+|--|(?:[-+*/%&|^]|\?\?|<<|>>>?)?=(?![=>]))|(?:\+\+|--)\s*+([A-Za-z_]\w*+)"
            rb"|" + any_of(self.by_reference).encode() + rb"\s++([A-Za-z_]\w*+)\s*+[,)]|\(([\w\s,]++)\)\s*+=(?![=>]))"
        )

    @cached_property
    def initializer(self) -> re.Pattern[bytes]:
        """What a constructor gives to another one."""
        return re.compile(rf"\)\s*+:\s*+{any_of(self.own)}\s*+\(".encode())

    @cached_property
    def parts(self) -> re.Pattern[bytes]:
        """The word by which a type's head says that it is one of several parts."""
        return re.compile(rf"\b{any_of(self.partial)}\b".encode())

    @cached_property
    def derives(self) -> re.Pattern[bytes]:
        """The part of a type's head that names what it derives from, as the first group."""
        end = rf"(?={any_of(self.bases_end)}|\Z)" if self.bases_end else r"\Z"
        return re.compile(rf"{any_of(self.bases)}(.*?){end}".encode(), re.DOTALL)

    @cached_property
    def level(self) -> str:
        """A regular expression for a level of isolation, its name the first group."""
        return rf"{re.escape(self.isolation)}\.(\w+)" if self.isolation else NOTHING

    @cached_property
    def level_type(self) -> re.Pattern[str]:
        """What a declared type ends with that has a level of isolation."""
        return re.compile(rf"Level$|{re.escape(self.options)}$" if self.options else "Level$")

    @cached_property
    def level_owner(self) -> re.Pattern[str]:
        """How the name ends of what has levels of isolation for members: ``Levels.Strict``."""
        return re.compile(r"(?i)(?:isolation|levels?)$")

    @cached_property
    def level_name(self) -> re.Pattern[str]:
        """What is named as a level of isolation is."""
        options = rf"|{re.escape(self.options)}?$" if self.options else ""
        return re.compile(rf"(?i)isolation|level$|^iso$|^options?${options}")

    @cached_property
    def joining(self) -> re.Pattern[str]:
        """Whether a transaction is left or a new one begun, by the name in the first group."""
        named = any_of(self.suppressed | self.begun)
        return re.compile(rf"{re.escape(self.propagation)}\.({named})" if self.propagation else NOTHING)

    @cached_property
    def other(self) -> re.Pattern[str]:
        """What is given with a level of isolation, but is none."""
        listed = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in sorted(self.no_level))
        return re.compile(rf"(?:{listed})\b" if listed else NOTHING)


NOTHING = "(?!)"
"""The regular expression that matches nothing."""


def any_of(words: frozenset[str]) -> str:
    """A regular expression for one of the words; for nothing where there are none."""
    return (
        f"(?:{'|'.join(re.escape(word) for word in sorted(words, key=lambda w: (-len(w), w)))})" if words else NOTHING
    )
