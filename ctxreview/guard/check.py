"""Each suggestion applied to the source in memory, outlined again, and compared with the scopes.

Takes what chat models answer: the structured reply, a unified diff, or Markdown with fenced code. Needs no model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ctxreview import processes, rules
from ctxreview.behaviour.respelled import respelled
from ctxreview.callgraph.repository.index import Repository
from ctxreview.guard.across import Edited, edited, elsewhere, left_out, unread
from ctxreview.guard.placing.answers import replacement, suggestions
from ctxreview.guard.placing.edits import apply, is_here
from ctxreview.guard.placing.refusals import UnplacedError
from ctxreview.guard.several import changed_files
from ctxreview.guard.together import Seen, told_once
from ctxreview.model.declarations import Function, TypeDecl
from ctxreview.model.kinds import GUARD_VERDICTS, GuardVerdict
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import place
from ctxreview.model.review import Change, Context, Finding, GuardResult, Suggestion
from ctxreview.model.source import Lines, Source
from ctxreview.outline import outline
from ctxreview.workspace.line_diff import runs, unified

__all__ = ["apply", "guard", "replacement", "suggestions", "worst"]

MAX_IN_MEMBER = 1_000
"""Transactions and locks in one function up to which edits are compared: each is held against the others."""

LOOK = "give the lines as this checkout has them, or look at that part yourself."
"""What can be done about edits of other files that have no certain place."""

MAX_NESTED = 1_000
"""Functions or types in each other up to which edits are compared."""

MIN_SHARED = 4
"""Files from which on they are compared on several cores: what is looked up of other files is then looked up on each."""


def worst(verdicts: Sequence[GuardVerdict]) -> GuardVerdict:
    """The worst of some verdicts; ``no-known-conflict`` where there are none."""
    return min(verdicts, key=GUARD_VERDICTS.index, default="no-known-conflict")


def guard(context: Context, suggestion: Suggestion, repository: Repository | None = None, hops: int = 0) -> GuardResult:
    """What ``suggestion`` changes across the scopes of the selected file, and for the callers that the ``repository`` has.

    Callers are followed for ``hops`` calls in a row. Edits of other files are made where the ``repository`` has these, and all are compared
    together; a person is told the rest. ``changes`` are those of the selected file.
    """
    before = context.outline
    here = [e for e in suggestion.edits if is_here(e, before.source)]
    others = [e for e in suggestion.edits if e not in here]
    if suggestion.unplaced:
        return GuardResult(suggestion, applied=False, verdict="needs-human", findings=(), reason=suggestion.unplaced)
    try:
        after = apply(suggestion._replace(edits=tuple(here)) if here else suggestion, before.source)
    except UnplacedError as why:
        return GuardResult(suggestion, applied=False, verdict="needs-human", findings=(), reason=str(why))
    if why_not := beyond_reason(before):
        return GuardResult(suggestion, applied=False, verdict="needs-human", findings=(), reason=why_not)
    files: list[tuple[Outline, Source]] = [(before, after)]
    left: Sequence[str] = tuple(dict.fromkeys(e.path for e in others))
    if repository is not None:
        made, left = changed_files(others, repository)
        files += [(outline(one.before, wrappers=repository.wrappers), one.after) for one in made]
    findings = [f for found in compare_together(files, context.functions, repository, hops) for f in found]
    return GuardResult(
        suggestion,
        applied=True,
        verdict="needs-human" if left and verdict_on(findings) == "no-known-conflict" else verdict_on(findings),
        findings=tuple(findings),
        diff="".join(diff_of(old.source, new) for old, new in files),
        reason=f"It also changes {', '.join(left)}, which was not checked: {LOOK}" if left else "",
        changes=tuple(changes_of(before.source, after)),
    )


def compare_together(
    files: Sequence[tuple[Outline, Source]], selected: Iterable[Function], repository: Repository | None, hops: int
) -> Iterator[tuple[Finding, ...]]:
    """What some files change across scopes, each from its outline before to its text after: the findings of each, compared as one edit.

    The ``repository`` is that before; without it each file is compared alone. ``selected`` are functions of the first file.
    """
    if repository is None:
        alone = [
            _alike(before, outline(source, wrappers=before.wrappers._replace(calls=()))) for before, source in files
        ]
        yield from told_once([([*rules.compare(*both), *_unparsed(*both)], ()) for both in alone])
        return
    members = [m for f in selected if (m := files[0][0].member_of(f.span)) is not None]
    pairs = [_alike(before, outline(source, wrappers=repository.wrappers)) for before, source in files]
    was = [before.source for (before, _), (old, _) in zip(pairs, files, strict=True) if before is not old]
    edits = edited(pairs, members, repository.edited(*was) if was else repository)

    def work(edit: Edited) -> tuple[list[Finding], list[Seen]]:
        known = frozenset(unread(edit))
        found, seen = list(rules.compare(edit.before, edit.after)), list[Seen]()
        for one in elsewhere(edit, hops):
            if isinstance(one, Seen):
                seen.append(one)
            else:
                found.append(one)
        new = [path for path in unread(edit) if path not in known]
        return [*found, *left_out(edit, new), *_unparsed(edit.before, edit.after)], seen

    shared = len(edits) >= MIN_SHARED and processes.cores() > 1
    yield from told_once(list(processes.parallel_map(work, edits) if shared else map(work, edits)))


def _alike(before: Outline, after: Outline) -> tuple[Outline, Outline]:
    """Both versions, the one before with the names that its variables have after."""
    source = respelled(before, after)
    return (before if source is before.source else outline(source, wrappers=before.wrappers)), after


def verdict_on(findings: Iterable[Finding]) -> GuardVerdict:
    """The verdict that findings come to."""
    found = tuple(findings)
    if any(f.severity == "high" for f in found):
        return "conflicts"
    return "needs-human" if any(not f.informs for f in found) else "no-known-conflict"


def beyond_reason(before: Outline) -> str:
    """Why a file's edits are not compared; ``""`` where they are."""
    if (most := _most_in_one_member(before)) > MAX_IN_MEMBER:
        return f"One function of {before.source.path} has {most:,} transactions and locks: edits are not compared beyond {MAX_IN_MEMBER:,}. Compare that function yourself."
    if (deepest := max(_deepest(before.functions), _deepest(before.types))) > MAX_NESTED:
        return f"{deepest:,} functions or types of {before.source.path} are nested in each other: edits are not compared beyond {MAX_NESTED:,}. Compare that file yourself."
    return ""


