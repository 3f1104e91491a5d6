"""What calls make of texts: joined, filled in, cut, replaced."""

from __future__ import annotations

from ctxreview.redact.calls import names
from ctxreview.redact.literals import Piece, Value, letters, text_of
from ctxreview.redact.values import compiled


def call_result(callee: str | None, arguments: list[Value]) -> Value:
    """The text that a call makes of its arguments, by the name of what is called."""
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


def method_result(name: str, value: Value, arguments: list[Value]) -> Value | None:
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
