"""What the grammar cannot read in valid C#, and the same-length text that it can.

Each mend is a small function from :class:`Code` to edits; :data:`MENDS` names them. A mend matches only
what the grammar fails on, keeps every function, statement and name where it is, and changes no line end.
A word becomes an ordinary identifier by a capital first letter: no C# keyword has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ctxreview.languages.csharp.lexing import BLANK, FILLED, Code

Edit = tuple[int, bytes]
"""A byte offset and the bytes that replace as many there."""
Mend = Callable[[Code], Iterator[Edit]]

_NOT_IN_NAME = rb"(?<![\w@\x80-\xff])"
_NAME = rb"@?[^\W\d][\w\x80-\xff]*+|@?[\x80-\xff][\w\x80-\xff]*+"
_ASSIGNS = rb"(?:=(?![=>])|(?:\+|-|\*|/|%|&|\||\^|<<|>>>?|\?\?)=(?!=))"
_SPACE = re.compile(rb"\s*+")


def mended(code: Code, mends: Mapping[str, Mend]) -> tuple[bytes, tuple[str, ...]]:
    """The data of ``code`` with ``mends`` applied, and the names of those that changed something."""
    data, used = bytearray(code.data), []
    for name, mend in mends.items():
        for at, replacement in mend(code):
            data[at : at + len(replacement)] = replacement
            if name not in used:
                used.append(name)
    return bytes(data), tuple(used)


def _blank(code: Code, start: int, end: int) -> Edit:
    return start, code.data[start:end].translate(BLANK)


def _capital(code: Code, at: int) -> Edit:
    return at, code.data[at : at + 1].upper()


def _after(code: Code, at: int) -> int:
    """The byte offset of the first code byte at or after ``at``; the length where there is none."""
    found = _SPACE.match(code.masked, at)
    return found.end() if found else at


def _word_before(code: Code, at: int) -> bytes:
    """The word or other character that ends right before ``at``, white space aside."""
    end = code.previous(at) + 1
    window = code.masked[max(0, end - 64) : end]
    found = re.search(rb"[\w@\x80-\xff]++\Z", window)
    return found.group() if found else window[-1:]


_IDENTIFIED = rb"""(?= \s*+ (?: [=.,;)\]}?:!+\-*/%|&^<>] | \Z
    | (?: is | as | switch | in | when | and | or | equals | into | on | where | select | group | orderby
        | ascending | descending ) \b ))"""
"""What may follow an identifier and never a modifier."""
_ASYNC = re.compile(_NOT_IN_NAME + rb"async\b (?: " + _IDENTIFIED + rb"| (?= \s*+ ([\[{(]) ) )", re.VERBOSE)
_AWAIT = re.compile(_NOT_IN_NAME + rb"await (?= \s*+ (?: [=.,;)\]}?:] | [!<>+*/%|&^-]?= | \|\| | && ) )", re.VERBOSE)
_WORD = re.compile(
    _NOT_IN_NAME + rb"(?: (?: required | partial | record )\b (?: " + _IDENTIFIED + rb"| (?= \s*+ ([\[(]) ) )"
    rb"| with\b (?! \s*+ [{\x80-\xff\w] | \s*+ \Z ) | (?: and | or | with )\b (?= \s*+ (?: [=;,)\].] | in\b ) ) )",
    re.VERBOSE,
)


def _async_identifier(code: Code) -> Iterator[Edit]:
    """``F(async)``, ``async ? a : b``: ``async`` where it can't be the modifier."""
    for match in _ASYNC.finditer(code.masked):
        if match[1] == b"(":
            closing = code.partner.get(match.start(1))
            if closing is None:
                continue
            after = _after(code, closing + 1)
            if re.match(rb"=>|[\w@\x80-\xff(?\[]", code.masked[after : after + 2]):
                continue  # a lambda's parameters, or a tuple type and a name
        yield _capital(code, match.start())


def _contextual_identifier(code: Code) -> Iterator[Edit]:
    """``required = false; partial[0] = x; var with = 1``: a contextual keyword that is a name."""
    for match in _WORD.finditer(code.masked):
        if match[1] == b"(":
            closing = code.partner.get(match.start(1))
            if closing is None or code.masked[_after(code, closing + 1) :][:1] not in (b";", b".", b")", b","):
                continue
        yield _capital(code, match.start())
    for match in _AWAIT.finditer(code.masked):
        yield _capital(code, match.start())


