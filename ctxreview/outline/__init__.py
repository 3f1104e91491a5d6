"""Source to :class:`Outline`: what functions, types, transactions, locks and facts are in one file.

A tree with errors is outlined like any other; :class:`Parse` says what was broken. Nothing here knows a
language by name: node types come from the language's folder.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Language, language_of, nodes, with_wrappers
from ctxreview.languages import keyword_masking as standing
from ctxreview.languages.patterns import UNREAD
from ctxreview.languages.syntax import Syntax
from ctxreview.model.declarations import Function, Member, Nesting, TypeDecl
from ctxreview.model.facts import Fact, Reference
from ctxreview.model.outline import Outline, Parse
from ctxreview.model.regions import NO_WRAPPERS, Region, Wrappers
from ctxreview.model.source import Source, Span, Spans, contains_any
from ctxreview.outline import declarations, facts, scopes
from ctxreview.outline.declarations import Place, outer_first
from ctxreview.outline.file_view import FileView
from ctxreview.outline.parse import read
from ctxreview.outline.scopes import assigned as variables
from ctxreview.outline.scopes import own_methods
from ctxreview.outline.symbols.names import Names
from ctxreview.outline.symbols.references import references

if TYPE_CHECKING:
    from tree_sitter import Node

Captures = dict[str, list["Node"]]

BRANCH = "It is in a branch of conditional compilation that is only compiled with a symbol."


def outline(
    source: Source,
    keep: int | None = None,
    wrappers: Wrappers = NO_WRAPPERS,
    within: tuple[Span, ...] | None = None,
    wanted: frozenset[str] = frozenset(),
) -> Outline:
    """Outline ``source``. Raises :class:`SourceError` when no language is known for its extension.

    ``wrappers`` are the project's own names for locks and transactions. With ``within`` (sorted), only
    the functions that touch one of these spans, or follow one that is between functions, are read inside: of the
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
    types = Nesting(declarations.types(root, captures, language, source))
    functions = declarations.functions(captures, language, types, source)
    comments = tuple(nodes.span(n) for n in captures.get("comment", []))
    nesting = Nesting(functions)
    calls = language.syntax.named_calls(captures.get("call", []))
    members = tuple(declarations.members(captures, language))
    data = facts.code(root, captures.get("comment", []))
    names = Names(data, source.data, language, captures.get("local", []), members, nesting, types)
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
    if unread and (variables.reach_out(page, unread) or own_methods.reach_out(page, unread)):
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
        functions=outer_first((*found.functions, *_further(branch.functions, found.functions, crosses))),
        types=outer_first((*found.types, *_further(branch.types, found.types, crosses))),
        regions=outer_first((*found.regions, *regions)),
        members=tuple(dict.fromkeys((*found.members, *branch.members))),
        facts=tuple(sorted((*found.facts, *facts_there), key=lambda f: f.span)),
        references=tuple(sorted({r.name_span: r for r in (*branch.references, *found.references)}.values(), key=_at)),
    )


def _further(branch: Iterable[Place], found: Iterable[Place], crosses: Callable[[Span], bool]) -> Iterator[Place]:
    """Declarations that only the branch has.

    A member whose header is in each branch, with one body after ``#endif``, is one member.
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


def pieces(source: Source, within: Span) -> tuple[Span, ...]:
    """Spans of what may be elided as a unit inside ``within``, outer before inner.

    They are statements, sections of a ``switch``, and elements of lists with their commas; what shares a line is one.
    """

    def is_long(node: Node) -> bool:
        # What is on one line has no lines to leave out; a table of data has a hundred thousand such nodes.
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
    """The spans of what is in a list, comments aside."""
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
