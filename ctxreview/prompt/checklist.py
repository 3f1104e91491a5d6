"""The concurrency checklist: its items, and the answers that the source alone can prove."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ctxreview.errors import ConfigError
from ctxreview.languages.behaviour import names_of
from ctxreview.languages.words import any_of
from ctxreview.model.facts import Fact
from ctxreview.model.protection import LockProtection
from ctxreview.model.regions import NO_SCOPE
from ctxreview.model.review import ChecklistAnswer, Context, Evidence
from ctxreview.model.source import Source, Span, Spans

MAX_EVIDENCE = 6
"""Lines cited for one item without a model; the rest are counted in the note."""


class Item(NamedTuple):
    """One question that every review has to answer.

    ``scopes`` (kinds that hold the selection), ``facts`` (kinds in the function; with ``under_scope`` only those under
    a scope), ``state`` (uses of the type's state that is not readonly) ``changed`` (what was read is changed, and saved
    afterwards), ``retried`` (what only runs its delegate again counts for a scope) and ``users`` (other members take the same
    lock, or change what it protects or the function uses) are what proves a "yes" without a model.
    """

    id: str
    question: str
    scopes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    under_scope: bool = False
    state: bool = False
    changed: bool = False
    retried: bool = False
    users: bool = False


def load(path: Path) -> tuple[Item, ...]:
    """The items in a checklist file. Raises :class:`ConfigError` when it is not one."""
    try:
        rows: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))["item"]
        return tuple(_item(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: is not a valid checklist ({error}); it needs [[item]] tables with an id and a question."
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
            s.opening,
            f"{s.construct} holds {'the selection' if s in context.enclosing else 'a part of it'}",
        )
        for s in context.touched
        if s.kind in item.scopes and s.mode not in NO_SCOPE and s.certainty != "assumed"
    ]
    none = ("suppressed",) if item.retried else NO_SCOPE
    held = [s for s in context.scopes if not s.path and s.mode not in none and s.certainty != "assumed"]
    for fact in _changed(context) if item.changed else context.facts:
        if fact.is_state and fact.is_readonly:
            continue  # a reference that never changes: what is done through it is a fact of its own
        if fact.kind == "io" and fact.calls:
            continue  # what a delegate does is not known
        if item.state and fact.is_state:
            places.append((own, fact.span, f"{fact.kind} {fact.name}"))
        elif fact.kind in item.facts:
            scope = next((s for s in held if context.outline.under(fact.span, s) and not s.opens_in(fact.span)), None)
            if scope is not None:
                places.append((own, _end(fact), f"{_told(fact)} under {scope.construct}"))
            elif not item.under_scope:
                places.append((own, _end(fact), _told(fact)))
    if item.users:
        places += _users(context)
    if not places:
        return ChecklistAnswer(
            item.id, item.question, "cannot-tell", (), "Nothing in the source that was read proves it either way."
        )
    evidence: dict[tuple[str, int], Evidence] = {}
    for source, span, _ in places:
        line = source.line_of(span.start)
        cited = Evidence(source.path, line, source.line(line).strip(), supported=True)
        evidence.setdefault((source.path, line), cited)
    said = "; ".join(dict.fromkeys(what for _, _, what in places[:MAX_EVIDENCE]))
    rest = len(evidence) - MAX_EVIDENCE
    more = f"; and {rest} more line{'s' if rest > 1 else ''}" if rest > 0 else ""
    first = sorted(evidence, key=lambda at: (at[0] != own.path, at))  # the file under review before its callers
    shown = tuple(evidence[at] for at in first)[:MAX_EVIDENCE]
    return ChecklistAnswer(item.id, item.question, "yes", shown, f"From the source alone: {said}{more}.")


def _users(context: Context) -> Iterator[tuple[Source, Span, str]]:
    """Where other members take the same lock, or change the same state."""
    own = context.selection.source
    mine = Spans(f.span for f in context.functions)
    for of in context.protections:
        if not isinstance(of, LockProtection) or of.certainty == "assumed":
            continue
        said = [(t.at, f"{t.name} takes {of.lock}") for t in of.takers]
        for place in of.places:
            changes = (a for a in place.without if a.writes)
            said += [(a.at, f"{a.member} writes {place.name} without {of.lock}") for a in changes]
        for at, what in said:
            span = own.line_span(at.start_line, at.start_line)
            if not mine.overlaps(span):
                yield own, span, what
    for excerpt in context.excerpts:
        for use in excerpt.users:
            yield excerpt.source, use.span, f"{use.member} {'writes' if use.writes else 'takes'} {use.name}"


def _told(fact: Fact) -> str:
    return fact.kind if fact.name == fact.kind else f"{fact.kind} {fact.name}"


def _changed(context: Context) -> list[Fact]:
    """The writes to what a query gave that a save follows, and those saves: of objects that the context has to track."""
    source = context.selection.source
    names: set[str] = set()
    writes: list[Fact] = []
    saves: list[Fact] = []
    operators = names_of(context.outline.language).operators
    lost = frozenset(name for name, trait in operators.items() if trait in ("untracked", "projected"))
    untracked = re.compile(rf"\.\s*{any_of(lost)}\w*\s*\(")
    for fact in context.facts:
        target = re.match(r"\w+", fact.target)
        if fact.kind == "read" and not fact.is_state:
            if fact.result.isidentifier() and not untracked.search(source.text(fact.span)):
                names.add(fact.result)
        elif fact.kind == "write" and target is not None and not fact.is_state and not fact.captured:
            if target[0] in names or _comes_from(target[0], names, context, fact):
                writes.append(fact)
        elif fact.kind == "save" and writes:
            saves.append(fact)
    return [*(w for w in writes if w.span.start < saves[-1].span.start), *saves] if saves else []


def _comes_from(name: str, names: set[str], context: Context, fact: Fact) -> bool:
    """Whether a variable is an element or a part of one of those named, as far as the function's text says it."""
    function = context.outline.member_of(fact.span)
    if function is None or not names:
        return False
    before = context.selection.source.text(Span(function.span.start, fact.span.start))
    any_of = "|".join(map(re.escape, sorted(names)))
    return (
        re.search(rf"\b{re.escape(name)}\s+in\s+(?:{any_of})\b|\b{re.escape(name)}\s*=\s*(?:{any_of})\s*[.\[!]", before)
        is not None
    )


def _end(fact: Fact) -> Span:
    # A query that spans lines is recognised by its last call.
    return Span(fact.span.end - 1, fact.span.end) if fact.kind == "read" else fact.span