_TAKEN_DIRECTIVE = re.compile(
    rb"""\#[ \t]*+ (?:
        (?: region | endregion ) (?: [ \t\r] (?: [^/\r\n] | / (?![*\r\n]) )*+ )?+
      | (?: define | undef ) [ \t]++ \w++ [ \t]*+ (?: //[^\r\n]*+ )?+
      | (?: error | warning ) [ \t]++ [^/\r\n]++
      | line [ \t]++ (?: default | hidden | \d++ [ \t]*+ (?: "[^"\\\r\n]*+" )?+ ) [ \t]*+
      | pragma [ \t]++ warning [ \t]++ (?: disable | restore )
            (?: [ \t]++ \w++ (?: [ \t]*+ , [ \t]*+ \w++ )*+ )?+ [ \t]*+ (?: //[^\r\n]*+ )?+
      | nullable [ \t]++ (?: enable | disable | restore ) (?: [ \t]++ (?: annotations | warnings ) )?+
            [ \t]*+ (?: //[^\r\n]*+ )?+
      | (?: if | elif | else | endif ) \b [^\r\n]*+
    ) \r? \n""",
    re.VERBOSE,
)


def _directive(code: Code) -> Iterator[Edit]:
    """``#line 2 "..\\Page"``, ``#:package``, a last line without its end: what the grammar's directives lack."""
    for directive in code.directives:
        shebang = directive.start == 0 and directive.name == b"!"
        if not shebang and not _TAKEN_DIRECTIVE.match(code.data, directive.start):
            yield _blank(code, directive.start, directive.end)


def _every_directive(code: Code) -> Iterator[Edit]:
    for directive in code.directives:
        yield _blank(code, directive.start, directive.end)


_EXTENSION = re.compile(_NOT_IN_NAME + rb"extension(?:\s*+<[^<>(){};]*+>)?+\s*+\(")
_BODY = re.compile(rb"\s*+(?:where\b[^{};]*+)?+\{")


def _extension_block(code: Code) -> Iterator[Edit]:
    """``extension<T>(IEnumerable<T> s) { ... }``: a class of nine letters, without the receiver."""
    for match in _EXTENSION.finditer(code.masked):
        opening = match.end() - 1
        closing = code.partner.get(opening)
        before = code.previous(match.start())
        if closing is None or (before >= 0 and code.masked[before] not in b"{};]"):
            continue
        if _BODY.match(code.masked, closing + 1):
            yield match.start(), b"class Ext"
            yield _blank(code, opening, closing + 1)


_MAYBE = re.compile(rb"(?<=[\w)\]!\">\x80-\xff])\s*+\?(?=\[|\.(?!\d))")
_LINK = re.compile(rb"\s*+(?:(\?)?+\.\s*+(?:" + _NAME + rb")(?:<[^<>(){};=]*+>)?+|(\?)?+([\[(])|!(?!=))")
_ASSIGNMENT = re.compile(rb"\s*+" + _ASSIGNS)


def _null_conditional_assignment(code: Code) -> Iterator[Edit]:
    """``a?.b = c``, ``a?[0] += 1``: a plain access on the left of the assignment."""
    seen: set[int] = set()
    for match in _MAYBE.finditer(code.masked):
        at, marks = match.end() - 1, []
        if at in seen:
            continue
        while link := _LINK.match(code.masked, at):
            marks += [m for m in (link.start(1), link.start(2)) if m >= 0]
            at = link.end()
            if link[3]:
                closing = code.partner.get(at - 1)
                if closing is None:
                    break
                at = closing + 1
        seen.update(marks)
        if _ASSIGNMENT.match(code.masked, at):
            yield from ((mark, b" ") for mark in marks)


_TARGET = re.compile(rb"\[\s*+(assembly|module|field|method|param|property|type|typevar)(?![\w\x80-\xff]|\s*+:(?!:))")


