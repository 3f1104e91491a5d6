"""What was found as a comment on a pull request: the counts first, the findings by file, the details folded.

Nothing of somebody else's acts on a forge, as in :mod:`ctxreview.reports.markdown`. GitHub takes 65,536 characters for a comment
(the smallest of the forges' limits), so what is beyond :data:`MOST` is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from ctxreview.context.visible import one_line
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.phrases import amount, place
from ctxreview.reports.ci.rows import Found, Note, Row
from ctxreview.reports.markdown import escaped
from ctxreview.reports.words import DOES_NOT_SEE, NO_HAZARD, TEAM_QUESTION

MOST = 60_000
"""Characters of a comment."""
MOST_SAID = 50
"""Sentences of a folded list; the others are counted."""
_END = 400
"""Characters that the last sentences take."""


def text(found: Found) -> str:
    """The comment."""
    head = "\n".join(_head(found))
    rest = [*_folded("What was said of each part", found.told), *_folded(DOES_NOT_SEE, _said(found, "not-seen"))]
    end = ["", f"**Question:** {TEAM_QUESTION}"]
    blocks, left = _blocks(found.worst_first, MOST - _END - len(head) - sum(map(len, rest)))
    if left:
        paths = {row.finding.at.path for row in left}
        blocks.append(
            f"\n{amount(len(left), 'finding', 'more')} in {amount(len(paths), 'file')}: too many for a comment."
        )
    return "\n".join([head, *blocks, *rest, *end])


def counts(rows: Iterable[Row]) -> str:
    """``1 high, 2 notes``, the worst first."""
    each = Counter(row.finding.severity for row in rows)
    return ", ".join(f"{each[severity]:,} {severity}" for severity in SEVERITIES if each[severity])


def _head(found: Found) -> Iterator[str]:
    yield "### ctxreview"
    yield ""
    if found.rows:
        files = len({row.finding.at.path for row in found.rows})
        yield f"**{amount(len(found.rows), 'finding')}** ({counts(found.rows)}) in {amount(files, 'file')}."
    else:
        yield NO_HAZARD
    for sentence in _said(found, "said"):
        yield ""
        yield escaped(sentence)
    if failed := _said(found, "not-checked"):
        yield ""
        yield "**Not looked at:**"
        yield ""
        yield from (f"- {escaped(sentence)}" for sentence in failed[:MOST_SAID])
        if len(failed) > MOST_SAID:
            yield f"- and {len(failed) - MOST_SAID:,} more"


def _said(found: Found, kind: str) -> list[str]:
    return [_sentence(note) for note in found.notes if note.kind == kind]


def _sentence(note: Note) -> str:
    if note.at is None:
        return note.text
    return f"{note.at.path}, {place(note.at.start_line, note.at.end_line)}: {note.text}"


def _blocks(rows: Sequence[Row], room: int) -> tuple[list[str], list[Row]]:
    """The findings by file, the worst file first, as far as there is room for them, and the other findings."""
    files: dict[str, list[Row]] = {}
    for row in rows:
        files.setdefault(row.finding.at.path, []).append(row)
    blocks: list[str] = []
    left: list[Row] = []
    for path, own in files.items():
        block = "\n".join(_file(path, own))
        if len(block) > room:
            left += own
            continue
        room -= len(block) + 1
        blocks.append(block)
    return blocks, left


def _file(path: str, rows: Sequence[Row]) -> Iterator[str]:
    is_open = " open" if rows[0].finding.severity == "high" else ""
    yield ""
    yield f"<details{is_open}><summary><code>{escape(one_line(path))}</code>: {counts(rows)}</summary>"
    yield ""
    for row in rows:
        finding = row.finding
        at = place(finding.at.start_line, finding.at.end_line)
        yield f"- **{finding.severity}** {escaped(finding.rule)}, {at} ({finding.certainty}): {escaped(row.said)}"
        for other in finding.related:
            there = "" if other.path == finding.at.path else f" of {other.path}"
            said = f"{place(other.start_line, other.end_line)}{there}{': ' if other.what else ''}{other.what}"
            yield f"  - {escaped(said)}"
    yield ""
    yield "</details>"


def _folded(heading: str, said: Sequence[str]) -> Iterator[str]:
    if not said:
        return
    yield ""
    yield f"<details><summary>{heading}: {len(said):,}</summary>"
    yield ""
    yield from (f"- {escaped(sentence)}" for sentence in said[:MOST_SAID])
    if len(said) > MOST_SAID:
        yield f"- and {len(said) - MOST_SAID:,} more"
    yield ""
    yield "</details>"
