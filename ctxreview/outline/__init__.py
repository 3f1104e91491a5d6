"""Source to :class:`Outline`: what functions, types, transactions, locks and facts are in one file.

A tree with errors is outlined like any other; :class:`Parse` says what was broken. Nothing here knows a
language by name: node types come from the language's folder.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ctxreview.languages import Language, language_of, nodes, parents, with_wrappers
from ctxreview.languages import keyword_masking as standing
from ctxreview.languages.patterns import UNREAD
from ctxreview.languages.syntax import Syntax, last_child
from ctxreview.model.declarations import EXTENSION, Function, Member, Nesting, TypeDecl
from ctxreview.model.facts import Fact, Reference
from ctxreview.model.kinds import FunctionKind
from ctxreview.model.outline import Outline, Parse
from ctxreview.model.regions import NO_WRAPPERS, Region, Wrappers
from ctxreview.model.source import Source, Span, Spans, contains_any
from ctxreview.outline import facts, scopes
from ctxreview.outline.file_view import FileView
from ctxreview.outline.parse import read
from ctxreview.outline.scopes import acquire_release as pairs
from ctxreview.outline.scopes import assigned as variables
from ctxreview.outline.symbols.names import Names
from ctxreview.outline.symbols.references import references

if TYPE_CHECKING:
    from tree_sitter import Node

Place = TypeVar("Place", Function, TypeDecl, Region)

Captures = dict[str, list["Node"]]

BRANCH = "It stands in an #if branch that is not compiled without a symbol."


def outline(
    source: Source,
    keep: int | None = None,
    wrappers: Wrappers = NO_WRAPPERS,
    within: tuple[Span, ...] | None = None,
    wanted: frozenset[str] = frozenset(),
) -> Outline:
    """Outline ``source``. Raises :class:`SourceError` when no language is known for its extension.

    ``wrappers`` are the project's own names for locks and transactions. With ``within`` (sorted), only
    the functions that touch one of these spans, or follow one that lies between functions, are read inside: of the
    others the outline has the heads, and :attr:`Outline.unread` their bodies.

    The uses of the ``wanted`` names are in the outline as far as bodies were read.

    Where ``#if`` branches have to be decided to read the file, the one at the byte offset ``keep`` is kept; the
    others are outlined too, and what stands only there says so.
    """
    language = with_wrappers(language_of(source.path), wrappers._replace(calls=()))
    asked = _Asked(wanted, _wrapped(wrappers))
    reading = read(source.data, language, keep, within)
    found = _outlined(reading.root, source, language, within, asked, left_out=reading.left_out)
    if found is None:
        return outline(source, keep, wrappers, None, wanted)
    found = found._replace(parse=reading.parse)
    for root, lit in reading.branches:
        # What has no lit line is as in the file's own tree, unless it uses what only the branch declares.
        branch = _outlined(root, source, language, _near(lit, within, found), asked, lit, reading.left_out)
        if branch is None or _are_named(set(branch.members).difference(found.members), reading.root):
            branch = _outlined(root, source, language, within, asked, left_out=reading.left_out)
        if branch is None:
            return outline(source, keep, wrappers, None, wanted)
        found = _with_branch(found, branch)
    return Outline(source, language.name, **found._asdict(), wrappers=wrappers)


class _Asked(NamedTuple):
    """The names whose uses are wanted, and the wrappers that calls are known to be of, by the offset of the called name."""

    names: frozenset[str]
    wrapped: Mapping[int, frozenset[int]]


def _wrapped(wrappers: Wrappers) -> Mapping[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for at, which in wrappers.calls:
        found.setdefault(at, set()).add(which)
    return {at: frozenset(which) for at, which in found.items()}


class _Found(NamedTuple):
    """What one tree gives."""

    functions: tuple[Function, ...]
    types: tuple[TypeDecl, ...]
    regions: tuple[Region, ...]
    members: tuple[Member, ...]
    facts: tuple[Fact, ...]
    comments: tuple[Span, ...]
    unread: tuple[Span, ...]
    references: tuple[Reference, ...]
    returned: tuple[Region, ...]
    parse: Parse


def _outlined(
    root: Node,
    source: Source,
    language: Language,
    within: tuple[Span, ...] | None,
    asked: _Asked,
    lit: tuple[Span, ...] | None = None,
    left_out: tuple[Span, ...] = (),
) -> _Found | None:
    """What one tree gives, ``lit`` lines and what they are in alone if they are given.

    The bodies ``left_out`` are blank in the tree. ``None`` where it takes more than the functions ``within`` to tell what they do.
    """
    captures = language.patterns.captures(root, within, lit)
    types = Nesting(_types(root, captures, language, source))
    functions = _functions(captures, language, types, source)
    comments = tuple(nodes.span(n) for n in captures.get("comment", []))
    nesting = Nesting(functions)
    calls = language.syntax.named_calls(captures.get("call", []))
    members = tuple(_members(captures, language))
    data = facts.code(root, captures.get("comment", []))
    names = Names(data, source.data, language.syntax, captures.get("local", []), members, nesting, types)
    known = facts.facts(root, captures, calls, names, language, source)
    declares: dict[str, dict[Span, str]] = {}
    for member in reversed(members):
        home = types.innermost(member.span)
        for name in member.names if home is not None else ():
            declares.setdefault(name, {})[home.span if home is not None else member.span] = member.declares
    page = FileView(
        captures, calls, language, language.syntax, source, types, nesting, declares, known, comments, {}, asked.wrapped
    )
    unread = tuple(sorted({*left_out, *(nodes.span(n) for n in captures.get(UNREAD, []))}))
    if unread and (variables.reach_out(page, unread) or pairs.reach_out(page, unread)):
        return None
    return _Found(
        functions=functions,
        types=types.scopes,
        regions=scopes.scopes(page),
        members=members,
        facts=known,
        comments=comments,
        unread=unread,
        references=tuple(references(root, page, names, asked.names)) if asked.names else (),
        returned=tuple(variables.returned(page)),
        parse=Parse(clean=True),
    )


def _near(lit: tuple[Span, ...], within: tuple[Span, ...] | None, found: _Found) -> tuple[Span, ...]:
    """Those of the lines ``lit`` that lie ``within`` or in a function whose body was read."""
    if within is None:
        return lit
    read_ = (f.span for f in found.functions if not contains_any(f.span, found.unread))
    near = Spans((*within, *read_))
    return tuple(line for line in lit if near.overlaps(line))


def _are_named(members: Iterable[Member], root: Node) -> bool:
    """Whether the tree's text has the name of one of these members."""
    text = standing.as_read(root.text or b"")
    return any(name.encode() in text for member in members for name in member.names)


