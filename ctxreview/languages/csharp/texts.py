"""Mends of text: directives that the grammar's own do not cover, and delimiters inside literals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.languages.csharp.editing import Edit
from ctxreview.languages.csharp.lex import BLANK, CONDITIONALS, FILLED, Code, Directive
from ctxreview.languages.possessive import possessive
from ctxreview.regex import regex

_TAKEN_DIRECTIVE = regex(
    possessive(rb"""\#[ \t]*+ (?:
        (?: region | endregion ) (?: [ \t\r] (?: [^/\r\n] | / (?![*\r\n]) )*+ )?+
      | (?: define | undef ) [ \t]++ \w++ [ \t]*+ (?: //[^\r\n]*+ )?+
      | (?: error | warning ) [ \t]++ [^/\r\n]++
      | line [ \t]++ (?: default | hidden | \d++ [ \t]*+ (?: "[^"\\\r\n]*+" )?+ ) [ \t]*+
      | pragma [ \t]++ warning [ \t]++ (?: disable | restore )
            (?: [ \t]++ \w++ (?: [ \t]*+ , [ \t]*+ \w++ )*+ )?+ [ \t]*+ (?: //[^\r\n]*+ )?+
      | nullable [ \t]++ (?: enable | disable | restore ) (?: [ \t]++ (?: annotations | warnings ) )?+
            [ \t]*+ (?: //[^\r\n]*+ )?+
    ) \r? \n"""),
    re.VERBOSE,
)


def _plain_directives(code: Code) -> Iterator[Directive]:
    """Those that decide nothing: without the lines of an ``#if`` its branches would all be code."""
    return (d for d in code.directives if d.name not in CONDITIONALS)


def _spaces(code: Code, start: int, end: int) -> Edit:
    return start, code.data[start:end].translate(BLANK)


def directive(code: Code) -> Iterator[Edit]:
    """``#line 2 "..\\Page"``, ``#:package``, a last line without its end: what the grammar's directives lack."""
    for line in _plain_directives(code):
        shebang = line.start == 0 and line.name == b"!"
        if not shebang and not _TAKEN_DIRECTIVE.match(code.data, line.start):
            yield _spaces(code, line.start, line.end)


def every_directive(code: Code) -> Iterator[Edit]:
    """All of them, ``#if`` and its kin aside."""
    for line in _plain_directives(code):
        yield _spaces(code, line.start, line.end)


_QUOTED_FORMAT = regex(rb':(?::|[^"]*+")')


def interpolated_text(code: Code) -> Iterator[Edit]:
    """``$""``, ``$@"{x}""\"``, ``{{{x}}}``, ``{x:a\\"b}``: delimiters in text that the grammar takes for real ones."""
    for text in code.texts:
        start, end = text.start, text.end
        if text.kind == "format":
            if end - start == 1:
                yield start, b" "
            elif _QUOTED_FORMAT.match(code.data, start, end):
                yield start + 1, code.data[start + 1 : end].translate(FILLED)
        elif text.kind == "part":
            if start == end and text.last and code.data[max(0, start - 2) : start + 1] == b'$""':
                yield start - 2, b" "
            if code.data.endswith(b'""' if text.verbatim and text.last else b"{{", start, end):
                yield end - 2, b"xx"


def literal_text(code: Code) -> Iterator[Edit]:
    """Every literal: its delimiters and holes, and ``x`` for its text."""
    for text in code.texts:
        if text.kind == "format":
            yield _spaces(code, text.start, text.end)
        elif text.end > text.start:
            yield text.start, code.data[text.start : text.end].translate(FILLED)
