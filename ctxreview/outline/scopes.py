"""Transaction and lock scopes with both their ends, in the forms the catalogue knows."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Construct, Language
from ctxreview.model import Fact, Scope, Source, Span
from ctxreview.outline import nodes
from ctxreview.outline.nesting import Nesting

if TYPE_CHECKING:
    from tree_sitter import Node

    from ctxreview.outline import Captures

LOOPS = frozenset({"for_statement", "foreach_statement", "while_statement", "do_statement", "switch_statement"})
FUNCTIONS = frozenset({"lambda_expression", "anonymous_method_expression", "local_function_statement"})


class _Opened(NamedTuple):
    """A subject that was recognised: what opens, the node that does, and the variable that holds it."""

    construct: Construct
    node: Node
    variable: str


class _Place(NamedTuple):
    """The file around a scope; ``starts`` are the facts' first offsets."""

    source: Source
    nesting: Nesting
    facts: tuple[Fact, ...]
    starts: list[int]
    comments: tuple[Span, ...]


def scopes(
    captures: Captures,
    calls: list[nodes.Call],
    language: Language,
    source: Source,
    nesting: Nesting,
    facts: tuple[Fact, ...],
    comments: tuple[Span, ...],
) -> tuple[Scope, ...]:
    """All transaction and lock scopes of a file in source order."""
    found = [
        *_locks(captures),
        *_subjects(captures, language),
        *_pairs(calls, language, nesting),
        *_callbacks(calls, language),
        *_attributes(captures, language),
    ]
    place = _Place(source, nesting, facts, [f.span.start for f in facts], comments)
    return tuple(_finish(scope, place, language) for scope in found)


def _locks(captures: Captures) -> Iterator[Scope]:
    for node in captures.get("scope.lock", []):
        # `this` is an anonymous node, so the locked expression is what stands between the parentheses.
        inside = [c for c in node.children if c.type != "comment"]
        opened = next((i for i, c in enumerate(inside) if c.type == "("), None)
        held = node.named_children[-1] if node.named_children else None
        if opened is None or held is None or opened + 1 >= len(inside):
            continue
        yield Scope(
            kind="lock",
            span=nodes.span(node),
            name="lock",
            construct="lock",
            form="block",
            head=Span(node.start_byte, held.start_byte),
            tail=Span(node.end_byte - 1, node.end_byte),
            resource=nodes.text(inside[opened + 1]),
            mode="exclusive",
        )


def _subjects(captures: Captures, language: Language) -> Iterator[Scope]:
    for node in captures.get("scope.subject", []):
        held = node.child_by_field_name("body")
        if held is None:
            continue
        for opened in _opened(node, held, language):
            yield _subject_scope(opened, nodes.span(node), Span(node.start_byte, held.start_byte), "block")
    for node in captures.get("scope.subject.rest", []):
        block = nodes.statement_list_end(node)
        if block is None:
            continue
        for opened in _opened(node, None, language):
            yield _subject_scope(opened, Span(node.start_byte, block.end_byte), nodes.span(node), "declaration")


def _opened(node: Node, held: Node | None, language: Language) -> Iterator[_Opened]:
    """What the subject of a ``using`` opens: nothing, or one thing for each declared variable."""
    declaration = next((c for c in node.named_children if c.type == "variable_declaration"), None)
    if declaration is None:
        subjects = [c for c in node.named_children if c != held and c.type != "comment"]
        for subject in subjects:
            for construct, opener in _openers(subject, language):
                yield _Opened(construct, opener, "")
                break
        return
    declared = nodes.simple_name(declaration.child_by_field_name("type"))
    for declarator in declaration.named_children:
        if declarator.type != "variable_declarator":
            continue
        name = nodes.text(declarator.child_by_field_name("name"))
        value = declarator.named_children[-1]
        found = next(_openers(value, language), None)
        if found is None and (known := language.table("creates").get(declared)):
            found = known[0], value
        if found is not None:
            yield _Opened(found[0], found[1], name)


def _openers(node: Node, language: Language) -> Iterator[tuple[Construct, Node]]:
    """The calls and creations on the spine of an expression that open a known construct."""
    waiting = [node]
    while waiting:
        node = waiting.pop(0)
        match node.type:
            case "invocation_expression":
                name = nodes.call_name(node)
                for construct in language.table("opens").get(name, ()):
                    yield construct, node
                on = nodes.receiver(node)
                waiting += [on] if on is not None else []
            case "object_creation_expression":
                for construct in language.table("creates").get(nodes.simple_name(node.child_by_field_name("type")), ()):
                    yield construct, node
                waiting += nodes.arguments(node)
            case kind if kind in FUNCTIONS:
                continue
            case "member_access_expression":
                on = node.child_by_field_name("expression")
                waiting += [on] if on is not None else []
            case _:
                waiting += node.named_children


def _subject_scope(opened: _Opened, span: Span, head: Span, form: str) -> Scope:
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
        note=construct.note,
    )


def _shown(opened: _Opened) -> str:
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


def _mode(opened: _Opened) -> str:
    option = re.search(r"TransactionScopeOption\.(Suppress|RequiresNew)", nodes.text(opened.node))
    if option:
        return "suppressed" if option.group(1) == "Suppress" else "requires new"
    return opened.construct.mode if opened.construct.kind == "lock" else ""


def _isolation(opened: _Opened) -> str | None:
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


