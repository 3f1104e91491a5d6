"""The names of types that a file's text may declare and derive from, told without parsing it: too many rather than too few."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.languages.words import Words
from ctxreview.regex import regex

_NAME = regex(rb"\s+@?([\w\x80-\xff]+)")


def declared_names(data: bytes, words: Words) -> Iterator[str]:
    """The words after the keywords of types: the names of all types that the file declares, and some words of comments."""
    for word in map(str.encode, words.types):
        at = data.find(word)
        while at >= 0:
            at += len(word)
            if name := _NAME.match(data, at):
                yield name[1].decode("utf-8", "replace")
            at = data.find(word, at)


_HEAD_END = regex(rb"[{};]")
_WORD = regex(rb"[\w\x80-\xff]+")


def base_names(data: bytes, words: Words) -> Iterator[str]:
    """The words after a type's keyword and what begins its bases, up to a brace or semicolon: all base types, and other words."""
    done = 0
    for hit in words.type_head.finditer(data):
        if hit.start() < done:
            continue
        start = max(data.rfind(mark, max(0, hit.start() - 2000), hit.start()) for mark in (b"{", b"}", b";")) + 1
        end = _HEAD_END.search(data, hit.end())
        done = end.start() if end is not None else len(data)
        bases = words.base_list.search(data, start, done)
        if bases is not None:
            yield from (w.decode("utf-8", "replace") for w in _WORD.findall(data, max(bases.start(), hit.end()), done))
