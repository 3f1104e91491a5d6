"""A review for a terminal: the verdict, suggestions and hazards first, then the checklist, and the code last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, cast

from ctxreview.context.listing import numbered, redacted
from ctxreview.context.visible import one_line, visible
from ctxreview.model.kinds import GUARD_VERDICTS, SEVERITIES, GuardVerdict
from ctxreview.model.phrases import amount, numbers
from ctxreview.model.review import Context, GuardResult
from ctxreview.redact import redact
from ctxreview.reports.code_text import Sheet, listing_text, other_files_text, shown_in
from ctxreview.reports.document import suggestion_document
from ctxreview.reports.folding import Needs, folded
from ctxreview.reports.holding import held, selected
from ctxreview.reports.layout import Layout, cells
from ctxreview.reports.paint import SEVERITY_COLOURS, VERDICT_COLOURS
from ctxreview.reports.places import runs
from ctxreview.reports.shapes.places import Finding
from ctxreview.reports.shapes.review import (
    CheckedSuggestion,
    ChecklistAnswer,
    Evidence,
    Problem,
    ReviewDocument,
    ReviewedSuggestion,
)
from ctxreview.reports.shown import Reviewed, Shown, before_edit, own_lines
from ctxreview.reports.suggestion_text import Text, edits_text, findings_text, suggestions_text
from ctxreview.reports.text import PLAIN, holders_text, known_text, not_seen_text, subject
from ctxreview.reports.words import (
    ASKED_INSTEAD,
    HAZARDS,
    HOW_TO_ASK,
    NO_HAZARD,
    NOT_ASKED,
    NOTICE,
    UNANSWERED,
    UNSUPPORTED,
    WITHOUT_EDIT,
    checklist_heading,
    ignored_line,
    problem_lines,
    tokens_line,
    unredacted_line,
)

Detail = Literal["brief", "folded", "whole"]
"""``brief`` ends after the hazards, ``folded`` has of long functions what bears on the scopes, ``whole`` all that the model saw."""

TALLEST = 150
"""Lines of a folded review, where what stands before the code leaves that room."""
LEAST_CODE = 24
"""Lines of output that the code of a folded review has in any case."""


def review_text(given: Reviewed, layout: Layout = PLAIN, detail: Detail = "folded") -> str:
    """A review for people at a terminal."""
    whole = detail == "whole"
    value, beside = given.documents[0], given.shown
    about = value["context"]
    out = [*verdict_text(given, layout), ""]
    if value["provider"] is not None:
        lines, path = dict(beside["files"][0]["lines"]), about["selection"]["path"]
        out += [*suggestions_text(value["suggestions"], lines, path, layout, whole=whole), ""]
        out += problems_text(value["findings"], layout)
    out += hazards_text(value, beside, layout, whole=whole)
    if detail == "brief":
        return "\n".join(out)
    out += holders_text(beside, layout)
    out += _checklist(value, layout, whole=whole)
    out += known_text(about, beside, value["visibility"]["seen"], layout) if whole else not_seen_text(beside, layout)
    out += [""] * whole
    out += edits_text(value["suggestions"], layout, whole=whole)
    end = list(_end(value, beside, layout))
    out += code_text(given, layout, None if whole else TALLEST - len(out) - len(end) - 2)
    return "\n".join([*out, "", *end, ""])


def verdict_text(given: Reviewed, layout: Layout) -> Iterator[str]:
    """The verdict in a line: what was looked at and where, what holds it, and how many suggestions and hazards there are."""
    verdict, said = _verdict(given)
    colours = ("bold", VERDICT_COLOURS[verdict]) if verdict is not None else ("bold",)
    yield from layout.hang(said, f"{verdict or given.documents[0]['context']['verdict']}: ", 2, *colours)


def verdict_line(given: Reviewed) -> str:
    """The verdict on one selection in a line, as it is listed with others."""
    verdict, said = _verdict(given)
    return f"{verdict or given.documents[0]['context']['verdict']}: {said}"


def _verdict(given: Reviewed) -> tuple[GuardVerdict | None, str]:
    """The guard's worst verdict, and what there is to say in short."""
    first = given.documents[0]
    made = None if first["provider"] is None else [s for d in given.documents for s in d["suggestions"]]
    verdict = min((s["verdict"] for s in made or ()), key=GUARD_VERDICTS.index, default=None)
    parts = [f"{subject(first['context'], given.shown)}, {given.shown['held']}", _suggested(made)]
    counts = Counter(f["severity"] for f in first["hazards"])
    parts.append("hazards: " + (", ".join(f"{counts[s]} {s}" for s in SEVERITIES if counts[s]) or "none found"))
    return verdict, "; ".join(parts)


