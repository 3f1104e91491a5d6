"""Literals as the code puts them together: C# texts with, for each of their characters, where it stands in the source.

Nothing is run and nothing is known of types: what is read is the form of the expression. A text that cannot be told has
its code instead, as an interpolated string has it between braces.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import NamedTuple

from ctxreview.redact.calls import either, names
from ctxreview.redact.values import compiled


class Piece(NamedTuple):
    """A run of characters and where they stand: one for one, or all of them in all of ``start:end``."""

    text: str
    start: int = -1
    """Offset in the source; -1 for what does not stand there."""
    end: int = -1


Value = list[Piece]


class Literal(NamedTuple):
    """A literal in the source, with its quotes."""

    start: int
    end: int
    pieces: Sequence[Piece]
    holes: bool = False
    """Whether code stands between its braces."""
    escaped: bool = False
    """Whether it has characters that are written as numbers."""

    @property
    def text(self) -> str:
        """Its characters, as the source writes them where that is not by number."""
        return self.pieces[0].text if len(self.pieces) == 1 else "".join(piece.text for piece in self.pieces)


# Each ends where the text ends if it does not end before, so that no text is looked through twice.
_LITERAL = (
    r"(?P<raw>\$*\"{3}[\s\S]*?(?:\"{3,}|\Z))|(?P<verbatim>(?:\$@|@\$?)\"[^\"]*(?:\"\"[^\"]*)*(?:\"|\Z))"
    r"|(?P<interpolated>\$\")|\"(?P<plain>[^\"\\\n]*(?:\\[^\n][^\"\\\n]*)*)\\?(?:\"|(?=\n)|\Z)"
    r"|'(?P<char>[^'\\\n]|\\(?:[uxU][0-9a-fA-F]{1,8}|[^\n]))'"
)
_NUMBER = r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{1,4}))"
_BLANK = r"(?:\s+|//[^\n]*|/\*[\s\S]{0,2000}?\*/)*"
_NAME = r"(?:\w+\.)*(?P<name>[^\W\d]\w*)(?:\(\))?"
_ASSIGNED = (
    r"(?P<name>[^\W\d]\w*)\s{0,20}"
    r"(?:\{\s{0,20}get;[^{}\n]{0,40}\}\s{0,20}=|\{\s{0,20}(?:get\s{0,20})?(?:=>|\{\s{0,20}return\b)|(?:\(\)\s{0,20})?=>|=)\s{0,60}$"
)
_METHOD = r"\s{0,200}\.\s{0,5}(?P<method>[A-Z]\w*)\("
_OPENING = r"(?:new\s{0,5}(?:\w+\s{0,5})?\[[\s\d]{0,5}\]\s{0,60})?[{\[]|\w+\s{0,3}:(?!:)|\.\.|\(\w+(?:\[\])?\)"
_MOST_ARGUMENTS = 4000
_DEEPEST = 12


class Literals:
    """The literals of a text, and what they are put together to."""

    def __init__(self, text: str) -> None:
        self.source = text
        self._done = 0

    @cached_property
    def all(self) -> list[Literal]:
        """Every literal, in the order of the text; those between the braces of another one are left to that one."""
        text, found, at = self.source, [], 0
        sign, pattern = compiled(r"[\"'@$]"), compiled(_LITERAL)
        while candidate := sign.search(text, at):
            start = candidate.start()
            if (match := pattern.match(text, start)) is None:
                at = start + 1
                continue
            at = match.end()
            group = match.lastgroup
            if group == "plain":
                found.append(_plain(start, at, match["plain"], start + 1))
            elif group == "char":
                found.append(_plain(start, at, match["char"], start + 1))
            elif group == "interpolated":
                found.append(self._interpolated(start, at))
                at = found[-1].end
            else:
                found.append(_quoted(start, at, match[0]))
        return found

    def _interpolated(self, start: int, at: int) -> Literal:
        """``$"..."``: its braces hold code, which may have literals of its own. Ends with its line at the latest."""
        text, first = self.source, at
        step, holes, numbers = compiled(r"[^\"{\\\n]+|\\[^\n]|\{\{"), False, False
        while True:
            if run := step.match(text, at):
                numbers = numbers or run[0][:2] in ("\\u", "\\x", "\\U")
                at = run.end()
            elif text.startswith("{", at):
                hole = compiled(r"\{[^{}\"\n]{0,200}(?:\"[^\"\n]{0,500}\"[^{}\"\n]{0,200}){0,9}\}").match(text, at)
                holes, at = True, hole.end() if hole else at + 1
            else:
                end = at + 1 if text.startswith('"', at) else at
                return Literal(start, end, (Piece(text[first:at], first, at),), holes, numbers)

    @cached_property
    def _starts(self) -> list[int]:
        return [literal.start for literal in self.all]

    def _at(self, at: int) -> Literal | None:
        """The literal that begins there."""
        number = bisect_right(self._starts, at) - 1
        if number >= 0 and self.all[number].start == at:
            return self.all[number]
        if (
            self.source.startswith('"', at) and number >= 0 and at < self.all[number].end
        ):  # between another one's braces
            inner = compiled(_LITERAL).match(self.source, at, self.all[number].end)
            return _plain(at, inner.end(), inner["plain"], at + 1) if inner and inner["plain"] is not None else None
        return None

    @cached_property
    def _named(self) -> dict[str, list[Literal]]:
        """The literals that a name is given, at most eight of each."""
        named: dict[str, list[Literal]] = {}
        for literal in self.all:
            before = self.source[max(0, literal.start - 100) : literal.start]
            sign = before.rstrip()[-1:]
            if sign and sign in "=>n" and (match := compiled(_ASSIGNED).search(before)):
                given = named.setdefault(match["name"], [])
                if len(given) < 8:
                    given.append(literal)
        return named

    def _of_name(self, name: str, at: int) -> Value | None:
        """What the name stands for at ``at``: what it was given last before, or else first."""
        given = self._named.get(name)
        if not given:
            return None
        before = [literal for literal in given if literal.end <= at]
        return list((before[-1] if before else given[0]).pieces)

    def expressions(self) -> Iterator[tuple[int, int, Value]]:
        """Start, end and value of what is put together, from literals, names of literals and calls."""
        done = 0
        for at in sorted(self._beginnings()):
            if at < done:
                continue
            if found := self._expression(at):
                value, end, built = found
                done = end
                if built:
                    yield at, end, value

    def _beginnings(self) -> set[int]:
        """Where something that is put together may begin: cheap to tell, and wrong in most cases."""
        text = self.source
        places = set()
        follows = compiled(r"(?:u8)?\s*[+.]|(?:u8)?\s*/[/*]")
        for literal in self.all:
            if literal.holes or literal.escaped or follows.match(text, literal.end):
                places.add(literal.start)
        at = -1 if self._named else len(text)
        while (at := text.find("+", at + 1)) >= 0:
            end = at
            while end > max(0, at - 60) and text[end - 1].isspace():
                end -= 1
            end -= 2 * text.startswith("()", end - 2)
            start = end
            while start > max(0, end - 60) and (text[start - 1].isalnum() or text[start - 1] == "_"):
                start -= 1
            if text[start:end] in self._named:
                places.add(start)
        for call in names("made"):
            at = -1
            while (at := text.find(f"{call}(", at + 1)) >= 0:
                before = text[max(0, at - 40) : at]
                lead = compiled(r"(?:new\s+)?(?:[\w.]*\.)?$").search(before)
                places.add(max(0, at - 40) + lead.start() if lead else at)
        return places

    def _blank(self, at: int) -> int:
        """Where the code goes on after blanks and comments."""
        match = compiled(_BLANK).match(self.source, at)
        return match.end() if match else at

    def _expression(self, at: int, depth: int = 0) -> tuple[Value, int, bool] | None:
        """The value of the sum that begins there, its end, and whether it is more than one literal."""
        first = self._term(at, depth)
        if first is None:
            return None
        value, end, built = first
        while True:
            sign = self._blank(end)
            if not self.source.startswith("+", sign) or self.source.startswith(("++", "+="), sign):
                return value, end, built
            operand = self._blank(sign + 1)
            term = self._term(operand, depth)
            if term is None:
                unknown = compiled(r"[\w.]{1,200}(?:\([^()\n]{0,200}\))?").match(self.source, operand)
                if unknown is None:
                    return value, end, built
                term = [Piece("{" + unknown[0][:40] + "}")], unknown.end(), True
            value = value + term[0] if len(value) < 50 else _extended(value, term[0])
            end, built = term[1], True

    def _term(self, at: int, depth: int) -> tuple[Value, int, bool] | None:
        if depth > _DEEPEST:
            return None
        text = self.source
        if literal := self._at(at):
            value, end, built = list(literal.pieces), literal.end, literal.escaped
            if literal.holes or literal.escaped:
                value, filled = self._filled(literal, depth)
                built = built or filled
            if text.startswith("u8", end):
                end += 2
        elif text.startswith("(", at):
            inner = self._expression(self._blank(at + 1), depth + 1)
            if inner is None:
                return None
            value, end, built = inner
            end = self._blank(end)
            end += text.startswith(")", end)
        elif call := compiled(_call()).match(text, at):
            arguments, end = self._arguments(call.end(), depth + 1)
            value, built = _called(call["callee"], arguments), True
        elif (name := compiled(_NAME).match(text, at)) and (given := self._of_name(name["name"], at)) is not None:
            value, end, built = given, name.end(), True
        else:
            return None
        return self._changed(value, end, built, depth)

    def _changed(self, value: Value, end: int, built: bool, depth: int) -> tuple[Value, int, bool]:
        """The value after the methods that are called on it."""
        while method := compiled(_METHOD).match(self.source, end):
            arguments, end = self._arguments(method.end(), depth + 1)
            changed = _method(method["method"], value, arguments)
            if changed is not None:
                value, built = changed, True
        return value, end, built

    def _arguments(self, at: int, depth: int) -> tuple[list[Value], int]:
        """The arguments of a call whose parenthesis was just opened, elements of arrays among them; and its end."""
        text, level = self.source, 0
        found: list[Value] = []
        other = compiled(r"[^,(){}\[\]\"';\n]{1,200}")
        while len(found) < _MOST_ARGUMENTS:
            at = self._blank(at)
            if text.startswith(")", at):
                if level == 0:
                    return found, at + 1
                level -= 1
                at += 1
            elif text.startswith((",", "}", "]"), at):
                at += 1
            elif opening := compiled(_OPENING).match(text, at):
                at = opening.end()
            elif value := self._expression(at, depth):
                found.append(value[0])
                at = value[1]
            elif run := other.match(text, at):
                found.append([] if run[0].strip() in names("nothing") else [Piece("{" + run[0][:40] + "}")])
                at = run.end()
            elif text.startswith("(", at):
                level += 1
                at += 1
            else:
                break  # the statement ends
        return found, at

    def _filled(self, literal: Literal, depth: int) -> tuple[Value, bool]:
        """An interpolated literal with what its braces stand for, and whether anything was filled in."""
        value: Value = []
        built = False
        for piece in literal.pieces:
            marks = self.source[literal.start : piece.start].count("$") if literal.holes else 0
            done = piece.start
            if marks and piece.end - piece.start == len(piece.text):
                braces = marks if '"""' in self.source[literal.start : piece.start] else 1
                for hole in compiled(rf"\{{{{{braces}}}([^{{}}\n]{{1,600}})\}}{{{braces}}}").finditer(
                    self.source, piece.start, piece.end
                ):
                    inner = self._expression(self._blank(hole.start(1)), depth + 1)
                    if inner and compiled(r"\s*(?:[,:][^{}\"]*)?").fullmatch(self.source, inner[1], hole.end(1)):
                        value.append(Piece(self.source[done : hole.start()], done, hole.start()))
                        value += inner[0]
                        done, built = hole.end(), True
                value.append(Piece(self.source[done : piece.end], done, piece.end))
            else:
                value.append(piece)
        if literal.escaped and literal.holes:
            value = [part for piece in value for part in (_unescaped(piece) if piece.start >= 0 else [piece])]
        return value, built

    def encoded(self) -> Iterator[tuple[int, int, Value]]:
        """Literals and words of comments that are the Base64 or the hexadecimal digits of a text."""
        text = self.source
        for literal in self.all:
            if literal.end - literal.start > _SHORTEST_ENCODED and len(literal.pieces) == 1:
                yield from _decoded(literal.pieces[0].text.strip(), literal.start, literal.end, literal.pieces[0].start)
        at, word = -1, compiled(r"(?<=[\s:=])[A-Za-z0-9+/_-]{24,}={0,2}(?!\S)")
        while (at := text.find("//", at + 1)) >= 0:
            end = text.find("\n", at)
            end = end if end >= 0 else len(text)
            if end - at > _SHORTEST_ENCODED + 4:
                for match in word.finditer(text, at, end):
                    yield from _decoded(match[0], match.start(), match.end(), match.start())
            at = end

    def numbers(self) -> Iterator[tuple[int, int, Value]]:
        """Lists of bytes that are a text."""
        if "byte" not in self.source and "char" not in self.source:
            return
        number = r"(?:\(\w{4}\)\s{0,2})?(?:0[xX][0-9a-fA-F]{1,4}|\d{1,3})(?![\w.])"
        for run in compiled(rf"[{{\[(]\s{{0,60}}{number}(?:\s{{0,40}},\s{{0,40}}{number}){{7,4000}}").finditer(
            self.source
        ):
            value = []
            for digit in compiled(r"(?<![\w.])(?:0[xX][0-9a-fA-F]{1,4}|\d{1,3})(?![\w.])").finditer(run[0]):
                code = int(digit[0], 0) if digit[0][:2] in ("0x", "0X") else int(digit[0])
                if not 32 <= code < 127:
                    break
                value.append(Piece(chr(code), run.start() + digit.start(), run.start() + digit.end()))
            else:
                yield run.start(), run.end(), value


