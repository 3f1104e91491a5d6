"""Mends of words: names that are keywords elsewhere, and modifiers that the grammar does not know there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from ctxreview.languages.csharp.editing import LONGEST, NAME, Edit, after, as_name, blank, word, word_before
from ctxreview.languages.csharp.lex import Code
from ctxreview.languages.possessive import possessive
from ctxreview.regex import regex

_IDENTIFIED = rb"""(?= \s*+ (?: [=.,;)\]}?:!+\-*/%|&^<>] | \Z
    | (?: is | as | switch | in | when | and | or | equals | into | on | where | select | group | orderby
        | ascending | descending ) \b ))"""
"""What may follow an identifier and never a modifier."""
_ASYNC = regex(word(b"async") + rb"(?: " + _IDENTIFIED + rb"| (?= \s*+ ([\[{(]) ) )", re.VERBOSE)
_NAMED_OR_ARROW = regex(rb"=>|[\w@\x80-\xff(?\[]")
_AWAIT = regex(word(b"await") + rb"(?= \s*+ (?: [=.,;)\]}?:] | [!<>+*/%|&^-]?= | \|\| | && ) )", re.VERBOSE)
_MODIFIERS = tuple(
    regex(word(name) + rb"(?: " + _IDENTIFIED + rb"| (?= \s*+ ([\[(]) ) )", re.VERBOSE)
    for name in (b"required", b"partial", b"record")
)
_CALL_ENDS = regex(rb"\s*+[;.),]")
_OPERATORS = (
    regex(word(b"with") + rb"(?! \s*+ (?: [{\w\x80-\xff] | \Z ) )", re.VERBOSE),
    *(regex(word(name) + rb"(?= \s*+ (?: [=;,)\].] | in\b ) )", re.VERBOSE) for name in (b"with", b"and", b"or")),
)


def async_identifier(code: Code) -> Iterator[Edit]:
    """``F(async)``, ``async ? a : b``: ``async`` where it can't be the modifier."""
    for match in _ASYNC.finditer(code.masked):
        if match[1] == b"(":
            closing = code.other_half(match.start(1))
            if closing is None:
                continue
            if _NAMED_OR_ARROW.match(code.masked, after(code, closing + 1)):
                continue  # a lambda's parameters, or a tuple type and a name
        yield as_name(code, match.start())


def contextual_identifier(code: Code) -> Iterator[Edit]:
    """``required = false; partial[0] = x; var with = 1``: a contextual keyword that is a name."""
    for match in chain.from_iterable(p.finditer(code.masked) for p in _MODIFIERS):
        if match[1] == b"(":
            closing = code.other_half(match.start(1))
            if closing is None or not _CALL_ENDS.match(code.masked, closing + 1):
                continue
        yield as_name(code, match.start())
    for pattern in (*_OPERATORS, _AWAIT):
        for match in pattern.finditer(code.masked):
            yield as_name(code, match.start())


_FOREIGN_WORD = regex(possessive(rb"(?:[\xc2-\xf4][\x80-\xbf]++){2,}+"))
_FOREIGN = regex(
    rb"(?P<two>\xc2[\x80-\x84\x86-\x9f\xa1-\xa9\xab\xac\xae-\xb4\xb6-\xb9\xbb-\xbf]|\xc3[\x97\xb7]|\xcb\x9c)"
    rb"|\xe2(?:\x80[\x90-\xa7\xb0-\xbe]|\x82\xac|\x84\xa2)"
)


def foreign_word(code: Code) -> Iterator[Edit]:
    """``Á½¸ö``: a name in another code page, such as Chinese, read as a Western one; letters for its signs."""
    for run in () if code.masked.isascii() else _FOREIGN_WORD.finditer(code.masked):
        signs = list(_FOREIGN.finditer(code.masked, *run.span()))
        if sum(len(sign[0]) for sign in signs) < len(run[0]):  # signs alone are a slip, such as curled quotes
            for sign in signs:
                yield sign.start(), "é".encode() if sign["two"] else "ก".encode()


