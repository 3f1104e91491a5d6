"""Code lines on both sides of a scope's boundary, and those that an edit moved across it as they were."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ctxreview.behaviour.boundary import detached, ended, mention, without_comments
from ctxreview.behaviour.places import member_of
from ctxreview.behaviour.same import Same
from ctxreview.kept import kept
from ctxreview.languages import Language
from ctxreview.languages.behaviour import behaviour_of
from ctxreview.languages.words import any_of
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span


def moved_lines(
    old: Region, new: Region, before: Outline, after: Outline, *, past: bool = False
) -> tuple[list[str], list[str]]:
    """Code lines of the member that left the scope, and those that came into it; with ``past``, what is past a transaction's end is outside."""
    was, now = sides(old, before, past=past), sides(new, after, past=past)
    out = [line for line in was.inside - now.inside if now.outside(line) > was.outside(line)]
    into = [line for line in now.inside - was.inside if was.outside(line) > now.outside(line)]
    return out, sorted(into, key=was.first_outside)


class Sides(NamedTuple):
    """The code lines of a scope's member, without layout and comments.

    ``inside`` are those in the scope, ``every`` all of the member's with their numbers (1-based), and ``apart`` those that are
    no line outside: the ones inside, and those that open and end the scope.
    """

    inside: Counter[str]
    every: Mapping[str, Sequence[int]]
    apart: Mapping[str, Sequence[int]]

    def outside(self, line: str) -> int:
        """How often a line is outside of the scope."""
        return len(self.every.get(line, ())) - len(self.apart.get(line, ()))

    def first_outside(self, line: str) -> int:
        """The number of the first one outside."""
        apart = frozenset(self.apart.get(line, ()))
        return next((n for n in self.every.get(line, ()) if n not in apart), 0)


def sides(scope: Region, outline: Outline, *, past: bool = False) -> Sides:
    """The code lines of the scope's member, by the sides of the scope they are on."""
    source = outline.source
    member = member_of(outline, scope.opening)
    codes, every = _codes(Same(outline), member.span if member is not None else scope.span)
    ends = [scope.opening, *([scope.closing] if scope.form == "acquire-release" else [])]
    if scope.form == "attribute" and member is not None:
        ends.append(Span(member.span.start, member.opening.end))  # what is held begins with the body
    inside: Counter[str] = Counter()
    apart: dict[str, list[int]] = {}
    spans = (*detached(scope, outline), *(ended(scope) if past else ()))
    near = sorted(
        {n for span in (scope.span, *ends) for n in range(source.lines_of(span)[0], source.lines_of(span)[1] + 1)}
    )
    for number in near:
        if number not in codes:
            continue
        code, at = codes[number]
        line = source.line_span(number)
        if any(e.overlaps(line) for e in ends):
            apart.setdefault(code, []).append(number)
        elif scope.span.contains(at) and not any(s.contains(at) for s in spans):
            inside[code] += 1
            apart.setdefault(code, []).append(number)
    return Sides(inside, every, apart)


@kept(64)
def _codes(same: Same, member: Span) -> tuple[Mapping[int, tuple[str, Span]], Mapping[str, Sequence[int]]]:
    """The lines of a member that have a word, by number with the place of the first byte of code, and their numbers by text."""
    source = same.outline.source
    first, last = source.lines_of(member)
    codes: dict[int, tuple[str, Span]] = {}
    every: dict[str, list[int]] = {}
    for number in range(first, last + 1):
        line = source.line_span(number)
        code = without_comments(same.outline, line)
        if re.search(r"[^\W_]", code):
            start = line.start + len(code.encode()) - len(code.lstrip().encode())
            codes[number] = " ".join(code.split()), Span(start, start + 1)
            every.setdefault(codes[number][0], []).append(number)
    return codes, every


def does_anything(line: str, state: tuple[str, ...], language: Language) -> bool:
    """Whether a moved line does anything that another thread or session could see: a call, a write, a use of state."""
    words = language.words
    if behaviour_of(language).pattern("logs").match(line):
        return False
    code = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    code = re.sub(rf"\b{any_of(words.creating)}\b\s*[\w.<>, ?]*", "", code)
    if words.awaiting.intersection(re.findall(r"\w+", code)):
        return True
    code = re.sub(rf"\b{any_of(words.uncalled)}\s*(?=\()", "", code)
    calls_or_writes = r"[\w>]\s*\(|[.\])]\s*\w*\s*([-+*/|&^%]|\?\?)?=[^=>]|\.\w+\s*(\+\+|--)"
    return bool(re.search(calls_or_writes, code)) or any(re.search(mention(n), code) for n in state)
