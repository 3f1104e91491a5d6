"""Forms A and B: what a statement's block holds, and what a declaration holds to the end of its statement list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.kept import kept
from ctxreview.languages import Construct, nodes, parents
from ctxreview.languages.syntax import Syntax, last_child
from ctxreview.languages.words import NOTHING, Words, any_of
from ctxreview.model.kinds import Form, Mode
from ctxreview.model.notation import without_self
from ctxreview.model.regions import Isolation, Region
from ctxreview.model.source import Span
from ctxreview.outline.file_view import FileView
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex

if TYPE_CHECKING:
    from tree_sitter import Node

ASSUMED = "Only its name looks like one; its code was not read."


class Opened(NamedTuple):
    """A recognised opening: by what, the node that does, the variable that holds it, and how it is known."""

    construct: Construct
    node: Node
    variable: str
    assumed: bool = False


_STOPS = regex(r"(?i)cancel|(?:^|stopping|shutdown|\.)token$|^ct$")
"""How what stops a wait is called, or declared, where it is given to what takes a lock or begins a transaction."""


def locks(page: FileView) -> Iterator[Region]:
    """``lock`` statements."""
    lock = page.language.shape.lock
    for node in page.captures.get("scope.lock", []):
        locked, held = page.syntax.locked(node), last_child(node)
        if locked is None or held is None:
            continue
        resource = nodes.text(locked)
        yield Region(
            kind="lock",
            span=nodes.span(node),
            name=lock.construct,
            construct=lock.construct,
            form="block",
            opening=Span(node.start_byte, held.start_byte),
            closing=Span(node.end_byte - 1, node.end_byte),
            resource=resource,
            mode="exclusive",
            note=lock.notes.get(declared_type(page, resource, nodes.span(node)), ""),
        )


def declared_type(page: FileView, resource: str, at: Span) -> str:
    """The type that the file declares for a field as it is seen at ``at``, without namespace and arguments; else ``""``."""
    return simple_type_or_array(page.declared(without_self(resource), at) or "")


def subjects(page: FileView) -> Iterator[Region]:
    """``using`` statements and declarations whose subject opens something."""
    for node in page.captures.get("scope.subject", []):
        held = page.syntax.block(node)
        if held is None:
            continue
        head = Span(node.start_byte, held.start_byte)
        for opened in _opened(node, held, page):
            yield scope(opened, nodes.span(node), head, "block", page)
    for node in page.captures.get("scope.subject.rest", []):
        block = page.syntax.statement_list_end(node)
        if block is None:
            continue
        for opened in _opened(node, None, page):
            yield scope(opened, Span(node.start_byte, block.end_byte), nodes.span(node), "declaration", page)


def _opened(node: Node, held: Node | None, page: FileView) -> Iterator[Opened]:
    """What the subject of a ``using`` opens: nothing, or one thing for each declared variable."""
    declaration = next((c for c in node.named_children if c.type in page.syntax.variable_groups), None)
    if declaration is None:
        for subject in [c for c in node.named_children if c != held and c.type not in page.syntax.comments]:
            found = next(_openers(subject, page), None) or _assumed(subject, "", page)
            if found is not None:
                yield found
        return
    declared = page.syntax.simple_name(page.syntax.type(declaration))
    for declarator in declaration.named_children:
        if declarator.type not in page.syntax.variables:
            continue
        name = nodes.text(page.syntax.name(declarator))
        value = declarator.named_children[-1]
        found = next(_openers(value, page), None)
        if found is None and (known := page.language.table("creates").get(declared)):
            found = Opened(known[0], value, name)
        found = found or _assumed(value, declared, page)
        if found is not None and not (found.assumed and _is_taken_by_name(found.node, name, node, page)):
            yield found._replace(variable=name)


def _is_taken_by_name(made: Node, name: str, subject: Node, page: FileView) -> bool:
    """Whether what is made is the lock itself, whose own call takes it further on, and no hold of one."""
    block = page.syntax.block(subject) or page.syntax.statement_list_end(subject)
    if made.type not in page.syntax.creations or block is None:
        return False
    rest = page.source.text(Span(subject.start_byte, block.end_byte))
    called = re.findall(rf"\b{re.escape(name)}\s*\.\s*(\w+)\s*\(", rest)
    takes = page.language.named("acquires").union(*(c.opens for c in page.language.constructs if c.kind == "lock"))
    return not takes.isdisjoint(called)


def _openers(node: Node, page: FileView) -> Iterator[Opened]:
    """The calls and creations on the spine of an expression that open a known construct."""
    syntax, waiting = page.syntax, [node]
    while waiting:
        node = waiting.pop(0)
        kind = node.type
        if kind in syntax.calls:
            on = syntax.receiver(node)
            for construct in page.opening(node):
                yield Opened(construct, node, "")
            waiting += [on] if on is not None else []
        elif kind in syntax.creations:
            created = syntax.simple_name(syntax.type(node))
            for construct in page.language.table("creates").get(created, ()):
                yield Opened(construct, node, "")
            waiting += syntax.arguments_of(node)
        elif kind in syntax.accesses:
            on = syntax.object(node)
            waiting += [on] if on is not None else []
        elif kind not in syntax.deferred:
            waiting += node.named_children


def _assumed(node: Node, declared: str, page: FileView) -> Opened | None:
    """A disposable whose name looks like a lock or transaction, by its call, its type or its declared type.

    What is awaited as it is (``using (await _lock)``) goes by its own name.
    """
    awaited, syntax = False, page.syntax
    passing = page.language.shape.awaiting_calls[:1]
    while node.type in syntax.opening_wraps or (node.type in syntax.calls and syntax.call_name(node) in passing):
        inner = syntax.receiver(node) if node.type in syntax.calls else last_child(node)
        if inner is None:
            return None
        awaited = awaited or node.type in syntax.awaits
        node = inner
    if node.type in syntax.calls and page.opens_nothing(node):
        return None
    names: list[str] = []
    if node.type in syntax.calls:
        names = [syntax.call_name(node)]
    elif node.type in syntax.creations:
        names = [syntax.simple_name(syntax.type(node))]
    elif awaited and syntax.is_path(node):
        name = syntax.simple_name(node).lstrip("_")
        names = [declared_type(page, nodes.text(node), nodes.span(node)), name[:1].upper() + name[1:]]
    for name in [*names, declared]:
        for looks in page.language.looks_like:
            if re.search(looks.opens, name):
                return Opened(Construct(name, looks.kind), node, "", assumed=True)
    return _taken(node, page)


def _taken(node: Node, page: FileView) -> Opened | None:
    """What is taken from something that looks like a lock, by its name or declared type: ``_rwLock.EnterWrite()``."""
    on = page.syntax.receiver(node) if node.type in page.syntax.calls else None
    if on is None or not page.syntax.is_path(on):
        return None
    called = page.syntax.call_name(node)
    names = (page.syntax.simple_name(on), declared_type(page, nodes.text(on), nodes.span(on)))
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
        construct=_shown(opened, page.syntax),
        form=form,
        opening=head,
        closing=Span(span.end - 1, span.end),
        resource=opened.variable if construct.kind == "transaction" else _locked(opened.node, page.syntax),
        mode=_mode(opened, page.language.words),
        isolation=isolation(construct, opened.node, page),
        async_flow=_flows(opened, page),
        certainty="assumed" if opened.assumed else "resolved" if construct.resolved else "syntactic",
        note=ASSUMED if opened.assumed else construct.note or _by_name(opened, page),
    )


def _by_name(opened: Opened, page: FileView) -> str:
    """That a lock is known by the name of a call alone: what it is called on is not declared as what the catalogue means."""
    construct, called = opened.construct, page.syntax.call_name(opened.node)
    if construct.kind != "lock" or construct.resolved or called not in construct.opens:
        return ""
    on = nodes.text(page.syntax.receiver(opened.node))
    declared = declared_type(page, on, nodes.span(opened.node)) if on else ""
    return "" if construct.construct in declared else f"Only the name {called} suggests that it is a lock."


def _shown(opened: Opened, syntax: Syntax) -> str:
    """The construct as people know it: the call that opened it, or the catalogue's name."""
    called = syntax.call_name(opened.node)
    if (opened.construct.kind == "transaction" or opened.construct.resolved) and called in opened.construct.opens:
        return called
    return opened.construct.construct