_SHORTEST_ENCODED = 20


def _plain(start: int, end: int, text: str, first: int) -> Literal:
    piece = Piece(text, first, first + len(text))
    if "\\" in text and compiled(_NUMBER).search(text):
        return Literal(start, end, tuple(_unescaped(piece)), escaped=True)
    return Literal(start, end, (piece,))


def _unescaped(piece: Piece) -> Iterator[Piece]:
    """The piece with its characters that are written as numbers."""
    if piece.end - piece.start != len(piece.text):
        yield piece
        return
    done = 0
    for escape in compiled(_NUMBER).finditer(piece.text):
        code = int(escape[1] or escape[2] or escape[3], 16)
        if 32 <= code < 0xD800:
            if done < escape.start():
                yield Piece(piece.text[done : escape.start()], piece.start + done, piece.start + escape.start())
            yield Piece(chr(code), piece.start + escape.start(), piece.start + escape.end())
            done = escape.end()
    yield Piece(piece.text[done:], piece.start + done, piece.end)


def _quoted(start: int, end: int, whole: str) -> Literal:
    """A verbatim or raw literal."""
    lead = len(whole) - len(whole.lstrip('$@"'))
    if '"""' not in whole[:lead]:
        lead = whole.find('"') + 1
    tail = len(whole) - (len(whole.rstrip('"')) if '"""' in whole[:lead] else len(whole) - whole.endswith('"'))
    tail = min(tail, len(whole) - lead)
    text = whole[lead : len(whole) - tail]
    return Literal(start, end, (Piece(text, start + lead, end - tail),), holes="$" in whole[:lead] and "{" in text)


