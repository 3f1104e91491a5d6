"""One rule for a terminal: its docstring under its headings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from textwrap import fill, indent

from ctxreview.reports.paint import SEVERITY_COLOURS, Paint
from ctxreview.rules.catalogue import RuleEntry, pieces, plain

# An address is not cut: a terminal opens it as one.
_wrapped = partial(fill, break_long_words=False, break_on_hyphens=False)


def explain_text(rule: RuleEntry, width: int, colour: bool = False) -> str:
    """All that a rule says, wrapped at ``width`` columns; code is not wrapped."""
    return "\n".join(_lines(rule, width, Paint(colour)))


def _lines(rule: RuleEntry, width: int, paint: Paint) -> Iterator[str]:
    severity = paint(rule.severity, SEVERITY_COLOURS[rule.severity])
    only = f", {rule.asked_of}" if rule.asked_of else ""
    yield f"{paint(rule.id, 'bold')} ({severity}, looks at {rule.looks_at}{only})"
    yield _wrapped(plain(rule.summary), width)
    for heading, section in rule.sections:
        yield ""
        yield paint(heading, "bold")
        for number, (code, piece) in enumerate(pieces(section)):
            if number:
                yield ""
            yield indent(piece, "    ") if code else indent(_wrapped(" ".join(plain(piece).split()), width - 2), "  ")
