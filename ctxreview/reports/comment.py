"""A review, or the guard's result, as a comment for GitHub, GitLab or Azure DevOps, once a person has answered for it.

The comment says what the model saw, what the guard found and what a person answered. What the model claims (summary,
notes, titles, rationales, answers) is left out: readers take a claim under a colleague's name for the colleague's. Of
the model only its change is shown, as a diff, and that is left out as well where one of the :data:`WORDS` is in it.
In names that have to be told (paths, identifiers) such a word is replaced by ``[…]``; a person who uses one is asked
for another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from ctxreview.context.visible import one_line
from ctxreview.errors import ConfigError
from ctxreview.llm.store import Stored
from ctxreview.model.claims import claims, neutral
from ctxreview.model.phrases import numbers, place
from ctxreview.reports.markdown import escaped, fenced
from ctxreview.reports.stored import Finding, Kept, Suggestion, stored_document
from ctxreview.reports.words import TEAM_QUESTION, whose


class Subject(NamedTuple):
    """What a comment is about: a stored review, or a document that ``review`` or ``guard`` printed.

    ``name`` says which in a few words. Without a ``model`` none was asked. ``day`` is ``""`` where it is not known.
    """

    name: str
    selection: str
    found: Kept
    model: str = ""
    provider: str = ""
    day: str = ""

    @property
    def who(self) -> str:
        """Who saw the code and made the suggestions."""
        return "the model" if self.model else "ctxreview"


class Person(NamedTuple):
    """What a person says: the ``answer`` to the question, why a suggestion in conflict is passed on, and words of their own.

    Suggestions have their numbers, from 1: those that are left out, and why others are rejected.
    """

    answer: str
    because: str = ""
    note: str = ""
    omitted: frozenset[int] = frozenset()
    rejected: Mapping[int, str] = MappingProxyType({})


def stored_subject(row: Stored) -> Subject:
    """A stored review. Raises :class:`StoreError` where it is damaged."""
    day = row.at[:10]
    return Subject(f"Review {row.id} of {day}", row.selection, stored_document(row), row.model, row.provider, day)


def printed_subject(text: str, given: str) -> Subject:
    """What ``review --format json`` or ``guard --format json`` printed, which ``given`` names.

    Raises :class:`ConfigError` where it is another text.
    """
    try:
        document = json.loads(text)
        kind = document["schema"] if isinstance(document, dict) else ""
        if kind not in ("ctxreview.review/1", "ctxreview.guard/1"):
            raise ValueError(kind)
        selected = (document["context"] if kind == "ctxreview.review/1" else document)["selection"]
        at = numbers(int(selected["start_line"]), int(selected["end_line"]))
        provider = document.get("provider") or {"name": "", "model": ""}
        found = msgspec.convert(document, Kept)
        return Subject(given, f"{selected['path']}:{at}", found, str(provider["model"]), str(provider["name"]))
    except (ValueError, KeyError, TypeError, RecursionError):  # msgspec's own errors are ValueErrors
        raise ConfigError(
            f"{given}: is not what `review --format json` or `guard --format json` prints for one selection; give that."
        ) from None


def evidence(about: Subject) -> str:
    """What a person has to know before answering: what was seen and not seen, and the guard's verdicts."""
    found = about.found
    by = f", by {one_line(about.model)}" if about.model else ""
    lines = [f"{one_line(about.name)}: {one_line(about.selection)}{by}"]
    if found.visibility is not None:
        lines.append(f"What {about.who} saw")
        lines += [f"  - {one_line(s)}" for s in found.visibility.seen]
        lines.append("What it did not see")
        lines += [f"  - {one_line(s)}" for s in found.visibility.not_seen] or [
            "  - Nothing, as far as ctxreview knows."
        ]
    lines += [f"  - {one_line(h.severity)} {one_line(h.rule)}: {one_line(h.message)}" for h in found.hazards]
    for number, given in enumerate(found.suggestions, 1):
        lines.append(f"Suggestion {number}: {one_line(given.title)}: {one_line(given.verdict)}")
        lines += [f"  - {one_line(f.severity)} {one_line(f.rule)}: {one_line(f.message)}" for f in given.findings]
        if given.reason:
            lines.append(f"  Not applied: {one_line(given.reason)}")
    if not found.suggestions:
        lines.append("The model suggested no change." if about.model else "No change was suggested.")
    return "\n".join(lines)


