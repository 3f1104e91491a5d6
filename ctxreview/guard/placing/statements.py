"""Statements and expressions from an answer: where their like stands in the function, or else where was selected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ctxreview.guard.placing.edits import fitted, lines_of, places_of, replacing
from ctxreview.guard.placing.elisions import UnplacedError, code_only, filled, is_telling, leaves_out, squeezed
from ctxreview.guard.placing.snippets import COMMENT_LINE, listed, parsed
from ctxreview.model.review import Context, Edit
from ctxreview.model.source import Source, Span
from ctxreview.outline import statements as statements_in

_ASSIGNS = re.compile(
    r"(?P<head>\s*(?:return|(?:[\w.<>\[\],?\s()]+?\s)?[\w.\[\]]+\s*(?:\?\?|[-+*/|&^%])?=(?![=>]))\s*)(?P<value>.*?)(?P<end>\s*;\s*)",
    re.S,
)
_LIKE = 0.6
"""Statements that share this much of their words are taken for the same one, changed."""
_MOST_COMPARED = 200_000
"""Pairs of statements that are held against each other."""
_CLEARLY = 0.15
"""How much more alike the best one has to be than the next."""


class _Statement(NamedTuple):
    """A statement of the reviewed function, or of a fragment: its lines and its words."""

    first: int
    last: int
    text: str
    span: Span


def statements(body: Sequence[str], plain: Sequence[str], context: Context) -> tuple[Edit, ...]:
    """The edits of a fragment that declares nothing; ``plain`` is it without elisions.

    Raises :class:`UnplacedError` when it has no certain place.
    """
    source = context.selection.source
    first, last = context.selection.lines
    function = next((f for f in context.functions if f.kind != "lambda"), None)
    if function is None:
        return (_selected(body, source, first, last),)
    region = source.lines_of(function.span)
    lines = lines_of(source, *region)
    if leaves_out(body, lines):
        return (_filled_in(body, context),)
    as_body = parsed(plain, source, "class __Fragment { void __M() {", "}}")
    given = _of(as_body.source, as_body.functions[0].span if as_body.functions else Span(0, 0), outermost=True)
    if _is_expression(plain):
        return (_expression(body, context),)
    if not given or as_body.parse.errors:
        # No whole statements: it has a place where its first and last line stand.
        return (_filled_in(body, context),)
    if re.match(r"\s*\{", "\n".join(plain)) and len(given) == 1:
        return (_selected(body, source, *_block(body, region, source)),)
    there = _of(source, function.span, outermost=False)
    if len(given) * len(there) > _MOST_COMPARED:
        raise UnplacedError(
            f"It has {len(given):,} statements and the function {len(there):,}, which are too many to hold each against each."
        )
    place = _place(given, there, region, context)
    _check_clauses(given[-1], [o for o in there if place[0] <= o.first and o.last == place[1]])
    place = _with_comments(body, *place, source)
    _check_copies(body, lines_of(source, *place), lines)
    return (_selected(body, source, *place),)


def _check_clauses(given: _Statement, there: Sequence[_Statement]) -> None:
    """Raises when the last statement of a fragment is shown without the ``else`` or ``finally`` that it has."""
    if given.text.startswith("try") and not _clauses(given.text):
        raise UnplacedError("It shows a `try` without its catch or finally, so it is cut or incomplete.")
    own = max(there, key=lambda o: o.span.size, default=None)
    word = re.match(r"(?:if|try)\b", given.text)
    if own is None or word is None or not own.text.startswith(word[0]):
        return
    lost = Counter(_clauses(own.text)) - Counter(_clauses(given.text))
    if lost:
        raise UnplacedError(f"It shows the `{word[0]}` of line {own.first} without its {listed(list(lost))}.")


def _clauses(text: str) -> list[str]:
    """The clauses after a statement's first block, at its own depth."""
    found, depth = [], 0
    for token in re.findall(r"[{}]|\b(?:else|catch|finally)\b", code_only(text)):
        depth += (token == "{") - (token == "}")
        if depth == 0 and token not in "{}":
            found.append(token)
    return found


