"""The hazards that are in the code already, and which of them the repository's settings ignore."""

from __future__ import annotations

from ctxreview import rules
from ctxreview.behaviour.same import Same
from ctxreview.config import Project
from ctxreview.errors import ConfigError, did_you_mean
from ctxreview.kept import kept
from ctxreview.model.review import Context, Finding


def hazards_of(context: Context) -> tuple[Finding, ...]:
    """The hazards that are in the functions and scopes of the selection, in source order."""
    source = context.selection.source
    spans = [*(f.span for f in context.functions), *(s.span for s in context.scopes)]
    lines = [source.lines_of(s) for s in spans]
    return tuple(
        f for f in _found(Same(context.outline)) if any(a <= f.at.start_line and f.at.end_line <= b for a, b in lines)
    )


@kept(4)
def _found(same: Same) -> tuple[Finding, ...]:
    """What the rules find in a file, once for the selections in it that come one after the other."""
    return rules.check(same.outline)


def split_ignored(found: tuple[Finding, ...], own: Project) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The hazards to show, and those of rules that the project ignores.

    Raises :class:`ConfigError` where it ignores what is not a rule.
    """
    known = [rule.ID for rule in rules.RULES]
    for rule in own.ignore:
        if rule not in known:
            hint = did_you_mean(rule, known, f"the rules are {', '.join(known)}.")
            raise ConfigError(f"{own.path}: ignore names {rule}, which is not a known rule; {hint}")
    return tuple(f for f in found if f.rule not in own.ignore), tuple(f for f in found if f.rule in own.ignore)
