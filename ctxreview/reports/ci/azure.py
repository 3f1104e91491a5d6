"""Findings as logging commands, which Azure Pipelines lists as issues of the run.

The form: https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands. How it is read: ``Command.cs`` of
https://github.com/microsoft/azure-pipelines-agent, which takes the first ``##vso[`` of a line, wherever that stands, up to the next
``]``; so each line here begins with one of ours, whose texts have no line ends and whose properties neither ``;`` nor ``]``. It knows
errors and warnings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ctxreview.context.visible import one_line, visible
from ctxreview.model.kinds import Severity
from ctxreview.reports.ci.rows import Found, Row

LEVELS: dict[Severity, str] = {"high": "error", "medium": "warning", "low": "warning", "note": "warning"}
_DATA = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({";": "%3B", "]": "%5D"})


def text(found: Found) -> str:
    """A command a line for each finding, and for what could not be looked at."""
    return "\n".join(_lines(found))


def _lines(found: Found) -> Iterator[str]:
    for note in found.notes:
        if note.kind == "not-checked":
            yield f"##vso[task.logissue type=error]{_escaped(one_line(note.text), _DATA)}"
    yield from map(_command, found.worst_first)


def _command(row: Row) -> str:
    at = row.finding.at
    place = {"sourcepath": at.path, "linenumber": at.start_line, "columnnumber": 1, "code": row.finding.rule}
    properties = ";".join(f"{name}={_escaped(str(value), _PROPERTY)}" for name, value in place.items())
    return f"##vso[task.logissue type={LEVELS[row.finding.severity]};{properties}]{_escaped(row.said, _DATA)}"


def _escaped(value: str, by: Mapping[int, str]) -> str:
    """``value`` as the agent reads it back, with what else would act in a log written out."""
    return visible(value.translate(by)).replace("##", "#\\x23")
