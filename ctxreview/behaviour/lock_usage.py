"""State and the locks it is used under, and what is around a place: what the rules about locks share.

Text is examined as bytes with comments and literals blanked, so that offsets stay those of the source.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.body import code_of, comments_in
from ctxreview.behaviour.same import Same
from ctxreview.kept import kept
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.languages.words import any_of
from ctxreview.model.declarations import Function, Member, Nesting
from ctxreview.model.facts import Fact
from ctxreview.model.notation import OPTIONAL_SELF, SELF, without_self
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Crossing, Region
from ctxreview.model.source import Span
from ctxreview.outline.symbols.names import whole
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex

DEFERRED = frozenset({"lambda", "local function"})
"""Functions of which the place does not tell when they run."""

_BLANK = bytes(byte if byte in b"\r\n" else 0x20 for byte in range(256))
_CODE = regex(rb"\S")


class Use(NamedTuple):
    """A read or write of state that the file declares.

    ``function`` is the innermost one around it, ``member`` the outermost; ``gates`` are the locks it happens under.
    """

    fact: Fact
    function: Function
    member: Function
    gates: frozenset[str]

    @property
    def deferred(self) -> bool:
        """Whether the function it is in runs when somebody calls it: which locks are held then is not told."""
        return self.function.kind in DEFERRED

    @property
    def state(self) -> tuple[str, str]:
        """The type around the use and the name: the same for all uses of one field, save in derived types."""
        return self.member.container, self.fact.name


def locks(outline: Outline) -> list[Region]:
    """The lock scopes that code takes, without those that are only assumed to be one or are written in SQL."""
    return [s for s in outline.regions if s.kind == "lock" and s.form != "sql" and s.certainty != "assumed"]


def is_collection(type_: str, outline: Outline) -> bool:
    """Whether a type of that simple name is a collection that changes in place and is not made for several threads."""
    return type_ in names_of(outline.language).of("collections")


def lock_key(scope: Region) -> str:
    """What a scope locks, in the same words wherever it is locked."""
    return without_self("".join(scope.resource.split()))


def locked_uses(outline: Outline, held: list[Region]) -> list[Use]:
    """The uses of state in functions, with the locks of ``held`` that each is under; what is locked is not one."""
    nesting = Nesting(outline.functions)
    types, own = Nesting(outline.types), declared(outline)
    # What is only locked is not a state; a collection that is locked is what the lock guards.
    gates = {
        (home, lock_key(s))
        for s in held
        for home in (types.name_around(s.opening),)
        if (home, lock_key(s)) not in own
        or not is_collection(simple_type_or_array(own[home, lock_key(s)].declares), outline)
    }
    by_owner: dict[Span, list[Region]] = {}
    reached: dict[tuple[Span, str], int] = {}
    for scope in sorted(held, key=lambda s: (s.span.start, -s.span.end)):
        key = scope.owner, lock_key(scope)
        if scope.span.end <= reached.get(key, -1):
            continue  # one that says the same is around it
        by_owner.setdefault(scope.owner, []).append(scope)
        if not scope.excluded:
            reached[key] = scope.span.end
    found = []
    near = {owner: Crossing(scopes) for owner, scopes in by_owner.items()}
    for fact in outline.facts:
        if not fact.is_state or (types.name_around(fact.span), fact.name) in gates:
            continue
        function, member = nesting.innermost(fact.span), nesting.outermost(fact.span)
        if function is not None and member is not None:
            around = near[function.span].around(fact.span) if function.span in near else ()
            under = (s for s in around if is_under(fact.span, s))
            found.append(Use(fact, function, member, frozenset(lock_key(s) for s in under)))
    return found


def is_under(span: Span, scope: Region) -> bool:
    """Whether ``span``, in the function that holds the scope, is in the part that runs under it."""
    return scope.span.contains(span) and not any(g.contains(span) for g in scope.excluded)


def declared(outline: Outline) -> dict[tuple[str, str], Member]:
    """The state that the file declares, by the name of its type and its own."""
    return _declared(Same(outline))


@kept(4)
def _declared(same: Same) -> dict[tuple[str, str], Member]:
    outline = same.outline
    types = Nesting(outline.types)
    return {(types.name_around(m.span), name): m for m in outline.members for name in m.names}


def modifiers(member: Member, outline: Outline) -> frozenset[str]:
    """The words before a declaration's type, and those of its attributes."""
    code = outline.source.data[member.span.start : member.span.end]
    head = re.split(rb"=|\{|;", code, maxsplit=1)[0].decode("utf-8", "replace")
    return frozenset(re.findall(r"\w+", head.replace(member.declares, " ", 1)))