def _extended(value: Value, more: Value) -> Value:
    value.extend(more)
    return value


def letters(value: Value) -> Iterator[Piece]:
    """The value letter by letter."""
    for piece in value:
        if len(piece.text) == 1 or piece.end - piece.start != len(piece.text):
            yield piece
        else:
            yield from (Piece(letter, at, at + 1) for at, letter in enumerate(piece.text, piece.start))


def text_of(value: Value) -> str:
    """The characters of a value."""
    return "".join(piece.text for piece in value)


@cache
def _call() -> str:
    """What makes a text of all that it is given."""
    return rf"(?:new\s+)?(?:[\w.]*\.)?(?P<callee>{either('made')})\s{{0,5}}\(|new\s{{0,5}}\((?=['\"])"


def _called(callee: str | None, arguments: list[Value]) -> Value:
    if callee in names("joined") and arguments:
        joint = [Piece(text_of(arguments[0]))]
        return [piece for value in arguments[1:] for piece in (*joint, *value)][1:]
    if callee in names("filled"):
        return _formatted(arguments)
    return [piece for value in arguments for piece in value]


def _formatted(arguments: list[Value]) -> Value:
    """The first argument that has numbers in braces, with the arguments after it in their place."""
    form = next((n for n, value in enumerate(arguments) if compiled(r"\{\d").search(text_of(value))), None)
    if form is None:
        return [piece for value in arguments for piece in value]
    found: Value = []
    for piece in arguments[form]:
        done = 0
        for hole in compiled(r"\{(\d{1,2})(?:[,:][^{}]{0,20})?\}").finditer(piece.text):
            number = form + 1 + int(hole[1])
            if piece.end - piece.start == len(piece.text) and number < len(arguments):
                found.append(Piece(piece.text[done : hole.start()], piece.start + done, piece.start + hole.start()))
                found += arguments[number]
                done = hole.end()
        found.append(Piece(piece.text[done:], piece.start + done, piece.end) if done else piece)
    return found


