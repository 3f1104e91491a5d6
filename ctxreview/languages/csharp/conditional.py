"""``#if`` as a compiler takes it: which branch is code under which symbols, and which symbols light a branch.

A build defines symbols we do not know. The reference is a compiler that was given none, so only what the
file itself ``#define``s counts; other branches are reached by the smallest set of symbols that lights them,
because such a set keeps the many ``#if`` of one file consistent with each other.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, islice

from ctxreview.kept import kept
from ctxreview.languages.csharp.lex import BLANK, CONDITIONALS, Code, Directive, Text, lex
from ctxreview.languages.possessive import possessive
from ctxreview.regex import regex

Formula = tuple[bytes, ...]
"""A condition in reverse Polish notation: symbols and operators."""

_SYMBOLS_TRIED = 6
"""Symbols in the conditions around one branch up to which all their combinations are tried (2 to the n)."""
_CONDITIONS_TRIED = 24
"""Conditions around and before one branch up to which symbols are looked for."""
_PARTS_TRIED = 512
"""Symbols and operators in these conditions up to which symbols are looked for."""
_BRANCHES_TRIED = 100
"""Branches looked at for one further selection."""

_CONDITIONAL = regex(rb"[\r\n][ \t\f\v]*+(#[ \t]*+(if|elif|else|endif)\b([^\r\n]*+))")
_NOTHING = regex(rb"\s*+")
_NAMES = regex(
    possessive(rb"""(?: \s++ | //[^\r\n]*+ | \# [ \t]*+ (?: if|elif|else|endif|region|endregion|pragma|error|warning|nullable ) \b [^\r\n]*+
      | using \s++ (?: static \s++ )?+ [\w.]++ (?: \s*+ = [\w\s.:<>,]++ )?+ ;
      | namespace \s++ [\w.]++ \s*+ [;{]?+ )*+"""),
    re.VERBOSE,
)
"""Text in which nothing is found: usings, a namespace's name, comments, and directives, whose branches are asked for themselves."""
_PARTS = regex(rb"//|\|\||&&|==|!=|[!()]|[\w\x80-\xff]+|\S")
_STRENGTH = {b"||": 1, b"&&": 2, b"==": 3, b"!=": 3, b"!": 4}


@kept(1024)
def formula(condition: bytes) -> Formula:
    """The condition as a formula (shunting yard: no recursion, whatever the nesting)."""
    output: list[bytes] = []
    waiting: list[bytes] = []
    for part in _PARTS.findall(condition):
        if part == b"//":
            break
        strength = _STRENGTH.get(part)
        if part == b")":
            while waiting and waiting[-1] != b"(":
                output.append(waiting.pop())
            del waiting[-1:]
        elif part in (b"(", b"!"):
            waiting.append(part)
        elif strength:
            while waiting and _STRENGTH.get(waiting[-1], 0) >= strength:
                output.append(waiting.pop())
            waiting.append(part)
        else:
            output.append(part)
    return (*output, *(w for w in reversed(waiting) if w != b"("))


def holds(condition: Formula, symbols: frozenset[bytes]) -> bool:
    """Whether the condition is true with exactly these symbols defined; a malformed one is false."""
    stack: list[bool] = []
    try:
        for part in condition:
            match part:
                case b"!":
                    stack.append(not stack.pop())
                case b"&&":
                    stack.append(stack.pop() & stack.pop())
                case b"||":
                    stack.append(stack.pop() | stack.pop())
                case b"==":
                    stack.append(stack.pop() == stack.pop())
                case b"!=":
                    stack.append(stack.pop() != stack.pop())
                case _:
                    stack.append(part == b"true" or (part != b"false" and part in symbols))
    except IndexError:
        return False
    return stack == [True]


class Branch:
    """The text between two conditional directives. ``group`` is the byte offset of its ``#if``.

    ``passed`` says that an earlier branch of the group is code.
    """

    def __init__(
        self, group: int, index: int, start: int, condition: Formula, parent: Branch | None, before: Branch | None
    ) -> None:
        self.group = group
        self.index = index
        self.start = start
        self.condition = condition
        self.parent = parent
        self.before = before
        self.lit = False
        self.passed = False
        self.end = -1

    def demands(self) -> Iterator[tuple[Formula, bool]]:
        """What has to be true and false for this branch to be code: its own condition and those outside it."""
        inside: Branch | None = self
        while inside is not None:
            yield inside.condition, True
            earlier = inside.before
            while earlier is not None:
                yield earlier.condition, False
                earlier = earlier.before
            inside = inside.parent


@kept(2)
def _is_told_apart(whole: Code) -> bool:
    """Whether no comment or literal goes on past a conditional directive, whatever branch it begins in."""
    conditional = [d for d in whole.directives if d.name in CONDITIONALS]
    lines = [match.start(1) - 1 for match in _CONDITIONAL.finditer(b"\n" + whole.data)]
    return not any(d.in_hole for d in conditional) and [d.start for d in conditional] == lines


class Selection:
    """One way through all ``#if`` of a file: ``forced`` gives the branch of a group, by offset of its ``#if``."""

    def __init__(
        self, data: bytes, symbols: frozenset[bytes] = frozenset(), forced: Mapping[int, int] | None = None
    ) -> None:
        self.data = data
        self.symbols = symbols
        self.forced = forced or {}
        self.defined: frozenset[bytes] = frozenset()
        self.branches: list[Branch] = []
        self._open: list[Branch] = []
        self._hidden: list[tuple[int, int]] = []

    def read(self) -> Code:
        """The text with all conditional directives and dark branches blanked, and what it is."""
        self.defined = self.symbols
        whole = lex(self.data)
        code = self._chosen_of(whole) if _is_told_apart(whole) else lex(self.data, self._skip)
        while self._open:
            self._close(len(self.data))
        directives = tuple(d for d in code.directives if d.name not in CONDITIONALS)
        return Code(self._blanked(self.data), code.masked, directives, code.texts)

    def _chosen_of(self, whole: Code) -> Code:
        """What reading the text anew would give: a file is read once for all ways through it."""
        at = 0
        for directive in whole.directives:
            if directive.start >= at:
                at = self._skip(directive)
        starts = [start for start, _ in self._hidden]

        def is_lit(part: Directive | Text) -> bool:
            before = bisect_right(starts, part.start)
            end = self._hidden[before - 1][1] if before else 0
            return end <= part.start and end < len(self.data)

        directives, texts = filter(is_lit, whole.directives), filter(is_lit, whole.texts)
        return Code(self.data, self._blanked(whole.masked), tuple(directives), tuple(texts))

    def _blanked(self, data: bytes) -> bytes:
        """``data`` without conditional directives and dark branches."""
        blanked = bytearray(data)
        for start, end in self._hidden:
            blanked[start:end] = self.data[start:end].translate(BLANK)
        return bytes(blanked)

    def dark(self, at: int) -> Branch | None:
        """The innermost branch that holds the byte offset ``at`` without being code."""
        return next((b for b in reversed(self.branches) if b.start <= at < b.end and not b.lit), None)

    def _skip(self, directive: Directive) -> int:
        name, end = directive.name, directive.end
        if name not in CONDITIONALS:
            symbol = frozenset(_PARTS.findall(directive.rest)[:1])
            if name == b"define":
                self.defined |= symbol
            elif name == b"undef":
                self.defined -= symbol
            return end
        branch = self._meet(name, directive.rest, directive.start, end)
        if branch is not None and not branch.lit:
            end = self._dark(end)
        self._hidden.append((directive.start, end))
        return end

    def _dark(self, at: int) -> int:
        """Read a dark branch line by line, as a compiler does; the offset of the directive that ends it."""
        depth = len(self._open)
        while match := _CONDITIONAL.search(self.data, at):
            if match[2] != b"if" and len(self._open) == depth:
                return match.start(1)
            self._meet(match[2], match[3], match.start(1), match.end())
            at = match.end()
        return len(self.data)

    def _meet(self, name: bytes, rest: bytes, start: int, end: int) -> Branch | None:
        """Note a conditional directive; the branch that it opens."""
        before: Branch | None = None
        if name != b"if":
            if not self._open:
                return None  # a stray directive: nothing to decide
            before = self._open[-1]
            self._close(start)
            if name == b"endif":
                return None
        parent = self._open[-1] if self._open else None
        condition = (b"true",) if name == b"else" else formula(rest)
        group, index = (start, 0) if before is None else (before.group, before.index + 1)
        branch = Branch(group, index, end, condition, parent, before)
        branch.passed = before is not None and (before.passed or before.lit)
        branch.lit = (parent is None or parent.lit) and self._chosen(branch)
        self.branches.append(branch)
        self._open.append(branch)
        return branch

    def _close(self, at: int) -> None:
        self._open.pop().end = at

    def _chosen(self, branch: Branch) -> bool:
        if branch.group in self.forced:
            return self.forced[branch.group] == branch.index
        return not branch.passed and holds(branch.condition, self.defined)


def select(data: bytes, keep: int | None) -> tuple[Selection, Code]:
    """The branches a compiler without symbols takes, except that the byte offset ``keep`` is code."""
    selection = Selection(data)
    code = selection.read()
    wanted = selection.dark(keep) if keep is not None else None
    if keep is None or wanted is None:
        return selection, code
    symbols = _symbols(wanted, selection.defined)
    if symbols is not None:
        selection = Selection(data, symbols)
        code = selection.read()
    if selection.dark(keep):  # no set of symbols does it: ``#if false``, say
        selection = Selection(data, forced=_forced(wanted))
        code = selection.read()
    return selection, code


def others(taken: Selection, most: int, *, declaring: bool = False) -> Iterator[tuple[Selection, Code]]:
    """At most ``most`` further selections in which the branches that are dark in ``taken`` are code.

    With ``declaring``, those branches do not count that hold nothing but ``using`` directives and the name of a namespace.
    """
    # With the symbols that made the rest a program, or all of them but one, before none but what the file defines.
    fewer = (taken.defined - {symbol} for symbol in sorted(taken.symbols)[:_SYMBOLS_TRIED])
    known = tuple(dict.fromkeys((taken.defined, *fewer, taken.defined - taken.symbols)))
    idle = _NAMES if declaring else _NOTHING
    missing = {b.start: b for b in taken.branches if not b.lit and not idle.fullmatch(taken.data, b.start, b.end)}
    for _ in range(most):
        if not missing:
            return
        selection = _lighting(taken.data, known, list(missing.values())[:_BRANCHES_TRIED])
        code = selection.read()
        lit = {b.start for b in selection.branches if b.lit}
        if lit.isdisjoint(missing):  # it is in text that is not a branch under this selection
            del missing[next(iter(missing))]
            continue
        missing = {start: b for start, b in missing.items() if start not in lit}
        yield selection, code


def _lighting(data: bytes, known: Iterable[frozenset[bytes]], missing: list[Branch]) -> Selection:
    """A selection that lights the first of the branches it can and as many of the others as go with it.

    ``known`` are the symbols it may have for a start: the first that light any branch.
    """
    for start in known:
        symbols = start
        reached: dict[tuple[tuple[Formula, bool], ...], None] = {}
        for branch in missing:
            demands = tuple(islice(branch.demands(), _CONDITIONS_TRIED + 1))
            if demands in reached:
                continue
            more = _symbols(branch, symbols)
            if more is not None and all(holds(f, more) is wanted for d in reached for f, wanted in d):
                symbols = more
                reached[demands] = None
        if reached:
            return Selection(data, symbols)
    forced: dict[int, int] = {}
    for branch in missing:
        path = _forced(branch)
        if all(forced.get(group, index) == index for group, index in path.items()):
            forced |= path
    return Selection(data, forced=forced)


def _symbols(branch: Branch, known: frozenset[bytes]) -> frozenset[bytes] | None:
    """The smallest set of symbols, ``known`` included, under which the branch is code; ``None``: none was found."""
    demands = list(islice(branch.demands(), _CONDITIONS_TRIED + 1))
    if len(demands) > _CONDITIONS_TRIED or sum(len(condition) for condition, _ in demands) > _PARTS_TRIED:
        return None
    names = {part for condition, _ in demands for part in condition}
    free = sorted(n for n in names - known if n not in _STRENGTH and n not in (b"true", b"false"))
    if len(free) > _SYMBOLS_TRIED:
        return None
    for size in range(len(free) + 1):
        for chosen in combinations(free, size):
            symbols = known.union(chosen)
            if all(holds(condition, symbols) is wanted for condition, wanted in demands):
                return symbols
    return None


def _forced(branch: Branch) -> dict[int, int]:
    """The choices that lead to the branch, whatever the conditions say."""
    path: dict[int, int] = {}
    inside: Branch | None = branch
    while inside is not None:
        path[inside.group] = inside.index
        inside = inside.parent
    return path