def _check_copies(body: Sequence[str], old: Sequence[str], lines: Sequence[str], new: Sequence[str] = ()) -> None:
    """Raises when a line of the fragment stands elsewhere in the function: it would stand there twice.

    ``old`` is replaced, of all ``lines`` of the function, by the fragment itself or else by ``new``.
    """
    count = Counter(squeezed(line) for line in lines)
    own, given = Counter(map(squeezed, old)), Counter(map(squeezed, new or body))
    for line in dict.fromkeys(map(squeezed, body)):
        copied = given[line] > own[line] and count[line] > (0 if new else own[line])
        if copied and len(re.findall(r"\w+", line)) > 1 and not re.match(r"return\b|throw\b|break\b|continue\b", line):
            raise UnplacedError(
                f"A line in it stands elsewhere in the function already, and would stand there twice: `{line}`."
            )


def _with_comments(body: Sequence[str], first: int, last: int, source: Source) -> tuple[int, int]:
    """The lines ``first`` to ``last`` with the comments around them that the fragment shows too."""
    solid = [squeezed(line) for line in body if line.strip()]
    lead = next((i for i, line in enumerate(solid) if not COMMENT_LINE.match(line)), 0)
    trail = next((i for i, line in enumerate(reversed(solid)) if not COMMENT_LINE.match(line)), 0)
    above = next((p for p in places_of(solid[:lead], source, 1, first - 1) if _adjoins(p[1], first, source)), None)
    below = (
        next((p for p in places_of(solid[-trail:], source, last + 1) if _adjoins(last, p[0], source)), None)
        if trail
        else None
    )
    return above[0] if above and lead else first, below[1] if below else last


def _adjoins(upper: int, lower: int, source: Source) -> bool:
    return all(not source.line(n).strip() for n in range(upper + 1, lower))


def _filled_in(body: Sequence[str], context: Context) -> Edit:
    """Statements with elisions: the one function around the selection in which they have a place."""
    source = context.selection.source
    failed: UnplacedError | None = None
    for function in context.functions:
        if function.kind == "lambda":
            continue
        region = source.lines_of(function.span)
        lines = lines_of(source, *region)
        try:
            new = filled(_deeper(body, lines, source), lines, open_ends=True)
        except UnplacedError as why:
            failed = failed or why
            continue
        _check_copies(body, lines, lines, new)
        return replacing(source, *region, new)
    raise failed or UnplacedError('It leaves code out ("..."), and there is no function that it could be from.')


def _deeper(body: Sequence[str], lines: Sequence[str], source: Source) -> list[str]:
    """Statements at the depth of the lines that they share with a function, or else of its body."""
    known = {squeezed(x): x for x in lines if is_telling(x)}
    shared = next((x for x in body if squeezed(x) in known), None)
    at = next((i for i, x in enumerate(body) if x.strip()), 0)
    like = [known[squeezed(shared)]] if shared is not None else lines[2:3]
    anchor = [*like, *lines]
    return fitted([*body[at:]], anchor if shared == body[at] or shared is None else lines, source)


def _is_expression(plain: Sequence[str]) -> bool:
    code = code_only("\n".join(plain)).rstrip()
    return bool(code) and not code.endswith((";", "}", "{", ","))


def _of(source: Source, within: Span, outermost: bool) -> list[_Statement]:
    spans = [s for s in statements_in(source, within) if within.contains(s) and s != within]
    if outermost:
        ordered = sorted(spans, key=lambda s: (s.start, -s.end))
        outer, end = set(), -1
        for span in ordered:  # one lies in another, or is apart from it
            if span.end > end:
                outer.add(span)
                end = span.end
        spans = [s for s in spans if s in outer]
    return [_Statement(*source.lines_of(s), source.text(s), s) for s in spans]


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", code_only(text)))