def _suggested(given: Sequence[CheckedSuggestion] | None) -> str:
    if given is None:
        return "no model was asked"
    if not given:
        return "no suggestion"
    counts = Counter(g["verdict"] for g in given)
    return f"{amount(len(given), 'suggestion')} ({', '.join(f'{counts[v]} {v}' for v in GUARD_VERDICTS if counts[v])})"


def problems_text(found: Sequence[Problem], layout: Layout) -> Iterator[str]:
    """What the model reports without an edit."""
    if found:
        yield layout.paint(WITHOUT_EDIT, "bold")
        for severity, said in problem_lines(found):
            yield from layout.hang(one_line(said), f"  {severity} ", 4, SEVERITY_COLOURS[severity])
        yield ""


def hazards_text(value: ReviewDocument, beside: Shown, layout: Layout, *, whole: bool) -> Iterator[str]:
    """What the rules found in the code as it is."""
    yield layout.paint(HAZARDS, "bold")
    if not value["hazards"]:
        yield from layout.hang(NO_HAZARD, "  ", 2)
    lines, path = Text(dict(beside["files"][0]["lines"])), value["context"]["selection"]["path"]
    yield from findings_text(value["hazards"], lines, path, layout, whole=whole, evidence=1)
    if ignored := ignored_line(value):
        yield from layout.hang(ignored, "  ", 2)
    yield ""


def code_text(given: Reviewed, layout: Layout, room: int | None) -> Iterator[str]:
    """The code of the selected functions in about ``room`` lines of output: what bears on the scopes and findings.

    Without ``room`` it is the whole of it and all that the model saw.
    """
    about, beside = given.documents[0]["context"], given.shown
    texts = dict(beside["files"][0]["lines"])
    every = [n for n in own_lines(about) if n in texts]
    sheet = Sheet(about, beside, layout, every)
    yield layout.paint("Code", "bold")
    if room is not None:
        at = about["selection"]["start_line"], about["selection"]["end_line"]
        needs = _needs(given.documents)
        yield from sheet.lines(*folded(every, at, beside, needs, max(room - 1, LEAST_CODE), sheet.height))
        return
    yield from sheet.lines(every)
    path = about["selection"]["path"]
    rest = {n: is_shown for n, is_shown in shown_in(about, path).items() if n not in set(every)}
    if any(rest.values()):
        yield ""
        yield from layout.hang(f"{one_line(path)}, outside what is selected", "", 2)
        yield from listing_text(numbered(rest, texts.__getitem__), layout)
    yield from other_files_text(about, beside, layout)


def _needs(documents: Sequence[ReviewDocument]) -> Needs:
    """The lines of the selected file that reviews name."""
    path = documents[0]["context"]["selection"]["path"]
    named = [*_places(documents[0]["hazards"], path)]
    for given in (s for d in documents for s in d["suggestions"]):
        named += [(b["start_line"], b["end_line"]) for b in given["before"]]
        named += [(before_edit(given, a), before_edit(given, b)) for a, b in _places(given["findings"], path)]
    cited = (e for d in documents for a in d["checklist"] for e in a["evidence"])
    return Needs(named, [(e["line"], e["line"]) for e in cited if e["path"] == path and e["supported"]])


def _places(found: Sequence[Finding], path: str) -> Iterator[tuple[int, int]]:
    for each in found:
        yield from ((p["start_line"], p["end_line"]) for p in (each, *each["related"]) if p["path"] == path)