_TARGET = regex(rb"\[\s*+(assembly|module|field|method|param|property|type|typevar)(?![\w\x80-\xff]|\s*+:(?!:))")


def attribute_target(code: Code) -> Iterator[Edit]:
    """``[type]``, ``[property, x]``: a collection whose first element is named like an attribute's target."""
    for match in _TARGET.finditer(code.masked):
        yield as_name(code, match.start(1))


_DISCARDED = tuple(regex(word(name) + rb"\s++(_)\s++in\b") for name in (b"from", b"join"))


def discarded_range(code: Code) -> Iterator[Edit]:
    """``from _ in xs``: the discard becomes a name."""
    for match in chain.from_iterable(p.finditer(code.masked) for p in _DISCARDED):
        yield match.start(1), b"U"


_REF_PARTIAL = regex(b"(" + word(b"ref") + rb")\s++partial\s++(?:record\s++)?struct\b")
_ALLOWS = regex(word(b"allows") + rb"\s++(ref\s++struct)\b")
_SCOPED = regex(b"(" + word(b"scoped") + rb")\s++params\b")


def ref_partial(code: Code) -> Iterator[Edit]:
    """``ref partial struct``: without ``ref``."""
    for match in _REF_PARTIAL.finditer(code.masked):
        yield blank(code, match.start(1), match.end(1))


def allows_ref_struct(code: Code) -> Iterator[Edit]:
    """``where T : allows ref struct``: ``allows`` alone reads as a type."""
    for match in _ALLOWS.finditer(code.masked):
        yield blank(code, match.start(1), match.end(1))


def scoped_params(code: Code) -> Iterator[Edit]:
    """``scoped params ReadOnlySpan<T> x``: without ``scoped``."""
    for match in _SCOPED.finditer(code.masked):
        yield blank(code, match.start(1), match.end(1))


_ARROW = regex(rb"\)\s*+=>")
_MODIFIED = regex(rb"[(,]\s*+(?:ref|out|in|scoped|params|readonly)\s")
_PARAMETER_MODIFIERS = regex(
    possessive(rb"(?:\A|,)\s*+((?:(?:ref|out|in|scoped|params|readonly)\s++)++)(?:" + NAME + rb")(?=\s*+(,|\Z)?+)")
)
_MEMBER = regex(rb"[\w@\x80-\xff]+|>|\]")
_BEFORE_LAMBDA = frozenset((b"return", b"static", b"async", b"await", b"throw", b"in", b"else", b"yield", b"case"))


def lambda_modifier(code: Code) -> Iterator[Edit]:
    """``(ref _) => 1``, ``(text, out r) => ...``, ``return (out T x) => ...``: parameters without modifiers."""
    for match in _ARROW.finditer(code.masked) if _MODIFIED.search(code.masked) else ():
        # None of them holds a parenthesis, so that the nearest is the one that opens them.
        opening = code.masked.rfind(b"(", max(0, match.start() - LONGEST), match.start())
        if opening < 0 or code.masked.find(b")", opening, match.start()) >= 0:
            continue
        parameters = code.masked[opening + 1 : match.start()]
        if not (found := list(_PARAMETER_MODIFIERS.finditer(parameters))):
            continue
        before = word_before(code, opening)
        if _MEMBER.fullmatch(before) and before not in _BEFORE_LAMBDA:
            continue  # a member with an expression body
        if before == b"return" or any(m[2] is not None or b"in" in m[1] or b"out" in m[1] for m in found):
            for modifier in found:
                yield blank(code, opening + 1 + modifier.start(1), opening + 1 + modifier.end(1))


_GIVEN = rb"\((?:[^(){};]|\([^(){};]*+\))*+\)"
_EXTENSION = regex(possessive(word(b"extension") + rb"(?:\s*+<(?:[^<>(){};]|" + _GIVEN + rb")*+>)?+\s*+\("))
_RECEIVER = regex(rb"\((?!\s*\[|.*\bscoped\b).*[\w>?\])*]\s++(?:" + NAME + rb")\s*+\)", re.DOTALL)
_BODY = regex(possessive(rb"\s*+(?:where\b[^{};]*+)?+\{"))


