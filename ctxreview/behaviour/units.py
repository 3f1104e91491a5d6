"""The functions of a file as data: what each does, in order and with its structure; see :mod:`ctxreview.model.il`."""

from __future__ import annotations

from ctxreview.languages import language_of
from ctxreview.model.il import Unit
from ctxreview.model.source import Source, Span
from ctxreview.outline.parse import read


def units(source: Source, keep: int | None = None, within: tuple[Span, ...] | None = None) -> tuple[Unit, ...]:
    """The units of ``source`` in source order; nothing where the language has no lowering.

    ``keep`` and ``within`` are as in :func:`ctxreview.outline.outline`. A member that stands only in another ``#if`` branch
    is among them; of one that stands in several, the branch that is compiled without symbols is.

    Raises :class:`SourceError` where no language is known for the file.
    """
    language = language_of(source.path)
    if language.lower is None:
        return ()
    kinds = language.shape.functions
    reading = read(source.data, language, keep, within)
    found: dict[Span, Unit] = {u.span: u for u in language.lower(reading.root, source.data, kinds, within)}
    for branch in reading.branches:
        for unit in language.lower(branch.root, source.data, kinds, branch.active):
            found.setdefault(unit.span, unit)
    return tuple(sorted(found.values(), key=lambda unit: unit.span))
