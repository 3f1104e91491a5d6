"""Source to syntax trees: as it is, or else rewritten where the grammar cannot read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tree_sitter import Range

from ctxreview.kept import forget, kept
from ctxreview.languages import Language, nodes, parents
from ctxreview.model.outline import Parse
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node, Tree


_LARGE = 1 << 20
"""Bytes of a file whose tree is not kept beside that of the rewritten one: it takes 40 times as many."""
_ALONE = 1 << 17
"""Bytes of a file from which on no reading of another one is kept beside its own: a tree takes some thirty times as many."""
_BLOCK = 1024
"""Bytes that are compared at once: most of them are the same."""


class Branch(NamedTuple):
    """The tree of another way through ``#if``, and the lines that are code there and blank in the file's own tree."""

    root: Node
    active: tuple[Span, ...]


class Reading(NamedTuple):
    """The tree of a file, its other ``#if`` branches, and how well it was read.

    All trees have the offsets of the bytes as read. Names and literals in them may be rewritten ones. The bodies ``left_out``
    are blank in them, but for their braces.
    """

    root: Node
    branches: tuple[Branch, ...]
    parse: Parse
    left_out: tuple[Span, ...] = ()


class _Parsed(NamedTuple):
    """Bytes and their tree; the parser did not look into the bodies ``left_out``."""

    data: bytes
    tree: Tree
    left_out: tuple[Span, ...] = ()

    def changed(self, data: bytes, language: Language) -> _Parsed:
        """``data`` of the same length and line ends, parsed again where it differs from this."""
        if data == self.data:
            return self
        tree = self.tree.copy()
        row = last = 0  # tree-sitter's rows end with \n alone
        for start, end in _differing(self.data, data):
            row += data.count(b"\n", last, start)
            tree.edit(start, end, end, (row, 0), (row, end - start), (row, end - start))
            last = start
        return _parsed(data, language, self.left_out, tree)


def read(data: bytes, language: Language, keep: int | None = None, within: tuple[Span, ...] | None = None) -> Reading:
    """Parse ``data``; where that fails, parse it rewritten. ``keep`` is an offset that has to stay code.

    With ``within`` (sorted), methods that touch none of these spans may be left out; what is left then parses clean, and
    how well their bodies do is not known.

    The last readings are kept: the same file may be asked for again, for another part of it.
    """
    if len(data) >= _ALONE:
        _alone(data)
    part = _part(data, language, keep, within) if within is not None else None
    if part is not None:
        return part
    # Whichever part was asked for, the whole is read once, and only once more where that did not give the line to keep.
    whole = _whole(data, language, None)
    if keep is None or (whole.parse.clean and _is_code(keep, data, whole.root.text or b"")):
        return whole
    return _whole(data, language, keep)


@kept(1)
def _alone(_data: bytes) -> None:
    """Give up the readings of other files, where this is not the file that was read last."""
    forget(_part, _whole, _skimmed, _kept)


@kept(4)
def _part(data: bytes, language: Language, keep: int | None, within: tuple[Span, ...]) -> Reading | None:
    """The file without the methods that touch none of the spans, where the rest of it parses clean."""
    skimmed = _skimmed(data, language, within)
    if skimmed is None:
        return None
    left_out = tuple(Span(*body) for body in skimmed.bodies)
    reading = _read(skimmed.data, language, keep, left_out)
    if not reading.parse.clean:
        return None
    rewrites = tuple(dict.fromkeys((*skimmed.rewrites, *reading.parse.normalised)))
    return reading._replace(parse=reading.parse._replace(normalised=rewrites), left_out=left_out)


@kept(2)
def _whole(data: bytes, language: Language, keep: int | None) -> Reading:
    return _read(data, language, keep, ())


def _is_code(at: int, data: bytes, read_as: bytes) -> bool:
    """Whether something of the line at an offset is left in the bytes as they were read: it is not in a branch that was blanked."""
    start, end = data.rfind(b"\n", 0, at) + 1, (data.find(b"\n", at) + 1 or len(data))
    return bool(read_as[start:end].strip())


# With another branch of `#if` a file is read twice in a row, and the parser is slowest on what it cannot read.
@kept(2)
def _skimmed(data: bytes, language: Language, within: tuple[Span, ...]) -> Any:
    return language.skim(data, within) if language.skim is not None else None


def _as_it_is(data: bytes, language: Language, left_out: tuple[Span, ...]) -> _Parsed:
    return _kept(data, language, left_out) if len(data) < _LARGE else _parsed(data, language, left_out)


