"""Old text and new text in pairs, as agents send edits: SEARCH/REPLACE blocks, and members of JSON and tags of such names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ctxreview.guard.placing.edits import file_named, places_of, put
from ctxreview.guard.placing.refusals import Instead, UnplacedError, several
from ctxreview.model.review import Edit
from ctxreview.model.source import Selection, Source, Span
from ctxreview.prompt.limits import MOST_EDITS
from ctxreview.regex import regex

_OPENS, _TURNS, _CLOSES = (regex(mark) for mark in ("<{5,9}(?!<).*", "={5,9}[ \\t]*", ">{5,9}(?!>).*"))
_OLD = "old_string|old_str|old_text|old_code|old|search|find|original|before"
_NEW = "new_string|new_str|new_text|new_code|new|replace_with|replacement|replace|updated|after"
_FILE = "file_path|target_file|file_name|filename|path|file"
_TAG = regex(rf"<(/?)({_OLD}|{_NEW})>", re.I)
_FILE_TAG = regex(rf"<({_FILE})>([^<>\n]*)</\1>", re.I)
_DATA = regex(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.S)

_CODE, _BETWEEN = r"`([^`\n]+)`", r"[^`.;:\n]{0,40}?"
_SAID = regex(
    rf"\b(?:replac|chang|swap|rewrit)(?:e|es|ed|ing)?\b{_BETWEEN}{_CODE}{_BETWEEN}\b(?:with|to|by|for|into)\b{_BETWEEN}{_CODE}|"
    rf"\buse\b{_BETWEEN}{_CODE}{_BETWEEN}\b(?:instead of|in place of|rather than)\b{_BETWEEN}{_CODE}",
    re.I,
)
_DENIED = regex(r"(?:\bnot|n['’]t|\bnever|\bwithout|\bno (?:need|reason) to)\b[^`.;:\n]*\Z", re.I)


class Pair(NamedTuple):
    """``old`` text that becomes ``new``, in the file ``path``; ``""`` where none is named."""

    path: str
    old: str
    new: str


def pairs(text: str) -> tuple[Pair, ...]:
    """The pairs in a text; none where it has another form."""
    found = tuple(_in_blocks(text)) or tuple(_in_tags(text))
    if found or text.lstrip()[:1] not in ("{", "["):
        return found
    import msgspec  # as in answers: most answers are Markdown

    try:
        value = msgspec.json.decode(text)
        # What has suggestions is the reply that a prompt asks for.
        return () if isinstance(value, dict) and "suggestions" in value else tuple(_in_json(value, ""))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ()


def sentences(text: str) -> tuple[Pair, ...]:
    """What prose says to replace: ``replace `a` with `b```, ``use `b` instead of `a```; not what it advises against."""
    said = [m for m in _SAID.finditer(text) if not _DENIED.search(text, max(0, m.start() - 80), m.start())]
    return tuple(Pair("", m[1] or m[4], m[2] or m[3]) for m in said)


def edits(given: tuple[Pair, ...], selection: Selection) -> tuple[Edit, ...]:
    """The edit of each pair. Raises :class:`UnplacedError` where old text stands nowhere, or in several places."""
    if len(given) > MOST_EDITS:
        raise UnplacedError(f"It has {len(given):,} edits; at most {MOST_EDITS:,} are read.", Instead.PARTS)
    mine = file_named([[p.path] for p in given if p.path], selection.source)
    return tuple(
        Edit(p.path, 0, 0, p.old, p.new) if p.path and p.path != mine else placed(p.old, p.new, selection)
        for p in given
    )


def placed(old: str, new: str, selection: Selection) -> Edit:
    """The edit that puts ``new`` in the place of ``old``: whole lines in any layout, or a part of some, word by word.

    Where it is there more than once, the one place is meant that is selected. Raises :class:`UnplacedError` where there is none.
    """
    source, (first, last) = selection.source, selection.lines
    old, new = old.rstrip("\n"), new.rstrip("\n")
    places = places_of(old.strip("\n").split("\n"), source) if old.strip() else []
    if places:
        touched = [p for p in places if p[0] <= last and first <= p[1]]
        start, end = (touched if len(touched) == 1 else places)[0]
        # Where it stands elsewhere too and none is selected, no line is said.
        said = (start, end) if len(places) == 1 or len(touched) == 1 else (0, 0)
        return Edit(source.path, *said, old, new)
    parts = _parts(old.strip(), source) if old.strip() else []
    own = [p for p in parts if p.overlaps(selection.span)] if len(parts) > 1 else parts
    if len(own) == 1:
        return put(source, own[0], new.strip())
    if len(parts) > 1:
        lines = (source.line_of(p.start) for p in parts)
        raise UnplacedError(f"The text it replaces occurs in {several(lines)}.", Instead.LINES)
    return Edit(source.path, 0, 0, old, new)


def _parts(old: str, source: Source) -> list[Span]:
    """Where a text is within lines, not in the middle of a word."""
    edges = (r"(?<!\w)" if re.match(r"\w", old) else "", r"(?!\w)" if re.search(r"\w\Z", old) else "")
    pattern = r"\s+".join(map(re.escape, old.split()))
    found = re.finditer(f"{edges[0]}{pattern}{edges[1]}".encode(), source.data)
    return [Span(m.start(), m.end()) for m in found]


def _in_blocks(text: str) -> Iterator[Pair]:
    """SEARCH/REPLACE blocks: the line before one may name the file."""
    above, named, parts = "", "", list[list[str]]()
    for line in text.split("\n"):
        if _OPENS.fullmatch(line):
            named = above if re.fullmatch(r"[\w./\\ -]+\.\w{1,8}", above) else ""
            parts = [[]]
        elif len(parts) == 1 and _TURNS.fullmatch(line):
            parts.append([])
        elif len(parts) == 2 and _CLOSES.fullmatch(line):
            yield Pair(named, "\n".join(parts[0]), "\n".join(parts[1]))
            parts = []
            above = line
        elif parts:
            parts[-1].append(line)
        elif line.strip().strip("`"):
            above = line.strip().strip("`*")


def _in_tags(text: str) -> Iterator[Pair]:
    """Neighbouring tags for the old and the new text, each up to the first end of its kind."""
    files, named, old = list(_FILE_TAG.finditer(text)), "", ""
    opened: re.Match[str] | None = None
    ended = -1  # where the tag with the old text ended, if nothing came since
    for tag in _TAG.finditer(text):
        if opened is None and not tag[1]:
            opened = tag
        elif opened is not None and tag[1] and tag[2].lower() == opened[2].lower():
            inside = text[opened.end() : tag.start()]
            if re.fullmatch(_OLD, opened[2], re.I):
                old, ended = inside, tag.end()
            elif ended >= 0 and not text[ended : opened.start()].strip():
                while files and files[0].end() <= opened.start():
                    named = files.pop(0)[2].strip()
                yield Pair(named, _untagged(old), _untagged(inside))
                ended = -1
            opened = None


def _untagged(text: str) -> str:
    """What stands in a tag: without the line ends after and before the tags, and with its characters as they are meant."""
    if (data := _DATA.fullmatch(text)) is not None:
        return data[1].strip("\n")
    import html

    inside = text.removeprefix("\n").removesuffix("\n")
    return inside if re.search("[<>]", inside) else html.unescape(inside)


def _in_json(value: Any, path: str) -> Iterator[Pair]:
    """The pairs in a JSON value, in the file that it or what is around it names."""
    if isinstance(value, list):
        for part in value:
            yield from _in_json(part, path)
    if not isinstance(value, dict):
        return
    named = {re.sub(r"\W|_", "", key).lower(): part for key, part in value.items()}
    found = (
        next((named[k] for k in _keys(keys) if isinstance(named.get(k), str)), None) for keys in (_FILE, _OLD, _NEW)
    )
    file, old, new = found
    path = file or path
    if old is not None and new is not None:
        yield Pair(path, old.replace("\r\n", "\n"), new.replace("\r\n", "\n"))
        return
    for part in value.values():
        yield from _in_json(part, path)


def _keys(names: str) -> list[str]:
    return [name.replace("_", "") for name in names.split("|")]
