"""A small C# lexer: it distinguishes code from comments, literals and directives, and nothing else.

The result is the text twice: as it is, and *masked* to the same length. In the masked text comments,
directives and dark branches are spaces and the text of literals is zero bytes between quotes, so that
a plain regular expression over it sees code only. The holes of interpolated strings are code; their
braces appear as parentheses, since what is between them is an expression.

One pass, no recursion, no backtracking over what was read: time and memory are linear in the size.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ctxreview.kept import kept
from ctxreview.languages.masked import Masked
from ctxreview.languages.possessive import possessive
from ctxreview.regex import regex

Skip = Callable[["Directive"], int]
"""Told of each directive in code, answers where code goes on: a byte offset at or after its end."""

CONDITIONALS = frozenset({b"if", b"elif", b"else", b"endif"})
"""The directives that decide what is code."""

BLANK = bytes(b if b in b"\r\n" else 0x20 for b in range(256))
"""Translation table: every byte but the line ends becomes a space."""

FILLED = bytes(b if b in b"\r\n" else 0x78 for b in range(256))
"""Translation table: every byte but the line ends becomes the letter ``x``."""

_TOKENS = possessive(
    rb"""
    (?P<comment> // [^\r\n]*+ (?: \r?+\n [ \t]*+ // [^\r\n]*+ )*+ | /\* [^*]*+ (?: \*(?!/) [^*]*+ )*+ (?: \*/ | \Z ) )
  | (?P<interpolated> (?P<dollars> \$++ ) (?P<quotes> "{3,}+ ) | \$@?+" | @\$" )
  | (?P<raw> "{3,}+ )
  | (?P<text> @" (?: [^"]++ | "" )*+ "?+
            | "  (?: [^"\\\r\n]++ | \\[^\r\n] )*+ "?+
            | '  (?: [^'\\\r\n] | \\[^\r\n] ) [^'\r\n]{0,10}+ ' )
  | (?P<directive> \# [^\r\n]*+ )
"""
)
_CODE = regex(_TOKENS, re.VERBOSE)
_START = regex(rb"[/\"'#$@]")
"""The bytes that a token outside holes starts with: sought on their own, eight times as fast as the tokens."""
_HOLE = regex(_TOKENS + rb"| (?P<bracket> [(){}\[\]] | ::?+ )", re.VERBOSE)
_DIRECTIVE = regex(rb"#[ \t]*+([^\W\d]\w*+|[!:]|)")
_REGULAR = regex(possessive(rb'(?:[^"\\{\r\n]++|\\[^\r\n]|\{\{)*+'))
_VERBATIM = regex(possessive(rb'(?:[^"{]++|""|\{\{)*+'))
_REGULAR_FORMAT = regex(possessive(rb':(?:[^}"\\\r\n]++|\\[^\r\n])*+'))
_VERBATIM_FORMAT = regex(possessive(rb':(?:[^}"]++|"")*+'))
_RAW_FORMAT = regex(rb':[^}"]*+')
_INDENT = b" \t\f\v"


class Directive(NamedTuple):
    """A preprocessor line, from its ``#`` to before its line end; ``name`` is ``b""`` where there is none.

    ``in_hole`` says that it is in a hole of an interpolated string.
    """

    start: int
    end: int
    name: bytes
    rest: bytes
    in_hole: bool = False


class Text(NamedTuple):
    """The characters of a literal, delimiters aside: ``[start, end)`` in bytes.

    ``kind`` is ``literal`` (no holes), ``part`` (a stretch between holes) or ``format`` (``:`` included);
    ``verbatim`` says that ``""`` is an escaped quote; ``last`` that the closing delimiter follows.
    """

    start: int
    end: int
    kind: str
    verbatim: bool = False
    last: bool = True


class Code(Masked):
    """The bytes of C# code and what they are."""

    def __init__(self, data: bytes, masked: bytes, directives: tuple[Directive, ...], texts: tuple[Text, ...]) -> None:
        super().__init__(data, masked)
        self.directives = directives
        self.texts = texts


class _Literal:
    """An interpolated literal whose hole is being read."""

    def __init__(self, text: re.Pattern[bytes], format_: re.Pattern[bytes], braces: int, quotes: int) -> None:
        self.text = text
        self.format = format_
        self.braces = braces
        self.quotes = quotes
        self.depth = 0


@kept(64)
def _raw_text(braces: int, quotes: int) -> re.Pattern[bytes]:
    """Text of a raw interpolated literal: shorter runs of quotes and braces than its own are text."""
    brace = rb"|\{{1,%d}+(?!\{)" % (braces - 1) if braces > 1 else b""
    return re.compile(possessive(rb'(?:[^"{]++|"{1,%d}+(?!")%s)*+' % (quotes - 1, brace)))


def lex(data: bytes, skip: Skip | None = None) -> Code:
    """Read ``data`` (UTF-8). ``skip`` decides about dark branches; without it all branches are code."""
    return _Lexer(data, skip).run() if skip is not None else _lexed(data)


@kept(2)
def _lexed(data: bytes) -> Code:
    return _Lexer(data, None).run()


class _Lexer:
    def __init__(self, data: bytes, skip: Skip | None) -> None:
        self.data = data
        self.skip = skip
        self.masked = bytearray(data)
        self.directives: list[Directive] = []
        self.texts: list[Text] = []
        self.literals: list[_Literal] = []

    def run(self) -> Code:
        """Walk from token to token; each reader answers where the next one may start."""
        readers: dict[str | None, Callable[[re.Match[bytes]], int]] = {
            "comment": self._comment,
            "interpolated": self._interpolated,
            "raw": self._raw,
            "text": self._text,
            "directive": self._directive,
            "bracket": self._bracket,
        }
        at = 0
        while match := _HOLE.search(self.data, at) if self.literals else self._next(at):
            at = readers[match.lastgroup](match)
        return Code(self.data, bytes(self.masked), tuple(self.directives), tuple(self.texts))

    def _next(self, at: int) -> re.Match[bytes] | None:
        """The first token outside holes from ``at`` on."""
        while start := _START.search(self.data, at):
            if match := _CODE.match(self.data, start.start()):
                return match
            at = start.end()
        return None

    def _comment(self, match: re.Match[bytes]) -> int:
        self._blank(match.start(), match.end())
        return match.end()

    def _text(self, match: re.Match[bytes]) -> int:
        """A string or character without holes."""
        start, end = match.span()
        self._fill(start, end)
        opening = start + (2 if self.data[start] == 0x40 else 1)
        if end > opening and self.data[end - 1] == 0x22:  # an unclosed one may end inside a character
            self.texts.append(Text(opening, end - 1, "literal"))
        return end

    def _raw(self, match: re.Match[bytes]) -> int:
        quotes = match.group()
        closing = self.data.find(quotes, match.end())
        end = len(self.data) if closing < 0 else closing + len(quotes)
        self._fill(match.start(), end)
        if closing >= 0:
            self.texts.append(Text(match.end(), closing, "literal"))
        return end

    def _interpolated(self, match: re.Match[bytes]) -> int:
        if match["dollars"]:
            braces, quotes = len(match["dollars"]), len(match["quotes"])
            literal = _Literal(_raw_text(braces, quotes), _RAW_FORMAT, braces, quotes)
        elif b"@" in match.group():
            literal = _Literal(_VERBATIM, _VERBATIM_FORMAT, 1, 1)
        else:
            literal = _Literal(_REGULAR, _REGULAR_FORMAT, 1, 1)
        self._fill(match.start(), match.end())
        return self._part(literal, match.end())

    def _part(self, literal: _Literal, start: int) -> int:
        """Text of an interpolated literal up to its next hole, which is then open, or to its end."""
        data = self.data
        found = literal.text.match(data, start)
        at = end = found.end() if found else start
        if data.startswith(b"{", at):
            while data.startswith(b"{", at):
                at += 1
            end = at - literal.braces  # a longer run opens with its innermost braces
            self.literals.append(literal)
        elif data.startswith(b'"', at):
            while at - end < literal.quotes and data.startswith(b'"', at):
                at += 1
        verbatim = literal.text is _VERBATIM
        self.texts.append(Text(start, end, "part", verbatim, last=not data.startswith(b"{", end)))
        self._fill(start, at)
        if data.startswith(b"{", end):
            self.masked[end:at] = b" " * (at - end - 1) + b"("
        return at

    def _bracket(self, match: re.Match[bytes]) -> int:
        """A bracket or colon inside a hole: it may end the hole."""
        literal, end = self.literals[-1], match.end()
        token = match.group()
        if token in (b"(", b"[", b"{"):
            literal.depth += 1
        elif literal.depth and token in (b")", b"]", b"}"):
            literal.depth -= 1
        elif token == b"}":
            self.literals.pop()
            while end - match.start() < literal.braces and self.data.startswith(b"}", end):
                end += 1
            self.masked[match.start() : end] = b")" + b" " * (end - match.start() - 1)
            return self._part(literal, end)
        elif token == b":" and not literal.depth:
            found = literal.format.match(self.data, match.start())
            end = found.end() if found else end
            self._fill(match.start(), end)
            verbatim = literal.text is _VERBATIM
            self.texts.append(Text(match.start(), end, "format", verbatim, last=False))
        return end

    def _directive(self, match: re.Match[bytes]) -> int:
        start, end = match.span()
        before = self.data[max(0, start - 256) : start].rstrip(_INDENT)
        if before[-1:] not in (b"", b"\r", b"\n"):  # not the first on its line: no directive
            return start + 1
        found = _DIRECTIVE.match(self.data, start)
        name, rest = (found[1], self.data[found.end() : end]) if found else (b"", b"")
        directive = Directive(start, end, name, rest, bool(self.literals))
        self.directives.append(directive)
        code = self.skip(directive) if self.skip else end
        self._blank(start, code)
        return code

    def _blank(self, start: int, end: int) -> None:
        self.masked[start:end] = self.data[start:end].translate(BLANK)

    def _fill(self, start: int, end: int) -> None:
        if end > start:
            self.masked[start:end] = b'"' + bytes(max(0, end - start - 2)) + b'"' * (end - start > 1)
