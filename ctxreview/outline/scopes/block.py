"""Forms A and B: what a statement's block holds, and what a declaration holds to the end of its statement list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Construct, parents
from ctxreview.model.kinds import Form, Mode
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.outline import syntax as nodes
from ctxreview.outline.file_view import FileView

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS = frozenset({"lambda_expression", "anonymous_method_expression", "local_function_statement"})
# What may stand between an opening call and what gets its value.
WRAPS = frozenset(
    {"await_expression", "parenthesized_expression", "cast_expression", "as_expression", "postfix_unary_expression"}
)


ASSUMED = "Its name looks like one; what it does was not read."


class Opened(NamedTuple):
    """A recognised opening: by what, the node that does, the variable that holds it, and how it is known."""

    construct: Construct
    node: Node
    variable: str
    assumed: bool = False


def locks(page: FileView) -> Iterator[Region]:
    """``lock`` statements."""
    for node in page.captures.get("scope.lock", []):
        # `this` is an anonymous node, so the locked expression is what stands between the parentheses.
        inside = [c for c in node.children if c.type != "comment"]
        opened = next((i for i, c in enumerate(inside) if c.type == "("), None)
        held = node.named_children[-1] if node.named_children else None
        if opened is None or held is None or opened + 1 >= len(inside):
            continue
        resource = nodes.text(inside[opened + 1])
        yield Region(
            kind="lock",
            span=nodes.span(node),
            name="lock",
            construct="lock",
            form="block",
            opening=Span(node.start_byte, held.start_byte),
            closing=Span(node.end_byte - 1, node.end_byte),
            resource=resource,
            mode="exclusive",
            note="It locks a System.Threading.Lock."
            if declared_type(page, resource, nodes.span(node)) == "Lock"
            else "",
        )


def declared_type(page: FileView, resource: str, at: Span) -> str:
    """The type that the file declares for a field as it is seen at ``at``, without namespace and arguments; else ``""``."""
    found = page.declared(resource.removeprefix("this."), at) or ""
    if found.endswith("]"):
        return "[]"
    return re.sub(r"<.*", "", found).rpartition(".")[2].rstrip("?")


def subjects(page: FileView) -> Iterator[Region]:
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


def _opened(node: Node, held: Node | None, page: FileView) -> Iterator[Opened]:
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


def _openers(node: Node, page: FileView) -> Iterator[Opened]:
    """The calls and creations on the spine of an expression that open a known construct."""
    waiting = [node]
    while waiting:
        node = waiting.pop(0)
        match node.type:
            case "invocation_expression":
                on = nodes.receiver(node)
                for construct in page.opening(node):
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


def _assumed(node: Node, declared: str, page: FileView) -> Opened | None:
    """A disposable whose name looks like a lock or transaction, by its call, its type or its declared type.

    What is awaited as it is (``using (await _lock)``) goes by its own name.
    """
    awaited = False
    while node.type in WRAPS or (node.type == "invocation_expression" and nodes.call_name(node) == "ConfigureAwait"):
        inner = nodes.receiver(node) if node.type == "invocation_expression" else nodes.last_child(node)
        if inner is None:
            return None
        awaited = awaited or node.type == "await_expression"
        node = inner
    if node.type == "invocation_expression" and page.opens_nothing(node):
        return None
    match node.type:
        case "invocation_expression":
            names = [nodes.call_name(node)]
        case "object_creation_expression":
            names = [nodes.simple_name(node.child_by_field_name("type"))]
        case "identifier" | "member_access_expression" if awaited:
            name = nodes.simple_name(node).lstrip("_")
            names = [declared_type(page, nodes.text(node), nodes.span(node)), name[:1].upper() + name[1:]]
        case _:
            names = []
    for name in [*names, declared]:
        for looks in page.language.looks_like:
            if re.search(looks.opens, name):
                return Opened(Construct(name, looks.kind), node, "", assumed=True)
    return _taken(node, page)


def _taken(node: Node, page: FileView) -> Opened | None:
    """What is taken from something that looks like a lock, by its name or declared type: ``_rwLock.EnterWrite()``."""
    on = nodes.receiver(node) if node.type == "invocation_expression" else None
    if on is None or on.type not in ("identifier", "member_access_expression"):
        return None
    called = nodes.call_name(node)
    names = (nodes.simple_name(on), declared_type(page, nodes.text(on), nodes.span(on)))
    for looks in page.language.looks_like:
        if looks.on and re.search(looks.takes, called) and any(re.search(looks.on, name) for name in names):
            return Opened(Construct(called, looks.kind), node, "", assumed=True)
    return None


def scope(opened: Opened, span: Span, head: Span, form: Form, page: FileView) -> Region:
    """The scope of something opened, with what its arguments say."""
    construct = opened.construct
    return Region(
        kind=construct.kind,
        span=span,
        name=construct.construct,
        construct=_shown(opened),
        form=form,
        opening=head,
        closing=Span(span.end - 1, span.end),
        resource=opened.variable if construct.kind == "transaction" else _locked(opened.node),
        mode=_mode(opened),
        isolation=isolation(construct, opened.node, page),
        async_flow=_flows(opened),
        certainty="assumed" if opened.assumed else "resolved" if construct.resolved else "syntactic",
        note=ASSUMED if opened.assumed else construct.note,
    )


def _shown(opened: Opened) -> str:
    """The construct as people know it: the call that opened it, or the catalogue's name."""
    called = nodes.call_name(opened.node)
    if (opened.construct.kind == "transaction" or opened.construct.resolved) and called in opened.construct.opens:
        return called
    return opened.construct.construct


