"""Sentences that every format of a report uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ctxreview.model.kinds import CHAT, SEVERITIES, Confidence, Severity
from ctxreview.model.phrases import amount, place
from ctxreview.model.review import Context, GuardResult, Omission

if TYPE_CHECKING:
    from ctxreview.reports.shapes.review import CheckedSuggestion, Problem, ReviewDocument

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

ASKED_INSTEAD = "Asked instead: is this a safe change, given everything this function is doing?"
HAZARDS = "Hazards found by rules"
NO_HAZARD = "None of the rules found anything. That does not prove that there is nothing."
NO_SUGGESTION = "No suggestion was made."
NOT_AN_APPROVAL = "The rules know of no conflict with the scopes of this file. That is not an approval."
AFTER_THE_EDIT = "Lines of findings are those after the edit."
WITHOUT_EDIT = "Reported by the model, without an edit"
UNSUPPORTED = "(unsupported: this text is not there)"
HOLDS = "What holds the selection"
SOURCE_PROVES = "What the source proves"
NAMES_SUGGEST = "What names suggest"
SEES = "What the model sees"
DOES_NOT_SEE = "What it does not see"
SAME_ANSWER = "The same answer from several models is not evidence: they may have learned the same mistake."


def cost_text(cost: float | None) -> str:
    """What was paid for an answer, in US dollars; nothing at all is what a model of one's own costs."""
    if cost is None:
        return "cost unknown"
    return f"${cost:.4f}" if cost else "no charge"


def whose(model: str, provider: str) -> str:
    """Whose answer it is: of a provider that was asked, or from a chat."""
    return f"{model} in a chat" if provider == CHAT else f"{model} of {provider}"


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


def omitted_parts(omitted: Iterable[Omission]) -> Iterator[str]:
    """What did not fit into the prompt, one sentence each."""
    return (f"{o.path}, {place(o.start_line, o.end_line)}: {o.why}." for o in omitted)


def checklist_heading(review: ReviewDocument) -> str:
    """What the checklist is called, by who answered."""
    return "Checklist" if review["provider"] is not None else "Checklist, as far as the source proves it"


def tokens_line(review: ReviewDocument) -> str:
    """What asking the model took; ``""`` where that is not known, or none was asked."""
    used = review["usage"]
    if used is None:
        return ""
    sent, got = number_or_unknown(used["prompt_tokens"]), number_or_unknown(used["reply_tokens"])
    when = ", when the model was asked; this time a stored answer was used" if review["from_store"] else ""
    return f"Tokens: {sent} sent, {got} received; {cost_text(used['cost'])}{when}."


def applied(value: CheckedSuggestion) -> str:
    """Why a suggestion, or a part of it, was not applied; ``""`` where it was."""
    if "reason" not in value:
        return ""
    return f"{'Applied in part' if value['applied'] else 'Not applied'}: {value['reason']}"


def counts_by_kind(kinds: Mapping[str, int]) -> str:
    """``2 jwt, 1 password``, or that there are none."""
    return ", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "none found"


def unredacted_line(review: ReviewDocument) -> str:
    """With ``--no-redact``, what was sent as it is; else ``""``."""
    if "not_redacted" not in review:
        return ""
    return (
        f"Secrets sent unredacted, with --no-redact: {counts_by_kind(review['not_redacted'])}. They are not shown here."
    )


def problem_lines(found: Sequence[Problem]) -> Iterator[tuple[Severity, str]]:
    """What the model reports without an edit: the severity that it gives, and a sentence with the place."""
    for problem in found:
        yield problem["severity"], f"{problem['path']}:{problem['line']}: {why(problem)}"


def why(problem: Problem) -> str:
    """What a model reports of a line, and whether it was shown that."""
    return f"{problem['why']}{'' if problem['shown'] else ' (the model was not shown that line)'}"


def sure(confidence: Confidence | None) -> str:
    """How sure the model says it is of a suggestion; ``""`` where it does not say."""
    return f"Confidence, by the model itself: {confidence}." if confidence else ""


def ignored_line(review: ReviewDocument) -> str:
    """How many hazards are not shown because the repository's settings ignore their rules; ``""`` for none."""
    rules = ", ".join(sorted({f["rule"] for f in review["ignored"]}))
    return f"Not shown, because the repository's settings ignore {rules}: {len(review['ignored'])}." if rules else ""


def number_or_unknown(value: int | None) -> str:
    """A number for people."""
    return "unknown" if value is None else f"{value:,}"