@kept(2)
def _kept(data: bytes, language: Language, left_out: tuple[Span, ...]) -> _Parsed:
    return _parsed(data, language, left_out)


def _parsed(data: bytes, language: Language, left_out: tuple[Span, ...], old: Tree | None = None) -> _Parsed:
    """``old`` is the tree of bytes that differ little. The bodies ``left_out`` are blank, and blanks take time as well."""
    edges = [0, *(edge for start, end in left_out for edge in (start + 1, end - 1)), len(data)]
    whole = [] if not left_out else list(zip(edges[::2], edges[1::2], strict=True))
    # Rows and columns are not asked for anywhere.
    parse = language.parser([Range((0, 0), (0, 0), start, end) for start, end in whole]).parse
    return _Parsed(data, parse(data) if old is None else parse(data, old), left_out)


def _read(data: bytes, language: Language, keep: int | None, left_out: tuple[Span, ...]) -> Reading:
    last = _as_it_is(data, language, left_out)
    if not _unread(last.tree.root_node, data, language) or language.normalise is None:
        return Reading(last.tree.root_node, (), _health(last.tree.root_node))

    def broken(candidate: bytes) -> int:
        nonlocal last
        last = last.changed(candidate, language)
        return _unread(last.tree.root_node, candidate, language)

    rewritten = language.normalise(data, broken, keep)
    last = last.changed(rewritten.data, language)
    root = last.tree.root_node
    branches = tuple(
        Branch(last.changed(b, language).tree.root_node, tuple(_inactive(b, rewritten.data)))
        for b in rewritten.branches
    )
    parse = _health(root)._replace(
        normalised=rewritten.rewrites, inactive=tuple(_inactive(data, rewritten.data)) if branches else ()
    )
    return Reading(root, branches, parse)


def _health(root: Node) -> Parse:
    return Parse(clean=not root.has_error, errors=tuple(errors(root)) if root.has_error else ())


def _differing(before: bytes, after: bytes) -> Iterator[Span]:
    """The lines that differ, without their ends, of bytes with the same line ends."""
    at = 0
    while at < len(before):
        end = before.find(b"\n", at + _BLOCK) + 1 or len(before)
        if before[at:end] != after[at:end]:
            start = at
            for was, now in zip(before[at:end].splitlines(True), after[at:end].splitlines(True), strict=True):
                if was != now:
                    yield Span(start, start + len(was.rstrip(b"\r\n")))
                start += len(was)
        at = end


def _inactive(data: bytes, rewritten: bytes) -> Iterator[Span]:
    """The lines of ``data`` that are blank in ``rewritten`` and not there."""
    for start, end in _differing(data, rewritten):
        if not rewritten[start:end].strip() and data[start:end].strip():
            following = data[end : end + 2]
            yield Span(start, end + (2 if following == b"\r\n" else len(following[:1])))


def _unread(root: Node, data: bytes, language: Language) -> int:
    """How much could not be read: bytes in error and missing tokens, and names that only a misreading gives."""
    found = 0
    if root.has_error:
        found = max(1, sum(max(1, e.size) for e in errors(root)))
    for keyword, stands_as in language.shape.misread.items():
        word = keyword.encode()
        after = rb"\s*[(<]" if stands_as == "name" else rb"\s+[@\w\x80-\xff]+\s*[(<]"
        places = re.finditer(rb"%(n)s(?<!\w%(n)s)(?=%(after)s)" % {b"n": word, b"after": after}, data)
        found += sum(_is_misread(root, Span(*hit.span()), stands_as, language) for hit in places)
    return found


def _is_misread(root: Node, word: Span, stands_as: str, language: Language) -> bool:
    """Whether a word is what a function is called or returns: it is a type, whose keyword the grammar does not know."""
    node, syntax = root.descendant_for_byte_range(*word), language.syntax
    function = parents.parent(node) if node is not None else None
    if (
        node is None
        or function is None
        or nodes.span(node) != word
        or not language.patterns.gives(function, "function")
    ):
        return False
    if stands_as == "name":
        return syntax.name(function) == node
    parameters = syntax.parameters_of(function)
    if syntax.returned(function) != node or parameters is None:
        return False
    return any(p.type in syntax.parameters and syntax.type(p) is None for p in parameters.named_children)


def errors(root: Node) -> list[Span]:
    """The spans the grammar could not read; a missing token has the empty span where it should stand."""
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            found.append(nodes.span(node))
        elif node.has_error:
            waiting += node.children
    return sorted(found)
