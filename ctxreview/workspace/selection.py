"""What the person pointed at: a text such as ``src/Orders.cs:41-43`` becomes a :class:`Selection`.

Reads the file; everything after this works on values.
"""

from __future__ import annotations

from pathlib import Path

from ctxreview.errors import SourceError
from ctxreview.model.phrases import amount
from ctxreview.model.source import Selection, Source, Span
from ctxreview.workspace.reading import path_from, read_source, source_of
from ctxreview.workspace.selection_form import FORM, FORMS, is_link, plain

LONGEST_NAMED = 200
"""Characters of what is not a selection that are quoted."""


def select(given: str, root: Path | None = None, text: str | None = None) -> Selection:
    """The selection that ``given`` names; lines and columns are 1-based and inclusive.

    The path is taken from the current directory, or else from ``root``. Columns past a line's end mean
    its end, as carets do. Blanks around the path are a part of it where there is such a file. ``text`` is the file's
    text where that is not on disk.
    Raises :class:`SourceError` when the text, the file or the range is wrong.
    """
    written = plain(given)
    if is_link(given):
        from ctxreview.workspace.links import line_of_link

        written = line_of_link(given, root)
    form = FORM.fullmatch(written.rstrip())
    if form is None:
        named = given if len(given) <= LONGEST_NAMED else f"{given[:LONGEST_NAMED]}…"
        raise SourceError(f"{named!r} is not a selection: write {FORMS}.")
    spelled, bare = form["path"], form["path"].strip()
    path = Path(bare)
    if root is not None or spelled != bare:
        path = next((there for p in (spelled, bare) if (there := path_from(Path(p), root)) is not None), path)
    source = read_source(path, root) if text is None else source_of(path, text, root)
    if form["l1"]:
        l1, c1, l2, c2 = (int(form[k]) for k in ("l1", "c1", "l2", "c2"))
        _check(given, source, l1, l2)
        start, end = _offset(source, l1, c1), _offset(source, l2, c2 + 1)
        if min(c1, c2) < 1:
            raise SourceError(f"{given}: columns are counted from 1.")
        if end <= start and (l1, c1) > (l2, c2):
            raise SourceError(f"{given}: the selection ends before it starts; write the earlier place first.")
        return Selection(source, Span(start, max(start, end)), given)
    first = int(form["start"])
    last = int(form["end"] or first)
    _check(given, source, first, last)
    return Selection(source, source.line_span(first, last), given)


def _check(given: str, source: Source, first: int, last: int) -> None:
    if first < 1:
        raise SourceError(f"{given}: lines are counted from 1.")
    if last < first:
        raise SourceError(f"{given}: the range is reversed; write {last}-{first}.")
    if last > source.line_count:
        raise SourceError(
            f"{given}: {source.path} has {amount(source.line_count, 'line')}; line {last} is past its end. Has the file changed since?"
        )


def _offset(source: Source, line: int, column: int) -> int:
    here = source.line_span(line)
    return here.start + len(source.text(here)[: max(0, column - 1)].encode())
