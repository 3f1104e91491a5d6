"""A search for words in the text of a workspace's files.

No index is built, so none goes stale: a name is looked for in the bytes of all files, and only files where it
stands are worth parsing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ctxreview.workspace.contents import CHUNK, as_text, contents_of
from ctxreview.workspace.files import Workspace
from ctxreview.workspace.generated import is_generated

MAX_KEPT = 96 * 1024 * 1024
"""Bytes of text that a run of searches keeps at most, so as not to read the files again."""

_ASKED = 2048
"""Files that git is asked for at once."""

_PART = frozenset((*b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", *range(0x80, 0x100)))
_APART = bytes(byte if byte in _PART else 0x20 for byte in range(0x100))


def search_words(
    place: Workspace, words: Iterable[str], kept: dict[str, bytes] | None = None
) -> Mapping[str, tuple[str, ...]]:
    """For each word the paths of the files in which it stands as a whole identifier, in the workspace's order.

    A word may have the ``@`` of a verbatim identifier, and stands wherever its name does, with or without one;
    comments and strings count. What is not an identifier is nowhere. Files that a comment at their beginning calls
    generated do not count. Each file is read once, however many words there are.

    ``kept`` are texts that an earlier search has read, by path: they are not read again, and others are added to them as
    long as they have less than :data:`MAX_KEPT` bytes in all.
    """
    return _found(_texts(place, kept), words)


def words_in(texts: Mapping[str, bytes], words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """For each word the paths of those texts in which it stands, as :func:`search_words` has them."""
    return _found(texts.items(), words)


def _found(texts: Iterable[tuple[str, bytes]], words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    asked = {word: word.removeprefix("@").encode("utf-8", "replace") for word in words}
    sought = sorted({name for name in asked.values() if name and _PART.issuperset(name)})
    found: dict[bytes, list[str]] = {name: [] for name in sought}
    if sought:
        standing = _finder(sought)
        for path, text in texts:
            for name in standing(text):
                found[name].append(path)
    return {word: tuple(found.get(name, ())) for word, name in asked.items()}


def every_word(place: Workspace, kept: dict[str, bytes]) -> Mapping[str, tuple[str, ...]]:
    """Every identifier of the workspace's files with the paths of the files it is in, as :func:`search_words` has them.

    ``kept`` are texts that were read before, by path; others are added to them, as by :func:`search_words`.

    One pass that costs as much as some forty searches, and memory in proportion to the text: up to as much as the text has.
    """
    found: dict[bytes, list[int]] = {}
    for n, (_, text) in enumerate(_texts(place, kept)):
        if not is_generated(text):
            for name in set(text.translate(_APART).split()):
                found.setdefault(name, []).append(n)
    return _Words(place.paths, found)


class _Words(Mapping[str, tuple[str, ...]]):
    """Words to paths, kept as numbers of the paths."""

    def __init__(self, paths: tuple[str, ...], found: dict[bytes, list[int]]) -> None:
        self._paths = paths
        self._found = found

    def __getitem__(self, word: str) -> tuple[str, ...]:
        return tuple(self._paths[n] for n in self._found[word.removeprefix("@").encode("utf-8", "replace")])

    def __iter__(self) -> Iterator[str]:
        return (name.decode("utf-8", "replace") for name in self._found)

    def __len__(self) -> int:
        return len(self._found)


def _finder(names: Sequence[bytes]) -> Callable[[bytes], Iterable[bytes]]:
    """What finds in a text those of the names that are there as whole identifiers."""
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    # Of the matches at one place only the longest can be whole, and inside a match no identifier begins.
    automaton = BytesAhoCorasick(names, MatchKind.LeftmostLongest)

    def standing(text: bytes) -> Iterable[bytes]:
        found: set[int] = set()
        for n, start, end in automaton.find_matches_as_indexes(text):
            if (
                n not in found
                and (start == 0 or text[start - 1] not in _PART)
                and (end == len(text) or text[end] not in _PART)
            ):
                found.add(n)
        return [names[n] for n in found] if found and not is_generated(text) else ()

    return standing


def _texts(place: Workspace, kept: dict[str, bytes] | None) -> Iterator[tuple[str, bytes]]:
    """Each path of the workspace, in order, with its text: what is ``kept`` is not read, and what is read is kept."""
    texts: Mapping[str, bytes] = {} if kept is None else kept
    room = 0 if kept is None else MAX_KEPT - sum(map(len, kept.values()))
    size = CHUNK if place.stored is None else _ASKED
    for n in range(0, len(place.paths), size):
        chunk = place.paths[n : n + size]
        new = [path for path in chunk if path not in texts]
        raw = contents_of(place.root, new) if place.stored is None else place.stored.contents(new)
        read = dict(zip(new, map(as_text, raw), strict=True))
        for path in chunk:
            text = read[path] if path in read else texts[path]
            if kept is not None and path in read and room > len(text):
                kept[path] = text
                room -= len(text)
            yield path, text
