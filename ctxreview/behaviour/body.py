"""The code of one member as rules ask about it: its calls with receivers and arguments, its statements, its scopes."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from ctxreview.behaviour.same import Same
from ctxreview.kept import kept
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.languages.masked import Masked
from ctxreview.languages.words import any_of
from ctxreview.model.declarations import Function, Nesting
from ctxreview.model.facts import Fact
from ctxreview.model.notation import AWAIT, OPTIONAL_AWAIT, OPTIONAL_SELF, without_self
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Crossing, Region
from ctxreview.model.source import Span
from ctxreview.regex import regex

_CALL = regex(rb"(?<![\w@])([A-Za-z_]\w*)\s*(?:<[\w\s,.<>?\[\]]*>)?\s*\(")
_ROOT = regex(rf"\(*{OPTIONAL_AWAIT}({OPTIONAL_SELF}\w+(?:\.\w+(?:<[^()]*>)?\(\))*(?:\.\w+)?)")
_SEPARATORS = b";{}"


class CallText(NamedTuple):
    """A call or creation. ``on`` is its receiver and ``given`` its arguments as written, on one line.

    ``base`` is its name, or that of its twin which gives no task.

    ``span`` runs from the called name to the closing parenthesis, ``start`` is where its receiver begins.
    """

    name: str
    span: Span
    start: int
    on: str
    given: str
    base: str
    creates: bool = False

    @property
    def chain(self) -> Span:
        """The call with its receiver."""
        return Span(self.start, self.span.end)


@dataclass(frozen=True, eq=False)
class Body:
    """A function of the outline that is not inside another one, with the lambdas and local functions inside."""

    outline: Outline
    member: Function

    @property
    def key(self) -> tuple[str, str]:
        """The type's and the member's name."""
        return self.member.container, self.member.name

    @cached_property
    def code(self) -> Masked:
        """The member's bytes; offsets in it count from the member's start."""
        span, whole = self.member.span, code_of(self.outline)
        return Masked(whole.data[span.start : span.end], whole.masked[span.start : span.end])

    @cached_property
    def words(self) -> str:
        """The code without comments and layout: what two versions are compared by."""
        return squeezed(self.text(self.member.span))

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts of the member, in source order."""
        return within(self.outline, self.member.span)

    @cached_property
    def holds(self) -> tuple[Region, ...]:
        """The transactions and locks that are taken in the member."""
        return tuple(self.outline.opened_in(self.member.span))

    @cached_property
    def _held(self) -> Crossing[Region]:
        return Crossing(self.holds)

    @cached_property
    def calls(self) -> tuple[CallText, ...]:
        """All calls and creations in the member's body, in source order of their names."""
        masked, shift = self.code.masked, self.member.span.start
        words = load(self.outline.language).words
        made = re.compile(rf"\b{any_of(words.creating)}\s+(?:[\w.]+\.)?$".encode())
        found = []
        for hit in _CALL.finditer(masked, max(0, self.member.opening.end - shift)):
            name = hit[1].decode()
            close = self.code.partner.get(hit.end() - 1)
            if name in words.uncalled or close is None:
                continue
            start = _receiver_start(masked, self.code.partner, hit.start(), words.uncalled)
            creates = bool(made.search(masked, max(0, start - 200), hit.start()))
            on = self.text(Span(start + shift, hit.start() + shift)).rstrip(".?! \r\n\t")
            given = self.text(Span(hit.end() + shift, close + shift))
            span = Span(hit.start() + shift, close + 1 + shift)
            found.append(
                CallText(name, span, start + shift, squeezed(on), squeezed(given), words.untwinned(name), creates)
            )
        return tuple(found)

    def calls_in(self, span: Span) -> tuple[CallText, ...]:
        """The calls whose name and arguments are in ``span``."""
        first, last = (bisect_left(self.calls, at, key=_name_start) for at in span)
        return tuple(c for c in self.calls[first:last] if c.span.end <= span.end)

    def text(self, span: Span) -> str:
        """The text of ``span`` as it is, its comments blanked."""
        shift = self.member.span.start
        raw = bytearray(self.code.data[span.start - shift : span.end - shift])
        for comment in comments_in(self.outline, span):
            first, last = max(comment.start, span.start) - span.start, min(comment.end, span.end) - span.start
            raw[first:last] = b" " * (last - first)
        return raw.decode("utf-8", "replace")

    def plain(self, span: Span) -> str:
        """The text of ``span`` with comments blank and the text of literals zeroed: a pattern sees code only."""
        shift = self.member.span.start
        return self.code.masked[span.start - shift : span.end - shift].decode("utf-8", "replace")

    def before(self, at: int) -> str:
        """The code of the statement or initializer in which ``at`` stands, up to it, on one line."""
        masked, shift = self.code.masked, self.member.span.start
        start = max(masked.rfind(bytes([c]), 0, at - shift) for c in _SEPARATORS) + 1
        return squeezed(masked[start : at - shift].decode("utf-8", "replace"))

    def after(self, at: int) -> str:
        """The next 80 bytes of code from ``at`` on, on one line."""
        shift = self.member.span.start
        return squeezed(self.code.masked[at - shift : at - shift + 80].decode("utf-8", "replace"))

    def statement_end(self, at: int) -> int:
        """Where the statement, initializer or argument that goes on at ``at`` ends."""
        masked, shift = self.code.masked, self.member.span.start
        place = at - shift
        while place < len(masked) and masked[place] not in b";,)}]":
            place = self.code.partner.get(place, place) + 1
        return min(place, len(masked)) + shift

    def is_statement(self, start: int) -> bool:
        """Whether the expression that begins at ``start`` is a statement alone: nothing takes its value."""
        before = self.before(start)
        told = before.removesuffix(AWAIT).rstrip()
        return told in ("", "else", "_ =") or (told != before and told.endswith((")", "else")))

    def blocks(self, at: int) -> tuple[Span, ...]:
        """The pairs of braces around ``at``, innermost first; the member last."""
        pairs, around = self._braces
        found = []
        near = bisect_left(pairs, (at,)) - 1
        while near >= 0:
            if at < pairs[near].end:
                found.append(pairs[near])
            near = around[near]
        return (*found, self.member.span)

    @cached_property
    def _braces(self) -> tuple[list[Span], list[int]]:
        """The pairs of braces in source order, and for each the number of the one around it, ``-1`` for none."""
        shift, masked = self.member.span.start, self.code.masked
        partner = self.code.partner.items()
        pairs = sorted(Span(start + shift, end + 1 + shift) for start, end in partner if masked[start] == 0x7B)
        around: list[int] = []
        open_: list[int] = []
        for i, pair in enumerate(pairs):
            while open_ and pairs[open_[-1]].end <= pair.start:
                open_.pop()
            around.append(open_[-1] if open_ else -1)
            open_.append(i)
        return pairs, around

    def block(self, at: int) -> Span:
        """The innermost pair of braces around ``at``; the member where there is none."""
        return self.blocks(at)[0]

    def opener(self, block: Span) -> str:
        """The word that opens a block: ``if``, ``foreach``, ``try``, ``else``; ``""`` where none does."""
        masked, shift = self.code.masked, self.member.span.start
        at = len(masked[: block.start - shift].rstrip())
        if masked[at - 1 : at] == b")":
            at = self.code.partner.get(at - 1, at)
        word = re.search(rb"(\w+)\s*$", masked[max(0, at - 60) : at])
        return word[1].decode("utf-8", "replace") if word else ""

    def in_loop(self, at: int) -> bool:
        """Whether ``at`` is in the block of a loop, and not in a lambda inside it."""
        for block in self.blocks(at)[:-1]:
            word = self.opener(block)
            if word in load(self.outline.language).words.looping:
                return True
        return False

    def under(self, span: Span, kind: str = "") -> tuple[Region, ...]:
        """The transactions and locks (or those of ``kind``) under which ``span`` runs, innermost first."""
        held = [s for s in self._held.around(span) if kind in ("", s.kind) and self.outline.under(span, s)]
        return tuple(sorted(held, key=lambda s: s.span.size))