def masked_source(outline: Outline) -> bytes:
    """The source with comments and literals blanked, and bodies that were not read, each byte at its place."""
    return _masked_source(Same(outline))


@kept(4)
def _masked_source(same: Same) -> bytes:
    blank = bytearray(code_of(same.outline).masked.replace(b"\0", b" "))
    for part in same.outline.unread:
        blank[part.start : part.end] = blank[part.start : part.end].translate(_BLANK)
    return bytes(blank)


def open_block_headers(code: bytes, start: int, at: int) -> list[bytes]:
    """What is before each brace that is open at ``at``, outer first, and last what is before ``at`` itself.

    ``start`` is where the function starts, ``code`` is :func:`masked_source`.
    """
    open_: list[bytes] = []
    begin, depth = start, 0
    for hit in re.finditer(rb"[{};()]", code[start:at]):
        place = start + hit.start()
        match hit[0]:
            case b"(":
                depth += 1
            case b")":
                depth -= 1
            case b"{":
                open_.append(code[begin:place].strip())
                begin, depth = place + 1, 0
            case b"}":
                if open_:
                    open_.pop()
                begin, depth = place + 1, 0
            case _ if depth <= 0:
                begin = place + 1
            case _:
                pass
    return [*open_, code[begin:at].strip()]


def end_of_arguments(code: bytes, at: int) -> int:
    """Where the parenthesis closes that is open at ``at``; ``code`` is :func:`masked_source`."""
    depth = 1
    for hit in _PARENTHESIS.finditer(code, at):
        depth += 1 if hit[0] == b"(" else -1
        if depth == 0:
            return hit.end()
    return len(code)


def looks_empty(header: bytes, name: str, outline: Outline) -> bool:
    """Whether what is before a block, or a statement, asks that a field has no value yet."""
    nothing = any_of(load(outline.language).words.nothing)
    asked = rf"(?<![\w.]){OPTIONAL_SELF}{re.escape(name)}\s*(?:==\s*|\w+\s+){nothing}\b".encode()
    return re.search(asked, header) is not None


_PARENTHESIS = regex(rb"[()]")
_OWN_CALL = regex(rf"(?<![\w.]){OPTIONAL_SELF}(\w+)\s*(?:<[\w<>, ]*>\s*)?\(".encode())
_OF_SELF = f"{SELF}.".encode()


def own_calls(outline: Outline, span: Span) -> Iterator[tuple[str, Span]]:
    """The calls in ``span`` that name no receiver but the object at hand."""
    code, words = masked_source(outline), load(outline.language).words
    declares = re.compile(rf"(?:[\w>\]?]|\b{any_of(words.creating)})$".encode())
    calls = re.compile(rf"(?:=>|\b{any_of(words.called_after)})$".encode())
    for hit in _OWN_CALL.finditer(code[span.start : span.end]):
        before = code[max(0, span.start + hit.start() - 40) : span.start + hit.start()].rstrip()
        if not declares.search(before) or calls.search(before):
            yield hit[1].decode("utf-8", "replace"), Span(span.start + hit.start(), span.start + hit.end())


