"""Texts that are written in Base64, in hexadecimal digits, or as lists of bytes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from ctxreview.redact.literals import Literals, Piece, Value, text_of
from ctxreview.redact.values import compiled

_SHORTEST_ENCODED = 20


def encoded_texts(literals: Literals) -> Iterator[tuple[int, int, Value]]:
    """Literals and words of comments that are the Base64 or the hexadecimal digits of a text."""
    text = literals.source
    for literal in literals.all:
        if literal.end - literal.start > _SHORTEST_ENCODED and len(literal.pieces) == 1:
            yield from _read(literal.pieces[0].text.strip(), literal.start, literal.end, literal.pieces[0].start)
    at, word = -1, compiled(r"(?<=[\s:=])[A-Za-z0-9+/_-]{24,}={0,2}(?!\S)")
    while (at := text.find("//", at + 1)) >= 0:
        end = text.find("\n", at)
        end = end if end >= 0 else len(text)
        if end - at > _SHORTEST_ENCODED + 4:
            for match in word.finditer(text, at, end):
                yield from _read(match[0], match.start(), match.end(), match.start())
        at = end


def byte_lists(source: str) -> Iterator[tuple[int, int, Value]]:
    """Lists of bytes that are a text."""
    if "byte" not in source and "char" not in source:
        return
    number = r"(?:\(\w{4}\)\s{0,2})?(?:0[xX][0-9a-fA-F]{1,4}|\d{1,3})(?![\w.])"
    for run in compiled(rf"[{{\[(]\s{{0,60}}{number}(?:\s{{0,40}},\s{{0,40}}{number}){{7,4000}}").finditer(source):
        value = []
        for digit in compiled(r"(?<![\w.])(?:0[xX][0-9a-fA-F]{1,4}|\d{1,3})(?![\w.])").finditer(run[0]):
            code = int(digit[0], 0) if digit[0][:2] in ("0x", "0X") else int(digit[0])
            if not 32 <= code < 127:
                break
            value.append(Piece(chr(code), run.start() + digit.start(), run.start() + digit.end()))
        else:
            yield run.start(), run.end(), value


def encoded_sum(value: Value) -> Value | None:
    """What a text that is put together of several pieces is the Base64 of, or the hexadecimal digits."""
    value = [piece for piece in value if piece.start >= 0]  # without code, such as the call that decodes it
    if len(value) < 2 or (decoded := _decoded(text_of(value))) is None:
        return None
    of_whole: Value = []
    size, at = sum(len(piece.text) for piece in value), 0
    for piece in value:
        start, at = at, at + len(piece.text)
        part = decoded[-(-start * len(decoded) // size) : -(-at * len(decoded) // size)]
        of_whole.append(Piece(_on_one_line(part), piece.start, piece.end))
    return of_whole


def _read(word: str, start: int, end: int, first: int) -> Iterator[tuple[int, int, Value]]:
    """The text that the word at ``first`` is the Base64 of, or the hexadecimal digits."""
    if decoded := _decoded(word):
        yield start, end, [Piece(_on_one_line(decoded), first, first + len(word))]


def _on_one_line(text: str) -> str:
    return text.replace("\n", "\\n").replace("\r", "\\r")


def _decoded(word: str) -> str | None:
    """What the word is the Base64 of, or the hexadecimal digits, if that is text."""
    if compiled(r"(?:[0-9a-fA-F]{2}){20,4000}").fullmatch(word):
        data = bytes.fromhex(word)
    elif compiled(r"[A-Za-z0-9+/_-]{20,20000}={0,2}").fullmatch(word):
        try:
            data = base64.b64decode(word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4), validate=True)
        except (binascii.Error, ValueError):
            return None
    else:
        return None
    text = data.decode("ascii") if data.isascii() else ""
    return text if text.replace("\n", "").replace("\r", "").isprintable() else None
