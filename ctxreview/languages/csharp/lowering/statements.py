"""Statements and functions to the intermediate language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ctxreview.languages.csharp.lowering.queries import Queries
from ctxreview.languages.csharp.lowering.values import DEEPEST, parts, span
from ctxreview.model.il import (
    Arm,
    Assign,
    Block,
    Branch,
    Call,
    Choice,
    Constant,
    Define,
    Do,
    Exit,
    ExitKind,
    Handler,
    Held,
    HoldKind,
    Label,
    Loop,
    Name,
    Operation,
    Parameter,
    Statement,
    Try,
    Unit,
    Value,
    Yield,
)
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_EXITS: dict[str, ExitKind] = {
    "return_statement": "return",
    "throw_statement": "throw",
    "break_statement": "break",
    "continue_statement": "continue",
}
_INNER = ("checked_statement", "unsafe_statement", "global_statement")
_MODES = ("ref", "out", "in", "params", "this", "scoped", "readonly")


class Statements(Queries):
    """Lowers what a body holds."""

    def block(self, node: Node | None, whole: Span | None = None) -> Block:
        """A block, or one statement where a block may stand; ``whole`` is the span of a block that is not there."""
        if node is None:
            return Block(whole or Span(0, 0), ())
        with self.names.block():
            if node.type != "block":
                return Block(span(node), self.statement(node))
            self.declare_functions(node)
            return Block(span(node), self.statements(parts(node), node.end_byte))

    def declare_functions(self, node: Node) -> None:
        """Declare the local functions of a block, which its statements may call before they are there."""
        for inside in node.children:
            if inside.type == "local_function_statement":
                name = inside.child_by_field_name("name")
                if name is not None:
                    self.names.declare(self.text(name), span(name), "function")

    def statements(self, nodes: Sequence[Node], end: int) -> tuple[Statement, ...]:
        """Statements in order; a ``using`` declaration holds all that follow, up to ``end``."""
        found: list[Statement] = []
        for n, node in enumerate(nodes):
            words = {c.type for c in node.children} if node.type == "local_declaration_statement" else set()
            if "using" in words and self.depth < DEEPEST:
                self.depth += 1
                try:
                    subjects = self._declarators(next(c for c in node.children if c.type == "variable_declaration"))
                    rest = self.statements(nodes[n + 1 :], end)
                finally:
                    self.depth -= 1
                inside = Block(Span(node.end_byte, max(end, node.end_byte)), rest)
                found.append(
                    Held(Span(node.start_byte, inside.span.end), "disposal", subjects, inside, "await" in words)
                )
                break
            found += self.statement(node)
        return tuple(found)

    def statement(self, node: Node) -> tuple[Statement, ...]:
        """What one statement is lowered to: several where it declares several variables, none where it is empty."""
        if self.depth >= DEEPEST or node.type == "ERROR" or node.is_missing:
            return (self.opaque(node),)
        self.depth += 1
        try:
            return self._statement(node)
        finally:
            self.depth -= 1

    def _statement(self, node: Node) -> tuple[Statement, ...]:  # noqa: PLR0911, PLR0912  one case a form
        match node.type:
            case "block":
                return (self.block(node),)
            case "empty_statement" | "comment":
                return ()
            case "expression_statement":
                return tuple(Do(span(c), self.value(c)) for c in parts(node)[-1:])
            case "local_declaration_statement":
                listed = next((c for c in node.children if c.type == "variable_declaration"), None)
                return tuple(Do(v.span, v) for v in self._declarators(listed)) if listed else (self.opaque(node),)
            case "if_statement":
                return (self._if(node),)
            case "switch_statement":
                return (self._switch(node),)
            case "while_statement" | "do_statement" | "for_statement" | "foreach_statement":
                return (self._loop(node),)
            case "try_statement":
                return (self._try(node),)
            case "lock_statement" | "using_statement" | "fixed_statement":
                return (self._held(node),)
            case "return_statement" | "throw_statement" | "break_statement" | "continue_statement":
                inside = parts(node)
                return (Exit(span(node), _EXITS[node.type], self.value(inside[-1]) if inside else None),)
            case "yield_statement":
                inside = parts(node)
                return (Yield(span(node), self.value(inside[-1])) if inside else Exit(span(node), "end"),)
            case "goto_statement":
                return (Exit(span(node), "goto", None, self.text(node).removeprefix("goto").strip(" ;")),)
            case "labeled_statement":
                name, *rest = parts(node)
                return (Label(span(name), self.text(name)), *(s for r in rest for s in self.statement(r)))
            case "local_function_statement":
                return (Define(span(node), self.function(node, "local function", "")),)
            case kind if kind in _INNER:
                return tuple(s for c in parts(node) for s in self.statement(c))
            case kind if kind.startswith("preproc"):
                return self._conditional_compilation(node)
            case _:
                return (self.opaque(node),)

    def _conditional_compilation(self, node: Node) -> tuple[Statement, ...]:
        """Statements under ``#if``: which of them are compiled is not known, and nothing is evaluated to choose them."""
        inside = [c for c in parts(node) if c.type.endswith(("_statement", "block"))]
        further = [c for c in parts(node) if c.type in ("preproc_elif", "preproc_else")]
        if not inside and not further:
            return ()
        symbols = node.child_by_field_name("condition") or node.children[0]
        condition = Operation(span(symbols), "compiled", (Constant(span(symbols), "name", self.text(symbols)),), 0)
        then = (
            Block(Span(inside[0].start_byte, inside[-1].end_byte), self.statements(inside, inside[-1].end_byte))
            if inside
            else Block(condition.span, ())
        )
        if node.type == "preproc_else":
            return then.statements
        other = [s for f in further for s in self._conditional_compilation(f)]
        otherwise = Block(Span(further[0].start_byte, further[-1].end_byte), tuple(other)) if further else None
        return (Branch(span(node), condition, then, otherwise),)

    def _declarators(self, listed: Node) -> tuple[Value, ...]:
        """Each variable with its value; without one, its declaration is opaque to nothing and left out of the order."""
        type_ = self.text(listed.child_by_field_name("type"))
        found: list[Value] = []
        for one in listed.named_children:
            if one.type != "variable_declarator":
                continue
            inside = parts(one)
            target, value = inside[0], inside[-1] if len(inside) > 1 else None
            made = self.value(value) if value is not None and value.type != "bracketed_argument_list" else None
            name = self.designation(target)
            found.append(name if made is None else Assign(span(one), name, "=", made, type_))
        return tuple(found)

    def _if(self, node: Node) -> Statement:
        """An ``if`` with its ``else if``, which are one chain and add no depth."""
        chain: list[tuple[Node, Value, Block]] = []
        at: Node | None = node
        otherwise: Block | None = None
        while at is not None:
            condition, then = at.child_by_field_name("condition"), at.child_by_field_name("consequence")
            chain.append((at, self.value(condition) if condition else self.opaque(at), self.block(then, span(at))))
            following = at.child_by_field_name("alternative")
            if following is not None and following.type != "if_statement":
                otherwise = self.block(following)
            at = following if following is not None and following.type == "if_statement" else None
        made: Branch | None = None
        for at, condition_value, then_block in reversed(chain):
            if made is not None:
                otherwise = Block(made.span, (made,))
            made = Branch(span(at), condition_value, then_block, otherwise)
        assert made is not None
        return made

    def _switch(self, node: Node) -> Statement:
        value, body = node.child_by_field_name("value"), node.child_by_field_name("body")
        subject = self.value(value) if value is not None else self.opaque(node)
        arms = []
        with self.names.block():
            shared: tuple[Value, ...] = ()
            start, otherwise = node.start_byte, False
            for section in parts(body) if body is not None else []:
                arm = self._section(section) if section.type == "switch_section" else self._arm_opaque(section)
                start = start if shared or otherwise else arm.span.start
                shared, otherwise = (*shared, *arm.tests), otherwise or not arm.tests
                if not arm.body.statements and section.next_named_sibling is not None:
                    continue  # several labels of one body, which the grammar has as sections of their own
                arms.append(Arm(Span(start, arm.span.end), () if otherwise else shared, arm.body))
                shared, otherwise = (), False
        return Choice(span(node), subject, tuple(arms))

    def _arm_opaque(self, node: Node) -> Arm:
        return Arm(span(node), (self.opaque(node),), Block(Span(node.end_byte, node.end_byte), ()))

    def _section(self, node: Node) -> Arm:
        tests: list[Value] = []
        default = any(c.type == "default" for c in node.children)
        inside = [c for c in node.children if c.type not in ("case", "default", ":", "comment", ",")]
        body = [c for c in inside if c.type.endswith(("_statement", "block")) or c.type.startswith("preproc")]
        for part in inside:
            if part in body:
                continue
            if part.type == "when_clause":
                guarded = self.only(part)
                last = tests.pop() if tests else guarded
                at = Span(min(last.span.start, guarded.span.start), guarded.span.end)
                tests.append(Operation(at, "and", (last, guarded), 1))
            else:
                tests.append(self.pattern(part))
        start = body[0].start_byte if body else node.end_byte
        with self.names.block():
            block = Block(Span(start, node.end_byte), self.statements(body, node.end_byte))
        return Arm(span(node), () if default and not tests else tuple(tests), block)

    def _loop(self, node: Node) -> Statement:
        with self.names.block():
            body = node.child_by_field_name("body")
            condition = node.child_by_field_name("condition")
            if node.type == "foreach_statement":
                return self._each(node, body)
            first: list[Value] = []
            for initial in node.children_by_field_name("initializer"):
                declared = initial.type == "variable_declaration"
                first += self._declarators(initial) if declared else [self.value(initial)]
            test = self.value(condition) if condition is not None and node.type != "do_statement" else None
            made = self.block(body, span(node))
            if node.type == "do_statement" and condition is not None:
                test = self.value(condition)
            step = tuple(self.value(s) for s in node.children_by_field_name("update") if s.is_named)
            return Loop(
                span(node), "after" if node.type == "do_statement" else "before", tuple(first), test, step, made
            )

    def _each(self, node: Node, body: Node | None) -> Statement:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        source = self.value(right) if right is not None else self.opaque(node)
        target = self.designation(left) if left is not None and left.type in ("identifier", "tuple_pattern") else None
        target = target if target is not None else self.value(left) if left is not None else self.opaque(node)
        at = Span(min(target.span.start, source.span.start), max(target.span.end, source.span.end))
        element = Assign(at, target, "=", source, self.text(node.child_by_field_name("type")) or "var")
        awaited = any(c.type == "await" for c in node.children)
        return Loop(span(node), "each", (), element, (), self.block(body, span(node)), awaited)

    def _try(self, node: Node) -> Statement:
        body, handlers, always = self.block(node.child_by_field_name("body"), span(node)), [], None
        for clause in node.named_children:
            if clause.type == "catch_clause":
                handlers.append(self._handler(clause))
            elif clause.type == "finally_clause":
                always = self.block(next((c for c in clause.children if c.type == "block"), None), span(clause))
        return Try(span(node), body, tuple(handlers), always)

    def _handler(self, node: Node) -> Handler:
        with self.names.block():
            caught = next((c for c in node.children if c.type == "catch_declaration"), None)
            type_ = self.text(caught.child_by_field_name("type")) if caught is not None else ""
            name = caught.child_by_field_name("name") if caught is not None else None
            variable = self.declare(name) if name is not None else None
            when = next((c for c in node.children if c.type == "catch_filter_clause"), None)
            test = self.only(when) if when is not None else None
            return Handler(span(node), type_, variable, test, self.block(node.child_by_field_name("body"), span(node)))

    def _held(self, node: Node) -> Statement:
        kinds: dict[str, HoldKind] = {"lock_statement": "lock", "fixed_statement": "pin"}
        with self.names.block():
            *subjects, body = parts(node) or [node]
            values: list[Value] = []
            for subject in subjects:
                declared = subject.type == "variable_declaration"
                values += self._declarators(subject) if declared else [self.value(subject)]
            awaited = any(c.type == "await" for c in node.children)
            return Held(span(node), kinds.get(node.type, "disposal"), tuple(values), self.block(body), awaited)

    # Functions.

    def function(self, node: Node, kind: str, home: str, name: str = "") -> Unit:
        """A function with a name, or an accessor."""
        listed = node.child_by_field_name("parameters")
        returned = node.child_by_field_name("returns") or node.child_by_field_name("type")
        called = name or self.text(node.child_by_field_name("name"))
        given = parts(listed) if listed is not None else []
        return self.unit(node, called, kind, home, given, _body(node), self.text(returned))

    def accessor(self, node: Node, name: str, home: str, parameters: Sequence[Node]) -> Unit:
        """An accessor: its property's parameters are its own, and ``value`` is what is set."""
        return self.unit(node, name, "accessor", home, parameters, _body(node))

    def unit(
        self,
        node: Node,
        name: str,
        kind: str,
        home: str,
        parameters: Sequence[Node],
        body: Node | None,
        returns: str = "",
    ) -> Unit:
        """One function with its parameters and its body, which may be a block or an expression."""
        words = {self.text(c) for c in node.children if c.type == "modifier"}
        with self.names.unit():
            if kind == "accessor":
                self.names.declare("value", span(node), "parameter")
            declared = tuple(self._parameter(p) for p in parameters if p.type in ("parameter", "implicit_parameter"))
            if kind == "accessor":  # those of an indexer are beside it
                at = Span(node.start_byte, node.start_byte)
                declared = tuple(p._replace(span=at, name=p.name._replace(span=at), default=None) for p in declared)
            before = self._before(node)
            made = self._unit_body(node, kind, returns, body)
            if before:
                made = Block(
                    Span(min(before[0].span.start, made.span.start), made.span.end), (*before, *made.statements)
                )
            of = next((c for c in node.children if c.type == "explicit_interface_specifier"), None)
            interface = self.text(of).rstrip(".") if of is not None else ""
            return Unit(
                span(node), name, kind, home, declared, made, returns, "async" in words, "static" in words, interface
            )

    def _unit_body(self, node: Node, kind: str, returns: str, body: Node | None) -> Block:
        if body is None:
            return Block(Span(node.end_byte, node.end_byte), ())
        if body.type == "block":
            return self.block(body)
        inside = parts(body)[-1] if body.type == "arrow_expression_clause" and parts(body) else body
        with self.names.block():
            value = self.value(inside)
        silent = returns == "void" or kind in ("constructor", "finalizer")
        return Block(span(inside), (Do(value.span, value) if silent else Exit(span(inside), "return", value),))

    def _before(self, node: Node) -> tuple[Statement, ...]:
        """The call of another constructor."""
        call = next((c for c in node.children if c.type == "constructor_initializer"), None)
        if call is None:
            return ()
        of = next((c for c in call.children if c.type in ("this", "base")), call)
        listed = next((c for c in call.children if c.type == "argument_list"), None)
        value = Call(span(call), self.value(of), self.arguments(listed))
        return (Do(value.span, value),)

    def _parameter(self, node: Node) -> Parameter:
        named = node if node.type == "implicit_parameter" else node.child_by_field_name("name")
        text = self.text(named).removeprefix("@")
        at = span(named) if named is not None else span(node)
        self.names.declare(text, at, "parameter")
        inside = parts(node) if node.type == "parameter" else []
        has_default = any(c.type == "=" for c in node.children)
        default = self.value(inside[-1]) if has_default and inside else None
        modes = [self.text(c) for c in node.children if c.type == "modifier" and self.text(c) in _MODES]
        return Parameter(
            span(node),
            Name(at, text, "parameter", at),
            self.text(node.child_by_field_name("type")),
            " ".join(modes),
            default,
        )


def _body(node: Node) -> Node | None:
    found = node.child_by_field_name("body")
    if found is None and node.child_by_field_name("value") is not None:
        value = node.child_by_field_name("value")
        found = value if value is not None and value.type == "arrow_expression_clause" else None
    return found or next((c for c in node.children if c.type == "block"), None)