def extension_block(code: Code) -> Iterator[Edit]:
    """``extension<T>(IEnumerable<T> s) { ... }``: a class of nine letters, a named receiver as its constructor's parameter."""
    for match in _EXTENSION.finditer(code.masked):
        opening = match.end() - 1
        closing = code.other_half(opening)
        before = code.previous(match.start())
        if closing is None or closing - opening > LONGEST or (before >= 0 and code.masked[before] not in b"{};]"):
            continue
        if _BODY.match(code.masked, closing + 1):
            yield match.start(), b"class Ext"
            if not _RECEIVER.fullmatch(code.masked, opening, closing + 1):
                yield blank(code, opening, closing + 1)


_MODIFIER = (
    rb"(?:public|private|protected|internal|file|static|extern|readonly|partial|virtual|override|abstract|sealed|new|async"
    rb"|volatile|ref|required|unsafe)\b"
)
_UNION = regex(possessive(word(b"union") + rb"\s++(?:" + NAME + rb")\s*+(?:<[^<>(){};]*+>\s*+)?+\("))
_AFTER_CASES = regex(rb"\s*+(?:[;:{]|where\b)")
_NESTED = regex(rb"<[^<>]*+>|\([^()]*+\)|\[[^\[\]]*+\]")
_DEEPEST = 8
_NAMED = regex(rb"[\w?*\x80-\xff]\s++[@\w\x80-\xff]")


def union_declaration(code: Code) -> Iterator[Edit]:
    """``union Pet(Cat, Dog) { ... }``: a class, without its case types; these have no names, as parameters do."""
    for match in _UNION.finditer(code.masked):
        opening = match.end() - 1
        closing = code.other_half(opening)
        if closing is None or closing - opening > LONGEST or not _AFTER_CASES.match(code.masked, closing + 1):
            continue
        cases = code.masked[opening + 1 : closing].strip()
        for _ in range(_DEEPEST):
            cases = _NESTED.sub(b"_", cases)
        if cases and not _NAMED.search(cases):
            yield match.start(), b"class"
            yield blank(code, opening, closing + 1)


_CLOSED = regex(
    possessive(b"(" + word(b"closed") + rb")(?=(?:\s++" + _MODIFIER + rb")*+\s++(?:class|record)\s++[@\w\x80-\xff])")
)


def closed_class(code: Code) -> Iterator[Edit]:
    """``closed class C``, ``closed record R``: without ``closed``."""
    for match in _CLOSED.finditer(code.masked):
        yield blank(code, *match.span())


_NO_NAME = rb"(?!(?:is|as|in|and|or|not|when|switch|with|on|equals|into|ascending|descending|where|join|let|select)\b)"
_TYPE_AND_NAME = (
    _NO_NAME + rb"(?:" + NAME + rb")(?:\s*+[.:]++\s*+(?:" + NAME + rb"))*+(?:<[^{};=]{,200}>)?+[\s?*\[\],]*+(?<=[\s>?*\]])"
    + _NO_NAME + rb"[@\w\x80-\xff]"
)  # fmt: skip
_SAFE = regex(possessive(b"(" + word(b"safe") + rb")(?=\s++(?:" + _MODIFIER + rb"|" + _TYPE_AND_NAME + rb"))"))
_BEFORE_MODIFIER = regex(rb"[{};\]]?|" + _MODIFIER)


def safe_member(code: Code) -> Iterator[Edit]:
    """``safe extern void F();``, ``public safe int X;``: without ``safe``."""
    for match in _SAFE.finditer(code.masked):
        if _BEFORE_MODIFIER.fullmatch(word_before(code, match.start())):
            yield blank(code, *match.span())


_LABELLED = tuple(regex(possessive(word(name) + rb"\s++(" + NAME + rb")\s*+;")) for name in (b"break", b"continue"))


def labelled_jump(code: Code) -> Iterator[Edit]:
    """``break outer;``, ``continue outer;``: without the label."""
    for match in chain.from_iterable(p.finditer(code.masked) for p in _LABELLED):
        yield blank(code, *match.span(1))
