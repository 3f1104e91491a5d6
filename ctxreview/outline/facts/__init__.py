"""What the code does: reads, writes, saves, awaits, exits and calls out, each at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ctxreview.languages import Language, nodes
from ctxreview.languages import keyword_masking as standing
from ctxreview.languages.patterns import UNREAD
from ctxreview.languages.syntax import Call, Syntax
from ctxreview.model.facts import Fact
from ctxreview.model.notation import AWAIT
from ctxreview.model.source import Source, Span
from ctxreview.outline.facts import state
from ctxreview.outline.facts.calls import effects
from ctxreview.outline.symbols.names import Names
from ctxreview.outline.told import is_sent
from ctxreview.regex import regex

if TYPE_CHECKING:
    from tree_sitter import Node

    from ctxreview.outline import Captures


_LINE = regex(rb"[^\r\n]*+")


def facts(
    root: Node, captures: Captures, calls: list[Call], names: Names, language: Language, source: Source
) -> tuple[Fact, ...]:
    """All facts of a file in source order, none of bodies that were not entered."""
    data, written = names.data, state.Written()
    texts = captures.get("text", [])
    unread = [nodes.span(n) for n in captures.get(UNREAD, [])]
    found = [*state.assignments(captures.get("fact.write", []), language, names, written)]
    found += effects(calls, language, names, written)
    quiet = [nodes.span(n) for n in texts]
    found += state.uses(root, data, names, quiet, written, unread)
    found += state.handed(data, names, quiet, written)
    found += [Fact("await", nodes.span(n), "await") for n in captures.get("fact.await", [])]
    if b"await" in data:
        found += _awaiting(data, captures, language.syntax)
    found += _marks(captures, language)
    exits = language.shape.exits
    found += [Fact("exit", nodes.span(n), exits[n.type]) for n in captures.get("fact.exit", [])]
    for node in texts:
        found += (f for f in _sql(node, language, source) if is_sent(node, f, language, source))
    return tuple(sorted(found, key=lambda f: (f.span.start, -f.span.end)))


def code(root: Node, comments: list[Node]) -> bytes:
    """The text that was parsed (other ``#if`` branches are blank in it), its comments and directives blanked too."""
    data = bytearray(bytes(root.start_byte) + standing.as_read(root.text or b""))
    for comment in comments:
        start, end = comment.start_byte, comment.end_byte
        data[start:end] = b" " * (end - start)
    at = data.find(b"#")
    while at >= 0:
        line = _LINE.match(data, at)
        end = line.end() if line is not None else len(data)
        if not data[max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1 : at].strip():
            data[at:end] = b" " * (end - at)
        at = data.find(b"#", end)  # only the first of a line begins a directive
    return bytes(data)


def _awaiting(data: bytes, captures: Captures, syntax: Syntax) -> Iterator[Fact]:
    """``await foreach`` and ``await using``: the statement awaits at its keyword, and again while it runs."""
    loops = (n for n in captures.get("local", []) if n.type in syntax.each_loops)
    for node in (*captures.get("scope.subject", []), *captures.get("scope.subject.rest", []), *loops):
        start = node.start_byte
        if data[start : start + 5] == b"await":
            what = next(c.type for c in node.children if not c.is_named and c.type != "await")
            yield Fact("await", Span(start, start + len(AWAIT)), f"{AWAIT} {what}")


def _marks(captures: Captures, language: Language) -> Iterator[Fact]:
    """Attributes and caught exceptions that say something, such as a concurrency token."""
    syntax = language.syntax
    caught = ((n, syntax.type(n)) for n in captures.get("local", []) if n.type in syntax.catch_declarations)
    for node, named in (*((n, syntax.name(n)) for n in captures.get("attribute", [])), *caught):
        name = syntax.simple_name(named).removesuffix(language.words.marking)
        if name in language.marks:
            yield Fact(language.marks[name], nodes.span(node), name)


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@cache
def _sql_words(language: Language) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """What SQL to look for, by each of its words."""
    return tuple((word, sql) for sql in language.sql for word in sql["words"])


_OBJECT = re.compile(r"""[\s@$"']*[{\[]\s*\\?"+[^"]+"+\s*[:,]""")
"""A text that is a JSON object or list, such as a table of translations: words of SQL in it are only words."""


def _sql(node: Node, language: Language, source: Source) -> Iterator[Fact]:
    if node.end_byte - node.start_byte < 8:  # "COMMIT" in quotes has eight bytes
        return
    literal = source.text(nodes.span(node))  # as read: the tree may have a rewritten text
    if _OBJECT.match(literal):
        return
    upper = literal.upper()
    # Compiling an expression costs more than most files' literals together: look for its words first.
    for sql in {sql["name"]: sql for word, sql in _sql_words(language) if word in upper}.values():
        if any(word in upper for word in sql.get("beside", ("",))):
            found = _pattern(sql["pattern"]).search(literal)
            if found is not None:
                yield Fact("sql-hint", nodes.span(node), sql["name"], sql=found.group(0).strip(' "@$\n\r\t'))