def _locked(node: Node) -> str:
    """What a lock call locks: its receiver, with the key where one is given."""
    if node.type in ("identifier", "member_access_expression"):
        return nodes.text(node)
    on = nodes.text(nodes.receiver(node))
    given = [nodes.text(a) for a in nodes.arguments(node) if "ancel" not in nodes.text(a)]
    return f"{on}[{', '.join(given)}]" if given and on else on or ", ".join(given)


def _mode(opened: Opened) -> Mode:
    if opened.construct.resolved:
        return opened.construct.mode
    option = re.search(r"TransactionScopeOption\.(Suppress|RequiresNew)", nodes.text(opened.node))
    if option:
        return "suppressed" if option.group(1) == "Suppress" else "requires new"
    return opened.construct.mode if opened.construct.kind == "lock" else ""


def _flows(opened: Opened) -> bool | None:
    """Whether an ambient transaction follows an await; ``None`` where that is given elsewhere, or the question is not asked."""
    if opened.construct.resolved:
        return opened.construct.flows
    option = opened.construct.async_flow
    if not option:
        return None
    if option in nodes.text(opened.node):
        return True
    if opened.node.type == "invocation_expression":
        return None  # a method that makes it
    given = (nodes.text(a).rpartition(".") for a in nodes.arguments(opened.node))
    named = any(re.search(r"(?i)flow", name) and not on.endswith("FlowOption") for on, _, name in given)
    return None if named else False


def isolation(construct: Construct, node: Node, page: FileView) -> str | None:
    """The isolation level the source names, else where it comes from, else the documented default of what is certainly meant."""
    if construct.kind != "transaction" or construct.resolved:
        return construct.isolation
    given = [a for a in nodes.arguments(node) if a.type not in FUNCTIONS]
    named = re.search(
        r"IsolationLevel\.(\w+)",
        " ".join(map(nodes.text, given)) if node.type == "invocation_expression" else nodes.text(node),
    )
    if named:
        return named.group(1)
    for argument in given:
        said = nodes.text(argument)
        if not re.fullmatch(r"[\w.]+(\(.*\))?", said) or re.match(r"(TransactionScope\w*Option|TimeSpan)\b", said):
            continue
        if argument.type in ("identifier", "member_access_expression", "invocation_expression") and not re.search(
            r"(?i)cancel|token|^ct$", said
        ):
            return _named_elsewhere(node, said, page) or f"given by {said}"
    return _default(construct, node, page)


def _default(construct: Construct, node: Node, page: FileView) -> str | None:
    """The documented default, where the call is certainly of what documents it; else the level of a method of the file itself."""
    if not construct.provider or construct.isolation is None or node.type != "invocation_expression":
        return construct.isolation
    on, name = nodes.receiver(node), nodes.call_name(node)
    if on is not None and on.type != "this" and page.is_named(construct.provider, on):
        return construct.isolation
    if on is None or on.type == "this":
        own = [f for f in page.functions.scopes if f.name == name and f.kind == "method"]
        bodies = "\n".join(page.source.text(Span(f.opening.end, f.span.end)) for f in own)
        levels: set[str] = set(re.findall(r"IsolationLevel\.(\w+)", bodies))
        if len(levels) == 1:
            return levels.pop()
    return f"given by {f'{nodes.text(on, 80)}.' if on is not None else ''}{name}"


def _named_elsewhere(node: Node, given: str, page: FileView) -> str | None:
    """The level that the file has for a local variable, a constant or read-only field, or a method that takes nothing."""
    function = next((p for p in parents.ancestors(node) if p.type.endswith("_declaration") and nodes.body(p)), None)
    name = re.escape(given.rpartition(".")[2].partition("(")[0])
    if function is not None and function.text is not None and given.isidentifier():
        before = function.text[: node.start_byte - function.start_byte].decode("utf-8", "replace")
        found = re.search(rf"\b{name}\b(?:\.IsolationLevel)?\s*=[^;]*?IsolationLevel\.(\w+)", before)
        if found is not None:
            return found[1]
    source = page.source.data.decode("utf-8", "replace") if name else ""
    if given.endswith("()"):
        levels = set(re.findall(rf"[\w>]\s+{name}\s*\(\s*\)\s*(?:=>|\{{)[^}};]*?\bIsolationLevel\.(\w+)", source))
    else:
        fixed = rf"\b(?:const|readonly)\b[^;={{}}()]*?\b{name}\s*=[^;]*?\bIsolationLevel\.(\w+)"
        levels = set(re.findall(fixed, source)) if name in source else set()
    return levels.pop() if len(levels) == 1 else None