def _with_branch(found: _Found, branch: _Found) -> _Found:
    """``found`` with what stands only in another ``#if`` branch, as far as it nests with it."""
    crosses = _crossing(p.span for places in (found.functions, found.types, found.regions) for p in places)
    known = {(r.kind, r.span) for r in found.regions}
    regions = [
        r._replace(note=f"{BRANCH} {r.note}".strip())
        for r in branch.regions
        if (r.kind, r.span) not in known and not crosses(r.span)
    ]
    places = {f.span for f in found.facts}
    begun = {_begun(f) for f in found.facts}
    facts_there = (f for f in branch.facts if f.span not in places and _begun(f) not in begun)
    return found._replace(
        functions=_outer_first((*found.functions, *_further(branch.functions, found.functions, crosses))),
        types=_outer_first((*found.types, *_further(branch.types, found.types, crosses))),
        regions=_outer_first((*found.regions, *regions)),
        members=tuple(dict.fromkeys((*found.members, *branch.members))),
        facts=tuple(sorted((*found.facts, *facts_there), key=lambda f: f.span)),
        references=tuple(sorted({r.name_span: r for r in (*branch.references, *found.references)}.values(), key=_at)),
    )


def _outer_first(places: Iterable[Place]) -> tuple[Place, ...]:
    """Places in source order, outer before inner."""
    return tuple(sorted(places, key=lambda p: (p.span.start, -p.span.end)))


