"""What a change makes of a file, as a unified diff for people and for patch."""

from __future__ import annotations

from ctxreview.context.listing import redacted
from ctxreview.context.visible import visible
from ctxreview.model.source import Source
from ctxreview.reports.paint import Paint
from ctxreview.workspace.line_diff import unified


def diff(before: Source, after: Source, colour: bool = False) -> str:
    """The diff of two versions of a file, without secrets and with control characters written out."""
    paint = Paint(colour)
    name = visible(before.path)
    lines = unified(redacted(before), redacted(after), f"a/{name}", f"b/{name}")
    return "\n".join(_painted(line, paint) for line in lines)


def _painted(line: str, paint: Paint) -> str:
    if line.startswith(("---", "+++")):
        return paint(line, "bold")
    return paint(line, {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))
