"""Units of the intermediate language as text: a specification that people read, and nothing that a program reads back.

A name tells what it stands for: ``x`` a variable or parameter, ``^x`` one of an enclosing function, ``.x`` state of the object,
``::x`` state of the type, ``x'`` a function of the file, ``?x`` what the file does not declare. ``some(...)`` is what was not understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps

from ctxreview.model import il

_SIGNS = {"captured": "^{}", "member": ".{}", "static": "::{}", "function": "{}'", "unknown": "?{}"}


def text(unit: il.Unit) -> str:
    """A unit with its body, a statement a line; functions inside it are after the statement that they are in."""
    return "\n".join(_unit(unit, 0)) + "\n"


def _unit(unit: il.Unit, depth: int) -> Iterator[str]:
    given = ", ".join(_parameter(p) for p in unit.parameters)
    name = f"{unit.interface}.{unit.name}" if unit.interface else unit.name
    words = [w for w, holds in (("static", unit.static), ("async", unit.asynchronous)) if holds]
    head = " ".join([*words, unit.kind, *([name] if name != unit.kind else [])])
    home = f" of {unit.home}" if unit.home else ""
    returns = f" -> {unit.returns}" if unit.returns else ""
    yield f"{'  ' * depth}{head}({given}){returns}{home}"
    yield from _lines(unit.body, depth + 1)


def _parameter(parameter: il.Parameter) -> str:
    words = [parameter.mode] if parameter.mode else []
    words.append(f"{parameter.name.text}: {parameter.type}" if parameter.type else parameter.name.text)
    return " ".join(words) + (f" = {value(parameter.default)}" if parameter.default is not None else "")


def _lines(block: il.Block, depth: int) -> Iterator[str]:
    for statement in block.statements:
        yield from _statement(statement, depth)


def _statement(at: il.Statement, depth: int) -> Iterator[str]:  # noqa: PLR0912  one case a form
    pad = "  " * depth
    match at:
        case il.Block():
            yield f"{pad}block"
            yield from _lines(at, depth + 1)
        case il.Do():
            yield f"{pad}{value(at.value)}"
            yield from _inside(at.value, depth)
        case il.Branch():
            yield from _branch(at, depth)
        case il.Choice():
            yield f"{pad}choose {value(at.subject)}"
            yield from _inside(at.subject, depth)
            for arm in at.arms:
                yield f"{pad}  when {' or '.join(value(t) for t in arm.tests) or 'otherwise'}"
                yield from _lines(arm.body, depth + 2)
        case il.Loop():
            yield f"{pad}{_loop(at)}"
            for part in (*at.first, *([at.condition] if at.condition is not None else []), *at.step):
                yield from _inside(part, depth)
            yield from _lines(at.body, depth + 1)
        case il.Try():
            yield f"{pad}try"
            yield from _lines(at.body, depth + 1)
            for handler in at.handlers:
                caught = " ".join(w for w in (handler.type, handler.name.text if handler.name else "") if w)
                when = f" when {value(handler.filter)}" if handler.filter is not None else ""
                yield f"{pad}catch {caught or 'all'}{when}"
                yield from _lines(handler.body, depth + 1)
            if at.always is not None:
                yield f"{pad}always"
                yield from _lines(at.always, depth + 1)
        case il.Held():
            yield f"{pad}{'await ' if at.awaited else ''}hold {at.kind} {', '.join(value(s) for s in at.subjects)}"
            for subject in at.subjects:
                yield from _inside(subject, depth)
            yield from _lines(at.body, depth + 1)
        case il.Exit():
            words = [at.kind, at.label, value(at.value) if at.value is not None else ""]
            yield pad + " ".join(w for w in words if w)
            if at.value is not None:
                yield from _inside(at.value, depth)
        case il.Yield():
            yield f"{pad}yield {value(at.value)}"
            yield from _inside(at.value, depth)
        case il.Label():
            yield f"{pad}label {at.name}"
        case il.Define():
            yield from _unit(at.unit, depth)
        case il.Opaque():
            yield f"{pad}{value(at)}"


def _branch(at: il.Branch, depth: int) -> Iterator[str]:
    """A branch with those that are all of its other way, which are one chain and add no depth."""
    pad, word = "  " * depth, "if"
    following: il.Branch | None = at
    while following is not None:
        yield f"{pad}{word} {value(following.condition)}"
        yield from _inside(following.condition, depth)
        yield from _lines(following.then, depth + 1)
        word, otherwise, following = "else if", following.otherwise, None
        if otherwise is not None:
            only = otherwise.statements[0] if len(otherwise.statements) == 1 else None
            following = only if isinstance(only, il.Branch) and only.span == otherwise.span else None
        if otherwise is not None and following is None:
            yield f"{pad}else"
            yield from _lines(otherwise, depth + 1)


def _loop(at: il.Loop) -> str:
    words = [f"{'await ' if at.awaited else ''}loop {at.kind}"]
    if at.first:
        words.append(f"first {', '.join(map(value, at.first))}")
    words.append(value(at.condition) if at.condition is not None else "forever")
    if at.step:
        words.append(f"step {', '.join(map(value, at.step))}")
    return "; ".join([" ".join(words[:1] + words[1:2]), *words[2:]])


def _inside(at: il.Value, depth: int) -> Iterator[str]:
    """The functions in a value that are more than one expression, each under its number in the statement."""
    for found in _long(at):
        yield from _unit(found.unit, depth + 2)


def _long(at: il.Value) -> Iterator[il.Lambda]:
    waiting: list[il.Node] = [at]
    while waiting:
        node = waiting.pop()
        if isinstance(node, il.Lambda) and _short(node) is None:
            yield node
        elif not isinstance(node, il.Lambda):
            waiting += reversed(list(il.children(node)))


def _short(at: il.Lambda) -> il.Value | None:
    """The one expression of a function that is nothing else."""
    statements = at.unit.body.statements
    only = statements[0] if len(statements) == 1 else None
    if (
        isinstance(only, il.Exit)
        and only.kind == "return"
        and only.value is not None
        and only.span == at.unit.body.span
    ):
        return None if any(_long(only.value)) else only.value
    return None


def value(at: il.Value) -> str:
    """A value on one line."""
    made: dict[int, str] = {}
    for node in reversed(list(_values(at))):
        made[id(node)] = _value(node, made)
    return made[id(at)]


def _values(at: il.Value) -> Iterator[il.Node]:
    waiting: list[il.Node] = [at]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, il.Lambda):
            short = _short(node)
            waiting += [short] if short is not None else []
        else:
            waiting += il.children(node)


def _value(node: il.Node, made: dict[int, str]) -> str:  # noqa: PLR0911, PLR0912  one return a form
    def of(part: il.Node) -> str:
        return made[id(part)]

    def listed(parts: tuple[il.Argument, ...]) -> str:
        return ", ".join(map(of, parts))

    match node:
        case il.Constant():
            return dumps(node.text, ensure_ascii=False) if node.kind == "string" else _constant(node)
        case il.Name():
            return _SIGNS.get(node.binding, "{}").format(node.text)
        case il.Self():
            return "base" if node.base else "this"
        case il.Matched():
            return "it"
        case il.Access():
            return f"{of(node.of)}{'?' * node.conditional}.{node.name}"
        case il.Element():
            return f"{of(node.of)}{'?' * node.conditional}[{listed(node.arguments)}]"
        case il.Argument():
            name = f"{node.name}{' = ' if node.mode == 'member' else ': '}" if node.name else ""
            mode = f"{node.mode} " if node.mode in ("reference", "result", "spread", "copy") else ""
            return f"{name}{mode}{of(node.value)}"
        case il.Call():
            types = f"<{', '.join(node.types)}>" if node.types else ""
            return f"{of(node.function)}{types}({listed(node.arguments)})"
        case il.Create():
            members = f" {{{listed(node.members)}}}" if node.members else ""
            return f"new {node.type}({listed(node.arguments)}){members}"
        case il.Lambda():
            given = ", ".join(p.name.text for p in node.unit.parameters)
            short = _short(node)
            return f"{'async ' * node.unit.asynchronous}({given}) => {of(short) if short is not None else '...'}"
        case il.Assign():
            declared = f"{node.declares} " if node.declares else ""
            return f"{declared}{of(node.target)} {node.operator} {of(node.value)}"
        case il.Await():
            return f"await {of(node.value)}"
        case il.Raise():
            return f"throw {of(node.value)}" if node.value is not None else "throw"
        case il.Operation():
            return f"({node.operator} {' '.join(map(of, node.operands))})" if node.operands else f"({node.operator})"
        case il.Opaque():
            return f"some({', '.join(node.names)})"
        case _:
            return type(node).__name__


def _constant(node: il.Constant) -> str:
    return f"name {node.text}" if node.kind == "name" else f"type {node.text}" if node.kind == "type" else node.text
