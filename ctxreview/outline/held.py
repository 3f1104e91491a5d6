"""What is held by a block, a declaration or a variable: ``lock``, ``using``, and transactions begun by a call.

Forms A, B and C: a statement's block; from a declaration to the end of its statement list; opened by one statement
and ended by another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Construct
from ctxreview.model import Scope, Span
from ctxreview.outline import nodes
from ctxreview.outline.page import Page

if TYPE_CHECKING:
    from tree_sitter import Node

ENDS = frozenset({"Dispose", "DisposeAsync"})
FUNCTIONS = frozenset({"lambda_expression", "anonymous_method_expression", "local_function_statement"})
# What may stand between an opening call and what gets its value.
WRAPS = frozenset(
    {"await_expression", "parenthesized_expression", "cast_expression", "as_expression", "postfix_unary_expression"}
)


class Opened(NamedTuple):
    """A recognised opening: by what, the node that does, the variable that holds it, and how it is known."""

    construct: Construct
    node: Node
    variable: str
    assumed: bool = False


def locks(page: Page) -> Iterator[Scope]:
    """``lock`` statements."""
    for node in page.captures.get("scope.lock", []):
        # `this` is an anonymous node, so the locked expression is what stands between the parentheses.
        inside = [c for c in node.children if c.type != "comment"]
        opened = next((i for i, c in enumerate(inside) if c.type == "("), None)
        held = node.named_children[-1] if node.named_children else None
        if opened is None or held is None or opened + 1 >= len(inside):
            continue
        resource = nodes.text(inside[opened + 1])
        yield Scope(
            kind="lock",
            span=nodes.span(node),
            name="lock",
            construct="lock",
            form="block",
            head=Span(node.start_byte, held.start_byte),
            tail=Span(node.end_byte - 1, node.end_byte),
            resource=resource,
            mode="exclusive",
            note="It locks a System.Threading.Lock." if declared_type(page, resource) == "Lock" else "",
        )


def declared_type(page: Page, resource: str) -> str:
    """The type that the file declares for a field, without namespace and arguments; ``""`` where it does not."""
    name = re.sub(r"^this\.", "", resource)
    found = next((m.declares for m in page.members if name in m.names), "")
    return re.sub(r"<.*", "", found).rpartition(".")[2].rstrip("?")


def subjects(page: Page) -> Iterator[Scope]:
    """``using`` statements and declarations whose subject opens something."""
    for node in page.captures.get("scope.subject", []):
        held = node.child_by_field_name("body")
        if held is None:
            continue
        head = Span(node.start_byte, held.start_byte)
        for opened in _opened(node, held, page):
            yield scope(opened, nodes.span(node), head, "block", page)
    for node in page.captures.get("scope.subject.rest", []):
        block = nodes.statement_list_end(node)
        if block is None:
            continue
        for opened in _opened(node, None, page):
            yield scope(opened, Span(node.start_byte, block.end_byte), nodes.span(node), "declaration", page)


def _opened(node: Node, held: Node | None, page: Page) -> Iterator[Opened]:
    """What the subject of a ``using`` opens: nothing, or one thing for each declared variable."""
    declaration = next((c for c in node.named_children if c.type == "variable_declaration"), None)
    if declaration is None:
        for subject in [c for c in node.named_children if c != held and c.type != "comment"]:
            found = next(_openers(subject, page), None) or _assumed(subject, "", page)
            if found is not None:
                yield found
        return
    declared = nodes.simple_name(declaration.child_by_field_name("type"))
    for declarator in declaration.named_children:
        if declarator.type != "variable_declarator":
            continue
        name = nodes.text(declarator.child_by_field_name("name"))
        value = declarator.named_children[-1]
        found = next(_openers(value, page), None)
        if found is None and (known := page.language.table("creates").get(declared)):
            found = Opened(known[0], value, name)
        found = found or _assumed(value, declared, page)
        if found is not None:
            yield found._replace(variable=name)


def _openers(node: Node, page: Page) -> Iterator[Opened]:
    """The calls and creations on the spine of an expression that open a known construct."""
    waiting = [node]
    while waiting:
        node = waiting.pop(0)
        match node.type:
            case "invocation_expression":
                on = nodes.receiver(node)
                for construct in page.constructs("opens", nodes.call_name(node), on):
                    yield Opened(construct, node, "")
                waiting += [on] if on is not None else []
            case "object_creation_expression":
                created = nodes.simple_name(node.child_by_field_name("type"))
                for construct in page.language.table("creates").get(created, ()):
                    yield Opened(construct, node, "")
                waiting += nodes.arguments(node)
            case kind if kind in FUNCTIONS:
                continue
            case "member_access_expression":
                on = node.child_by_field_name("expression")
                waiting += [on] if on is not None else []
            case _:
                waiting += node.named_children


def _assumed(node: Node, declared: str, page: Page) -> Opened | None:
    """A disposable whose name looks like a lock or transaction, by its call, its type or its declared type."""
    while node.type in WRAPS or (node.type == "invocation_expression" and nodes.call_name(node) == "ConfigureAwait"):
        inner = nodes.receiver(node) if node.type == "invocation_expression" else nodes.last_child(node)
        if inner is None:
            return None
        node = inner
    match node.type:
        case "invocation_expression":
            names = [nodes.call_name(node)]
        case "object_creation_expression":
            names = [nodes.simple_name(node.child_by_field_name("type"))]
        case _:
            names = []
    for name in [*names, declared]:
        for kind, pattern in page.language.looks_like:
            if re.search(pattern, name):
                return Opened(Construct(name, kind), node, "", assumed=True)
    return None


def scope(opened: Opened, span: Span, head: Span, form: str, page: Page) -> Scope:
    """The scope of something opened, with what its arguments say."""
    construct = opened.construct
    return Scope(
        kind=construct.kind,
        span=span,
        name=construct.construct,
        construct=_shown(opened),
        form=form,
        head=head,
        tail=Span(span.end - 1, span.end),
        resource=opened.variable if construct.kind == "transaction" else _locked(opened.node),
        mode=_mode(opened),
        isolation=_isolation(opened),
        async_flow=construct.async_flow in nodes.text(opened.node) if construct.async_flow else None,
        certainty="assumed" if opened.assumed else "syntactic",
        note="Its name looks like one; what it does was not read." if opened.assumed else construct.note,
    )


def _shown(opened: Opened) -> str:
    """The construct as people know it: the call that opened it, or the catalogue's name."""
    called = nodes.call_name(opened.node)
    if opened.construct.kind == "transaction" and called in opened.construct.opens:
        return called
    return opened.construct.construct