def _locked(node: Node, syntax: Syntax) -> str:
    """What a lock call locks: its receiver, with the key where one is given."""
    if syntax.is_path(node):
        return nodes.text(node)
    on = nodes.text(syntax.receiver(node))
    given = [text for text in map(nodes.text, syntax.arguments_of(node)) if not _STOPS.search(text)]
    return f"{on}[{', '.join(given)}]" if given and on else on or ", ".join(given)


def _mode(opened: Opened, words: Words) -> Mode:
    if opened.construct.resolved:
        return opened.construct.mode
    option = words.joining.search(nodes.text(opened.node))
    if option:
        return "suppressed" if option.group(1) in words.suppressed else "requires new"
    return opened.construct.mode if opened.construct.kind == "lock" else ""


def _flows(opened: Opened, page: FileView) -> bool | None:
    """Whether an ambient transaction follows an await; ``None`` where that is given elsewhere, or the question is not asked."""
    if opened.construct.resolved:
        return opened.construct.flows
    option = opened.construct.async_flow
    if not option:
        return None
    if option in nodes.text(opened.node):
        return True
    if opened.node.type in page.syntax.calls:
        return None  # a method that makes it
    given = (nodes.text(a).rpartition(".") for a in page.syntax.arguments_of(opened.node))
    flow = page.language.words.flow
    named = any(re.search(r"(?i)flow", name) and not on.endswith(flow) for on, _, name in given)
    return None if named else False


