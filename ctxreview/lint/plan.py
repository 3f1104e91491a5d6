"""Which rules are asked, by the options and the repository's settings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import NamedTuple

from ctxreview import rules
from ctxreview.config import Project
from ctxreview.errors import ConfigError, did_you_mean
from ctxreview.lint import suppressions
from ctxreview.model.kinds import Severity
from ctxreview.model.regions import Wrappers
from ctxreview.model.review import Finding
from ctxreview.workspace.changed_lines import Ranges

CHECKS: tuple[ModuleType, ...] = tuple(rule for rule in rules.RULES if hasattr(rule, "check"))
KNOWN: tuple[str, ...] = (*(rule.ID for rule in CHECKS), suppressions.ID)
"""The rules that lint can ask; one is about the comments that silence the others."""
COMPARING: tuple[str, ...] = tuple(rule.ID for rule in rules.RULES if hasattr(rule, "compare"))
"""The rules that are asked of two versions."""


class Plan(NamedTuple):
    """How all files are linted: the rules that are asked and shown, the project's names, and the lines that count.

    ``changed`` is ``None`` where all lines do. ``once`` are the rules of which one finding a file is shown, each with the severity of those.
    findings on what became of the files since another version.
    """

    checks: tuple[ModuleType, ...]
    shown: frozenset[str]
    wrappers: Wrappers
    changed: Mapping[str, Ranges] | None = None
    once: Mapping[str, Severity] = MappingProxyType({})
    compared: Mapping[str, tuple[Finding, ...]] = MappingProxyType({})


def plan_of(own: Project, select: str | None, ignore: str | None, *, comparing: bool = False) -> Plan:
    """The plan for all lines, with ``comparing`` for two versions too, by a repository's own settings and the options; what is selected by name is asked even if the settings ignore it.

    Raises :class:`ConfigError` for a rule that there is not.
    """
    every = {rule.ID for rule in rules.RULES} | {suppressions.ID}
    for rule in own.ignore:
        if rule not in every:
            hint = did_you_mean(rule, sorted(every), f"the rules are {', '.join(sorted(every))}.")
            raise ConfigError(f"{own.path}: ignore names {rule}, which is not a known rule; {hint}")
    known = tuple(dict.fromkeys((*KNOWN, *COMPARING))) if comparing else KNOWN
    chosen = _rules_named("--select", select, known) if select is not None else set(known) - set(own.ignore)
    shown = chosen - (_rules_named("--ignore", ignore, known) if ignore is not None else set())
    checks = tuple(rule for rule in CHECKS if rule.ID in shown)
    once = {rule.ID: rule.ONCE for rule in checks if hasattr(rule, "ONCE")} if select is None else {}
    return Plan(checks, frozenset(shown), own.scopes, once=once)


def asks_of_both(plan: Plan) -> bool:
    """Whether a rule is shown that is asked of two versions."""
    return not plan.shown.isdisjoint(COMPARING)


def _rules_named(option: str, given: str, known: tuple[str, ...]) -> set[str]:
    named = {name.strip() for name in given.split(",") if name.strip()}
    for name in sorted(named):
        if name not in known:
            if name in COMPARING:
                raise ConfigError(f"{option} {name}: this rule is about changes; give it with --diff.")
            hint = did_you_mean(name, known, f"the rules are {', '.join(known)}.")
            raise ConfigError(f"{option} {name}: lint has no such rule; {hint}")
    if not named:
        raise ConfigError(f"{option}: name rules, such as {KNOWN[0]}, separated by commas.")
    return named
