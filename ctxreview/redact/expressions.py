"""Texts as the code puts them together from literals, names and calls."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property

from ctxreview.redact.calls import either, names
from ctxreview.redact.literals import Literal, Literals, Piece, Value, unescaped
from ctxreview.redact.text_calls import call_result, method_result
from ctxreview.redact.values import compiled

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


class Expressions:
    """What the literals of a text are put together to, from literals, names of literals and calls.

    Nothing is run. A text that cannot be told has its code instead, as an interpolated string has it between braces.
    """

    def __init__(self, literals: Literals) -> None:
        self.literals = literals
        self.source = literals.source

    @cached_property
    def _named(self) -> dict[str, list[Literal]]:
        """The literals that a name is given, at most eight of each."""
        named: dict[str, list[Literal]] = {}
        for literal in self.literals.all:
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

    def built_texts(self) -> Iterator[tuple[int, int, Value]]:
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
        for literal in self.literals.all:
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
        if literal := self.literals.starting_at(at):
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
            value, built = call_result(call["callee"], arguments), True
        elif (name := compiled(_NAME).match(text, at)) and (given := self._of_name(name["name"], at)) is not None:
            value, end, built = given, name.end(), True
        else:
            return None
        return self._changed(value, end, built, depth)

    def _changed(self, value: Value, end: int, built: bool, depth: int) -> tuple[Value, int, bool]:
        """The value after the methods that are called on it."""
        while method := compiled(_METHOD).match(self.source, end):
            arguments, end = self._arguments(method.end(), depth + 1)
            changed = method_result(method["method"], value, arguments)
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
            value = [part for piece in value for part in (unescaped(piece) if piece.start >= 0 else [piece])]
        return value, built


def _extended(value: Value, more: Value) -> Value:
    value.extend(more)
    return value


@cache
def _call() -> str:
    """What makes a text of all that it is given."""
    return rf"(?:new\s+)?(?:[\w.]*\.)?(?P<callee>{either('made')})\s{{0,5}}\(|new\s{{0,5}}\((?=['\"])"
