"""Form C: opened by one statement and ended by another, in the same member or in a different one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Language, nodes, parents
from ctxreview.languages.syntax import Call, Syntax
from ctxreview.model.declarations import Function
from ctxreview.model.kinds import End
from ctxreview.model.notation import without_self
from ctxreview.model.phrases import listed
from ctxreview.model.regions import Region
from ctxreview.model.source import Span, Spans
from ctxreview.outline.file_view import FileView
from ctxreview.outline.scopes.block import Opened, declared_type, scope

if TYPE_CHECKING:
    from tree_sitter import Node


class _Start(NamedTuple):
    """An opening whose value goes to a variable or field, or to nobody (``target`` ``""``)."""

    opened: Opened
    statement: Node
    target: str
    owner: Span


def variables(page: FileView) -> Iterator[Region]:
    """Openings outside every ``using`` header: ended by another statement, by another member, or not at all."""
    starts = [s for s in _starts(page) if s is not None]
    again: dict[tuple[str, Span], int] = {}
    until: dict[int, int] = {}
    uses = _Uses(page)
    for start in reversed(starts):
        key = start.target, start.owner
        until[start.statement.start_byte] = again.get(key, start.owner.end)
        again[key] = start.statement.start_byte
    made = [(start, region) for start in starts for region in _from(start, until[start.statement.start_byte], uses)]
    alternatives = _alternatives(made, page)
    yield from (region._replace(alternatives=tuple(sorted(alternatives.get(region, ())))) for _, region in made)
    fields = {
        (s.target, page.home(without_self(s.target), nodes.span(s.statement))): s
        for s in starts
        if declared_type(page, s.target, nodes.span(s.statement)) or s.target != without_self(s.target)
    }
    for (target, _), start in fields.items():
        yield from _ended_elsewhere(target, start, uses)


def _alternatives(made: Sequence[tuple[_Start, Region]], page: FileView) -> Mapping[Region, set[Span]]:
    """For each region what opens the same variable in other branches and reaches beyond them, so that one of them at most is held."""
    opened: dict[tuple[str, Span], list[Region]] = {}
    for start, region in made:
        opened.setdefault((start.target, start.owner), []).append(region)
    found: dict[Region, set[Span]] = {}
    for start, region in made:
        branches = tuple(page.syntax.other_branches(start.statement, start.owner))
        within = Spans(branches)
        for other in opened[start.target, start.owner] if branches else ():
            if within.contains(other.opening) and other.span.overlaps(region.span):
                found.setdefault(region, set()).add(other.opening)
                found.setdefault(other, set()).add(region.opening)
    return found


def reach_out(page: FileView, unread: Sequence[Span]) -> bool:
    """Whether what was read opens what a field keeps and one of the ``unread`` bodies may end, or the other way round.

    Then these bodies decide, too. They are examined as text: the words that it takes may be in them for anything.
    """
    language, kept = page.language, page.declares
    decisive: dict[str, frozenset[str]] = {}
    for call, name in page.calls:
        field = (
            without_self(nodes.text(page.syntax.receiver(call)))
            if name in language.disposals | language.completions
            else ""
        )
        if field in kept:
            decisive[field] = decisive.get(field, frozenset()) | _begins(language, name)
    for start in _starts(page):
        field = without_self(start.target) if start is not None else ""
        if start is not None and field in kept:
            decisive[field] = decisive.get(field, frozenset()) | _ends(start, language)
    sought = [(field.encode(), [word.encode() for word in words]) for field, words in decisive.items()]
    return any(
        field in code and any(word in code for word in words)
        for body in (unread if sought else ())
        for code in (page.source.data[body.start : body.end],)
        for field, words in sought
    )


@cache
def _begins(language: Language, end: str) -> frozenset[str]:
    """The words that open what a call of that name ends; of one that ends everything, all of them."""
    ended = (c for c in language.constructs if end in language.disposals or end in c.completes or end in c.releases)
    return frozenset(word for c in ended for word in (*c.opens, *c.creates))


def returned(page: FileView) -> Iterator[Region]:
    """Scopes that a function opens and returns at once: they are open in its caller."""
    syntax = page.syntax
    for opened in _openings(page):
        node = _through(parents.parent(opened.node), page)
        while node is not None and node.type in syntax.branches:
            node = _through(parents.parent(node), page)
        if node is not None and (node.type in syntax.returns or node.type in syntax.expression_bodies):
            yield scope(opened, nodes.span(opened.node), nodes.span(opened.node), "returned", page)


def _openings(page: FileView) -> Iterator[Opened]:
    named = page.language.named("opens")
    for node, name in page.calls:
        constructs = page.opening(node) if name in named else ()
        if constructs and not any(a.type in page.syntax.deferred for a in page.syntax.arguments_of(node)):
            yield Opened(constructs[0], node, "")
    for node in page.captures.get("new", []):
        constructs = page.language.table("creates").get(page.syntax.created(node), ())
        if constructs:
            yield Opened(constructs[0], node, "")


def _through(node: Node | None, page: FileView) -> Node | None:
    """What gets the value of an opening call: awaits, casts and calls that only pass it on left behind."""
    syntax, passing = page.syntax, page.language.shape.awaiting_calls
    while node is not None and (
        node.type in syntax.opening_wraps
        or node.type in syntax.accesses
        or (node.type in syntax.calls and syntax.call_name(node) in passing)
    ):
        node = parents.parent(node)
    return node


def _starts(page: FileView) -> Iterator[_Start | None]:
    return (_start(opened, page) for opened in _openings(page))


def _start(opened: Opened, page: FileView) -> _Start | None:
    """Where the value of an opening goes; ``None`` where that is not a variable, field or statement of its own."""
    node, syntax = _through(parents.parent(opened.node), page), page.syntax
    if node is None:
        return None
    target: str | None = None
    if node.type in syntax.variables:
        statement = syntax.statement_of(node)
        using = statement is None or any(c.type in syntax.subject_words for c in statement.children)
        if statement is not None and statement.type in syntax.local_declarations and not using:
            target, node = nodes.text(syntax.name(node)), statement
    elif node.type in syntax.assignments:
        around = parents.parent(node)
        if around is not None and (
            around.type in syntax.expression_statements or around.type in syntax.expression_bodies
        ):
            target, node = nodes.text(syntax.left(node)), around
    elif node.type in syntax.expression_statements:
        target = ""
    return None if target is None else _Start(opened, node, target, page.owner_span(node))


def _from(start: _Start, until: int, uses: _Uses) -> Iterator[Region]:
    """The scope from an opening to what ends it in the same function, or to the function's end.

    At ``until`` the variable gets something else.
    """
    opened, statement, target, owner = start
    name = target or nodes.text(uses.page.syntax.receiver(opened.node))
    end, released, how = _end(name, start, until, uses)
    head = nodes.span(statement)
    if end is None and (opened.construct.kind == "lock" or not owner.size):
        return  # only the name says that a lock was taken, and nothing here gives it back
    closing = end if end is not None else _last(name, start, uses)
    made = scope(opened._replace(variable=name), Span(head.start, closing.end), head, "acquire-release", uses.page)
    branches = tuple(b for b in uses.page.syntax.other_branches(statement, owner) if made.span.overlaps(b))
    yield made._replace(
        excluded=(*made.excluded, *branches),
        closing=closing,
        owner=owner,
        note=f"{how} {made.note}".strip(),
        released=released,
    )


def _last(name: str, start: _Start, uses: _Uses) -> Span:
    """Where what nothing ends is over: with the block that declares it, or what it was begun on; or with the function."""
    root = re.split(r"\W", name, maxsplit=1)[0]
    for block in parents.ancestors(start.statement) if root else ():
        if (
            block.type in uses.page.syntax.blocks
            and start.owner.contains(nodes.span(block))
            and root in uses.declared_in(block)
        ):
            return Span(block.end_byte - 1, block.end_byte)
    return Span(start.owner.end - 1, start.owner.end)


def _declared(node: Node, syntax: Syntax) -> Iterator[str]:
    """The variables that a statement declares."""
    for part in syntax.variables_of(syntax.variable_group(node)):
        yield nodes.text(syntax.name(part))


class _Use(NamedTuple):
    """A ``using`` of what is open already, or a call that ends something."""

    span: Span
    called: str = ""


class _Uses:
    """The ends that one tree has, by what they end and the function they are in: each is looked for once."""

    def __init__(self, page: FileView) -> None:
        self.page = page
        self._declared: dict[int, frozenset[str]] = {}

    @cached_property
    def usings(self) -> Mapping[tuple[str, Span], list[_Use]]:
        """The ``using`` statements over a variable."""
        found: dict[tuple[str, Span], list[_Use]] = {}
        passing = "|".join(rf"\.{re.escape(name)}\(" for name in self.page.language.shape.awaiting_calls[:1])
        for node in self.page.captures.get("scope.subject", []):
            held = self.page.syntax.block(node)
            subject = next(
                (c for c in node.named_children if c != held and c.type not in self.page.syntax.comments), None
            )
            if held is None or subject is None or subject.type in self.page.syntax.variable_groups:
                continue
            text, owner = nodes.text(subject), self.page.owner_span(node)
            marks = re.finditer(passing, text) if passing and text.endswith(")") else ()
            for name in (text, *(text[: mark.start()] for mark in marks)):
                found.setdefault((name, owner), []).append(_Use(nodes.span(node)))
        return found

    @cached_property
    def calls(self) -> Mapping[tuple[str, Span], list[_Use]]:
        """The calls that commit, roll back or dispose something."""
        found: dict[tuple[str, Span], list[_Use]] = {}
        for call, called in self.page.calls:
            if called in self._ends:
                key = nodes.text(self.page.syntax.receiver(call)), self.page.owner_span(call)
                found.setdefault(key, []).append(_Use(nodes.span(call), called))
        return found

    @cached_property
    def everywhere(self) -> Mapping[str, list[Call]]:
        """The same calls of all functions together, by what they end without ``this``."""
        found: dict[str, list[Call]] = {}
        for call in self.page.calls:
            if call.name in self._ends:
                found.setdefault(without_self(nodes.text(self.page.syntax.receiver(call.node))), []).append(call)
        return found

    @property
    def _ends(self) -> frozenset[str]:
        return self.page.language.disposals | self.page.language.completions

    def declared_in(self, block: Node) -> frozenset[str]:
        """The variables that a block, or the header of the ``using`` around it, declares."""
        if block.id not in self._declared:
            around = parents.parent(block) if parents.kind(block) in self.page.syntax.subject_statements else None
            declared = [c for c in block.named_children if c.type in self.page.syntax.local_declarations]
            declared += around.named_children[:1] if around is not None else []
            self._declared[block.id] = frozenset(name for c in declared for name in _declared(c, self.page.syntax))
        return self._declared[block.id]


def _within(found: Sequence[_Use], span: Span) -> Iterator[_Use]:
    """Those of what is in source order that are in ``span``."""
    for i in range(bisect_left(found, span.start, key=lambda u: u.span.start), len(found)):
        if found[i].span.start > span.end:
            return
        if found[i].span.end <= span.end:
            yield found[i]


def _end(name: str, start: _Start, until: int, uses: _Uses) -> tuple[Span | None, End, str]:
    """What ends ``name`` after the opening, where that is, and how it is told: a ``using``, its disposal, or its last commit or rollback.

    What is after ``until`` only where nothing before it does: the other branch of an ``if`` may open it too.
    """
    reach = _reach(name, start, uses.page)
    after = Span(start.statement.end_byte, max(reach.end, start.statement.end_byte))
    for using in _within(uses.usings.get((name, start.owner), ()), after):
        return Span(using.span.end - 1, using.span.end), "here", "It was opened before its using."
    ended: dict[bool, Span] = {}
    ends = _ends(start, uses.page.language)
    for call in _within(uses.calls.get((name, start.owner), ()), after):
        if ended and call.span.start >= until:
            break
        if call.called in ends:
            ended[call.called in uses.page.language.disposals] = call.span
    if ended:
        return ended.get(True, ended.get(False)), "here", ""
    others = sorted({o.name for o, _ in _enders(name, start, uses) if o.span != start.owner and reach.contains(o.span)})
    if others:
        return None, "elsewhere", f"It is ended in {listed(others)}."
    return None, "never", "Nothing in this function ends it."


def _reach(name: str, start: _Start, page: FileView) -> Span:
    """Where code can name what is opened: all of the file for a field, the statement list or member for a local variable."""
    block = (
        page.syntax.statement_list_end(start.statement)
        if start.statement.type in page.syntax.local_declarations
        else None
    )
    if block is not None:
        return nodes.span(block)
    member = page.functions.outermost(start.owner)
    kept = without_self(name) in page.declares
    return Span(0, len(page.source.data)) if kept or member is None else member.span


def _ends(start: _Start, language: Language) -> frozenset[str]:
    """The calls that commit, roll back or dispose what is opened."""
    return language.disposals | {*start.opened.construct.completes, *start.opened.construct.releases}


def _enders(name: str, start: _Start, uses: _Uses) -> Iterator[tuple[Function, Node]]:
    """Such calls anywhere in the file on what ``name`` holds, with their functions."""
    ends, kept = _ends(start, uses.page.language), without_self(name)
    home = uses.page.home(kept, nodes.span(start.statement))
    for call, called in uses.everywhere.get(kept, ()):
        owner = uses.page.owner(call) if called in ends else None
        if owner is not None and uses.page.home(kept, nodes.span(call)) == home:
            yield owner, call


def _ended_elsewhere(target: str, start: _Start, uses: _Uses) -> Iterator[Region]:
    """Members that end what another member opened and kept in a field: held from their beginning."""
    last: dict[Span, tuple[Function, Node]] = {}
    for owner, call in _enders(target, start, uses):
        if owner.span != start.owner:
            last[owner.span] = owner, call
    opener = next((f for f in reversed(uses.page.functions.around(start.owner)) if f.span == start.owner), None)
    for owner, call in last.values():
        made = scope(
            start.opened._replace(variable=target),
            Span(owner.opening.end, call.end_byte),
            nodes.span(call),
            "acquire-release",
            uses.page,
        )
        where = f"in {opener.name}" if opener is not None else "elsewhere"
        yield made._replace(
            opening=Span(owner.opening.end, owner.opening.end + 1),
            closing=nodes.span(call),
            owner=owner.span,
            certainty="assumed",
            acquired="elsewhere",
            note=f"It is opened {where} and stored in {target}; it is not proven to be open here.",
        )