def isolation(construct: Construct, node: Node, page: FileView) -> Isolation | None:
    """The isolation level the source names, else where it comes from, else the documented default of what is certainly meant."""
    if construct.kind != "transaction" or construct.resolved:
        return construct.isolation
    words = page.language.words
    given = [a for a in page.syntax.arguments_of(node) if a.type not in page.syntax.deferred]
    named = re.search(
        words.level,
        " ".join(map(nodes.text, given)) if node.type in page.syntax.calls else nodes.text(node),
    )
    if named:
        return Isolation(named.group(1))
    if set_here := _is_set(words, "").search(nodes.text(node)):
        return _given(set_here[1], node, page)
    for argument in given:
        said = nodes.text(argument)
        if re.fullmatch(r"[\w.]+(\(.*\))?", said) and (
            page.syntax.is_path(argument) or argument.type in page.syntax.calls
        ):
            level = _named_elsewhere(node, said, page)
            if level is not None:
                return Isolation(level)
            if _tells_isolation(said, argument, page):
                options = _is_set(words, said).search(_before(node, page)) if said.isidentifier() else None
                return Isolation(given_by=said) if options is None else _given(options[1], node, page)
    no_token = page.language.words.otherwise
    other = any(not _STOPS.search(text) and text.lower() not in no_token for text in map(nodes.text, given))
    return _default(construct, node, page, other)


def _is_set(words: Words, on: str) -> re.Pattern[str]:
    """What sets the level of an options object to a value that is not a level by name: in its creation, or on the variable ``on``."""
    if not words.isolation:
        return re.compile(NOTHING)
    of = rf"\b{re.escape(on)}(?:\.|\s*=[^;]*?\b)" if on else r"[{,]\s*"
    return re.compile(rf"{of}{re.escape(words.isolation)}\s*=\s*([^,;{{}}=]+?)\s*[,;}}]")