def _method(name: str, value: Value, arguments: list[Value]) -> Value | None:
    """What a method makes of the value; nothing for one that is not known or leaves it as it is."""
    told = [text_of(argument) for argument in arguments]
    if name in names("appended"):
        return value + [piece for argument in arguments for piece in argument]
    if name in names("appended_filled"):
        return value + _formatted(arguments)
    if name in names("filled_itself"):
        return _formatted([value, *arguments])
    if name in names("inserted") and len(arguments) == 2 and (at := compiled(r"\{(\d{1,4})\}").fullmatch(told[0])):
        each = list(letters(value))
        return each[: int(at[1])] + arguments[1] + each[int(at[1]) :]
    if name in names("replaced") and len(arguments) == 2 and 0 < len(told[0]) <= 100:
        return _replaced(value, told[0], arguments[1])
    if name in names("reversed"):
        return list(letters(value))[::-1]
    if name in names("cut") | names("cut_out") and arguments:
        numbers = [int(n[1]) for n in map(compiled(r"\{(\d{1,4})\}").fullmatch, told) if n]
        if len(numbers) == len(arguments):
            each = list(letters(value))
            end = numbers[0] + numbers[1] if len(numbers) > 1 else len(each)
            return each[: numbers[0]] + each[end:] if name in names("cut_out") else each[numbers[0] : end]
    first, last = names("trimmed") | names("trimmed_first"), names("trimmed") | names("trimmed_last")
    if name in first | last:
        each = list(letters(value))
        signs = "".join(told) or " \t"
        while each and each[0].text in signs and name in first:
            each.pop(0)
        while each and each[-1].text in signs and name in last:
            each.pop()
        return each
    return None


def _replaced(value: Value, what: str, by: Value) -> Value:
    each = list(letters(value))
    if any(len(piece.text) != 1 for piece in each):
        return value
    text, found, done = text_of(each), [], 0
    while (at := text.find(what, done)) >= 0:
        found += each[done:at]
        found += by
        done = at + len(what)
    return found + each[done:]


def _decoded(word: str, start: int, end: int, first: int) -> Iterator[tuple[int, int, Value]]:
    """The text that the word is the Base64 of, or the hexadecimal digits."""
    if compiled(r"(?:[0-9a-fA-F]{2}){20,4000}").fullmatch(word):
        data = bytes.fromhex(word)
    elif compiled(r"[A-Za-z0-9+/_-]{20,20000}={0,2}").fullmatch(word):
        try:
            data = base64.b64decode(word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4), validate=True)
        except (binascii.Error, ValueError):
            return
    else:
        return
    if data.isascii() and (text := data.decode("ascii")).replace("\n", "").replace("\r", "").isprintable():
        yield start, end, [Piece(text.replace("\n", "\\n").replace("\r", "\\r"), first, first + len(word))]