def squeezed(text: str) -> str:
    """The text on one line, without blanks around member access."""
    return re.sub(r"\s*(\??\.)\s*(?=[A-Za-z_])", r"\1", " ".join(text.split()))


def source_of(chain: str) -> str:
    """What a query is asked of: ``_db.Orders`` of ``_db.Orders.Where(…)``, ``_db.Set<Order>()`` of its query."""
    found = _ROOT.match(chain.replace("?.", "."))
    return without_self(found[1]) if found else ""


def root_of(chain: str) -> str:
    """The first name of an expression, without the current object: ``_db`` of ``this._db.Orders``."""
    found = re.match(rf"\(*{OPTIONAL_AWAIT}{OPTIONAL_SELF}(\w+)", chain)
    return found[1] if found else ""


def within(outline: Outline, span: Span) -> tuple[Fact, ...]:
    """The facts inside ``span``, in source order."""
    first = bisect_left(outline.facts, span.start, key=_start)
    last = bisect_left(outline.facts, span.end, key=_start)
    return tuple(f for f in outline.facts[first:last] if f.span.end <= span.end)


def own_facts(outline: Outline) -> Mapping[Span, list[Fact]]:
    """The facts of each function by its span, in source order, none of the functions in it."""
    return _own_facts(Same(outline))


