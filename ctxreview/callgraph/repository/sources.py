"""The files of a repository as they are asked for: which ones a word is in, their text, their outlines.

Each file is read at most once for each set of names that is asked for, however many selections ask.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self, TypeVar

from ctxreview.callgraph.repository.type_words import declared_names
from ctxreview.languages import load
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Wrapper, Wrappers
from ctxreview.model.source import Source, Span
from ctxreview.outline import outline
from ctxreview.outline.symbols.names import places
from ctxreview.processes import cores, parallel_map
from ctxreview.workspace.files import Workspace, read_file
from ctxreview.workspace.search import every_word, search_words, words_in

T = TypeVar("T")

NO_SOURCE = Source("", b"")

MAX_PASSES = 40
"""Searches of the text before all its words are read into a table, which costs as much as forty of them."""
MAX_TABLE = 12_000
"""Files up to which that table is made: it takes memory in proportion to the text."""
MAX_HELD = 12_000_000
"""Bytes of files whose outlines are kept from selection to selection: an outline takes several times its file."""
SMALLEST = 4_000
"""Bytes that an outline counts for besides its file's: that of the smallest file takes some 8 KB, too."""
MIN_SHARED = 400_000
"""Bytes of files from which on several processes outline them: with fewer, starting them takes longer than they save."""