def _alike(a: str, b: str) -> float:
    """How much two statements have in common: 1 where they differ in layout only."""
    if "".join(a.split()) == "".join(b.split()):
        return 1.0
    first, second = _words(a), _words(b)
    shared = sum((first & second).values())
    alike = 2 * shared / max(1, sum(first.values()) + sum(second.values()))
    declared = re.match(r"\s*(?:using\s+)?(?:var|[\w.<>?\[\],]+)\s+(\w+)\s*=(?!=)", a)
    if declared and re.match(rf"\s*(?:using\s+)?(?:var|[\w.<>?\[\],]+)\s+{declared[1]}\s*=(?!=)", b):
        alike = max(alike, 0.9)
    return min(alike, 0.99)


def _counterpart(given: _Statement, there: Sequence[_Statement], chosen: Span) -> tuple[_Statement, float] | None:
    """The statement that ``given`` is a version of, if there is clearly one."""
    scored = sorted(((_alike(given.text, o.text), o) for o in there), key=lambda p: -p[0])
    scored = [p for p in scored if p[0] >= _LIKE]
    if not scored:
        return None
    best = scored[0][0]
    close = [o for score, o in scored if score > best - _CLEARLY and (score == 1.0 or best < 1.0)]
    # An outer statement that holds little else is as alike as the inner one.
    inner = [o for o in close if not any(p != o and o.span.contains(p.span) for p in close)]
    within = [o for o in inner if o.span.overlaps(chosen)]
    if len(inner) == 1:
        return inner[0], best
    if len(within) == 1:
        return within[0], best
    raise UnplacedError(
        f"It could stand in {len(inner)} places: lines {', '.join(str(o.first) for o in sorted(inner)[:5])}."
    )


def _place(
    given: Sequence[_Statement], there: Sequence[_Statement], region: tuple[int, int], context: Context
) -> tuple[int, int]:
    """The lines that some statements replace."""
    chosen = context.selection.span
    first, last = context.selection.lines
    picked = [o for o in there if o.span.overlaps(chosen)]
    picked = [o for o in picked if first <= o.first and o.last <= last]
    whole = bool(picked) and first > region[0] and last < region[1]
    head, tail = _counterpart(given[0], there, chosen), _counterpart(given[-1], there, chosen)
    others = [_counterpart(g, there, chosen) for g in given[1:-1]]
    found = [c for c in (head, *others, tail) if c is not None]
    if head is not None and tail is not None:
        a, b = head[0], tail[0]
        siblings = _siblings(a, there)
        if b not in siblings or b.first < a.first:
            raise UnplacedError(
                f"Its first and last statement stand at lines {a.first} and {b.first}, which is no stretch of statements."
            )
        stretch = [s for s in siblings if a.first <= s.first <= b.first]
        lost = [s for s in stretch if s not in [c for c, _ in found] and not (first <= s.first and s.last <= last)]
        if lost and len(lost) > len(given) - len(found):
            raise UnplacedError(f"It leaves out line {lost[0].first} between what it shows, without saying so.")
        return a.first, b.last
    outside = [c for c, score in found if score == 1.0 and not (first <= c.first and c.last <= last)]
    if outside:
        raise UnplacedError(
            f"Line {outside[0].first}, which is not selected, stands in it, and the rest of it has no certain place."
        )
    touched = [c for c, _ in found]
    if not whole and not (picked or touched):
        if first == last and context.selection.source.line(first).strip() and region[0] < first < region[1]:
            held = [o for o in there if o.first <= first and last <= o.last]
            raise UnplacedError(
                f"Only a part of the statement of lines {held[-1].first}-{held[-1].last} is selected, and nothing like it is in the function."
                if held
                else "Nothing like it is in the function, and no statement is selected."
            )
        raise UnplacedError("Nothing like it is in the function, and no statement is selected.")
    if whole and all(first <= c.first and c.last <= last for c in touched):
        return min(o.first for o in picked), max(o.last for o in picked)
    raise UnplacedError("Only a part of it has a place in the function.")