@kept(4)
def _own_facts(same: Same) -> Mapping[Span, list[Fact]]:
    nesting = Nesting(same.outline.functions)
    found: dict[Span, list[Fact]] = {}
    for fact in same.outline.facts:
        function = nesting.innermost(fact.span)
        if function is not None:
            found.setdefault(function.span, []).append(fact)
    return found


def facts_named(outline: Outline, name: str) -> list[Fact]:
    """The facts about a name, in source order."""
    return _by_name(Same(outline)).get(name, [])


@kept(4)
def _by_name(same: Same) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in same.outline.facts:
        found.setdefault(fact.name, []).append(fact)
    return found


def starting(outline: Outline, at: int) -> tuple[Fact, ...]:
    """The facts that start at ``at``."""
    first = bisect_left(outline.facts, at, key=_start)
    return outline.facts[first : bisect_right(outline.facts, at, key=_start)]


def code_of(outline: Outline) -> Masked:
    """A file's bytes, and the same with comments and literals masked: what all that looks at its text looks at."""
    return _code(Same(outline))


@kept(4)
def _code(same: Same) -> Masked:
    return load(same.outline.language).lex(same.outline.source.data)


def is_over(outline: Outline, scope: Region, at: int) -> bool:
    """Whether the code between a transaction's head and ``at`` may have ended it, or belongs to another branch of conditional compilation."""
    if not scope.owner.contains(Span(scope.opening.end, at)):
        return bool(_ended(outline.language).search(outline.source.data, scope.opening.end, at))
    ends = _ends(Same(outline), scope.owner)
    first = bisect_left(ends, (scope.opening.end,))
    return first < len(ends) and ends[first].end <= at


@cache
def _ended(language: str) -> re.Pattern[bytes]:
    """What may end a transaction, or begins another branch."""
    return re.compile(f"{names_of(language).text('may_end')}|{load(language).shape.conditional.other}".encode())


@kept(16)
def _ends(same: Same, owner: Span) -> list[Span]:
    """The code of one function that may end a transaction."""
    return [Span(*hit.span()) for hit in _ended(same.outline.language).finditer(same.outline.source.data, *owner)]


def comments_in(outline: Outline, span: Span) -> tuple[Span, ...]:
    """The comments that overlap ``span``."""
    first = bisect_left(outline.comments, span.start, key=lambda c: c.end)
    last = bisect_left(outline.comments, span.end, key=lambda c: c.start)
    return outline.comments[first:last]


def _name_start(call: CallText) -> int:
    return call.span.start


def _start(fact: Fact) -> int:
    return fact.span.start


@kept(32)
def _bodies(same: Same) -> tuple[Body, ...]:
    found: list[Body] = []
    for function in same.outline.functions:
        if not found or function.span.start >= found[-1].member.span.end:
            found.append(Body(same.outline, function))
    return tuple(found)


def bodies(outline: Outline) -> tuple[Body, ...]:
    """The members of a file that run, in source order."""
    return _bodies(Same(outline))


def body_of(outline: Outline, span: Span) -> Body | None:
    """The member that holds ``span``."""
    every = bodies(outline)
    near = bisect_right(every, span.start, key=_body_start) - 1
    return every[near] if near >= 0 and every[near].member.span.contains(span) else None


def _body_start(body: Body) -> int:
    return body.member.span.start


def holding(outline: Outline, kind: str) -> list[tuple[Body, Region]]:
    """The scopes of ``kind`` with the members that take them."""
    found = []
    for scope in outline.regions:
        body = body_of(outline, scope.opening) if scope.kind == kind else None
        if body is not None:
            found.append((body, scope))
    return found


def _receiver_start(masked: bytes, partner: dict[int, int], name: int, words: frozenset[str]) -> int:
    """Where the chain of member accesses and calls begins that ends before ``name``."""
    start = at = name
    while True:
        at = _blank(masked, at)
        if masked[at - 1 : at] != b".":
            return start
        at = _blank(masked, at - 1)
        while masked[at - 1 : at] in (b"?", b"!"):
            at = _blank(masked, at - 1)
        while masked[at - 1 : at] in (b")", b"]"):
            opening = partner.get(at - 1)
            if opening is None:
                return start
            start = at = opening
            at = _blank(masked, at)
        if masked[at - 1 : at] == b">":
            depth = 0
            while at > 0:
                at -= 1
                depth += {0x3E: 1, 0x3C: -1}.get(masked[at], 0)
                if depth == 0:
                    break
            at = _blank(masked, at)
        word = re.search(rb"[\w@]+$", masked[max(0, at - 200) : at])
        if word is None or word[0].decode("utf-8", "replace") in words:
            return start
        start = at = at - len(word[0])


def _blank(masked: bytes, at: int) -> int:
    while masked[at - 1 : at].isspace():
        at -= 1
    return at