def conflicts(found: Kept, person: Person) -> bool:
    """Whether a suggestion is passed on that the guard found in conflict."""
    passed_on = (s for n, s in enumerate(found.suggestions, 1) if n not in person.omitted and n not in person.rejected)
    return any(s.verdict == "conflicts" for s in passed_on)


def comment(about: Subject, person: Person, since: str = "") -> str:
    """The comment. ``since`` is what has become of the file since, ``""`` where it is as it was."""
    return "\n".join(_comment(about, person, since))


def _told(text: str) -> str:
    """A text of others in the comment: first without the :data:`WORDS`, and then nothing in it acts."""
    return escaped(neutral(text))


def _comment(about: Subject, person: Person, since: str) -> Iterator[str]:
    found = about.found
    yield f"**{'AI-assisted comment' if about.model or found.suggestions else 'Comment'} on {_told(about.selection)}**"
    yield ""
    if since:
        yield _told(since)
        yield ""
    if person.note:
        yield _told(person.note)
        yield ""
    if found.visibility is not None:
        yield f"What {about.who} saw:"
        yield ""
        yield from (f"- {_told(s)}" for s in found.visibility.seen)
        yield ""
        yield "What it did not see:"
        yield ""
        not_seen = [f"- {_told(s)}" for s in found.visibility.not_seen]
        yield from not_seen or ["- Nothing, as far as ctxreview knows."]
        yield ""
    if found.hazards:
        yield "**Found by rules in the code as it is**"
        yield ""
        yield from (_finding(f, "") for f in found.hazards)
        yield ""
    for number, given in enumerate(found.suggestions, 1):
        if number not in person.omitted:
            yield from _suggestion(number, given, person.rejected.get(number, ""))
    if not found.suggestions:
        yield "The model suggested no change." if about.model else "No change was suggested."
        yield ""
    yield f"**{TEAM_QUESTION}**"
    yield ""
    yield f"> {_told(person.answer)}"
    yield ""
    if person.because:
        yield f"The guard found a conflict. A person passes the suggestion on nevertheless, because: {_told(person.because)}"
        yield ""
    yield _provenance(about)


def _suggestion(number: int, given: Suggestion, rejected: str) -> Iterator[str]:
    yield f"**Suggestion {number}, held against the scopes: {_told(given.verdict)}**"
    yield ""
    if rejected:
        yield f"Rejected, because: {_told(rejected)}"
        yield ""
    if given.reason:
        yield f"It could not be applied: {_told(given.reason)}"
        yield ""
    yield from (_finding(f, " after the change") for f in given.findings)
    if given.findings:
        yield ""
    diff = given.diff or _edit(given)
    if rejected or not diff:
        return
    if claims(diff) is None:
        yield fenced(diff.rstrip("\n"), "diff")
        yield ""
    else:
        yield "The change is omitted: it contains words that this comment does not use."
        yield ""


def _finding(finding: Finding, when: str) -> str:
    at = place(finding.start_line, finding.end_line)
    return (
        f"- {_told(finding.severity)} {_told(finding.rule)}, {at}{when} ({_told(finding.certainty)}): "
        f"{_told(finding.message)} {_told(finding.question)}"
    )


def _edit(given: Suggestion) -> str:
    """The lines that the guard's document gives of an edit, as a diff without context."""
    return "\n".join(
        line
        for old, new in zip(given.before, given.after, strict=False)
        for line in (
            f"@@ -{old.start_line},{len(old.lines)} +{new.start_line},{len(new.lines)} @@",
            *(f"-{text}" for text in old.lines),
            *(f"+{text}" for text in new.lines),
        )
    )


def _provenance(about: Subject) -> str:
    end = "a person answered the question above and decides, neither the model nor ctxreview does.*"
    if not about.model:
        return f"*Found by ctxreview in the source, without a model; {end.replace('neither the model nor ctxreview does', 'not ctxreview')}"
    seen = about.found.visibility
    counted = (
        f"; it saw {len(seen.seen)} and did not see {len(seen.not_seen)} of the things listed above" if seen else ""
    )
    return f"*{_told(whose(about.model, about.provider))}, {about.day or 'some day'}{counted}; {end}"
