"""Expressions from an answer: the one in the function that is their like, and the links of a chain of calls."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxreview.guard.placing.edits import beside, fitted, lines_of, put, replacing
from ctxreview.guard.placing.refusals import Instead, UnplacedError, several
from ctxreview.guard.placing.snippets import LIKE, alike, as_statements, words
from ctxreview.languages import language_of
from ctxreview.model.review import Context, Edit
from ctxreview.model.source import Source, Span
from ctxreview.outline.statement_lists import expressions

_CLEARLY = 0.1
"""How much more alike the best one has to be than the next."""


def _is_expression(body: Sequence[str], source: Source) -> bool:
    """Whether lines are an expression, or the arguments of a call."""
    word = re.match(r"\s*(\w*)", "\n".join(body))
    if word is not None and word[1] in language_of(source.path).words.uncalled:  # `if (late)` parses as a call
        return False
    return any(not as_statements([call, *body, ");"], source).parse.errors for call in ("_ = (", "_("))


def expression(body: Sequence[str], function: Span, context: Context) -> Edit:
    """A bare expression: it replaces the selected one, or the one in the selected statements that it is a version of.

    Raises :class:`UnplacedError` where there is none, or another one that is as much alike.
    """
    source, span = context.selection.source, context.selection.span
    code = [line for line in body if line.strip()]
    own = words("\n".join(code))
    if not _is_expression(code, source):
        raise UnplacedError("It cannot be read as code: it is cut or incomplete.", Instead.METHOD)
    if "".join(beside(span, source)).strip() and source.text(span).strip():
        chosen = source.text(span)
        if alike(words(chosen), own) < LIKE:
            raise UnplacedError("It is an expression, and it is not like the one that is selected.", Instead.REPLACE)
        start = span.start + len(chosen.encode()) - len(chosen.lstrip().encode())
        return _in_line(code, Span(start, start + len(chosen.strip().encode())), source)
    found = sorted(
        ((alike(words(source.text(e)), own), e.size, e) for e in expressions(source, function) if e.overlaps(span)),
        key=lambda f: (-f[0], -f[1]),
    )
    if not found or found[0][0] < LIKE:
        raise UnplacedError("It is an expression, and it is not like one in what is selected.", Instead.REPLACE)
    best = found[0][2]
    rivals = [e for score, _, e in found[1:] if score > found[0][0] - _CLEARLY and not e.overlaps(best)]
    if rivals:
        raise UnplacedError(
            f"It is an expression, and it could stand in {several(source.line_of(e.start) for e in sorted([best, *rivals]))}.",
            Instead.LINES,
        )
    return _in_line(code, best, source)


def links(body: Sequence[str], function: Span, context: Context) -> Edit:
    """A chain of calls that begins in its middle: it replaces the links from its first to its last one.

    Raises :class:`UnplacedError` where the function has no such links, or has them twice.
    """
    source = context.selection.source
    first, last = source.lines_of(function)
    chosen = range(context.selection.lines[0], context.selection.lines[1] + 1)
    given = _linked([line.rstrip() for line in body if line.strip()])
    if not given:
        raise UnplacedError("It has dots and no code.", Instead.STATEMENTS)
    if sum(text.count("\n") + 1 for _, text in given) < sum(bool(line.strip()) for line in body):
        raise UnplacedError("It is a chain of calls that begins in its middle, and code after it.", Instead.STATEMENTS)
    found: list[tuple[float, int, int]] = []
    runs: list[list[tuple[int, int]]] = [[]]
    there = lines_of(source, first, last)
    for start, text in _linked(there):
        size = text.count("\n") + 1
        if runs[-1] and sum(runs[-1][-1]) != start:
            runs.append([])
        runs[-1].append((start, size))
    own = words("\n".join(text for _, text in given))
    heads = [words(text) for _, text in (given[0], given[-1])]
    for run in runs:
        texts = ["\n".join(there[n : n + size]) for n, size in run]
        for a in range(len(run)):
            for b in range(a, len(run)):
                near = [alike(h, words(t)) for h, t in zip(heads, (texts[a], texts[b]), strict=True)]
                if max(near) >= LIKE:
                    replaced = words("\n".join(texts[a : b + 1]))
                    gone, come = (replaced - own).total(), (own - replaced).total()
                    held = any(first + n in chosen for n, _ in run[a : b + 1])
                    found.append(
                        (
                            gone + come + 2 * (2 - sum(near)) + (0 if held else 3),
                            first + run[a][0],
                            first + sum(run[b]) - 1,
                        )
                    )
    found.sort()
    if not found:
        raise UnplacedError(
            "It is a chain of calls that begins in its middle, and no chain in the function is like it.",
            Instead.STATEMENTS,
        )
    if len(found) > 1 and found[1][0] < found[0][0] + 1:
        raise UnplacedError(
            f"It is a chain of calls that could stand at lines {found[0][1]} and {found[1][1]}.", Instead.LINES
        )
    _, start, end = found[0]
    old = lines_of(source, start, end)
    new = fitted([line for line in body if line.strip()], old, source)
    # What ends the statement stays where it is, or comes to where the last link is now.
    ends = old[-1].rstrip().endswith(";")
    new[-1] = new[-1].rstrip().removesuffix(";") + (";" if ends else "")
    return replacing(source, start, end, new)


def _linked(lines: Sequence[str]) -> list[tuple[int, str]]:
    """The links of chains that begin on a line of their own: the line from 0, and the text with the deeper lines after it."""
    found: list[tuple[int, str]] = []
    for n, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith(".") and not line.lstrip().startswith(".."):
            found.append((n, line))
        elif found and sum((found[-1][0], found[-1][1].count("\n") + 1)) == n and line.strip():
            above = found[-1][1].split("\n", 1)[0]
            deeper = indent > len(above) - len(above.lstrip()) or line.lstrip()[0] in ")}]"
            if deeper and not found[-1][1].rstrip().endswith(";"):
                found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
    return found


def _in_line(code: Sequence[str], place: Span, source: Source) -> Edit:
    """The expression in the place of another one, with what is around that on its lines."""
    old = lines_of(source, *source.lines_of(place))
    indent = old[0][: len(old[0]) - len(old[0].lstrip())]
    further = fitted(code[1:], old[1:] or [f"{indent}    x"], source) if code[1:] else []
    return put(source, place, "\n".join((code[0].strip(), *further)))
