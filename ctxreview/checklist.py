"""The concurrency checklist: its items, and the answers that the source alone can prove."""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from ctxreview.errors import ConfigError
from ctxreview.model import ChecklistAnswer, Context, Evidence, Fact, Source, Span

MAX_EVIDENCE = 6
"""Lines cited for one item without a model; the rest are counted in the note."""


class Item(NamedTuple):
    """One question that every review has to answer.

    ``scopes`` (kinds that hold the selection), ``facts`` (kinds in the function; with ``under_scope`` only those under
    a scope) and ``state`` (uses of the type's state that is not readonly) are what proves a "yes" without a model.
    """

    id: str
    question: str
    scopes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    under_scope: bool = False
    state: bool = False


def load(path: Path) -> tuple[Item, ...]:
    """The items in a checklist file. Raises :class:`ConfigError` when it is not one."""
    try:
        rows: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))["item"]
        return tuple(_item(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: is not a checklist ({error}); it needs [[item]] tables with id and question."
        ) from None


def _item(row: dict[str, Any]) -> Item:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Item(**values)


def answer(item: Item, context: Context) -> ChecklistAnswer:
    """``yes`` with the lines that prove it; otherwise ``cannot-tell``: one file never proves a no."""
    own = context.selection.source
    places: list[tuple[Source, Span, str]] = [
        (
            context.source_of(s),
            s.head,
            f"{s.construct} holds {'the selection' if s in context.enclosing else 'a part of it'}",
        )
        for s in context.touched
        if s.kind in item.scopes
    ]
    held = [s for s in context.scopes if s.kind in ("transaction", "lock") and not s.path]
    for fact in context.facts:
        if fact.is_state and "readonly" in fact.detail:
            continue  # a reference that never changes: what is done through it is a fact of its own
        if item.state and fact.is_state:
            places.append((own, fact.span, f"{fact.kind} {fact.name}"))
        elif fact.kind in item.facts:
            scope = next((s for s in held if context.outline.under(fact, s)), None)
            if scope is not None:
                places.append((own, _end(fact), f"{fact.kind} {fact.name} under {scope.construct}"))
            elif not item.under_scope:
                places.append((own, _end(fact), f"{fact.kind} {fact.name}"))
    if not places:
        return ChecklistAnswer(item.id, item.question, "cannot-tell", (), "Nothing that was read proves it either way.")
    evidence: dict[tuple[str, int], Evidence] = {}
    for source, span, _ in places:
        line = source.line_of(span.start)
        cited = Evidence(source.path, line, source.line(line).strip(), supported=True)
        evidence.setdefault((source.path, line), cited)
    said = "; ".join(dict.fromkeys(what for _, _, what in places[:MAX_EVIDENCE]))
    more = f"; and {len(evidence) - MAX_EVIDENCE} more lines" if len(evidence) > MAX_EVIDENCE else ""
    first = sorted(evidence, key=lambda at: (at[0] != own.path, at))  # the file under review before its callers
    shown = tuple(evidence[at] for at in first)[:MAX_EVIDENCE]
    return ChecklistAnswer(item.id, item.question, "yes", shown, f"By the source alone: {said}{more}.")


def _end(fact: Fact) -> Span:
    # A query that spans lines is recognised by its last call.
    return Span(fact.span.end - 1, fact.span.end) if fact.kind == "read" else fact.span
