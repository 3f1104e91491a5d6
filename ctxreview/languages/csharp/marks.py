"""Mends of marks: operators, brackets and semicolons where the grammar does not expect them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from ctxreview.languages.csharp.editing import ASSIGNS, LONGEST, NAME, Edit, blank, word, word_before
from ctxreview.languages.csharp.lex import Code
from ctxreview.languages.possessive import possessive
from ctxreview.regex import regex

_MAYBE = regex(rb"\?(?=\[|\.(?!\d))")
_NULLABLE = regex(rb"[\w)\]!\">\x80-\xff]")
_LINK = regex(possessive(rb"\s*+(?:(\?)?+\.\s*+(?:" + NAME + rb")(?:<[^<>(){};=]*+>)?+|(\?)?+([\[(])|!(?!=))"))
_ASSIGNMENT = regex(rb"\s*+" + ASSIGNS)


def null_conditional_assignment(code: Code) -> Iterator[Edit]:
    """``a?.b = c``, ``a?[0] += 1``: a plain access on the left of the assignment."""
    seen: set[int] = set()
    for match in _MAYBE.finditer(code.masked):
        at, marks = match.end() - 1, []
        if at in seen or not _NULLABLE.match(code.masked, max(0, code.previous(at))):
            continue
        while link := _LINK.match(code.masked, at):
            marks += [m for m in (link.start(1), link.start(2)) if m >= 0]
            at = link.end()
            if link[3]:
                closing = code.other_half(at - 1)
                if closing is None:
                    break
                at = closing + 1
        seen.update(marks)
        if _ASSIGNMENT.match(code.masked, at):
            yield from ((mark, b" ") for mark in marks)


_COMPOUND = regex(possessive(word(b"operator") + rb"\s++(?:checked\s++)?+(?:[+\-*/%&|^]|<<|>>>?)(=)\s*+\("))


def compound_operator(code: Code) -> Iterator[Edit]:
    """``void operator +=(T x)``: the operator without ``=``."""
    for match in _COMPOUND.finditer(code.masked):
        yield match.start(1), b" "


_POINTER = rb"[\w\x80-\xff.:]++(?:<[^<>(){};]*+(?:<[^<>(){};]*+>[^<>(){};]*+)*+>)?+\s*+\*[\s*]*+"
_POINTED = regex(possessive(rb"\*\s*+((?:\(\s*+" + _POINTER + rb"\)\s*+&?+\s*+)*+)(\()?+"))
_BEFORE_DEREFERENCE = frozenset(
    (b"", b"return", b"ref", b"in", b"out", b"else", b"do", b"=>", *(bytes((c,)) for c in b"=(,;{}[!&|^?:<>+-/%~*"))
)
_CAST = regex(
    possessive(rb"\s*+(?:s?byte|u?short|u?int|u?long|nu?int|char|bool|float|double|decimal|" + _POINTER + rb")\s*+")
)
_HEADED = frozenset((b"if", b"while", b"for", b"foreach", b"fixed", b"using", b"lock"))
"""Statements whose parentheses a statement follows."""


_STEP = rb"\s*+(\+\+|--)"
_STEPPED_TARGET = regex(
    possessive(
        rb"\*(?:" + _STEP + rb")?+\s*+(?:" + NAME + rb")(?:\s*+(?:\.|->)\s*+(?:" + NAME + rb"))*+(?:" + _STEP + rb")?+"
        rb"\s*+" + ASSIGNS
    )
)
_STEPPED_FIRST = regex(rb"\*" + _STEP)


def dereference(code: Code) -> Iterator[Edit]:
    """``*(int*)&x``, ``*(p + 1) = 0``, ``*p++ = 0``: not a cast, an element access for the parentheses, and not a step."""
    for match in _STEPPED_TARGET.finditer(code.masked):
        if (match[1] or match[2]) and _begins_operand(code, match.start()):
            yield match.start(), b" "
            yield from ((match.start(step), b"  ") for step in (1, 2) if match[step])
    for match in _STEPPED_FIRST.finditer(code.masked):
        if _begins_operand(code, match.start()):
            yield match.start(1), b"  "
    for match in _POINTED.finditer(code.masked):
        star, opening = match.start(), match.start(2)
        closing = code.other_half(opening) if opening >= 0 else None
        if match[1]:
            yield blank(code, match.start(1), match.end(1))
        elif closing is None or not _begins_operand(code, star):
            continue  # a product
        if closing is not None:
            yield star, b" " if star and code.masked[star - 1 : star].isalnum() else b"P"
            yield opening, b"["
            yield closing, b"]"


def _begins_operand(code: Code, at: int) -> bool:
    """Whether nothing is before the star at ``at`` that it could multiply, or make the type of a pointer."""
    while code.masked[at - 1 : at] == b"*":  # `T**(` names a type
        at -= 1
    before = word_before(code, at)
    if before == b")":
        closing = code.previous(at)
        opening = code.other_half(closing)
        if opening is None:
            return False
        return word_before(code, opening) in _HEADED or _CAST.fullmatch(code.masked, opening + 1, closing) is not None
    return before in _BEFORE_DEREFERENCE


_STRAY = regex(rb"\}(?:\s++;|\s*+;\s*+;)[\s;]*+")
_TYPE_HEAD = regex(
    word(b"class", b"struct", b"interface", b"enum", b"record", b"union", b"namespace") + rb"\s++@?[\w\x80-\xff]"
)
_NO_HEAD = regex(rb"=>|" + word(b"new"))
_HEAD = 2048
"""Bytes before a type's brace in which its keyword is looked for."""


