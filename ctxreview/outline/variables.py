"""Form C: opened by one statement and ended by another, in the same member or in a different one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.model import Scope, Span
from ctxreview.outline import nodes
from ctxreview.outline.held import FUNCTIONS, WRAPS, Opened, declared_type, scope
from ctxreview.outline.page import Page

if TYPE_CHECKING:
    from tree_sitter import Node

ENDS = frozenset({"Dispose", "DisposeAsync"})


class _Start(NamedTuple):
    """An opening whose value goes to a variable or field, or to nobody (``target`` ``""``)."""

    opened: Opened
    statement: Node
    target: str
    owner: Span


def variables(page: Page) -> Iterator[Scope]:
    """Openings outside every ``using`` header: ended by another statement, by another member, or not at all."""
    starts = [s for s in _starts(page) if s is not None]
    again: dict[tuple[str, Span], int] = {}
    until: dict[int, int] = {}
    for start in reversed(starts):
        key = start.target, start.owner
        until[start.statement.start_byte] = again.get(key, start.owner.end)
        again[key] = start.statement.start_byte
    for start in starts:
        yield from _from(start, until[start.statement.start_byte], page)
    fields = {s.target: s for s in starts if declared_type(page, s.target) or s.target.startswith("this.")}
    for target, start in fields.items():
        yield from _ended_elsewhere(target, start, page)


def reach_out(page: Page) -> bool:
    """Whether what was read opens or ends something that a field keeps, so that the other members decide too."""
    ends = ENDS | page.language.completions
    kept = {name for m in page.members for name in m.names}
    for call, name in page.calls:
        if name in ends and nodes.text(nodes.receiver(call)).removeprefix("this.") in kept:
            return True
    return any(s is not None and s.target.removeprefix("this.") in kept for s in _starts(page))


def returned(page: Page) -> Iterator[Scope]:
    """Scopes that a function opens and returns at once: they are open in its caller."""
    for opened in _openings(page):
        node = _through(opened.node.parent)
        if node is not None and node.type in ("return_statement", "arrow_expression_clause"):
            yield scope(opened, nodes.span(opened.node), nodes.span(opened.node), "returned", page)


def _openings(page: Page) -> Iterator[Opened]:
    named = page.language.named("opens")
    for node, name in page.calls:
        constructs = page.constructs("opens", name, nodes.receiver(node)) if name in named else ()
        if constructs and not any(a.type in FUNCTIONS for a in nodes.arguments(node)):
            yield Opened(constructs[0], node, "")
    for node in page.captures.get("new", []):
        constructs = page.language.table("creates").get(nodes.simple_name(node.child_by_field_name("type")), ())
        if constructs:
            yield Opened(constructs[0], node, "")


def _through(node: Node | None) -> Node | None:
    """What gets the value of an opening call: awaits, casts and ``ConfigureAwait`` left behind."""
    while node is not None and (
        node.type in WRAPS
        or node.type == "member_access_expression"
        or (node.type == "invocation_expression" and nodes.call_name(node) in ("ConfigureAwait", "AsTask", "GetResult"))
    ):
        node = node.parent
    return node


def _starts(page: Page) -> Iterator[_Start | None]:
    return (_start(opened, page) for opened in _openings(page))


def _start(opened: Opened, page: Page) -> _Start | None:
    """Where the value of an opening goes; ``None`` where that is no variable, field or statement of its own."""
    node = _through(opened.node.parent)
    if node is None:
        return None
    target: str | None = None
    match node.type:
        case "variable_declarator":
            statement = next((p for p in nodes.ancestors(node) if p.type.endswith("_statement")), None)
            using = statement is None or any(c.type == "using" for c in statement.children)
            if statement is not None and statement.type == "local_declaration_statement" and not using:
                target, node = nodes.text(node.child_by_field_name("name")), statement
        case "assignment_expression":
            if node.parent is not None and node.parent.type == "expression_statement":
                target, node = nodes.text(node.child_by_field_name("left")), node.parent
        case "expression_statement":
            target = ""
        case _:
            pass
    return None if target is None else _Start(opened, node, target, page.owner_span(node))


def _from(start: _Start, until: int, page: Page) -> Iterator[Scope]:
    """The scope from an opening to what ends it in the same function, or to the function's end.

    At ``until`` the variable gets something else.
    """
    opened, statement, target, owner = start
    name = target or nodes.text(nodes.receiver(opened.node))
    end, how = _end(name, start, until, page)
    head = nodes.span(statement)
    if end is None and (opened.construct.kind == "lock" or not owner.size):
        return  # only the name says that a lock was taken, and nothing here gives it back
    closing = end if end is not None else _last(name, start)
    made = scope(opened._replace(variable=name), Span(head.start, closing.end), head, "acquire-release", page)
    yield made._replace(tail=closing, owner=owner, note=f"{how} {made.note}".strip(), is_left_open=end is None)


def _last(name: str, start: _Start) -> Span:
    """Where what nothing ends is over: with the block that declares it, or what it was begun on; or with the function."""
    root = re.split(r"\W", name, maxsplit=1)[0]
    for block in nodes.ancestors(start.statement) if root else ():
        if block.type == "block" and start.owner.holds(nodes.span(block)):
            around = block.parent if block.parent is not None and block.parent.type == "using_statement" else None
            declared = [c for c in block.named_children if c.type == "local_declaration_statement"]
            if any(_declares(c, root) for c in (*declared, *(around.named_children[:1] if around else ()))):
                return Span(block.end_byte - 1, block.end_byte)
    return Span(start.owner.end - 1, start.owner.end)


def _declares(node: Node, name: str) -> bool:
    within = next((c for c in (node, *node.named_children) if c.type == "variable_declaration"), None)
    parts = within.named_children if within is not None else []
    return any(c.type == "variable_declarator" and nodes.text(c.child_by_field_name("name")) == name for c in parts)


def _end(name: str, start: _Start, until: int, page: Page) -> tuple[Span | None, str]:
    """What ends ``name`` after the opening: a ``using``, its disposal, or its last commit or rollback.

    What stands after ``until`` only where nothing before it does: the other branch of an ``if`` may open it too.
    """
    reach = _reach(name, start, page)
    after = Span(start.statement.end_byte, max(reach.end, start.statement.end_byte))
    for node in page.captures.get("scope.subject", []):
        held = node.child_by_field_name("body")
        if after.holds(nodes.span(node)) and held is not None and page.owner_span(node) == start.owner:
            subject = [nodes.text(c) for c in node.named_children if c != held and c.type != "comment"]
            if subject and re.fullmatch(rf"{re.escape(name)}(\.ConfigureAwait\(.*\))?", subject[0]):
                return Span(node.end_byte - 1, node.end_byte), "It was opened before its using."
    ended: dict[bool, Span] = {}
    completes = {*start.opened.construct.completes, *start.opened.construct.releases}
    for call, called in page.calls:
        disposes = called in ENDS
        if not (disposes or called in completes) or not after.holds(nodes.span(call)):
            continue
        if ended and call.start_byte >= until:
            break
        if nodes.text(nodes.receiver(call)) == name and page.owner_span(call) == start.owner:
            ended[disposes] = nodes.span(call)
    if ended:
        return ended.get(True, ended.get(False)), ""
    others = sorted({o.name for o, _ in _enders(name, start, page) if o.span != start.owner and reach.holds(o.span)})
    return None, f"It is ended in {', '.join(others)}." if others else "Nothing in this function ends it."


def _reach(name: str, start: _Start, page: Page) -> Span:
    """Where code can name what is opened: all of the file for a field, the statement list or member for a local variable."""
    block = nodes.statement_list_end(start.statement) if start.statement.type == "local_declaration_statement" else None
    if block is not None:
        return nodes.span(block)
    member = page.functions.outermost(start.owner)
    kept = any(name.removeprefix("this.") in m.names for m in page.members)
    return Span(0, len(page.source.data)) if kept or member is None else member.span


def _enders(name: str, start: _Start, page: Page) -> Iterator[tuple[Scope, Node]]:
    """The calls anywhere in the file that commit, roll back or dispose what ``name`` holds, with their functions."""
    ends = ENDS | {*start.opened.construct.completes, *start.opened.construct.releases}
    for call, called in page.calls:
        if called in ends and nodes.text(nodes.receiver(call)).removeprefix("this.") == name.removeprefix("this."):
            owner = page.owner(call)
            if owner is not None:
                yield owner, call


def _ended_elsewhere(target: str, start: _Start, page: Page) -> Iterator[Scope]:
    """Members that end what another member opened and kept in a field: held from their beginning."""
    last: dict[Span, tuple[Scope, Node]] = {}
    for owner, call in _enders(target, start, page):
        if owner.span != start.owner:
            last[owner.span] = owner, call
    opener = next((f for f in page.functions.scopes if f.span == start.owner), None)
    for owner, call in last.values():
        made = scope(
            start.opened._replace(variable=target),
            Span(owner.head.end, call.end_byte),
            nodes.span(call),
            "acquire-release",
            page,
        )
        where = f"in {opener.name}" if opener is not None else "elsewhere"
        yield made._replace(
            head=Span(owner.head.end, owner.head.end + 1),
            tail=nodes.span(call),
            owner=owner.span,
            certainty="assumed",
            note=f"It is opened {where} and kept in {target}; whether it is open here was not proven.",
        )
