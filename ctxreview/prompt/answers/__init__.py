"""The checklist answered by the source alone: each item by its id, with the lines that prove it, or what was read to say no."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ctxreview.callgraph.repository.index import Repository
from ctxreview.model.review import ChecklistAnswer, Context, Evidence
from ctxreview.prompt.answers import leaving, others, rows, sharing, under
from ctxreview.prompt.answers.seen import Found, Seen
from ctxreview.prompt.checklist import Item

MAX_EVIDENCE = 6
"""Lines cited for one item without a model; the rest are counted in the note."""

ANSWERS: Mapping[str, Callable[[Seen], Found]] = {
    "shared-state": sharing.shared_state,
    "tracking-and-later-writes": rows.tracked_writes,
    "isolation-and-hints": rows.isolation,
    "writes-that-rest-on-reads": under.writes_that_rest_on_reads,
    "early-exits": under.early_exits,
    "awaits-and-async-flow": under.awaits,
    "deferred-execution": leaving.deferred,
    "calls-out": under.calls_out,
    "runs-again": under.runs_again,
    "other-users-of-the-lock": others.other_users,
    "use-without-the-lock": others.use_without,
}
"""What answers each item of the shipped checklist, by its id."""


def answers(
    items: Sequence[Item], context: Context, repository: Repository | None = None
) -> tuple[ChecklistAnswer, ...]:
    """Each item as far as the source answers it.

    ``yes`` has the lines that prove it. ``no`` is said only where all that bears on the question was read, and the note names that;
    ``cannot-tell`` names what was not read or not understood. With ``repository`` calls are followed into other files. A project's own
    items are ``cannot-tell``.
    """
    seen = Seen(context, repository)
    return tuple(_answer(item, seen) for item in items)


def _answer(item: Item, seen: Seen) -> ChecklistAnswer:
    prove = ANSWERS.get(item.id)
    if prove is None:
        return ChecklistAnswer(item.id, item.question, "cannot-tell", (), "The source alone does not answer it.")
    found = prove(seen)
    if found.answer != "yes":
        return ChecklistAnswer(item.id, item.question, found.answer, (), found.why)
    own = seen.source
    evidence: dict[tuple[str, int], Evidence] = {}
    for place in found.places:
        cited = Evidence(place.source.path, place.line, place.source.line(place.line).strip(), supported=True)
        evidence.setdefault((place.source.path, place.line), cited)
    first = tuple(evidence)[:MAX_EVIDENCE]
    said = "; ".join(dict.fromkeys(p.what for p in found.places if (p.source.path, p.line) in first))
    rest = len(evidence) - MAX_EVIDENCE
    more = f"; and {rest} more line{'s' if rest > 1 else ''}" if rest > 0 else ""
    # The file under review before its callers.
    shown = tuple(evidence[at] for at in sorted(first, key=lambda at: (at[0] != own.path, at)))
    after = f" {found.why}" if found.why else ""
    return ChecklistAnswer(item.id, item.question, "yes", shown, f"From the source alone: {said}{more}.{after}")