def _locked(node: Node) -> str:
    """What a lock call locks: its receiver, with the key where one is given."""
    on = nodes.text(nodes.receiver(node))
    given = [nodes.text(a) for a in nodes.arguments(node) if "ancel" not in nodes.text(a)]
    return f"{on}[{', '.join(given)}]" if given and on else on or ", ".join(given)


def _mode(opened: Opened) -> str:
    option = re.search(r"TransactionScopeOption\.(Suppress|RequiresNew)", nodes.text(opened.node))
    if option:
        return "suppressed" if option.group(1) == "Suppress" else "requires new"
    return opened.construct.mode if opened.construct.kind == "lock" else ""


def _isolation(opened: Opened) -> str | None:
    """The isolation level the source names, else where it comes from, else the documented default."""
    construct = opened.construct
    if construct.kind != "transaction":
        return None
    written = nodes.text(opened.node)
    named = re.search(r"IsolationLevel\.(\w+)", written)
    if named:
        return named.group(1)
    for argument in nodes.arguments(opened.node):
        given = nodes.text(argument)
        if not re.fullmatch(r"[\w.]+(\(.*\))?", given) or re.match(r"(TransactionScope\w*Option|TimeSpan)\b", given):
            continue
        if argument.type in ("identifier", "member_access_expression", "invocation_expression") and not re.search(
            r"(?i)cancel|token|^ct$", given
        ):
            return _named_elsewhere(opened.node, given) or f"given by {given}"
    return construct.isolation