def _attribute_target(code: Code) -> Iterator[Edit]:
    """``[type]``, ``[property, x]``: a collection whose first element is named like an attribute's target."""
    for match in _TARGET.finditer(code.masked):
        yield _capital(code, match.start(1))


_REF_PARTIAL = re.compile(_NOT_IN_NAME + rb"(ref)\s++partial\s++(?:record\s++)?struct\b")
_ALLOWS = re.compile(_NOT_IN_NAME + rb"allows\s++(ref\s++struct)\b")
_COMPOUND = re.compile(_NOT_IN_NAME + rb"operator\s++(?:checked\s++)?+(?:[+\-*/%&|^]|<<|>>>?)(=)\s*+\(")
_DISCARDED = re.compile(_NOT_IN_NAME + rb"(?:from|join)\s++(_)\s++in\b")


_POINTED = re.compile(rb"\*\s*+(\(\s*+[\w\x80-\xff.:]++\s*+\*[\s*]*+\)\s*+&?+)")
_SCOPED = re.compile(_NOT_IN_NAME + rb"(scoped)\s++params\b")


def _ref_partial(code: Code) -> Iterator[Edit]:
    """``ref partial struct``: without ``ref``."""
    for match in _REF_PARTIAL.finditer(code.masked):
        yield _blank(code, match.start(1), match.end(1))


def _allows_ref_struct(code: Code) -> Iterator[Edit]:
    """``where T : allows ref struct``: ``allows`` alone reads as a type."""
    for match in _ALLOWS.finditer(code.masked):
        yield _blank(code, match.start(1), match.end(1))


def _compound_operator(code: Code) -> Iterator[Edit]:
    """``void operator +=(T x)``: the operator without ``=``."""
    for match in _COMPOUND.finditer(code.masked):
        yield match.start(1), b" "


def _pointer_cast(code: Code) -> Iterator[Edit]:
    """``*(int*)&x``: the dereference without the cast."""
    for match in _POINTED.finditer(code.masked):
        yield _blank(code, match.start(1), match.end(1))


def _scoped_params(code: Code) -> Iterator[Edit]:
    """``scoped params ReadOnlySpan<T> x``: without ``scoped``."""
    for match in _SCOPED.finditer(code.masked):
        yield _blank(code, match.start(1), match.end(1))


def _discarded_range(code: Code) -> Iterator[Edit]:
    """``from _ in xs``: the discard becomes a name."""
    for match in _DISCARDED.finditer(code.masked):
        yield match.start(1), b"U"


_STRAY = re.compile(rb"\}(?:\s++;|\s*+;\s*+;)[\s;]*+")
_TYPE_HEAD = re.compile(_NOT_IN_NAME + rb"(?:class|struct|interface|enum|record|namespace)\s++@?[\w\x80-\xff]")


def _stray_semicolon(code: Code) -> Iterator[Edit]:
    """``class X { } ;``: nothing, where the brace closes a type or namespace."""
    for match in _STRAY.finditer(code.masked):
        opening = code.partner.get(match.start())
        if opening is None:
            continue
        head = code.masked[max(0, opening - 2048) : opening]
        head = head[max(head.rfind(b) for b in (b";", b"{", b"}")) + 1 :]
        named = None
        for named in _TYPE_HEAD.finditer(head):
            pass
        if named and b"=>" not in head[named.end() :] and b"new" not in head.split():
            yield match.start() + 1, match.group()[1:].replace(b";", b" ")


_ARROW = re.compile(rb"\)\s*+=>")
_PARAMETER_MODIFIERS = re.compile(
    rb"(?:\A|,)\s*+((?:(?:ref|out|in|scoped|params|readonly)\s++)++)(" + _NAME + rb")\s*+(,|\Z)?"
)
_BEFORE_LAMBDA = frozenset((b"return", b"static", b"async", b"await", b"throw", b"in", b"else", b"yield", b"case"))


