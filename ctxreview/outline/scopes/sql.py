"""Form H: SQL in a string literal that locks rows or opens a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ctxreview.languages import nodes, parents
from ctxreview.languages.syntax import Syntax
from ctxreview.model.regions import Crossing, Region
from ctxreview.model.source import Span
from ctxreview.outline.file_view import FileView

if TYPE_CHECKING:
    from tree_sitter import Node


def statements(page: FileView, found: Iterable[Region]) -> Iterator[Region]:
    """Locks and transactions taken by SQL text, each from its statement to the end of the transaction around it.

    Without a transaction in the same function the lock ends with the SQL statement, so only that is reported. The
    text proves the literal, not that it is sent, so that these are ``assumed``.
    """
    kinds = {sql["name"]: sql for sql in page.language.sql if "kind" in sql}
    literals = {nodes.span(n): n for n in page.captures.get("text", [])}
    transactions = Crossing(s for s in found if s.kind == "transaction")
    for fact in page.facts:
        sql = kinds.get(fact.name) if fact.kind == "sql-hint" else None
        node = literals.get(fact.span)
        if sql is None or node is None or any(w in fact.sql.upper() for w in sql.get("unless", ())):
            continue
        statement = nodes.span(_statement(node, page.syntax))
        owner = page.functions.innermost(fact.span)
        around = [
            s
            for s in transactions.around(statement)
            if owner is None or owner.span == s.owner or owner.span.contains(s.span)
        ]
        holder = min(around, key=lambda s: s.span.size, default=None)
        end = holder.span.end if holder is not None else statement.end
        yield Region(
            kind=sql["kind"],
            span=Span(statement.start, end),
            name=fact.name,
            construct=fact.sql.upper() if fact.sql.isascii() else fact.name,
            form="sql",
            opening=statement,
            closing=Span(end - 1, end),
            mode=sql.get("mode", "exclusive") if sql["kind"] == "lock" else "",
            owner=owner.span if owner is not None else Span(0, 0),
            certainty="assumed",
            note=sql["held"]
            if holder is not None or sql["kind"] == "transaction"
            else "No transaction is visible around it: in autocommit mode the lock ends with its statement.",
        )


def _statement(node: Node, syntax: Syntax) -> Node:
    """The statement or member that holds a literal."""
    kinds = syntax.statements | syntax.declarations | syntax.expression_bodies
    return next((p for p in parents.ancestors(node) if p.type in kinds), node)
