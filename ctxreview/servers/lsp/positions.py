"""Places as an editor counts them: 0-based lines, and characters in the units that both sides agreed on.

Lines end as they do in :class:`Source`: at ``\\n``, ``\\r\\n`` and a lone ``\\r``, and nowhere else.
"""

from __future__ import annotations

from lsprotocol.types import Position, PositionEncodingKind, Range

from ctxreview.model.source import Source, Span

Units = PositionEncodingKind | str


def offset_of(source: Source, place: Position, units: Units) -> int:
    """The byte at a place; past the end of a line its end, past the last line that of the text."""
    if place.line >= len(source.starts):
        return len(source.data)
    line = source.line_span(place.line + 1)
    text = source.data[line.start : line.end]
    if units == PositionEncodingKind.Utf8:
        at = min(place.character, len(text))
        while at < len(text) and text[at] & 0xC0 == 0x80:  # inside a character
            at -= 1
        return line.start + at
    if text.isascii():
        return line.start + min(place.character, len(text))
    said = text.decode("utf-8", "replace")
    if units == PositionEncodingKind.Utf32:
        return line.start + len(said[: place.character].encode())
    before = said.encode("utf-16-le", "replace")[: 2 * place.character].decode("utf-16-le", "ignore")
    return line.start + len(before.encode())


def place_of(source: Source, offset: int, units: Units) -> Position:
    """The place of a byte."""
    number = source.line_of(offset)
    before = source.data[source.starts[number - 1] : offset]
    if units == PositionEncodingKind.Utf8 or before.isascii():
        return Position(number - 1, len(before))
    said = before.decode("utf-8", "replace")
    if units == PositionEncodingKind.Utf32:
        return Position(number - 1, len(said))
    return Position(number - 1, len(said.encode("utf-16-le", "replace")) // 2)


def range_of(source: Source, span: Span, units: Units) -> Range:
    """The range of a span of bytes."""
    return Range(place_of(source, span.start, units), place_of(source, span.end, units))


def range_of_lines(source: Source, first: int, last: int, units: Units) -> Range:
    """Lines (1-based, inclusive), from the first character that is no blank to the last; those past the end are the last line."""
    most = len(source.starts)
    first = min(max(1, first), most)
    span = source.line_span(first, min(max(first, last), most))
    text = source.data[span.start : span.end]
    start = span.start + len(text) - len(text.lstrip())
    return range_of(source, Span(min(start, span.end), max(start, span.start + len(text.rstrip()))), units)


def lines_in(source: Source, within: Range) -> tuple[int, int]:
    """The lines (1-based, inclusive) that a selection is in: one that ends where a line starts does not touch it."""
    most = max(1, source.line_count)
    first, last = within.start.line + 1, within.end.line + 1
    if last > first and within.end.character == 0:
        last -= 1
    return min(first, most), min(max(first, last), most)