def _given(value: str, node: Node, page: FileView) -> Isolation:
    """The level that a value stands for, if the file says it; else what it is written as."""
    value = " ".join(value.split())
    level = _named_elsewhere(node, value, page) if re.fullmatch(r"[\w.]+(\(\))?", value) else None
    return Isolation(level) if level is not None else Isolation(given_by=value[:100])


def _tells_isolation(said: str, argument: Node, page: FileView) -> bool:
    """Whether an argument is a level by its declared type, or where that is not known by its name."""
    words = page.language.words
    declared = declared_type(page, said, nodes.span(argument))
    if not declared and said.isidentifier():
        declared = page.local_type(said, argument)
    if declared not in ("", *words.inferred):
        return words.level_type.search(declared) is not None
    owner, _, name = said.partition("(")[0].rpartition(".")
    if words.level_owner.search(owner) is not None:
        return True
    return not words.other.match(said) and words.level_name.search(name) is not None


def _default(construct: Construct, node: Node, page: FileView, other: bool) -> Isolation | None:
    """The documented default, where the call is certainly of what documents it; else the level of a method of the file itself.

    ``other`` says that the call has arguments that the documented method does not take: it is another one of that name.
    """
    if not construct.provider or construct.isolation is None or node.type not in page.syntax.calls:
        return construct.isolation
    on, name = page.syntax.receiver(node), page.syntax.call_name(node)
    if not other and on is not None and on.type not in page.syntax.selves and page.is_named(construct.provider, on):
        return construct.isolation
    if on is None or on.type in page.syntax.selves:
        own = [f for f in page.functions.scopes if f.name == name and f.kind == "method"]
        bodies = "\n".join(page.source.text(Span(f.opening.end, f.span.end)) for f in own)
        levels: set[str] = set(re.findall(page.language.words.level, bodies))
        if len(levels) == 1:
            return Isolation(levels.pop())
    return Isolation(given_by=f"{f'{nodes.text(on, 80)}.' if on is not None else ''}{name}")


def _named_elsewhere(node: Node, given: str, page: FileView) -> str | None:
    """The level that the file has for a local variable, a constant or read-only field, or a method that takes nothing."""
    name, words = re.escape(given.rpartition(".")[2].partition("(")[0]), page.language.words
    if given.isidentifier():
        found = re.search(rf"\b{name}\b(?:\.{words.isolation})?\s*=[^;]*?{words.level}", _before(node, page))
        if found is not None:
            return found[1]
    return _declared_level(page.source.data, name, given.endswith("()"), words) if name else None


def _before(node: Node, page: FileView) -> str:
    """The body of the function around a node, up to the node."""
    around = (p for p in parents.ancestors(node) if p.type in page.syntax.declarations and page.syntax.body(p))
    function = next(around, None)
    if function is None or function.text is None:
        return ""
    start = body.start_byte if (body := page.syntax.body(function)) is not None else function.start_byte
    text = function.text[start - function.start_byte : node.start_byte - function.start_byte]
    return text.decode("utf-8", "replace")


@kept(64)
def _declared_level(data: bytes, name: str, is_method: bool, words: Words) -> str | None:
    """The one level that the declarations of the name (escaped) have in a file: asked for at each use."""
    if name.encode() not in data or words.isolation.encode() not in data:
        return None
    source = data.decode("utf-8", "replace")
    if is_method:
        levels = set(re.findall(rf"[\w>]\s+{name}\s*\(\s*\)\s*(?:=>|\{{)[^}};]*?\b{words.level}", source))
    else:
        fixed = rf"\b{any_of(words.fixed)}\b[^;={{}}()]*?\b{name}\s*=[^;]*?\b{words.level}"
        levels = set(re.findall(fixed, source))
    return levels.pop() if len(levels) == 1 else None