def _lambda_modifier(code: Code) -> Iterator[Edit]:
    """``(ref _) => 1``, ``(text, out r) => ...``, ``return (out T x) => ...``: parameters without modifiers."""
    for match in _ARROW.finditer(code.masked):
        opening = code.partner.get(match.start())
        if opening is None:
            continue
        parameters = code.masked[opening + 1 : match.start()]
        if b"(" in parameters or not (found := list(_PARAMETER_MODIFIERS.finditer(parameters))):
            continue
        before = _word_before(code, opening)
        if re.fullmatch(rb"[\w@\x80-\xff]+|>|\]|\?", before) and before not in _BEFORE_LAMBDA and before != b"?":
            continue  # a member with an expression body
        if before == b"return" or any(m[2] is not None or b"in" in m[1] or b"out" in m[1] for m in found):
            for modifier in found:
                yield _blank(code, opening + 1 + modifier.start(1), opening + 1 + modifier.end(1))


_SLICE = re.compile(rb"\[\s*+(\.\.)\s*+(?:([,\]])|(?=(?:var|not|null)\b|\{))")
_GUARDED = re.compile(rb"\]\s*+when\b")
_BEFORE_PATTERN = frozenset((b"is", b"not", b"case", b"and", b"or", b"{", b",", b"(", b":", b"["))


def _list_pattern(code: Code) -> Iterator[Edit]:
    """``[.., 1]``, ``[..] =>``, ``[_] when``: a discard for the slice; an empty property pattern for a guarded list."""
    for match in _SLICE.finditer(code.masked):
        if _word_before(code, match.start()) in _BEFORE_PATTERN or code.masked[match.end() :].lstrip()[:2] == b"=>":
            yield match.start(1), b"_ " if match[2] else b"  "
    for match in _GUARDED.finditer(code.masked):
        opening = code.partner.get(match.start())
        if opening is not None and _word_before(code, opening) in _BEFORE_PATTERN:
            yield opening, b"{" + _blank(code, opening + 1, match.start())[1] + b"}"


_CALLED = re.compile(rb"\)\s*+" + _ASSIGNS)
_NO_CALL = frozenset(
    b"if while for foreach var using lock switch catch when fixed return await is in and or not typeof sizeof default "
    b"nameof new case out ref checked unchecked else do throw yield".split()
)


def _assigned_call(code: Code) -> Iterator[Edit]:
    """``F(x) ??= y`` on a call that returns a reference: an element access takes the same arguments."""
    for match in _CALLED.finditer(code.masked):
        opening = code.partner.get(match.start())
        if opening is None:
            continue
        before = _word_before(code, opening)
        if not re.fullmatch(rb"@?[^\W\d][\w\x80-\xff]*+|>", before) or before in _NO_CALL:
            continue
        brackets = b"[]" if code.masked[opening + 1 : match.start()].strip() else b"  "
        yield opening, brackets[:1]
        yield match.start(), brackets[1:]


_QUOTED_FORMAT = re.compile(rb":[^:]*+[:\"]")


def _interpolated_text(code: Code) -> Iterator[Edit]:
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
            ending = code.data[max(start, end - 2) : end]
            if ending in (b"{{", b"}}") or (text.verbatim and ending == b'""'):
                yield end - 2, b"xx"


def _literal_text(code: Code) -> Iterator[Edit]:
    for text in code.texts:
        if text.kind == "format":
            yield _blank(code, text.start, text.end)
        elif text.end > text.start:
            yield text.start, code.data[text.start : text.end].translate(FILLED)


MENDS: Mapping[str, Mend] = {
    "async-identifier": _async_identifier,
    "contextual-identifier": _contextual_identifier,
    "directive": _directive,
    "extension-block": _extension_block,
    "null-conditional-assignment": _null_conditional_assignment,
    "attribute-target": _attribute_target,
    "ref-partial": _ref_partial,
    "allows-ref-struct": _allows_ref_struct,
    "compound-operator": _compound_operator,
    "pointer-cast": _pointer_cast,
    "scoped-params": _scoped_params,
    "discarded-range": _discarded_range,
    "stray-semicolon": _stray_semicolon,
    "lambda-modifier": _lambda_modifier,
    "list-pattern": _list_pattern,
    "assigned-call": _assigned_call,
    "interpolated-text": _interpolated_text,
}
"""The mends by name, in the order in which they are applied."""

LAST_MENDS: Mapping[str, Mend] = MENDS | {"directive": _every_directive, "literal-text": _literal_text}
"""For what is still broken then: no directive is left, and of literals only the delimiters."""
