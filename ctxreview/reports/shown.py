"""What reports show beside a review's document: the code that was seen, and sentences on what holds it. It is kept with the review.

With the document it is all that text, Markdown and page are made of, so a kept review gives the same as one that was made now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypedDict, cast

from ctxreview.context.listing import redacted, shown_lines
from ctxreview.context.proofs import proven, suggested
from ctxreview.model.declarations import outermost
from ctxreview.model.review import Context, Review
from ctxreview.reports.document import review_document
from ctxreview.reports.holding import held, holders, selected
from ctxreview.reports.json_text import redacted_text
from ctxreview.reports.places import few, scope_lines
from ctxreview.reports.shapes.context import ContextDocument
from ctxreview.reports.shapes.review import CheckedSuggestion, ReviewDocument
from ctxreview.reports.words import omitted_parts
from ctxreview.workspace.commit import commit_of

_CHANGES = frozenset({"write", "save", "complete", "tracking", "exit"})


class ShownFile(TypedDict):
    """Lines of one file by their numbers (1-based), in order, without secrets."""

    path: str
    lines: list[tuple[int, str]]


class Holder(TypedDict):
    """What is said of a scope that holds the selection, and of what it protects."""

    said: str
    protects: list[str]


class Bearing(TypedDict):
    """Lines of the selected file that bear on its scopes: the ends of functions and scopes, what changes something, and other acts."""

    ends: list[int]
    changes: list[int]
    acts: list[int]


class Shown(TypedDict):
    """The selected file first; of what was not seen ``to_look_at`` is what a person can look at, or have shown.

    ``given`` is the selection as it was given; ``commit`` is the one that was checked out, and ``changed`` that the file was not as it is there.
    """

    selected: str
    given: str
    held: str
    holders: list[Holder]
    proven: list[str]
    suggested: list[str]
    not_seen: list[str]
    to_look_at: list[str]
    files: list[ShownFile]
    bearing: Bearing
    commit: str | None
    changed: bool | None


class Reviewed(NamedTuple):
    """The reviews of one selection by each model, what is shown with them, and when they were made (ISO 8601, UTC)."""

    documents: Sequence[ReviewDocument]
    shown: Shown
    at: str


def reviewed(values: Sequence[Review]) -> Reviewed:
    """Several models' reviews of one selection, or one, made now."""
    documents = [cast("ReviewDocument", review_document(v)) for v in values]
    context = values[0].context
    commit = commit_of(context.selection.source)
    beside = shown(context, set(_named(documents)))
    if commit is not None:
        beside["commit"], beside["changed"] = commit
    return Reviewed(documents, beside, datetime.now(UTC).isoformat(timespec="seconds"))


def shown(value: Context, named: Iterable[tuple[str, int]] = ()) -> Shown:
    """What is shown beside a context: also the lines outside the excerpts that are ``named``, by path and number."""
    unseen, room = list(value.unseen), [o for o in value.omitted if o.for_room]
    return {
        "selected": selected(value),
        "given": redacted_text(value.selection.given),
        "held": held(value),
        "holders": [{"said": redacted_text(s), "protects": _clean(on)} for s, on in holders(value)],
        "proven": _clean(proven(value)),
        "suggested": _clean(suggested(value)),
        "not_seen": _clean([*unseen, *omitted_parts(value.omitted)]),
        "to_look_at": _clean([*unseen, *omitted_parts(room)]),
        "files": list(_files(value, set(named))),
        "bearing": _bearing(value),
        "commit": None,
        "changed": None,
    }


def _clean(said: Iterable[str]) -> list[str]:
    return list(map(redacted_text, said))


def own_lines(about: ContextDocument) -> list[int]:
    """The lines of the selected functions; of a selection outside every function those that are shown with it."""
    at = about["selection"]
    pairs = [(f["start_line"], f["end_line"]) for f in about["functions"]] or [
        (e["start_line"], e["end_line"])
        for e in about["excerpts"]
        if e["path"] == at["path"] and e["start_line"] <= at["end_line"] and at["start_line"] <= e["end_line"]
    ]
    pairs.append((at["start_line"], at["end_line"]))
    return sorted({n for a, b in pairs for n in range(a, b + 1)})


def before_edit(given: CheckedSuggestion, number: int) -> int:
    """The number that a line, which no run of the edit made, had before it."""
    runs = zip(given["before"], given["after"], strict=True)
    return number - sum(len(a["lines"]) - len(b["lines"]) for b, a in runs if a["end_line"] < number)


def _named(documents: Sequence[ReviewDocument]) -> Iterator[tuple[str, int]]:
    """The lines that reviews name: what is cited, and what findings are about, as it was before the edit."""
    own = documents[0]["context"]["selection"]["path"]
    for document in documents:
        for answer in document["checklist"]:
            yield from ((e["path"], e["line"]) for e in answer["evidence"] if e["supported"] is not False)
        yield from ((p["path"], p["line"]) for p in document["findings"] if p["shown"])
        for given in (None, *document["suggestions"]):
            for finding in document["hazards"] if given is None else given["findings"]:
                for at in (finding, *finding["related"]):
                    for number in few(at["start_line"], at["end_line"]):
                        moved = given is not None and at["path"] == own
                        yield at["path"], before_edit(given, number) if given is not None and moved else number


def _files(value: Context, named: set[tuple[str, int]]) -> Iterator[ShownFile]:
    known = (*value.others, *(e.source for e in value.excerpts))
    others = {s.path: s for s in known if s.path != value.path}
    for source in (value.selection.source, *others.values()):
        marks = shown_lines([e for e in value.excerpts if e.source.path == source.path], source)
        numbers = {n for n, is_shown in marks.items() if is_shown}
        path = redacted_text(source.path)
        if source.path == value.path:
            spans = [value.selection.span, *(f.span for f in outermost(value.functions))]
            numbers.update(n for a, b in map(source.lines_of, spans) for n in range(a, b + 1))
        numbers.update(n for where, n in named if where == path and 0 < n <= source.line_count)
        if not numbers:
            continue
        texts = redacted(source)
        # A blank line takes no more room than a word on it that is left out.
        numbers.update(n + 1 for n in tuple(numbers) if n + 2 in numbers and not texts[n].strip())
        yield {"path": path, "lines": [(n, texts[n - 1]) for n in sorted(numbers)]}


def _bearing(value: Context) -> Bearing:
    source = value.selection.source
    lines = source.lines_of
    members = outermost(value.functions)
    ends = [n for m in members for n in (*few(*lines(m.opening)), lines(m.span)[1])]
    for scope in value.scopes:
        if not scope.path:
            _, end = scope_lines(scope, value)
            ends += [*few(*lines(scope.opening)), end, *(source.line_of(c.start) for c in scope.completes_at)]
    facts = [f for f in value.facts if not f.is_state or f.kind == "write"]
    changes = {n for f in facts if f.kind in _CHANGES for n in few(*lines(f.span))}
    acts = {n for f in facts if f.kind not in _CHANGES for n in few(*lines(f.span))}
    return {"ends": sorted(set(ends)), "changes": sorted(changes), "acts": sorted(acts)}