def own_uses(name: str, code: bytes) -> Iterator[Span]:
    """Where a name stands as a whole, ``this.`` before it included, and not as another object's member; ``code`` is :func:`masked_source`."""
    for hit in whole(name.encode()).finditer(code):
        start = hit.start() - len(_OF_SELF) if code.endswith(_OF_SELF, 0, hit.start()) else hit.start()
        before = code[start - 1 : start]
        if not (before.isalnum() or before in (b"_", b".")):
            yield Span(start, hit.end())


def methods(outline: Outline) -> dict[tuple[str, str], list[Function]]:
    """The methods by the name of their type and their own."""
    found: dict[tuple[str, str], list[Function]] = {}
    for function in outline.functions:
        if function.kind == "method":
            found.setdefault((function.container, function.name), []).append(function)
    return found


def is_called_locked(function: Function, outline: Outline, held: list[Region]) -> bool:
    """Whether a private method of a type that is whole in the file is only called, and every time under a lock of ``held``.

    A call in a method of which the same is true counts too.
    """
    waiting, seen = [function], {function.span}
    code, every, words = masked_source(outline), methods(outline), load(outline.language).words
    while waiting:
        one = waiting.pop()
        type_ = outline.type_of(one.span)
        if one.kind != "method" or type_ is None or is_reached(one, outline):
            return False
        if words.parts.search(outline.source.data, *type_.opening) or len(every[one.container, one.name]) != 1:
            return False
        calls = [at for name, at in own_calls(outline, type_.span) if name == one.name and not one.opening.contains(at)]
        named = len(re.findall(rb"\b%s\b" % re.escape(one.name.encode()), code[type_.span.start : type_.span.end]))
        if not calls or named != len(calls) + 1:
            return False  # it is handed on by its name, or called on something else
        for at in calls:
            caller = outline.function_of(at)
            if caller is None:
                return False
            if any(s.owner == caller.span and s.opening.end <= at.start and is_under(at, s) for s in held):
                continue
            if caller.span not in seen:
                seen.add(caller.span)
                waiting.append(caller)
    return True


def is_reached(function: Function, outline: Outline) -> bool:
    """Whether others than the type of a function can call it, as far as its own head says."""
    head = outline.source.text(Span(function.span.start, function.opening.end)).partition(f" {function.name}")[0]
    return load(outline.language).words.outward.search(head) is not None


_UNDER = regex(r"(?i)Locked|NoLock|UnderLock|InsideLock|InLock|WithoutLock|Lockless|Unsafe|Unsynchron")
_SAID = regex(
    rb"(?i)\b(?:un)?lock(?:ed|s|ing)?\b|\bsynchroni[sz]ed\b|\bthread[- ]?safe\b|\bcallers?\b[^.]{0,40}\b(?:hold|own)s?\b"
)


def is_said_to_be_held(function: Function, outline: Outline) -> bool:
    """Whether a function's name, its comments or its assertions say something about locks: its callers may hold one."""
    if _UNDER.search(function.name) or is_said(function, outline, _SAID):
        return True
    code = outline.source.data[function.span.start : function.span.end]
    return names_of(outline.language).pattern("asserts_lock").search(code.decode("utf-8", "replace")) is not None


def is_said(function: Function, outline: Outline, what: re.Pattern[bytes]) -> bool:
    """Whether the comments in a function, beside or above it say something."""
    data = outline.source.data
    first, last = outline.source.lines_of(function.span)
    beside = Span(function.span.start, outline.source.line_span(first, last).end)
    said = [data[c.start : c.end] for c in comments_in(outline, beside) if c.start >= function.span.start]
    above = outline.source.starts[outline.source.line_of(function.span.start) - 1]
    near = bisect_right(outline.comments, above, key=lambda c: c.end)
    while near and _CODE.search(data, outline.comments[near - 1].end, above) is None:
        near -= 1
        said.append(data[slice(*outline.comments[near])])
        above = outline.source.starts[outline.source.line_of(outline.comments[near].start) - 1]
    return what.search(b"\n".join(said)) is not None
