"""What a context of Entity Framework sends: ``SaveChanges`` and ``SaveChangesAsync``, by the calls' names."""

from __future__ import annotations

from collections.abc import Iterable

from ctxreview.model.facts import Fact

LANGUAGES = ("csharp",)


def context_saves(facts: Iterable[Fact]) -> list[Fact]:
    """Those of the facts, in their order, that send what a context tracks; a statement of its own is none."""
    return [f for f in facts if f.kind == "save" and f.name.startswith("SaveChanges")]