def _checklist(value: ReviewDocument, layout: Layout, *, whole: bool) -> Iterator[str]:
    provider = value["provider"]
    if provider is not None:
        yield from layout.hang(one_line(f"{provider['name']} ({provider['model']})"), "Answer of ", 2, "bold")
        yield from layout.block(redact(visible(value["summary"] or "")).text)
        yield ""
    yield layout.paint(checklist_heading(value), "bold")
    width = max((len(a["id"]) for a in value["checklist"]), default=0)
    for answer in value["checklist"]:
        yield from _row(answer, width, value["context"]["selection"]["path"], layout)
        if whole:
            yield from _told(answer, layout)
    yield ""


def _row(answer: ChecklistAnswer, width: int, path: str, layout: Layout) -> Iterator[str]:
    """One item in a line: the answer, its name, and the lines that show it, or why there are none."""
    cited, note = ", ".join(_cited(answer["evidence"], path)), one_line(answer["note"])
    said = cited if cited and answer["answer"] != "cannot-tell" else "; ".join(filter(None, (cited, note)))
    label = f"  {answer['answer']:11} {one_line(answer['id']):{width}}  "
    if cells(label) > layout.columns // 2 + 8:
        yield from layout.hang(one_line(answer["id"]), f"  {answer['answer']:11} ", 14)
        label = " " * 14
    colour = {"yes": "", "no": "dim", "cannot-tell": "yellow"}[answer["answer"]]
    yield from layout.hang(said, label, cells(label), colour)


def _cited(evidence: Sequence[Evidence], path: str) -> Iterator[str]:
    """The cited lines, runs of them together: ``:28``, ``:40-43``, ``src/Other.cs:7``."""
    own = {e["line"] for e in evidence if e["path"] == path and e["supported"] is not False}
    yield from (f":{numbers(*run)}" for run in runs(own))
    for e in evidence:
        if e["path"] != path or e["supported"] is False:
            doubt = f" {UNSUPPORTED}" if e["supported"] is False else ""
            yield f"{one_line(e['path']) if e['path'] != path else ''}:{e['line']}{doubt}"


def _told(answer: ChecklistAnswer, layout: Layout) -> Iterator[str]:
    yield from layout.hang(one_line(answer["question"]), " " * 14, 14)
    for e in answer["evidence"]:
        yield from layout.hang(f"{one_line(e['path'])}:{e['line']}: {one_line(e['quote'])}", " " * 14, 16)
    if answer["note"]:
        yield from layout.hang(one_line(answer["note"]), " " * 14, 14)


def guard_text(values: Sequence[GuardResult], about: Context, verdict: GuardVerdict, layout: Layout = PLAIN) -> str:
    """What the guard says of suggestions: the verdict, each suggestion with what was found, and the edits."""
    made = [cast("ReviewedSuggestion", suggestion_document(v)) for v in values]
    where = f"{about.path}:{numbers(*about.selection.lines)}"
    said = one_line(f"{selected(about)}, {where}, {held(about)}; {_suggested(made)}")
    lines: Mapping[int, str] = dict(enumerate(redacted(about.selection.source), 1)) if made else {}
    return "\n".join(
        [
            *layout.hang(said, f"Guard: {verdict}: ", 2, "bold", VERDICT_COLOURS[verdict]),
            "",
            *suggestions_text(made, lines, about.path, layout, whole=True),
            "",
            *edits_text(made, layout, whole=True),
        ]
    )


def _end(value: ReviewDocument, beside: Shown, layout: Layout) -> Iterator[str]:
    asked = value["provider"] is not None
    said = [f"Question: {one_line(value['question'])}", f"{ASKED_INSTEAD}{'' if asked else ' (not sent)'}"]
    if not asked:
        about = "about " if value["context"]["tokens"]["tokenizer"] == "estimate" else ""
        how = HOW_TO_ASK.format(selection=one_line(beside["given"]))
        said.append(f"{NOT_ASKED} The prompt has {about}{value['prompt_tokens']:,} tokens. {how}")
    said += [tokens_line(value), unredacted_line(value), NOTICE if asked else UNANSWERED]
    for each in filter(None, said):
        yield from layout.hang(each, "", 2)