def _named_elsewhere(node: Node, name: str) -> str | None:
    """The level in the initializer of a local variable of that name."""
    function = next((p for p in nodes.ancestors(node) if p.type.endswith("_declaration") and nodes.body(p)), None)
    if function is None or function.text is None or not name.isidentifier():
        return None
    before = function.text[: node.start_byte - function.start_byte].decode("utf-8", "replace")
    found = re.search(rf"\b{name}\b(?:\.IsolationLevel)?\s*=[^;]*?IsolationLevel\.(\w+)", before)
    return found.group(1) if found else None


class _Start(NamedTuple):
    """An opening whose value goes to a variable or field, or to nobody (``target`` ``""``)."""

    opened: Opened
    statement: Node
    target: str
    owner: Span


def variables(page: Page) -> Iterator[Scope]:
    """Openings outside every ``using`` header: ended by another statement, by another member, or not at all."""
    starts = [s for s in _starts(page) if s is not None]
    for start in starts:
        yield from _from(start, page)
    fields = {s.target: s for s in starts if declared_type(page, s.target) or s.target.startswith("this.")}
    for target, start in fields.items():
        yield from _ended_elsewhere(target, start, page)


def _starts(page: Page) -> Iterator[_Start | None]:
    named = page.language.named("opens")
    for node, name in page.calls:
        constructs = page.constructs("opens", name, nodes.receiver(node)) if name in named else ()
        if constructs and not any(a.type in FUNCTIONS for a in nodes.arguments(node)):
            yield _start(Opened(constructs[0], node, ""), page)
    for node in page.captures.get("new", []):
        constructs = page.language.table("creates").get(nodes.simple_name(node.child_by_field_name("type")), ())
        if constructs:
            yield _start(Opened(constructs[0], node, ""), page)


def _start(opened: Opened, page: Page) -> _Start | None:
    """Where the value of an opening goes; ``None`` where that is no variable, field or statement of its own."""
    node: Node | None = opened.node.parent
    while node is not None and (
        node.type in WRAPS
        or node.type == "member_access_expression"
        or (node.type == "invocation_expression" and nodes.call_name(node) in ("ConfigureAwait", "AsTask", "GetResult"))
    ):
        node = node.parent
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


def _from(start: _Start, page: Page) -> Iterator[Scope]:
    """The scope from an opening to what ends it in the same function, or to the function's end."""
    opened, statement, target, owner = start
    name = target or nodes.text(nodes.receiver(opened.node))
    end, how = _end(name, start, page)
    head = nodes.span(statement)
    if end is None and (opened.construct.kind == "lock" or not owner.size):
        return  # only the name says that a lock was taken, and nothing here gives it back
    closing = end if end is not None else Span(owner.end - 1, owner.end)
    made = scope(opened._replace(variable=name), Span(head.start, closing.end), head, "acquire-release", page)
    yield made._replace(tail=closing, owner=owner, note=f"{how} {made.note}".strip())


def _end(name: str, start: _Start, page: Page) -> tuple[Span | None, str]:
    """What ends ``name`` after the opening: a ``using``, its disposal, or its last commit or rollback."""
    after = start.statement.end_byte
    for node in page.captures.get("scope.subject", []):
        held = node.child_by_field_name("body")
        if node.start_byte >= after and held is not None and page.owner_span(node) == start.owner:
            subject = [nodes.text(c) for c in node.named_children if c != held and c.type != "comment"]
            if subject and re.fullmatch(rf"{re.escape(name)}(\.ConfigureAwait\(.*\))?", subject[0]):
                return Span(node.end_byte - 1, node.end_byte), "It was opened before its using."
    ended: dict[bool, Span] = {}
    completes = {*start.opened.construct.completes, *start.opened.construct.releases}
    for call, called in page.calls:
        disposes = called in ENDS
        if call.start_byte < after or not (disposes or called in completes) or page.owner_span(call) != start.owner:
            continue
        if nodes.text(nodes.receiver(call)) == name:
            ended[disposes] = nodes.span(call)
    if ended:
        return ended.get(True, ended.get(False)), ""
    others = sorted({o.name for o, _ in _enders(name, start, page) if o.span != start.owner})
    return None, f"It is ended in {', '.join(others)}." if others else "Nothing in this function ends it."


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