def stray_semicolon(code: Code) -> Iterator[Edit]:
    """``class X { } ;``: nothing, where the brace closes a type or namespace."""
    for match in _STRAY.finditer(code.masked):
        opening = code.other_half(match.start())
        if opening is None:
            continue
        start = max(0, opening - _HEAD)
        start = max(start, *(code.masked.rfind(mark, start, opening) + 1 for mark in (b";", b"{", b"}")))
        heads = list(_TYPE_HEAD.finditer(code.masked, start, opening))
        if heads and not _NO_HEAD.search(code.masked, heads[-1].end(), opening):
            yield from ((at, b" ") for at in range(*match.span()) if code.masked[at] == 0x3B)


_SLICE = regex(rb"\[\s*+(\.\.)\s*+(?:([,\]])|(?=(?:var|not|null)\b|\{))")
_TYPED = rb"(?!(?:await|new|throw|ref|from|async|static|stackalloc)\b)(?:" + NAME + rb")(?:<[\w\s.,?]*+>)?+(?:\[\])?+"
_NAMED = rb"(?!(?:is|as|and|or|switch|with)\b)(?:" + NAME + rb")"
_LATER_SLICE = regex(possessive(rb",\s*+(\.\.)\s*+(?=(?:var|not)\b|\{|" + _TYPED + rb"\s++" + _NAMED + rb"\s*+[,\]])"))
_GUARDED = regex(rb"\]\s*+when\b")
_BEFORE_PATTERN = frozenset((b"is", b"not", b"case", b"and", b"or", b"{", b",", b"(", b":", b"["))


def list_pattern(code: Code) -> Iterator[Edit]:
    """``[.., 1]``, ``[1, .. var x]``, ``[_] when``: no slice, or a discard; an empty property pattern for a guarded list."""
    for match in _SLICE.finditer(code.masked):
        if word_before(code, match.start()) in _BEFORE_PATTERN:
            yield match.start(1), b"_ " if match[2] else b"  "
    for match in _LATER_SLICE.finditer(code.masked):  # what follows is not an expression, so that this is not a spread
        yield match.start(1), b"  "
    for match in _GUARDED.finditer(code.masked):
        opening = code.other_half(match.start())
        if opening is None or match.start() - opening > LONGEST:
            continue
        if word_before(code, opening) in _BEFORE_PATTERN:
            yield opening, b"{" + blank(code, opening + 1, match.start())[1] + b"}"


_CHECKED = tuple(regex(word(name) + rb"(?=\s*+\()") for name in (b"unchecked", b"checked"))


def checked_pattern(code: Code) -> Iterator[Edit]:
    """``x is unchecked((uint)-1)``: the parentheses alone."""
    for match in chain.from_iterable(p.finditer(code.masked) for p in _CHECKED):
        if word_before(code, match.start()) in (b"is", b"not", b"or", b"and"):
            yield blank(code, *match.span())


_CALLED = regex(rb"\)\s*+" + ASSIGNS)
_CALLEE = regex(NAME + b"|>")
_NO_CALL = frozenset(
    b"if while for foreach var using lock switch catch when fixed return await is in and or not typeof sizeof default "
    b"nameof new case out ref checked unchecked else do throw yield".split()
)


def assigned_call(code: Code) -> Iterator[Edit]:
    """``F(x) ??= y`` on a call that returns a reference: an element access takes the same arguments."""
    for match in _CALLED.finditer(code.masked):
        opening = code.other_half(match.start())
        if opening is None:
            continue
        before = word_before(code, opening)
        if not _CALLEE.fullmatch(before) or before in _NO_CALL:
            continue
        brackets = b"[]" if code.previous(match.start()) > opening else b"  "
        yield opening, brackets[:1]
        yield match.start(), brackets[1:]
