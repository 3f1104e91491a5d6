"""The functions of a file as data: what each does, in order and with its structure; see :mod:`ctxreview.model.il`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ctxreview.languages import language_of
from ctxreview.model.il import Declared, Unit
from ctxreview.model.source import Source, Span
from ctxreview.outline.parse import read


class Units:
    """The units of a file in source order; each is lowered when it is asked for, and kept."""

    def __init__(self, declared: Iterable[Declared]) -> None:
        self._declared = {of.span: of for of in sorted(declared, key=lambda of: of.span)}
        self._lowered: dict[Span, Unit] = {}
        self._by_name: dict[str, list[Span]] = {}
        for of in self._declared.values():
            self._by_name.setdefault(of.name, []).append(of.span)

    def __iter__(self) -> Iterator[Unit]:
        return (self[at] for at in self._declared)

    def __getitem__(self, at: Span) -> Unit:
        if at not in self._lowered:
            self._lowered[at] = self._declared[at].lowered()
        return self._lowered[at]

    def get(self, at: Span) -> Unit | None:
        """The unit with the span that the outline has for it; ``None`` where there is none."""
        return self[at] if at in self._declared else None

    @property
    def declared(self) -> Iterable[Declared]:
        """What there is, without lowering it."""
        return self._declared.values()

    def named(self, name: str) -> Iterator[Declared]:
        """What has a name, without lowering it."""
        return (self._declared[at] for at in self._by_name.get(name, ()))


def units(source: Source, keep: int | None = None, within: tuple[Span, ...] | None = None) -> Units:
    """The units of ``source``; none where the language has no lowering.

    ``keep`` and ``within`` are as in :func:`ctxreview.outline.outline`. A member that stands only in another ``#if`` branch
    is among them; of one that is in several, the branch that is compiled without symbols is.

    Raises :class:`SourceError` where no language is known for the file.
    """
    language = language_of(source.path)
    if language.lower is None:
        return Units(())
    kinds = language.shape.functions
    reading = read(source.data, language, keep, within)
    found: dict[Span, Declared] = {of.span: of for of in language.lower(reading.root, source.data, kinds, within)}
    for branch in reading.branches:
        for of in language.lower(branch.root, source.data, kinds, branch.active):
            found.setdefault(of.span, of)
    return Units(found.values())