class SourceIndex:
    """The files of a repository, read as far as somebody asks."""

    def __init__(self, place: Workspace, language: str, wrappers: Wrappers) -> None:
        """``language`` is the one whose files are in ``place``."""
        self.place = place
        self.language = language
        self.wrappers = wrappers
        self._hits: dict[str, tuple[str, ...]] = {}
        self._sources: dict[str, Source | None] = {}
        self._outlines: dict[tuple[str, frozenset[str], tuple[Span, ...]], Outline] = {}
        self._together: dict[str, frozenset[str]] = {}
        self._heads: dict[str, Outline] = {}
        self._declared: dict[str, frozenset[str]] = {}
        self._made: dict[Hashable, Any] = {}
        self._texts: dict[str, bytes] = {}
        self.parsed = 0
        self._trimmed = 0
        self._passes = 0
        self._words: Mapping[str, tuple[str, ...]] | None = None
        self._origin: Self | None = None
        self._edited: Mapping[str, Source] = {}

    def edited(self, *sources: Source) -> Self:
        """The repository with other texts of some of its files, as after an edit that is on no disk.

        What is read of the other files, then or later, is shared. A text that is empty is a file that is not there.
        """
        other = type(self)(self.place, self.language, self.wrappers)
        other._origin = self
        other._edited = {source.path: source for source in sources}
        return other

    def _of(self, path: str) -> Self:
        """The one that reads a file: where another file is edited, that which was edited."""
        at = self
        while at._origin is not None and path not in at._edited:
            at = at._origin
        return at

    def prefetch_words(self, words: Iterable[str]) -> None:
        """Search for all of the words in one pass over the text, to be asked for one by one later."""
        new = {w for w in words if w not in self._hits and w.isidentifier()}
        if not new:
            return
        if self._origin is not None:
            self._origin.prefetch_words(new)
            here = words_in({path: source.data for path, source in self._edited.items()}, new)
            for word in new:
                others = (p for p in self._origin.files_with(word) if p not in self._edited)
                self._hits[word] = tuple(sorted((*others, *here[word]))) if here[word] else tuple(others)
            return
        self._passes += 1
        if self._words is None and self._passes > MAX_PASSES and len(self.place.paths) <= MAX_TABLE:
            self._words = every_word(self.place, self._texts)
        if self._words is not None:
            self._hits.update((w, self._words.get(w, ())) for w in new)
        else:
            self._hits.update(search_words(self.place, new, self._texts))

    def read_together(self, names: Iterable[str]) -> None:
        """From now on read the uses of all of the names at once where a file has several of them; they are asked for one by one."""
        wanted = dict.fromkeys(names)
        self.prefetch_words(wanted)
        found: dict[str, list[str]] = {}
        for name in wanted:
            for path in self.files_with(name):
                found.setdefault(path, []).append(name)
        self._together = {path: frozenset(several) for path, several in found.items() if len(several) > 1}

    def trim(self) -> None:
        """Forget what was read, once it is much; to be called between selections. What was found of words is kept."""
        if self._origin is not None:
            self._origin.trim()
        if self.parsed - self._trimmed + SMALLEST * len(self._outlines) > MAX_HELD:
            self._trimmed = self.parsed
            for cache in (self._sources, self._outlines, self._heads, self._made):
                cache.clear()

    def files_with(self, word: str) -> tuple[str, ...]:
        """The paths of the files in which the word stands as a whole identifier."""
        self.prefetch_words([word])
        return self._hits.get(word, ())

    def source(self, path: str) -> Source | None:
        """One file; ``None`` where it cannot be read."""
        of = self._of(path)
        if path in of._edited:
            return of._edited[path] if of._edited[path].data else None
        if path not in of._sources:
            of._sources[path] = read_file(self.place, path)
        return of._sources[path]

    def text_of(self, path: str) -> bytes:
        """What :meth:`source` of a file has as data, empty where it cannot be read: where a search has read it, at no cost."""
        of = self._of(path)
        if path in of._texts and path not in of._sources:
            return of._texts[path]
        source = self.source(path)
        return source.data if source is not None else b""

    def declared_names(self, path: str) -> frozenset[str]:
        """The names of types that a file may declare, by its text alone: all that it declares are among them."""
        of = self._of(path)
        if path not in of._declared:
            of._declared[path] = frozenset(declared_names(self.text_of(path), load(self.language).words))
        return of._declared[path]

    def outline_for(self, path: str, names: Iterable[str], within: tuple[Span, ...] = ()) -> Outline | None:
        """The outline of a file with the references to ``names``; only functions that name one are read inside.

        With ``within``, only the functions at these places, whatever they name.
        """
        if (of := self._of(path)) is not self:
            return of.outline_for(path, names, within)
        key = path, frozenset(names), within
        source = self.source(path)
        if source is None:
            return None
        if key not in self._outlines:
            several = self._together.get(path, key[1])
            if key[1] and key[1] < several and not within and (made := self.outline_for(path, several)) is not None:
                references = tuple(r for r in made.references if r.name in key[1])
                self._outlines[key] = replace(made, references=references)
            else:
                within = within or tuple(places(source.data, key[1]))
                self.parsed += len(source.data)
                self._outlines[key] = outline(source, None, self.wrappers, within, key[1])
            self._heads.setdefault(path, self._outlines[key])
        return self._outlines[key]

    def outlines_for(self, paths: Sequence[str], names: Iterable[str]) -> list[Outline]:
        """:meth:`outline_for` of several files, without those that cannot be read, on every core where there is much to read."""
        wanted = frozenset(names)
        if self._origin is not None:
            self._origin.outlines_for([p for p in paths if self._of(p) is not self], wanted)
            return [found for path in paths if (found := self.outline_for(path, wanted)) is not None]
        alone = (p for p in paths if not wanted or not wanted < self._together.get(p, wanted))
        missing = (p for p in alone if (p, wanted, ()) not in self._outlines)
        sizes = {p: len(s.data) for p in missing if (s := self.source(p))}
        if sum(sizes.values()) >= MIN_SHARED and cores() > 1:
            new = sorted(sizes, key=lambda p: -sizes[p])  # a large one at the end would be waited for

            def made(path: str) -> Outline | None:
                found = self.outline_for(path, wanted)
                return found and replace(found, source=NO_SOURCE)  # it is here already

            for path, found in zip(new, parallel_map(made, new), strict=True):
                source = self.source(path)
                if found is not None and source is not None:
                    self.parsed += len(source.data)
                    self._outlines[path, wanted, ()] = replace(found, source=source)
                    self._heads.setdefault(path, self._outlines[path, wanted, ()])
        return [found for path in paths if (found := self.outline_for(path, wanted)) is not None]

    def reoutline(self, known: Outline, found: tuple[Wrapper, ...], calls: Iterable[tuple[int, int]]) -> Outline:
        """An outline once more, with further wrappers known, and as much of the file read inside.

        ``calls`` are the offsets of the names of their calls, each with an index in ``found``.
        """
        own = known.wrappers
        there = {w: i for i, w in enumerate((*own.found, *(w for w in dict.fromkeys(found) if w not in own.found)))}
        at = {*own.calls, *((offset, there[found[i]]) for offset, i in calls)}
        wrappers = own._replace(found=tuple(there), calls=tuple(sorted(at)))
        within = tuple(f.span for f in known.outermost if known.has_read(f.span)) if known.unread else None
        names = frozenset(r.name for r in known.references)
        return outline(known.source, None, wrappers, within, names)

    def heads(self, path: str) -> Outline | None:
        """An outline of a file of which nothing but heads is asked: types, members and functions without their bodies.

        Any that was made already will do: all have the heads.
        """
        of = self._of(path)
        if path not in of._heads and (made := of.outline_for(path, ())) is not None:
            of._heads[path] = made
        return of._heads.get(path)

    def whole(self, path: str) -> Outline | None:
        """The outline of a file with all its bodies, the same one for an edited repository where the edit is of another file."""
        source = self.source(path)
        if source is None:
            return None
        return self.memo_of(path, "whole", lambda: outline(source, None, self.wrappers))

    def memo(self, key: Hashable, made: Callable[[], T]) -> T:
        """What ``made`` gives, made once for each key."""
        if key not in self._made:
            self._made[key] = made()
        found: T = self._made[key]
        return found

    def memo_of(self, path: str, what: str, made: Callable[[], T]) -> T:
        """What ``made`` gives of the text of one file alone, made once for it."""
        return self._of(path).memo((what, path), made)

    def has_memo(self, key: Hashable) -> bool:
        """Whether :meth:`memo` was called with the key."""
        return key in self._made

    def has_searched(self, word: str) -> bool:
        """Whether the text was searched for the word."""
        return word in self._hits

    def prefetch_heads(self, paths: Iterable[str]) -> None:
        """Read the heads of files that will be asked for one by one."""
        self.outlines_for([p for p in dict.fromkeys(paths) if p not in self._of(p)._heads], ())
