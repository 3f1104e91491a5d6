"""What a page shows beside a review's document: the code that was seen, and sentences on what holds it. It is kept with the review."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict

from ctxreview.context.listing import redacted, shown_lines
from ctxreview.context.proofs import proven, suggested
from ctxreview.model.review import Context, Review
from ctxreview.redact import redact
from ctxreview.reports.folding import own_lines
from ctxreview.reports.text import held, holders, selected
from ctxreview.reports.words import omitted_parts
from ctxreview.workspace.commit import commit_of


class ShownFile(TypedDict):
    """Lines of one file by their numbers (1-based), in order, without secrets."""

    path: str
    lines: list[tuple[int, str]]


class Holder(TypedDict):
    """What is said of a scope that holds the selection, and of what it protects."""

    said: str
    protects: list[str]


class Shown(TypedDict):
    """The selected file first; ``commit`` is the one that was checked out, and ``changed`` that the file was not as it is there."""

    selected: str
    held: str
    holders: list[Holder]
    proven: list[str]
    suggested: list[str]
    not_seen: list[str]
    files: list[ShownFile]
    commit: str | None
    changed: bool | None


def shown(values: Sequence[Review]) -> Shown:
    """What is shown beside several models' reviews of one selection: also the lines outside the excerpts that they name."""
    value = values[0].context
    cited = {(e.path, e.line) for v in values for a in v.checklist for e in a.evidence if e.supported is not False}
    named = {(p.path, p.start_line) for h in values[0].hazards for p in (h.at, *h.related)}
    commit = commit_of(value.selection.source)
    return {
        "selected": selected(value),
        "held": held(value),
        "holders": [{"said": _clean(said), "protects": list(map(_clean, on))} for said, on in holders(value)],
        "proven": list(map(_clean, proven(value))),
        "suggested": list(map(_clean, suggested(value))),
        "not_seen": [_clean(said) for said in (*value.unseen, *omitted_parts(value))],
        "files": list(_files(value, cited | named)),
        "commit": commit.name if commit else None,
        "changed": commit.changed if commit else None,
    }


def _clean(said: str) -> str:
    return redact(said).text


def _files(value: Context, named: set[tuple[str, int]]) -> Iterator[ShownFile]:
    known = (*value.others, *(e.source for e in value.excerpts))
    others = {s.path: s for s in known if s.path != value.path}
    for source in (value.selection.source, *others.values()):
        marks = shown_lines([e for e in value.excerpts if e.source.path == source.path], source)
        numbers = {n for n, is_shown in marks.items() if is_shown}
        if source.path == value.path:
            numbers.update(own_lines(value))
        numbers.update(n for path, n in named if path == source.path and 0 < n <= source.line_count)
        if not numbers:
            continue
        texts = redacted(source)
        # A blank line takes no more room than a word on it that is left out.
        numbers.update(n + 1 for n in tuple(numbers) if n + 2 in numbers and not texts[n].strip())
        yield {"path": source.path, "lines": [(n, texts[n - 1]) for n in sorted(numbers)]}