def _further(branch: Iterable[Place], found: Iterable[Place], crosses: Callable[[Span], bool]) -> Iterator[Place]:
    """Declarations that only the branch has.

    A member whose header stands in each branch, with one body after ``#endif``, is one member.
    """
    ends = {p.span.end for p in found}
    return (p for p in branch if p.span.end not in ends and not crosses(p.span))


def _begun(fact: Fact) -> tuple[str, str, int]:
    """What a statement that goes on in each branch has in common there."""
    return fact.kind, fact.name, fact.span.start


def _at(reference: Reference) -> Span:
    return reference.name_span


def _crossing(spans: Iterable[Span]) -> Callable[[Span], bool]:
    """Tells whether a span lies partly inside one of the others, and partly outside: asks only those that begin or end in it."""
    begins = sorted(spans)
    ends = sorted((s.end, s.start) for s in begins)

    def crosses(span: Span) -> bool:
        first, last = bisect_left(begins, (span.start + 1,)), bisect_left(begins, (span.end,))
        if any(other.end > span.end for other in begins[first:last]):
            return True
        first, last = bisect_left(ends, (span.start + 1,)), bisect_left(ends, (span.end,))
        return any(start < span.start for _, start in ends[first:last])

    return crosses


def statements(source: Source, within: Span) -> tuple[Span, ...]:
    """Spans of all statements inside ``within``, outer before inner."""
    syntax = language_of(source.path).syntax
    blocks = (n for n in _walk(source, within, lambda node: True) if n.type in syntax.blocks)
    return _in(
        within, (nodes.span(c) for block in blocks for c in block.named_children if c.type not in syntax.comments)
    )


def pieces(source: Source, within: Span) -> tuple[Span, ...]:
    """Spans of what may be elided as a unit inside ``within``, outer before inner.

    They are statements, sections of a ``switch``, and elements of lists with their commas; what shares a line is one.
    """

    def is_long(node: Node) -> bool:
        # What stands on one line has no lines to leave out; a table of data has a hundred thousand such nodes.
        return source.data.find(b"\n", node.start_byte, node.end_byte) >= 0

    syntax = language_of(source.path).syntax
    lists = (n for n in _walk(source, within, is_long) if n.type in syntax.lists)
    return _in(within, (span for listed in lists for span in _units(listed, syntax, source)))


def _walk(source: Source, within: Span, enter: Callable[[Node], bool]) -> Iterator[Node]:
    root = read(source.data, language_of(source.path), within.start, (within,)).root
    waiting = [root.descendant_for_byte_range(within.start, max(within.start, within.end - 1)) or root]
    while waiting:
        node = waiting.pop()
        if enter(node):
            yield node
            waiting += node.named_children


def _in(within: Span, spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted((s for s in spans if within.contains(s)), key=lambda s: (s.start, -s.end)))


def _units(listed: Node, syntax: Syntax, source: Source) -> list[Span]:
    """The spans of what stands in a list, comments aside."""
    found: list[Span] = []
    for node in listed.children:
        span = nodes.span(node)
        if found and (node.type == "," or source.line_of(found[-1].end - 1) == source.line_of(span.start)):
            if node.type not in ("}", "]", ")") and node.type not in syntax.comments:
                found[-1] = Span(found[-1].start, span.end)
        elif (
            node.is_named
            and node.type not in syntax.comments
            and (listed.type not in syntax.sections or _is_statement(node, syntax))
        ):
            found.append(span)
    return found


def _is_statement(node: Node, syntax: Syntax) -> bool:
    return node.type in syntax.blocks or node.type in syntax.statements


def _functions(
    captures: Captures, language: Language, types: Nesting[TypeDecl], source: Source
) -> tuple[Function, ...]:
    words = language.shape.functions
    found = [_function(node, language, types, source) for node in captures.get("function", [])]
    run = captures.get("function.run", [])
    if run:
        whole = Span(run[0].start_byte, run[-1].end_byte)
        found.append(Function(words[run[0].type], whole, "top-level statements", Span(whole.start, whole.start)))
    return _outer_first(found)


