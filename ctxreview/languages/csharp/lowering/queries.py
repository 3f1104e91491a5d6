"""Query syntax to the calls that it stands for, as the language's specification translates it.

A range variable is a parameter of each clause's function, under its own name; the specification puts several into one object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ctxreview.languages.csharp.lowering.patterns import Patterns
from ctxreview.languages.csharp.lowering.values import parts, span
from ctxreview.model.il import Access, Argument, Block, Call, Exit, Lambda, Name, Operation, Parameter, Unit, Value
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class Queries(Patterns):
    """Lowers ``from ... select ...``."""

    def query(self, node: Node) -> Value:
        """The value of a query: its last clause's call, on those of the clauses before."""
        made: Value | None = None
        variables: list[Node] = []
        clauses = [c for c in node.children if (c.is_named or c.type == "into") and c.type != "comment"]
        for clause, before in zip(clauses, [None, *clauses], strict=False):
            if clause.type == "into":
                continue
            if before is not None and before.type == "into":
                variables = [clause]
                continue
            made = self._clause(clause, made, variables, node.start_byte)
        return made if made is not None else self.opaque(node)

    def _clause(self, clause: Node, source: Value | None, variables: list[Node], start: int) -> Value:  # noqa: PLR0911
        inside = parts(clause)
        name = clause.child_by_field_name("name")
        whole = Span(start, clause.end_byte)

        def call(method: str, on: Value, *given: Argument, end: int = clause.end_byte) -> Value:
            return Call(Span(start, end), Access(Span(start, max(on.span.end, start)), on, method), given)

        def each(expression: Node, names: Sequence[Node]) -> Argument:
            return Argument(span(expression), Lambda(span(expression), self._range_unit(expression, names)))

        if source is None:
            if clause.type == "from_clause" and name is not None:
                variables.append(name)
                return self.value(inside[-1])
            return self.opaque(clause)
        match clause.type:
            case "from_clause" if name is not None:
                found = call("SelectMany", source, each(inside[-1], variables))
                variables.append(name)
                return found
            case "where_clause":
                return call("Where", source, each(inside[-1], variables))
            case "let_clause":
                found = call("Select", source, each(inside[-1], variables))
                variables.append(inside[0])
                return found
            case "join_clause":
                return self._join(inside, source, variables, call, each)
            case "order_by_clause":
                down = [following.type == "descending" for following in (*clause.children[1:], clause)]
                for n, key in enumerate(inside):
                    at = clause.children.index(key)
                    method = ("OrderBy" if n == 0 else "ThenBy") + ("Descending" if down[at] else "")
                    source = call(method, source, each(key, variables), end=key.end_byte)
                return source
            case "select_clause":
                return call("Select", source, each(inside[-1], variables))
            case "group_clause" if len(inside) > 1:
                return call("GroupBy", source, each(inside[1], variables), each(inside[0], variables))
            case _:
                return Operation(whole, "query", (source, self.opaque(clause)))

    def _join(
        self,
        inside: list[Node],
        source: Value,
        variables: list[Node],
        call: Callable[..., Value],
        each: Callable[[Node, Sequence[Node]], Argument],
    ) -> Value:
        into = next((c for c in inside if c.type == "join_into_clause"), None)
        values = [c for c in inside if c is not into]
        name, other, left, right = values[-4:]
        given = (Argument(span(other), self.value(other)), each(left, variables), each(right, [name]))
        variables.append(parts(into)[-1] if into is not None else name)
        return call("Join" if into is None else "GroupJoin", source, *given)

    def _range_unit(self, expression: Node, variables: Sequence[Node]) -> Unit:
        """The function that a clause of a query stands for; its parameters are the query's variables so far."""
        at = Span(expression.start_byte, expression.start_byte)
        with self.names.unit():
            given = tuple(self._parameter_at(v, at) for v in variables)
            value = self.value(expression)
        body = Block(span(expression), (Exit(span(expression), "return", value),))
        return Unit(span(expression), "lambda", "lambda", "", given, body)

    def _parameter_at(self, node: Node, at: Span) -> Parameter:
        """A parameter that the place ``at`` has from a declaration elsewhere."""
        text = self.text(node).removeprefix("@")
        self.names.declare(text, span(node), "parameter")
        return Parameter(at, Name(at, text, "parameter", span(node)), "")