def _pairs(made: list[nodes.Call], language: Language, nesting: Nesting) -> Iterator[Scope]:
    """Acquire and release on the same receiver in the same function."""
    acquires, releases = language.table("acquires"), language.table("releases")
    named = {entry.rpartition(".")[2] for entry in (*acquires, *releases)}
    calls: dict[tuple[Span, str], list[tuple[Node, str, tuple[Construct, ...], bool]]] = {}
    for node, name in made:
        if name not in named:
            continue
        on = nodes.receiver(node)
        last = nodes.simple_name(on)
        for table, acquire in ((acquires, True), (releases, False)):
            known = table.get(f"{last}.{name}")
            resource = ""
            if known:
                given = nodes.arguments(node)
                resource = nodes.text(given[0]) if given else ""
            elif on is not None:
                known, resource = table.get(name), nodes.text(on)
            if known and resource:
                owner = nesting.innermost(nodes.span(node))
                key = (owner.span if owner is not None else Span(0, 0), resource.removeprefix("this."))
                calls.setdefault(key, []).append((node, resource, known, acquire))
    for (held_by, _), events in calls.items():
        for i, (node, resource, known, acquire) in enumerate(events):
            if not acquire:
                continue
            ends = _releases_after(events[i + 1 :], known)
            if ends is None:
                continue
            construct, release = ends
            yield Scope(
                kind=construct.kind,
                span=Span(node.start_byte, release.end_byte),
                name=construct.construct,
                construct=construct.construct,
                form="acquire-release",
                head=nodes.span(node),
                tail=nodes.span(release),
                resource=resource,
                mode=construct.mode,
                owner=held_by,
                note="" if _in_finally(release) else "The release is not in a finally: an exception leaves it held.",
            )


def _releases_after(
    events: list[tuple[Node, str, tuple[Construct, ...], bool]], known: tuple[Construct, ...]
) -> tuple[Construct, Node] | None:
    """The release that ends an acquire: the last one before the same receiver is acquired again."""
    found: tuple[Construct, Node] | None = None
    for node, _, releasing, acquire in events:
        if acquire and found is not None:
            break
        both = [c for c in known if c in releasing]
        if not acquire and both:
            found = both[0], node
    return found


def _in_finally(node: Node) -> bool:
    return any(p.type == "finally_clause" for p in nodes.ancestors(node))


def _callbacks(made: list[nodes.Call], language: Language) -> Iterator[Scope]:
    """Lambdas that an executor runs under a transaction or lock."""
    table = language.table("runs")
    for node, name in made:
        for construct in table.get(name, ()):
            for given in nodes.arguments(node):
                if given.type in FUNCTIONS:
                    yield Scope(
                        kind=construct.kind,
                        span=nodes.span(given),
                        name=construct.construct,
                        construct=name,
                        form="callback",
                        head=Span(given.start_byte, given.start_byte),
                        resource=nodes.text(nodes.receiver(node)),
                        mode=construct.mode if construct.kind == "lock" else "",
                        isolation=construct.isolation,
                        owner=nodes.span(given),
                        note=construct.note,
                    )
                    break


def _attributes(captures: Captures, language: Language) -> Iterator[Scope]:
    """Members and types that an attribute puts under a scope."""
    table: dict[str, list[tuple[Construct, str]]] = {}
    for entry, constructs in language.table("attributes").items():
        name, _, needs = entry.partition("(")
        table.setdefault(name, []).extend((c, needs.rstrip(")")) for c in constructs)
    for node in captures.get("attribute", []):
        name = nodes.simple_name(node.child_by_field_name("name")).removesuffix("Attribute")
        marked = node.parent.parent if node.parent is not None else None
        for construct, needs in table.get(name, ()):
            if marked is not None and needs in nodes.text(node):
                whole = nodes.span(marked)
                yield Scope(
                    kind=construct.kind,
                    span=whole,
                    name=construct.construct,
                    construct=construct.construct,
                    form="attribute",
                    head=nodes.span(node),
                    resource="this",
                    mode=construct.mode if construct.kind == "lock" else "",
                    isolation=construct.isolation,
                    owner=whole,
                    note=construct.note,
                )


def _finish(scope: Scope, place: _Place, language: Language) -> Scope:
    """Fill in what follows from the scope's place: owner, where it completes, early exits, intent."""
    owner = place.nesting.innermost(scope.head) if scope.owner.size == 0 else None
    span = owner.span if owner is not None else scope.owner
    container = owner.container if owner is not None else _container(span, place.nesting)
    first, last = bisect_left(place.starts, scope.head.end), bisect_left(place.starts, scope.span.end)
    completes, exits = [], []
    ends = {name for c in language.constructs if c.construct == scope.name for name in c.completes}
    for fact in place.facts[first:last]:
        if fact.kind not in ("complete", "exit") or not scope.span.holds(fact.span):
            continue
        function = place.nesting.innermost(fact.span)
        if function is not None and function.span != span and span.holds(function.span):
            continue
        if fact.kind == "exit":
            exits.append(fact.span)
        elif fact.name in ends and (not scope.resource or fact.target == scope.resource):
            completes.append(fact.span)
    early = tuple(e for e in exits if not completes or e.start < completes[0].start)
    return scope._replace(
        owner=span,
        container=container,
        completes_at=tuple(completes),
        exits=early,
        intent=_intent(scope.head.start, place.source, place.comments),
    )


def _container(span: Span, nesting: Nesting) -> str:
    function = nesting.innermost(span)
    return function.container if function is not None else ""


def _intent(at: int, source: Source, comments: tuple[Span, ...]) -> Span | None:
    """The comment lines directly above the line of ``at``, without a gap."""
    start = source.starts[source.line_of(at) - 1]
    if source.data[start:at].strip():
        return None
    first: int | None = None
    edge = start
    for comment in reversed(comments[: bisect_left(comments, Span(start, start))]):
        gap = source.data[comment.end : edge]
        if gap.strip() or gap.count(b"\n") > 1:
            break
        line = source.starts[source.line_of(comment.start) - 1]
        if source.data[line : comment.start].strip():
            break
        first, edge = comment.start, line
    return None if first is None else Span(first, start)
