"""What a run found, as rows: each format for builds and forges is made of these alone, whichever command they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from ctxreview.context.visible import one_line, visible
from ctxreview.model.fingerprint import fingerprints
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Source

NoteKind = Literal["not-checked", "not-seen", "said"]
"""What could not be looked at, what was not seen by those who looked, and what else there is to say."""


class Row(NamedTuple):
    """A finding with its fingerprint ``mark``, and the text of the lines of its own file that it names, by their numbers."""

    finding: Finding
    mark: str
    lines: Mapping[int, str]

    @property
    def said(self) -> str:
        """Evidence and question, on one line, without secrets."""
        return f"{one_line(self.finding.message)} {one_line(self.finding.question)}".strip()


class Note(NamedTuple):
    """A sentence that is about no finding, and the place that it is about, where there is one."""

    kind: NoteKind
    text: str
    at: Lines | None = None


class Proposal(NamedTuple):
    """A suggestion as a whole: what the lines ``at`` become, without a line end. ``said`` is one line on whose it is."""

    at: Lines
    text: str
    said: str


class Found(NamedTuple):
    """What a run found. ``told`` has a line for each of its parts, such as a selection or a file: what was said of it in short.

    ``proposals`` are suggestions that can be taken over where they stand.
    """

    rows: tuple[Row, ...] = ()
    notes: tuple[Note, ...] = ()
    told: tuple[str, ...] = ()
    proposals: tuple[Proposal, ...] = ()

    @property
    def worst_first(self) -> list[Row]:
        """The rows by severity, and each severity's by place: builds show the first few of each kind."""
        return sorted(self.rows, key=lambda row: (SEVERITIES.index(row.finding.severity), *_place(row)))


def path_of(at: Lines) -> str:
    """The path of a place as forms in JSON have it: bytes that are not text are U+FFFD, as in all documents, and what acts is written out."""
    return visible(at.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def rows_of(source: Source, found: Sequence[Finding], marks: Iterable[str] | None = None) -> Iterator[Row]:
    """The findings of a file, which are all of it and in source order. ``marks`` are known where some of them were left out."""
    texts = [_lines(finding, source) for finding in found]
    if marks is None:
        marks = fingerprints((f, t.get(f.at.start_line, "")) for f, t in zip(found, texts, strict=True))
    return (Row(*each) for each in zip(found, marks, texts, strict=True))


def merged(parts: Iterable[Found]) -> Found:
    """What several runs found, each finding once."""
    rows: dict[Finding, Row] = {}
    notes: dict[Note, None] = {}
    told: list[str] = []
    proposals: dict[tuple[Lines, str], Proposal] = {}
    for part in parts:
        for row in part.rows:
            rows.setdefault(row.finding, row)
        notes.update(dict.fromkeys(part.notes))
        told += part.told
        for proposal in part.proposals:
            proposals.setdefault((proposal.at, proposal.text), proposal)
    ordered = sorted(rows.values(), key=_place)
    marks = fingerprints((row.finding, row.lines.get(row.finding.at.start_line, "")) for row in ordered)
    made = (row._replace(mark=mark) for row, mark in zip(ordered, marks, strict=True))
    return Found(tuple(made), tuple(notes), tuple(told), tuple(proposals.values()))


def _place(row: Row) -> tuple[str, int, str]:
    return row.finding.at.path, row.finding.at.start_line, row.finding.rule


def _lines(finding: Finding, source: Source) -> dict[int, str]:
    if finding.at.path != source.path:
        return {}
    places = [at for at in (finding.at, *finding.related) if at.path == source.path]
    named = {number for at in places for number in (at.start_line, at.end_line)}
    count = source.line_count
    return {number: source.line(number) for number in sorted(named) if 1 <= number <= count}
