"""Findings as workflow commands, which GitHub Actions shows beside the lines that they are about.

The form: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions. How it is read, and what has to be
escaped: ``ActionCommand.cs`` of https://github.com/actions/runner. A command begins a line, or with ``##[`` stands anywhere in one
that is no command yet; so each line here is one command of ours, whose texts have no line ends, and whose properties neither
``:`` nor ``,``. Of a step ten errors, ten warnings and ten notices are shown: the worst are the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ctxreview.context.visible import one_line, visible
from ctxreview.model.kinds import Severity
from ctxreview.reports.ci.rows import Found, Row

LEVELS: dict[Severity, str] = {"high": "error", "medium": "warning", "low": "notice", "note": "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def text(found: Found) -> str:
    """A command a line for each finding, and for what could not be looked at."""
    return "\n".join(_lines(found))


def _lines(found: Found) -> Iterator[str]:
    for note in found.notes:
        if note.kind == "not-checked":
            yield f"::error title={_escaped('ctxreview: not checked', _PROPERTY)}::{_escaped(one_line(note.text), _DATA)}"
    yield from map(_command, found.worst_first)


def _command(row: Row) -> str:
    at = row.finding.at
    place = {"file": at.path, "line": at.start_line, "endLine": at.end_line, "title": f"ctxreview {row.finding.rule}"}
    properties = ",".join(f"{name}={_escaped(str(value), _PROPERTY)}" for name, value in place.items())
    return f"::{LEVELS[row.finding.severity]} {properties}::{_escaped(row.said, _DATA)}"


def _escaped(value: str, by: Mapping[int, str]) -> str:
    """``value`` as the runner reads it back, with what else would act in a log written out."""
    return visible(value.translate(by)).replace("##", "#\\x23")