def _most_in_one_member(outline: Outline) -> int:
    return max(Counter(outline.member_of(s.opening) for s in outline.regions).values(), default=0)


def _deepest(places: Sequence[Function] | Sequence[TypeDecl]) -> int:
    """How many functions or types are in each other at most."""
    deepest, open_ = 0, list[int]()
    for one in places:
        while open_ and open_[-1] <= one.span.start:
            open_.pop()
        open_.append(one.span.end)
        deepest = max(deepest, len(open_))
    return deepest


def _unparsed(before: Outline, changed: Outline) -> Iterator[Finding]:
    if len(changed.parse.errors) <= len(before.parse.errors):
        return
    at, twice = changed.parse.errors[0], _doubled(before.source, changed.source)
    yield Finding(
        rule="unparsed-edit",
        severity="medium",
        certainty="syntactic",
        message="After the edit the file no longer parses, so its scopes are uncertain.",
        question=f"Is the selection too short: the suggestion has {twice} of the file once more?"
        if twice
        else "Is the suggestion complete, and is it in the right place?",
        at=Lines(changed.source.path, *changed.source.lines_of(at)),
    )


MOST_DOUBLED = 5
"""Lines that are looked for once more beside a change."""


def _doubled(before: Source, after: Source) -> str:
    """The lines beside a change that the new text begins or ends with once more, such as the head of a method; ``""`` for none."""
    there = [line.strip() for line in _lines(before)]
    for change in changes_of(before, after):
        new, start, end = [line.strip() for line in change.new], change.before.start_line - 1, change.before.end_line
        for count in range(1, min(len(new), MOST_DOUBLED) + 1):
            for first, again in ((start - count, new[:count]), (end, new[-count:])):
                if first >= 0 and there[first : first + count] == again and any(c.isalnum() for c in "".join(again)):
                    return place(first + 1, first + count)
    return ""


def changes_of(before: Source, after: Source) -> Iterator[Change]:
    """The runs of lines that differ between two versions of a file, in source order."""
    a, b = _lines(before), _lines(after)
    for old, new in runs(a, b):
        places = Lines(before.path, old.start + 1, old.end), Lines(after.path, new.start + 1, new.end)
        yield Change(*places, tuple(a[old.start : old.end]), tuple(b[new.start : new.end]))


def _lines(source: Source) -> list[str]:
    return source.lines[: source.line_count]


def diff_of(before: Source, after: Source) -> str:
    """The unified diff of two versions of a file, with a line end."""
    return "\n".join(unified(_lines(before), _lines(after), f"a/{before.path}", f"b/{after.path}")) + "\n"
