"""JSON as editors have it, with comments and commas at the end: read with places, so that something can be added and all else stays."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

_BLANK = re.compile(r"(?:\s|//[^\n\r]*|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[-\w\"]")
_DECODER = json.JSONDecoder()
KEYS = ("label", "id", "key", "name")
"""What an entry of a list is known by, the first that it has."""


class JsoncError(ValueError):
    """It cannot be read, or has something else where ours belongs; the message is a clause for people."""


class Node(NamedTuple):
    """A value, and where it stands: half-open. ``inner`` are the values of an object by their names, or those of a list by their numbers.

    ``comma`` says that there is one after the last of them.
    """

    value: Any
    start: int
    end: int
    inner: dict[str | int, Node]
    comma: bool = False


def merged(before: str, ours: str) -> str:
    """``before`` with what ``ours`` has and it has not. Raises :class:`JsoncError` where the two are at odds."""
    try:
        root = _document(before)
        theirs, added = _document(ours), list[tuple[int, str]]()
    except (ValueError, RecursionError) as error:
        raise JsoncError(f"cannot be read as JSON with comments ({error})") from None
    _merge(root, theirs.value, before, added, "")
    newline = "\r\n" if "\r\n" in before else "\n"
    in_order = sorted(enumerate(added), key=lambda one: (one[1][0], one[0]))
    for _, (at, text) in in_order[::-1]:
        before = before[:at] + text.replace("\n", newline) + before[at:]
    return before


def _document(text: str) -> Node:
    root, end = _value(text, _skipped(text, 0))
    if _skipped(text, end) != len(text):
        raise ValueError("there is something after its end")
    return root


def _merge(node: Node, ours: Any, text: str, added: list[tuple[int, str]], where: str) -> None:
    if isinstance(node.value, dict) and isinstance(ours, dict):
        new = {}
        for name, value in ours.items():
            if name in node.inner:
                _merge(node.inner[name], value, text, added, f"{where}.{name}".lstrip("."))
            else:
                new[name] = value
        _add(node, [f"{json.dumps(name)}: {_dumped(value)}" for name, value in new.items()], text, added)
    elif isinstance(node.value, list) and isinstance(ours, list):
        known = {name: value for value in node.value if (name := _known(value)) is not None and value not in ours}
        for name in map(_known, ours):
            if name is not None and name in known:
                raise JsoncError(f"has another entry {name!r} in {where or 'its list'}")
        _add(node, [_dumped(value) for value in ours if value not in node.value], text, added)
    elif node.value != ours:
        raise JsoncError(f"has {json.dumps(node.value)} as {where or 'a whole'}, where {json.dumps(ours)} is needed")


def _known(value: Any) -> str | None:
    return next((str(value[key]) for key in KEYS if key in value), None) if isinstance(value, dict) else None


def _dumped(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _add(node: Node, new: list[str], text: str, added: list[tuple[int, str]]) -> None:
    """Note what is put at the end of an object or list, after the comments there."""
    if not new:
        return
    outer = _indent(text, node.start)
    last = next(reversed(node.inner.values()), None)
    indent = (
        _indent(text, last.start) if last is not None and _line_start(text, last.start) > node.start else f"{outer}  "
    )
    if last is not None and not node.comma:
        added.append((last.end, ","))
    inside = text[node.start + 1 : node.end - 1]
    at = node.start + 1 + len(inside.rstrip())
    own = ",\n".join(f"{indent}{one}".replace("\n", f"\n{indent}") for one in new)
    closing = "" if "\n" in text[at : node.end - 1] else f"\n{outer}"
    added.append((at, f"\n{own}{closing}"))


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _indent(text: str, at: int) -> str:
    line = text[_line_start(text, at) : at]
    return line[: len(line) - len(line.lstrip())]


def _skipped(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found is not None else at


def _value(text: str, at: int) -> tuple[Node, int]:
    if text[at : at + 1] in ("{", "["):
        return _inner(text, at, "}" if text[at] == "{" else "]")
    if _WORD.match(text, at) is None:
        raise ValueError(f"line {text.count(chr(10), 0, at) + 1}")
    value, end = _DECODER.raw_decode(text, at)
    return Node(value, at, end, {}), end


def _inner(text: str, start: int, closing: str) -> tuple[Node, int]:
    inner: dict[str | int, Node] = {}
    at, comma = _skipped(text, start + 1), False
    while text[at : at + 1] != closing:
        if inner and not comma:
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1}: a comma is missing")
        name: str | int = len(inner)
        if closing == "}":
            if text[at : at + 1] != '"':
                raise ValueError(f"line {text.count(chr(10), 0, at) + 1}: a name is missing")
            name, end = _DECODER.raw_decode(text, at)
            at = _skipped(text, end)
            if text[at : at + 1] != ":":
                raise ValueError(f"line {text.count(chr(10), 0, at) + 1}: a colon is missing")
            at = _skipped(text, at + 1)
        inner[name], end = _value(text, at)
        at = _skipped(text, end)
        comma = text[at : at + 1] == ","
        at = _skipped(text, at + comma)
    made = {name: node.value for name, node in inner.items()} if closing == "}" else [n.value for n in inner.values()]
    return Node(made, start, at + 1, inner, comma), at + 1
