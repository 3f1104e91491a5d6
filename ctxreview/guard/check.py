"""Each suggestion applied to the source in memory, outlined again, and compared with the scopes.

Takes what chat models answer: the structured reply, a unified diff, or Markdown with fenced code. Needs no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctxreview import rules
from ctxreview.callgraph.repository.index import Repository
from ctxreview.guard.across import edited, elsewhere, left_out
from ctxreview.guard.placing.answers import replacement, suggestions
from ctxreview.guard.placing.edits import apply, is_here
from ctxreview.guard.placing.elisions import UnplacedError
from ctxreview.model.kinds import GuardVerdict
from ctxreview.model.outline import Outline
from ctxreview.model.review import Change, Context, Finding, GuardResult, Suggestion
from ctxreview.model.source import Lines, Source
from ctxreview.outline import outline
from ctxreview.workspace.line_diff import runs, unified

__all__ = ["WORST", "apply", "guard", "replacement", "suggestions", "worst"]

WORST: tuple[GuardVerdict, ...] = ("conflicts", "needs-human", "no-known-conflict")
"""Guard verdicts, worst first."""


def worst(verdicts: Sequence[GuardVerdict]) -> GuardVerdict:
    """The worst of some verdicts; ``no-known-conflict`` where there are none."""
    return min(verdicts, key=WORST.index, default="no-known-conflict")


def guard(context: Context, suggestion: Suggestion, repository: Repository | None = None, hops: int = 0) -> GuardResult:
    """What ``suggestion`` changes across the scopes of the selected file, and for the callers that the ``repository`` has.

    Callers are followed for ``hops`` calls in a row. Edits of other files are not made: a person is told of them, and the rest
    is compared.
    """
    before = context.outline
    here = [e for e in suggestion.edits if is_here(e, before.source)]
    others = tuple(dict.fromkeys(e.path for e in suggestion.edits if e not in here))
    if suggestion.unplaced:
        return GuardResult(suggestion, applied=False, verdict="needs-human", findings=(), reason=suggestion.unplaced)
    try:
        after = apply(suggestion._replace(edits=tuple(here)) if here else suggestion, before.source)
    except UnplacedError as why:
        return GuardResult(suggestion, applied=False, verdict="needs-human", findings=(), reason=str(why))
    if repository is None:
        changed = outline(after, wrappers=before.wrappers._replace(calls=()))
        findings = list(rules.compare(before, changed))
    else:
        edit = edited(before, after, context.functions, repository)
        changed = edit.after
        findings = [*rules.compare(edit.before, changed), *elsewhere(edit, hops)]
        findings += left_out(edit)
    if len(changed.parse.errors) > len(before.parse.errors):
        findings.append(_unparsed(changed))
    asked = any(not f.informs for f in findings)
    verdict: GuardVerdict = "needs-human" if asked or others else "no-known-conflict"
    return GuardResult(
        suggestion,
        applied=True,
        verdict="conflicts" if any(f.severity == "high" for f in findings) else verdict,
        findings=tuple(findings),
        diff=_diff(before.source, after),
        reason=f"It also changes {', '.join(others)}, which was not checked." if others else "",
        changes=tuple(_changes(before.source, after)),
    )


def _unparsed(changed: Outline) -> Finding:
    at = changed.parse.errors[0]
    return Finding(
        rule="unparsed-edit",
        severity="medium",
        certainty="syntactic",
        message="After the edit the file no longer parses, so its scopes are uncertain.",
        question="Is the suggestion complete, and is it in the right place?",
        at=Lines(changed.source.path, *changed.source.lines_of(at)),
    )


def _changes(before: Source, after: Source) -> Iterator[Change]:
    """The runs of lines that differ, in source order."""
    a, b = _lines(before), _lines(after)
    for old, new in runs(a, b):
        places = Lines(before.path, old.start + 1, old.end), Lines(after.path, new.start + 1, new.end)
        yield Change(*places, tuple(a[old.start : old.end]), tuple(b[new.start : new.end]))


def _lines(source: Source) -> list[str]:
    return source.lines[: source.line_count]


def _diff(before: Source, after: Source) -> str:
    return "\n".join(unified(_lines(before), _lines(after), f"a/{before.path}", f"b/{after.path}")) + "\n"
