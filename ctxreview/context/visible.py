"""Text that shows what is there: control, unseen and direction-changing characters written out, secrets replaced."""

from __future__ import annotations

import re

from ctxreview.regex import regex

_CONTROL = {n: f"\\x{n:02x}" for n in (*range(0x20), *range(0x7F, 0xA0)) if n not in (0x09, 0x0A)} | {0x0D: ""}
_RANGES = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891),
    (0x8E2, 0x8E2), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E),
    (0x2060, 0x206F), (0x3164, 0x3164), (0xD800, 0xDFFF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB), (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
"""First and last of the characters that show nothing, turn the direction, or end a line for some readers only:
Default_Ignorable_Code_Point of Unicode 17.0 (DerivedCoreProperties.txt) and the categories Cf, Cs, Zl and Zp, whole.
A test asks the property itself."""
UNSEEN = regex(f"[{''.join(f'{chr(a)}-{chr(b)}' for a, b in _RANGES)}]")


def visible(text: str) -> str:
    """``text`` with control, unseen and direction-changing characters written out: what is shown is what is there."""
    shown = text.translate(_CONTROL)
    return shown if shown.isascii() else UNSEEN.sub(_written_out, shown)


_COMMAND = regex(r"#(?=#(?:vso)?\[)|^([^\S\n]*):(?=:)", re.MULTILINE)


def without_commands(text: str) -> str:
    """``text`` in which nothing is a command to a build that reads its log, with the character that begins one written out.

    Azure Pipelines takes ``##vso[`` anywhere in a line, GitHub Actions ``##[`` anywhere and ``::`` where a line begins.
    """
    return _COMMAND.sub(lambda m: "\\x23" if m[1] is None else f"{m[1]}\\x3a", text)


def on_a_line(text: str) -> str:
    """``text`` as one line for people, without secrets: nothing in it acts, or looks like the line that follows."""
    from ctxreview.redact import redact

    return redact(visible(text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", " "))).text


def one_line(text: str) -> str:
    """``text`` on one line, its blanks one each, without secrets: nothing in it acts, or looks like ours."""
    from ctxreview.redact import redact

    return redact(visible(" ".join(text.split()))).text


def _written_out(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
