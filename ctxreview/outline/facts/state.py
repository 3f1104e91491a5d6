"""Reads and writes: assignments, increments, changing calls, and every use of state that the file declares.

Assignments come from the tree. Uses of state are found by name in the bytes, and what is before and after
decides; only where that leaves it open is the tree asked, since walking to each identifier costs as much as the parse.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ctxreview.languages import Language, nodes, parents
from ctxreview.languages.syntax import Syntax
from ctxreview.languages.words import Words
from ctxreview.model.declarations import Function
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import FactKind
from ctxreview.model.source import Span, Spans, contains_any
from ctxreview.outline.symbols.names import Names, State
from ctxreview.regex import regex

if TYPE_CHECKING:
    from tree_sitter import Node

_STEPS = (b"++", b"--")
_IDENTIFIER = regex(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*+")
_SPACE = frozenset(b" \t\r\n\f\v")
_LETTERS = frozenset(b for b in range(256) if b >= 0x80 or chr(b).isalnum() or chr(b) in "_@")


class Written:
    """The targets of writes by where their name starts, so that a use is not told twice."""

    def __init__(self) -> None:
        self.plain: set[int] = set()
        self.read_too: set[int] = set()


def target_name(target: Node | None, syntax: Syntax) -> Node | None:
    """The node whose name is written: indexers, parentheses and ``!`` peeled off."""
    while target is not None and target.type in syntax.targets:
        target = syntax.object(target) or (target.named_children[0] if target.named_children else None)
    return target


def write(target: Node, by: Span, names: Names) -> Fact | None:
    """The write of ``target`` at ``by``; ``None`` for a local variable of the same function."""
    name = names.syntax.simple_name(target)
    if target.type in names.syntax.identifiers:
        at = nodes.span(target)
        local = names.local(name, at)
        if local is not None:
            captured = local.function is not names.functions.innermost(at)
            return Fact("write", by, name, captured=True) if captured else None
        name, state = names.bare(name, at)
        return Fact("write", by, name, state=state.use if state is not None else None)
    on = nodes.text(names.syntax.object(target), 200)
    state = names.member(on, name, nodes.span(target))
    return Fact("write", by, name or nodes.text(target), on, state=state.use if state is not None else None)


def state_of(node: Node | None, names: Names) -> State | None:
    """The declared state that an expression names: ``_x``, ``this._x`` or ``Type.X``."""
    if node is None:
        return None
    name = names.syntax.simple_name(node)
    if node.type in names.syntax.identifiers:
        at = nodes.span(node)
        return names.bare(name, at)[1] if names.local(name, at) is None else None
    if node.type not in names.syntax.accesses:
        return None
    return names.member(nodes.text(names.syntax.object(node), 200), name, nodes.span(node))


def assignments(captured: Sequence[Node], language: Language, names: Names, written: Written) -> Iterator[Fact]:
    """Assignments and increments of anything but a function's own locals.

    What the catalogue knows as a setting (``ChangeTracker.AutoDetectChangesEnabled``) is what it says there.
    """
    data = names.data
    for node in captured:
        whole = nodes.span(node)
        plain = False
        if node.type in names.syntax.assignments:
            target, value = names.syntax.left(node), names.syntax.right(node)
            if parents.kind(node) in language.syntax.member_initializers:
                continue
            if target is not None and value is not None:
                plain = data[target.end_byte : value.start_byte].strip() == b"="
        elif data[whole.start : whole.start + 2] in _STEPS or data[whole.end - 2 : whole.end] in _STEPS:
            target = node.named_children[0] if node.named_children else None
        else:
            continue
        for part in _parts(target, names.syntax):
            found = target_name(part, names.syntax)
            if found is None or found.type in names.syntax.declared_in_place or found.text == b"_":
                continue
            name = names.syntax.member(found) or found
            (written.plain if plain else written.read_too).add(name.start_byte)
            fact = write(found, whole, names)
            if fact is not None:
                setting = language.facts.get(f"{_property(fact.target)}.{fact.name}", "") if fact.target else ""
                yield fact if not setting or setting == "ignore" else fact._replace(kind=setting)


def _property(target: str) -> str:
    """The last name of a receiver, as the property of that name is written."""
    name = target.rpartition(".")[2].lstrip("_")
    return name[:1].upper() + name[1:]


def _parts(target: Node | None, syntax: Syntax) -> list[Node]:
    """What a deconstruction assigns; else the target alone."""
    if target is None:
        return []
    found, waiting = [], [target]
    while waiting:
        part = waiting.pop()
        if part.type in syntax.tuples:
            waiting += [a.named_children[-1] for a in reversed(part.named_children) if a.named_children]
        else:
            found.append(part)
    return found


def uses(
    root: Node, data: bytes, names: Names, texts: Sequence[Span], written: Written, unread: Sequence[Span]
) -> Iterator[Fact]:
    """Reads of declared state, and its writes by ``ref`` and ``out``; ``texts`` are string literals.

    Functions with one of the ``unread`` bodies are passed over.
    """
    declared = names.declared
    if not declared:
        return
    quiet = _outermost(texts)
    starts = [s.start for s in quiet]
    end = 0
    for function in names.functions.scopes:
        if function.span.end <= end or function.span.start < end:
            continue
        end = function.span.end
        if contains_any(function.span, unread):
            continue
        for hit in _IDENTIFIER.finditer(data, _begin(function, data, names.words), end):
            if hit[0] not in declared:
                continue
            at = Span(*hit.span())
            near = bisect_right(starts, at.start) - 1
            in_text = near >= 0 and quiet[near].end > at.start
            if in_text and b"$" not in data[quiet[near].start : quiet[near].start + 3]:
                continue
            yield from _use(root, data, at, names, written, in_text)


def handed(data: bytes, names: Names, texts: Sequence[Span], written: Written) -> Iterator[Fact]:
    """Writes of captured variables by ``ref`` and ``out``."""
    quiet = Spans(texts)
    outer = inner = 0
    for function in names.functions.scopes:
        start, end = function.span
        if start >= outer:
            outer = end
            continue
        if start < inner:
            continue
        inner = end  # a lambda or local function, with all that is in it
        for hit in names.words.handed.finditer(data, start, end):
            at = Span(*hit.span(1))
            name = hit[1].decode("utf-8", "replace")
            local = names.local(name, at)
            if local is None or at.start in written.plain or quiet.contains(at):
                continue
            if local.function is not names.functions.innermost(at):
                yield Fact("write", at, name, captured=True)


def _begin(function: Function, data: bytes, words: Words) -> int:
    """Where what a function does begins: its body, or what a constructor gives to another one."""
    head = function.opening
    found = words.initializer.search(data, *head) if function.kind == "constructor" else None
    return found.end() if found is not None else head.end


def _outermost(spans: Sequence[Span]) -> list[Span]:
    """The spans without those that are in another one."""
    found: list[Span] = []
    for span in sorted(spans):
        if not found or span.start >= found[-1].end:
            found.append(span)
    return found


def _use(root: Node, data: bytes, at: Span, names: Names, written: Written, in_text: bool) -> Iterator[Fact]:
    if at.start in written.plain:
        return
    name = data[at.start : at.end].decode("utf-8", "replace")
    qualifier = _qualifier(data, at.start)
    if qualifier is None:
        return
    if qualifier in ("", names.words.self):
        told, state = names.bare(name, at) if not qualifier else (name, names.visible(at).get(name))
        if state is None or (not qualifier and names.local(name, at) is not None):
            return
        name = told
    else:
        state = names.member(qualifier, name, at)
        if state is None or names.local(qualifier, at) is not None:
            return
    if at.start in written.read_too:
        if state.use.kind != "event":
            yield Fact("read", at, name, qualifier, state=state.use)
        return
    kinds = _kinds(root, at, name, state, qualifier, in_text, names)
    if in_text and kinds and not _is_identifier(root, at, names.syntax):
        return
    for kind in kinds:
        yield Fact(kind, at, name, qualifier, state=state.use)


def _qualifier(data: bytes, start: int) -> str | None:
    """``""`` for a bare name, ``this`` or a simple name before the dot; ``None`` for a member of something else."""
    before = _back(data, start)
    if data[before - 1 : before] != b"." or data[before - 2 : before] == b"..":
        return "" if data[before - 2 : before] != b"->" else None
    return _word_before(data, _back(data, before - 1)).decode("utf-8", "replace") or None


def _path(data: bytes, at: int) -> int:
    """Where the dotted name begins in which the word at ``at`` stands."""
    while True:
        before = _back(data, at)
        mark = next((m for m in (b".", b"::") if data.endswith(m, 0, before)), None) if before else None
        if mark is None:
            return at
        end = _back(data, before - len(mark))
        word = _word_before(data, end)
        if not word:
            return at
        at = end - len(word)


def _back(data: bytes, at: int) -> int:
    """Where the blanks before ``at`` begin."""
    while at > 0 and data[at - 1] in _SPACE:
        at -= 1
    return at


def _word_before(data: bytes, at: int) -> bytes:
    """The word that ends at ``at``; empty where none does."""
    start = at
    while start > 0 and data[start - 1] in _LETTERS:
        start -= 1
    return data[start:at]


def word_after(data: bytes, at: int) -> bytes:
    """The word that begins at ``at``; empty where none does."""
    end = at
    while end < len(data) and data[end] in _LETTERS:
        end += 1
    return data[at:end]


def _kinds(
    root: Node, at: Span, name: str, state: State, qualifier: str, in_text: bool, names: Names
) -> tuple[FactKind, ...]:
    """What the use does: a read, a write, both, or nothing where the name is none of a value."""
    data = names.data
    start = _path(data, data.rfind(qualifier.encode(), 0, at.start)) if qualifier else at.start
    before = _back(data, start)
    word = _word_before(data, before)
    if word and word not in names.words.value_after:
        return ()
    follows = at.end
    while follows < len(data) and data[follows] in _SPACE:
        follows += 1
    if not _may_be_value(data, before, follows, in_text, names.words) or _is_static_use(
        data, follows, name, state, names
    ):
        return ()
    if not qualifier and _is_open(data, at, before, follows, name) and not _is_expression(root, at, names.syntax):
        return ()
    if word in names.words.given_back:
        return ("write",)
    return ("read", "write") if word in names.words.passed else ("read",)


def _is_static_use(data: bytes, follows: int, name: str, state: State, names: Names) -> bool:
    """Whether it is ``Name.Member``, not called, where ``Name`` is also the type's name."""
    if data[follows : follows + 1] != b"." or not state.type.startswith(name):
        return False
    member = follows + 1
    after = member + len(word_after(data, member))
    if state.type.rstrip("?") != name or data[after : after + 1] in (b"(", b"<"):
        return False
    return not names.is_object(name)


