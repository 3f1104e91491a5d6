"""A kept review as a comment for GitHub, GitLab or Azure DevOps, once a person has answered for it.

The comment says what the model saw, what the guard found and what a person answered. What the model claims (summary,
notes, titles, rationales, answers) is left out: readers take a claim under a colleague's name for the colleague's. Of
the model only its change is shown, as a diff, and that is left out as well where one of the :data:`WORDS` is in it.
In names that have to be told (paths, identifiers) such a word is replaced by ``[…]``; a person who uses one is asked
for another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.context.visible import one_line
from ctxreview.llm.store import Stored
from ctxreview.model.claims import claims, neutral
from ctxreview.model.phrases import place
from ctxreview.reports.markdown import escaped, fenced
from ctxreview.reports.stored import Kept, Suggestion, stored_document
from ctxreview.reports.words import TEAM_QUESTION

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def evidence(row: Stored) -> str:
    """What a person has to know before answering: what the model saw and did not see, and the guard's verdicts.

    Raises :class:`StoreError` as :func:`~ctxreview.reports.stored.kept` does.
    """
    found = stored_document(row)
    lines = [
        f"Review {row.id} of {row.at[:10]}: {one_line(row.selection)}, by {one_line(row.model)}",
        "What the model saw",
    ]
    lines += [f"  - {one_line(s)}" for s in found.visibility.seen]
    lines.append("What it did not see")
    lines += [f"  - {one_line(s)}" for s in found.visibility.not_seen] or ["  - Nothing, as far as ctxreview knows."]
    for number, given in enumerate(found.suggestions, 1):
        lines.append(f"Suggestion {number}: {one_line(given.title)}: {one_line(given.verdict)}")
        lines += [f"  - {one_line(f.severity)} {one_line(f.rule)}: {one_line(f.message)}" for f in given.findings]
        if given.reason:
            lines.append(f"  Not applied: {one_line(given.reason)}")
    if not found.suggestions:
        lines.append("The model suggested no change.")
    return "\n".join(lines)


def comment(row: Stored, answer: str, because: str, since: str = "") -> str:
    """The comment. ``answer`` is a person's to the question, ``because`` why a suggestion in conflict is passed on.

    ``since`` is what has become of the file since, ``""`` where it is as it was. Raises :class:`StoreError`.
    """
    return "\n".join(_comment(row, stored_document(row), answer, because, since))


def _told(text: str) -> str:
    """A text of others in the comment: first without the :data:`WORDS`, and then nothing in it acts."""
    return escaped(neutral(text))


def _comment(row: Stored, found: Kept, answer: str, because: str, since: str) -> Iterator[str]:
    seen, not_seen = found.visibility.seen, found.visibility.not_seen
    yield f"**AI-assisted comment on {_told(row.selection)}**"
    yield ""
    if since:
        yield _told(since)
        yield ""
    yield "What the model saw:"
    yield ""
    yield from (f"- {_told(s)}" for s in seen)
    yield ""
    yield "What it did not see:"
    yield ""
    yield from [f"- {_told(s)}" for s in not_seen] or ["- Nothing, as far as ctxreview knows."]
    yield ""
    for number, given in enumerate(found.suggestions, 1):
        yield from _suggestion(number, given)
    if not found.suggestions:
        yield "The model suggested no change."
        yield ""
    yield f"**{TEAM_QUESTION}**"
    yield ""
    yield f"> {_told(answer)}"
    yield ""
    if because:
        yield f"The guard found a conflict. A person passes the suggestion on nevertheless, because: {_told(because)}"
        yield ""
    yield _provenance(row, len(seen), len(not_seen))


def _suggestion(number: int, given: Suggestion) -> Iterator[str]:
    yield f"**Suggestion {number}, held against the scopes: {_told(given.verdict)}**"
    yield ""
    if given.reason:
        yield f"It could not be applied: {_told(given.reason)}"
        yield ""
    for finding in given.findings:
        at = place(finding.start_line, finding.end_line)
        yield (
            f"- {_told(finding.severity)} {_told(finding.rule)}, {at} after the change ({_told(finding.certainty)}): "
            f"{_told(finding.message)} {_told(finding.question)}"
        )
    if given.findings:
        yield ""
    if given.diff and claims(given.diff) is None:
        yield fenced(given.diff.rstrip("\n"), "diff")
        yield ""
    elif given.diff:
        yield "The change is omitted: it contains words that this comment does not use."
        yield ""


def _provenance(row: Stored, seen: int, not_seen: int) -> str:
    return (
        f"*{_told(row.model)} of {_told(row.provider)}, {row.at[:10] if _DAY.fullmatch(row.at[:10]) else 'some day'}; it saw {seen} and did not see {not_seen} "
        "of the things listed above; a person answered the question above and decides, neither the model nor ctxreview "
        "does.*"
    )