def _siblings(one: _Statement, there: Sequence[_Statement]) -> list[_Statement]:
    """The statements in the same block."""

    def block(s: _Statement) -> Span | None:
        around = [o.span for o in there if o.span != s.span and o.span.contains(s.span)]
        return min(around, key=lambda o: o.size, default=None)

    own = block(one)
    return [s for s in there if block(s) == own]


def _block(body: Sequence[str], region: tuple[int, int], source: Source) -> tuple[int, int]:
    """The lines of the block that a block without its head is a version of."""
    given = "\n".join(body)
    scored = []
    for first in range(region[0], region[1]):
        line = source.line(first)
        if line.strip() == "{":
            last = next(
                (
                    n
                    for n in range(first + 1, region[1] + 1)
                    if source.line(n).startswith(line.rstrip().replace("{", "}"))
                ),
                region[1],
            )
            scored.append((_alike("\n".join(lines_of(source, first, last)), given), first, last))
    scored.sort(reverse=True)
    if not scored or scored[0][0] < _LIKE or any(s[0] > scored[0][0] - _CLEARLY for s in scored[1:]):
        raise UnplacedError("It is a block without its head, and which block it replaces is not certain.")
    return scored[0][1:]


def _selected(body: Sequence[str], source: Source, first: int, last: int) -> Edit:
    old = lines_of(source, first, last)
    solid = [i for i, line in enumerate(body) if line.strip()]
    return replacing(source, first, last, fitted(body[solid[0] : solid[-1] + 1], old, source))


def _expression(body: Sequence[str], context: Context) -> Edit:
    """A bare expression: it replaces the selected one, or the value of the selected statement."""
    source = context.selection.source
    span = context.selection.span
    first, last = context.selection.lines
    code = "\n".join(x for x in body if x.strip())
    lines = source.line_span(first, last)
    chosen = source.text(span).strip()
    before, after = source.text(Span(lines.start, span.start)), source.text(Span(span.end, lines.end))
    if (before.strip() or after.strip()) and chosen:
        if _alike(chosen, code) < _LIKE:
            raise UnplacedError("It is an expression, and it is not like the one that is selected.")
        start = source.text(span)
        kept = before + start[: len(start) - len(start.lstrip())]
        return _in_line(kept, code, start[len(start.rstrip()) :] + after, source, first, last)
    function = next((f for f in context.functions if f.kind != "lambda"), None)
    there = _of(source, function.span, outermost=False) if function is not None else []
    held = [o for o in there if o.span.overlaps(span)]
    inner = [o for o in held if not any(p != o and o.span.contains(p.span) for p in held)]
    if len(inner) != 1 or (parts := _ASSIGNS.fullmatch(inner[0].text)) is None:
        raise UnplacedError("It is an expression, and what it is the value of is not certain.")
    if _alike(parts["value"], code) < _LIKE:
        raise UnplacedError("It is an expression, and it is not like the value of the selected statement.")
    one = inner[0]
    lines = source.line_span(one.first, one.last)
    before, after = source.text(Span(lines.start, one.span.start)), source.text(Span(one.span.end, lines.end))
    return _in_line(before + parts["head"], code, parts["end"] + after, source, one.first, one.last)


def _in_line(before: str, code: str, after: str, source: Source, first: int, last: int) -> Edit:
    old = lines_of(source, first, last)
    start, *rest = code.splitlines()
    indent = before[: len(before) - len(before.lstrip())]
    further = fitted(rest, old[1:] or [f"{indent}    x"], source) if rest else []
    lines = (before + "\n".join((start, *further)) + after).split("\n")
    return replacing(source, first, last, lines)
