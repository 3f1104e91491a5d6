"""Sentences that every format of a report uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctxreview.model.kinds import SEVERITIES, Severity
from ctxreview.model.phrases import amount, place
from ctxreview.model.review import Context, GuardResult, Review, Suggestion

UNANSWERED = (
    "It does not count as a review until a person has answered: does this code touch shared state, run inside a "
    "transaction, or acquire a lock, and if so, would any suggested optimisation affect that behaviour?"
)
QUESTION = (
    "Does this code touch shared state, run inside a transaction, or acquire a lock? "
    "If yes, would this change affect that behaviour?"
)
TEAM_QUESTION = (
    "Does this code touch shared state, run inside a transaction, or acquire a lock? "
    "If yes, would any suggested optimisation affect that behaviour?"
)
"""The team's question, which a person answers before anything becomes a comment."""
NOTICE = f"This is AI-assisted output. {UNANSWERED}"
NOT_ASKED = "No model was asked: everything here was found in the source alone."
HOW_TO_ASK = (
    "To ask a model: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or give --provider local, or --provider and --base-url; "
    "or take the prompt to any chat with `ctxreview prompt {selection} --copy`."
)


def cost_text(cost: float | None) -> str:
    """What was paid for an answer, in US dollars; nothing at all is what a model of one's own costs."""
    if cost is None:
        return "cost unknown"
    return f"${cost:.4f}" if cost else "no charge"


def rules_not_asked(language: str, rules: Sequence[str]) -> str:
    """The sentence on rules that are about other languages, or need what is not known of this one."""
    return f"{len(rules)} rules are for other languages, or need support that {language} lacks, and did not run: {', '.join(rules)}."


def team_question(value: GuardResult) -> str:
    """What a person has to answer about a suggestion: its worst finding's question, or else the team's."""
    worst = min(value.findings, key=lambda f: SEVERITIES.index(f.severity), default=None)
    return worst.question if worst is not None else QUESTION


def visible_parts(context: Context) -> Iterator[str]:
    """What the model got to see: one sentence for each excerpt, signatures counted together."""
    signatures = [e for e in context.excerpts if e.role == "signatures"]
    for excerpt in context.excerpts:
        if excerpt.role != "signatures":
            lines = place(*excerpt.source.lines_of(excerpt.span))
            left = " (with statements left out)" if excerpt.elided else ""
            yield f"{excerpt.source.path}, {lines}: {excerpt.why}{left}."
    if signatures:
        yield f"{amount(len(signatures), 'member', 'other')} of the type, as signatures."


def omitted_parts(context: Context) -> Iterator[str]:
    """What did not fit into the prompt, one sentence each."""
    return (f"{o.path}, {place(o.start_line, o.end_line)}: {o.why}." for o in context.omitted)


def closing_lines(review: Review) -> Iterator[str]:
    """How a model can be asked, or what asking it took; and what was sent to it with the secrets in it."""
    if review.provider is None:
        given = " ".join(review.context.selection.given.split())
        yield f"{NOT_ASKED} {HOW_TO_ASK.format(selection=given.replace('`', '?'))}"
    elif review.usage is not None:
        sent, got, cost = review.usage.prompt_tokens, review.usage.reply_tokens, review.usage.cost
        when = "" if review.from_store is None else ", when the model was asked; this time a stored answer was used"
        yield f"Tokens: {sent} sent, {got} received; {cost_text(cost)}{when}."
    yield from unredacted_lines(review)


def counts_by_kind(kinds: dict[str, int]) -> str:
    """``2 jwt, 1 password``, or that there are none."""
    return ", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "none found"


def unredacted_lines(review: Review) -> Iterator[str]:
    """With ``--no-redact``, what was sent as it is."""
    if review.bare is not None:
        yield f"Secrets sent unredacted, with --no-redact: {counts_by_kind(review.bare)}. They are not shown here."


def problems(review: Review) -> Iterator[tuple[Severity, str]]:
    """What the model reports without an edit: the severity that it gives, and a sentence with the place."""
    for problem in review.problems:
        doubt = "" if problem.shown else " (the model was not shown that line)"
        yield problem.severity, f"{problem.path}:{problem.line}: {problem.why}{doubt}"


def sure(value: Suggestion) -> str:
    """How sure the model says it is of a suggestion; ``""`` where it does not say."""
    return f"Confidence, by the model itself: {value.confidence}." if value.confidence else ""


def ignored_line(review: Review) -> str:
    """How many hazards are not shown because the repository's settings ignore their rules."""
    rules = ", ".join(sorted({f.rule for f in review.ignored}))
    return f"Not shown, because the repository's settings ignore {rules}: {len(review.ignored)}."


def number_or_unknown(value: int | None) -> str:
    """A number for people."""
    return "unknown" if value is None else f"{value:,}"