def _function(node: Node, language: Language, types: Nesting[TypeDecl], source: Source) -> Function:
    kind: FunctionKind = language.shape.functions[node.type]
    first = node.child(0)
    start = node.start_byte
    if first is not None and first.type in language.syntax.conditional_heads and language.first_token is not None:
        start = language.first_token(node, source.data)
    whole = Span(start, node.end_byte)
    inner = language.syntax.body(node)
    return Function(
        kind=kind,
        span=whole,
        name=_function_name(node, kind, language),
        opening=Span(whole.start, inner.start_byte if inner is not None else whole.end),
        container=types.name_around(whole),
    )


def _function_name(node: Node, kind: FunctionKind, language: Language) -> str:
    """The name of a function, or what it is called by the language's own pattern for its kind."""
    syntax, shape = language.syntax, language.shape
    name = nodes.text(syntax.name(node))
    pattern = shape.named.get(kind)
    if pattern is None:
        return name
    if "{" not in pattern:
        return pattern
    holder = next((p for p in parents.ancestors(node) if p.type in syntax.declarations), None)
    outer = nodes.text(syntax.name(holder)) if holder is not None else ""
    parts = {"operator": nodes.text(syntax.operator(node)), "type": nodes.text(syntax.type(node))}
    return pattern.format(name=name, holder=outer or shape.nameless, **parts)


def _types(root: Node, captures: Captures, language: Language, source: Source) -> tuple[TypeDecl, ...]:
    block = language.shape.block.encode()
    found: list[TypeDecl] = []
    open_: list[TypeDecl] = []
    listed = captures.get("type", [])
    namespace = (
        next((c for c in root.children if c.type in language.syntax.namespaces_of_files), None) if listed else None
    )
    for node in listed:
        inner = language.syntax.block(node)
        whole = nodes.span(node)
        while open_ and not open_[-1].span.contains(whole):
            open_.pop()
        made = TypeDecl(
            kind=language.shape.types[node.type],
            span=whole,
            name=nodes.text(language.syntax.name(node)),
            opening=Span(node.start_byte, inner.start_byte if inner is not None else node.end_byte),
            container=open_[-1].name if open_ else "",
            qualified=f"{open_[-1].qualified}.{_counted_name(node, language.syntax)}"
            if open_
            else _qualified(node, namespace, language.syntax),
        )
        if open_ and block and source.data.startswith(block, whole.start):
            around = open_[-1]
            made = made._replace(
                name=around.name, kind=EXTENSION, container=around.container, qualified=around.qualified
            )
        found.append(made)
        open_.append(made)
    return tuple(found)


def _qualified(type_: Node, namespace: Node | None, syntax: Syntax) -> str:
    """The name of a type that no other holds, with its namespace."""
    parts = [_counted_name(type_, syntax)]
    for node in parents.ancestors(type_):
        if node.type in syntax.namespaces:
            parts.append(nodes.text(syntax.name(node)))
    if namespace is not None and namespace.end_byte <= type_.start_byte:
        parts.append(nodes.text(syntax.name(namespace) or last_child(namespace)))
    return ".".join(reversed(parts))


def _counted_name(type_: Node, syntax: Syntax) -> str:
    """The name of a type, the number of its parameters after a backtick."""
    listed = next((c for c in type_.named_children if c.type in syntax.type_parameter_lists), None)
    parameters = len([c for c in listed.named_children if c.type in syntax.type_parameters]) if listed else 0
    return nodes.text(syntax.name(type_)) + (f"`{parameters}" if parameters else "")


def _members(captures: Captures, language: Language) -> list[Member]:
    syntax = language.syntax
    found = []
    for node in captures.get("member", []):
        listed = syntax.variable_group(node)
        variables = syntax.variables_of(listed)
        if listed is not node or variables:
            names = tuple(nodes.text(syntax.name(v)) for v in variables)
        else:
            names = (nodes.text(syntax.name(node)) or language.shape.nameless,)
        found.append(
            Member(
                kind=language.shape.members[node.type],
                names=names,
                span=nodes.span(node),
                declares=nodes.text(syntax.type(listed)),
                modifiers=tuple(nodes.text(m) for m in syntax.modifiers_of(node)),
                explicit=any(c.type in syntax.explicit_members for c in node.named_children),
            )
        )
    return found
