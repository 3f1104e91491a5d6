"""What each rule says of itself: its docstring in parts, as ``explain``, ``lint --list``, SARIF and the rules page tell it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from ctxreview.errors import ConfigError, did_you_mean
from ctxreview.model.kinds import Severity
from ctxreview.regex import regex
from ctxreview.rules import RULES

_HEADING = regex(r"^(.+)\n-{3,}\n", re.MULTILINE)
_FENCE = regex(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class RuleEntry(NamedTuple):
    """One rule as people read of it.

    ``summary`` is one sentence, ``sections`` are heading and text in the order of the docstring. ``standing`` says that
    the rule looks at code as it is (``check``), ``edits`` that it looks at what an edit changes (``compare``). With
    ``languages`` it is asked of these alone, with ``hooks`` of languages alone that have these hooks. ``family`` is the package that the rule is in.
    """

    id: str
    family: str
    severity: Severity
    summary: str
    sections: tuple[tuple[str, str], ...]
    standing: bool
    edits: bool
    languages: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()

    @property
    def looks_at(self) -> str:
        """``code``, ``edits`` or ``code and edits``."""
        return " and ".join(word for word, does in (("code", self.standing), ("edits", self.edits)) if does)

    @property
    def asked_of(self) -> str:
        """Which languages it is asked of alone, in words; ``""`` where it is asked of every one."""
        whom = [" and ".join(self.languages)] if self.languages else []
        whom += [f"languages with {' and '.join(self.hooks)}"] if self.hooks else []
        return f"{', '.join(whom)} only" if whom else ""


@cache
def entries() -> tuple[RuleEntry, ...]:
    """All rules, by their IDs."""
    return tuple(sorted((_entry(rule) for rule in RULES), key=lambda e: e.id))


def entry(rule: str) -> RuleEntry:
    """The rule with this ID. Raises :class:`ConfigError`, with the nearest name, where there is none."""
    by_id = {e.id: e for e in entries()}
    asked = rule.strip().lower().replace("_", "-")
    if asked not in by_id:
        hint = did_you_mean(asked, by_id, "")
        raise ConfigError(f"There is no rule {rule!r}: {hint and f'{hint} '}ctxreview lint --list shows all rules.")
    return by_id[asked]


def _entry(rule: ModuleType) -> RuleEntry:
    summary, *parts = _HEADING.split(rule.__doc__ or _from_source(rule))
    return RuleEntry(
        id=rule.ID,
        family=rule.__name__.split(".")[-2],
        severity=rule.SEVERITY,
        summary=" ".join(summary.split()),
        sections=tuple((h.strip(), text.strip("\n")) for h, text in zip(parts[::2], parts[1::2], strict=True)),
        standing=hasattr(rule, "check"),
        edits=hasattr(rule, "compare"),
        languages=getattr(rule, "LANGUAGES", ()),
        hooks=getattr(rule, "HOOKS", ()),
    )


def _from_source(rule: ModuleType) -> str:
    """The docstring of a module that was loaded without it, by ``python -OO``.

    Raises :class:`ConfigError` where the module's source is not there either.
    """
    import ast
    import inspect

    try:
        return ast.get_docstring(ast.parse(inspect.getsource(rule)), clean=False) or ""
    except OSError:
        raise ConfigError(
            "The documentation of the rules is missing: python -OO strips it; start Python without -OO."
        ) from None


def listed(rules: Sequence[RuleEntry]) -> str:
    """One line a rule: ID, severity, what it looks at, and what it is about."""
    ids, kinds = (max(map(len, column), default=0) for column in ([e.id for e in rules], [e.looks_at for e in rules]))
    return "\n".join(f"{e.id:{ids}}  {e.severity:6}  {e.looks_at:{kinds}}  {plain(e.summary)}" for e in rules)


def rows(rules: Sequence[RuleEntry]) -> list[dict[str, Any]]:
    """The same for programs, in JSON's types."""
    return [
        {"id": e.id, "severity": e.severity, "summary": plain(e.summary), "check": e.standing, "compare": e.edits}
        for e in rules
    ]


def markdown(rule: RuleEntry, level: int) -> str:
    """A rule's sections as Markdown, their headings ``level`` deep."""
    return "\n\n".join(f"{'#' * level} {heading}\n\n{_marked(text)}" for heading, text in rule.sections)


def plain(text: str) -> str:
    """Prose without its marks for code; fenced code is left without its fences."""
    return _FENCE.sub(lambda fence: fence[2].rstrip("\n"), text).replace("``", "")


def pieces(text: str) -> list[tuple[bool, str]]:
    """The paragraphs and fenced blocks of a section in their order, each with whether it is code."""
    found: list[tuple[bool, str]] = []
    at = 0
    for fence in _FENCE.finditer(text):
        found += [(False, p) for p in text[at : fence.start()].split("\n\n") if p.strip()]
        found.append((True, fence[2].rstrip("\n")))
        at = fence.end()
    return found + [(False, p) for p in text[at:].split("\n\n") if p.strip()]


def _marked(text: str) -> str:
    """Markdown: paragraphs on one line each, so that no reader breaks them twice; code in its fences as it is."""
    found = []
    for code, piece in pieces(text):
        found.append(f"```csharp\n{piece}\n```" if code else " ".join(piece.split()).replace("``", "`"))
    return "\n\n".join(found)