def _may_be_value(data: bytes, before: int, follows: int, in_text: bool, words: Words) -> bool:
    """What the neighbours alone rule out."""
    after = data[follows : follows + 2]
    first, last = after[:1], data[before - 1 : before]
    if first == b"=" and after != b"==":
        return False  # assigned, or the name in an initializer, an argument of an attribute or of a lambda
    if first == b":" and after != b"::" and last in (b"(", b",", b"{") and not (in_text and last == b"{"):
        return False  # the name of an argument or pattern, not a format in a hole of a text
    if first == b"[" and data[follows + 1 : follows + 2] in (b"]", b","):
        return False  # an array's type
    if next_word := word_after(data, follows):
        return next_word in words.value_before
    return last != b"(" or _word_before(data, _back(data, before - 1)) not in words.no_value_in


def _is_open(data: bytes, at: Span, before: int, follows: int, name: str) -> bool:
    """Whether the name may still be a type's: in a cast, between angle brackets, of an attribute."""
    first, last = data[follows : follows + 1], data[before - 1 : before]
    if first == b"?" and data[follows + 1 : follows + 2] not in b".[" and follows == at.end:
        return True
    if first in b"<>" and first and follows == at.end:
        return True
    if not name[:1].isupper():
        return False
    return (
        (last == b"(" and first == b")")
        or last in (b"[", b"<")
        or (last in (b"{", b",") and first in (b".", b">", b"]"))
    )


def _is_identifier(root: Node, at: Span, syntax: Syntax) -> bool:
    node = root.descendant_for_byte_range(*at)
    return node is not None and node.type in syntax.identifiers and nodes.span(node) == at


def _is_expression(root: Node, at: Span, syntax: Syntax) -> bool:
    """Whether the tree has an expression there, and not a type or a name in a pattern."""
    node = root.descendant_for_byte_range(*at)
    parent = parents.parent(node) if node is not None and node.type in syntax.identifiers else None
    return parent is not None and parent.type not in syntax.no_values and syntax.type(parent) != node
