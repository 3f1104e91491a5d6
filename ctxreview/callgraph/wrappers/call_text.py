"""Calls and declarations as the text of a function shows them: cheap to tell, so that only what may open a scope is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from functools import cache
from typing import NamedTuple

from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.wrappers.known_names import known_calls, may_open
from ctxreview.languages import load
from ctxreview.languages.lists import repository_lists
from ctxreview.languages.words import Words, any_of
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.regex import regex

MAX_BODY = 3000
"""Bytes from the start of a wrapper's body within which it opens something: they are short."""

_CALLED = regex(r"\b(\w+)\s*(?:<[^<>()]{0,200}>)?\s*\(")
_BEFORE = regex(r"(\w+)\s*(?:<[^<>()]*>)?\s*\Z")
_CALLEE = r"(?:[\w.!?]+\.)?(\w+)\s*(?:<[^<>()]{0,200}>)?\s*\("
HANDED = regex(r"[(,]\s*(?:\w+\s*:(?!:))?\s*(?:\w+\s*\.\s*){0,8}(\w+)\s*(?=[,)])")
_TYPE_BEFORE = regex(rb"[\w>\]?]\s+\Z|\w\.\Z")
_ROUND = regex(rb"[()]")


class _Forms(NamedTuple):
    """How a language writes a header that holds what it opens, the marks of functions in calls, and what is kept, ended and returned."""

    header: re.Pattern[str]
    marks: re.Pattern[str]
    kept: re.Pattern[str]
    ended: re.Pattern[str]
    returned: re.Pattern[str]


@cache
def _forms(language: str) -> _Forms:
    lists, about = repository_lists(language), load(language)
    subject, waited = any_of(about.syntax.subject_words), about.words.waited_for
    ended = rf"(?<![\w.])(\w+)\s*[!?]?\.\s*{lists.text('ends')}\s*\(|\b{subject}\s*\(\s*(\w+)\s*\)"
    return _Forms(
        header=re.compile(rf"\b{subject}\b([^;{{}}]*)"),
        marks=re.compile(rf"[()]|=>|{lists.text('nameless')}"),
        kept=re.compile(rf"(?<![\w.])(\w+)\s*=\s*{waited}{_CALLEE}(?=[^;]{{0,400}};)"),
        ended=re.compile(ended),
        returned=re.compile(rf"(?:\b{any_of(about.words.returning)}|=>)\s*{waited}{_CALLEE}"),
    )


def returned_calls(text: str, language: str) -> list[str]:
    """The names of calls whose value is returned."""
    return _forms(language).returned.findall(text)


def possible_wrappers(
    outline: Outline, span: Span, repository: Repository, groups: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """The names of calls that may be wrappers': in a ``using``, with a delegate, or for a result that is ended later."""

    def made() -> tuple[str, ...]:
        methods = groups | outline.methods if groups else outline.methods  # a large file is asked thousands of times
        return possible_calls(outline.source.text(span), methods, outline.language)

    key = ("candidates", outline.source.path, str(span.start), str(span.end), *sorted(groups))
    return repository.memo(key, made)


def possible_calls(text: str, methods: Set[str], language: str) -> tuple[str, ...]:
    """:func:`possible_wrappers` of a text alone; ``methods`` may be handed to one by their names."""
    known, forms, words = known_calls(language), _forms(language), load(language).words
    names = [n for header in forms.header.findall(text) for n in _CALLED.findall(header)]
    names += _calls_given_delegates(text, methods, forms)
    ended = {a or b for a, b in forms.ended.findall(text)}
    names += [called for variable, called in forms.kept.findall(text) if variable in ended]

    def may(name: str) -> bool:
        return known.isdisjoint((name, words.untwinned(name))) or may_open(language, name)

    return tuple(filter(may, dict.fromkeys(names)))


def _calls_given_delegates(text: str, methods: Set[str], forms: _Forms) -> Iterator[str]:
    """The names of calls that have a lambda between their parentheses, or one of ``methods`` for an argument."""
    open_: list[int] = []
    for mark in forms.marks.finditer(text):
        if mark[0] == "(":
            open_.append(mark.start())
        elif mark[0] == ")":
            del open_[-1:]
        elif open_:
            yield from name_before(text, open_[-1])
    for hit in HANDED.finditer(text) if methods else ():
        if hit[1] in methods and (opening := opening_before(text, hit.start())) is not None:
            yield from name_before(text, opening)


def calls_given(text: str, values: frozenset[str]) -> Iterator[str]:
    """The names of calls in a body that are given one of some variables."""
    start = text[:MAX_BODY]
    for hit in HANDED.finditer(start):
        if hit[1] in values and (opening := opening_before(start, hit.start())) is not None:
            yield from name_before(start, opening)


def name_before(text: str, opening: int) -> Iterator[str]:
    """The name of the call whose parenthesis opens there."""
    if called := _BEFORE.search(text[max(0, opening - 200) : opening]):
        yield called[1]


def opening_before(text: str, at: int) -> int | None:
    """The parenthesis that holds the argument that begins after ``at``."""
    depth = 0
    for place in range(at, max(-1, at - MAX_BODY), -1):
        if text[place] == ")":
            depth += 1
        elif text[place] == "(":
            if depth == 0:
                return place
            depth -= 1
    return None


def is_declaration(data: bytes, at: int, parameters: int, words: Words) -> bool:
    """Whether the name at ``at`` follows a type and has a body after its ``parameters``, and is not what a call is after."""
    before = data[max(0, at - 80) : at]
    if _TYPE_BEFORE.search(before) is None or words.no_type_before.search(before) is not None:
        return False
    depth = 1
    for mark in _ROUND.finditer(data, parameters, parameters + 1000):
        depth += 1 if mark[0] == b"(" else -1
        if not depth:
            return words.body_after.match(data, mark.end()) is not None
    return False


def is_plain(there: Outline, function: Function, delegates: frozenset[str]) -> bool:
    """Whether a body only runs what it is given, or has nothing to call: what it does is all seen then."""
    body = there.source.text(Span(function.opening.end, function.span.end))
    lists = repository_lists(there.language)
    if lists.pattern("does_more").search(body) or not body.strip(" \t\r\n;"):
        return False
    tells, plain = lists.pattern("tells_only"), delegates | lists.of("plain_words")
    return all(n in plain or tells.match(n) for n in _CALLED.findall(body))
