"""What the characters of a literal stand for."""

from __future__ import annotations

import re

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}


def literal(form: str, written: bytes) -> str:
    """The text that a string literal stands for; ``form`` is the grammar's name for its kind, ``written`` all of it."""
    text = written.decode("utf-8", "replace")
    text = text[:-2] if text[-2:].lower() == "u8" else text
    if form == "raw_string_literal":
        return _raw(text)
    if form == "verbatim_string_literal":
        return text[text.find('"') + 1 : -1].replace('""', '"')
    return _unescaped(text[1:-1])


def content(written: bytes, verbatim: bool) -> str:
    """The text that a piece of an interpolated literal stands for; in a ``verbatim`` one quotes alone are doubled."""
    text = written.decode("utf-8", "replace").replace("{{", "{").replace("}}", "}")
    return text.replace('""', '"') if verbatim else _unescaped(text)


def _unescaped(text: str) -> str:
    """The characters that the escapes of a literal stand for."""

    def one(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code:
            return chr(min(int(code, 16), 0x10FFFF))
        return _ESCAPES.get(found[4], found[4])

    return re.sub(r"\\(?:x([0-9a-fA-F]{1,4})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", one, text, flags=re.DOTALL)


def _raw(text: str) -> str:
    """The content of a raw literal: the lines between the quotes without the indentation of the last."""
    quotes = len(text) - len(text.lstrip('"'))
    inside = text[quotes:].removesuffix("u8").removesuffix("U8")[:-quotes]
    lines = inside.splitlines()
    if len(lines) < 2 or lines[0].strip() or lines[-1].strip():
        return inside
    return "\n".join(line.removeprefix(lines[-1]) for line in lines[1:-1])
