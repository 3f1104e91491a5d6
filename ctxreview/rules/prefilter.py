"""Which rules can find anything in a text, told from its words: most files need not even be parsed.

A rule with ``check`` declares ``NEEDS``: of its entries at least one is in every file in which it finds something. An
entry is an identifier; a compiled pattern of a whole identifier, without flags; :data:`LOCK` or :data:`TRANSACTION` for all that the catalogue
and the project know to take one, or that looks like it; :data:`CONFLICT` for a caught exception that the catalogue marks; or
:class:`Text`. What is in comments and texts counts too: more is examined than has to be, and never less.

A rule that looks at other members of the file than those in which its words stand says ``BEYOND``: :data:`ALWAYS`,
:data:`LOCKS` where it does so only when a lock is taken, or :data:`TRANSACTIONS` where several members open a transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import NamedTuple

from ctxreview.languages import Construct, load, with_wrappers
from ctxreview.languages.words import any_of
from ctxreview.model.kinds import RegionKind
from ctxreview.model.regions import Wrappers
from ctxreview.model.source import Span
from ctxreview.outline.symbols.names import places
from ctxreview.regex import regex

LOCK = "a lock"
TRANSACTION = "a transaction"
CONFLICT = "a conflict"
_KINDS: dict[str, RegionKind] = {LOCK: "lock", TRANSACTION: "transaction"}

ALWAYS, LOCKS, TRANSACTIONS = "always", "where a lock is taken", "where several members open a transaction"

MAX_WORDS = 200_000
"""Identifiers that are remembered at most."""

_PART = frozenset((*b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", *range(0x80, 0x100)))
_APART = bytes(byte if byte in _PART else 0x20 for byte in range(0x100))


class Text(NamedTuple):
    """What ``pattern`` finds in a file in which ``word`` matches a whole identifier."""

    word: re.Pattern[bytes]
    pattern: re.Pattern[bytes]


Trigger = str | re.Pattern[bytes] | Text

_SQL_BEGINS = Text(regex(rb"(?i:TRAN(?:SACTION)?)"), regex(rb"(?i:(?:BEGIN|START)\s+TRAN)"))
"""A transaction that SQL text opens."""


class Words:
    """What the identifiers of files say: of each, the rules that it is enough for, and those it is a reason to look on for.

    Rules are the bits of an integer. An identifier is examined once, however many files have it.
    """

    def __init__(self, rules: tuple[ModuleType, ...], language: str, wrappers: Wrappers) -> None:
        self._exact: dict[bytes, int] = {}
        self._patterns: dict[re.Pattern[bytes], int] = {}
        self._texts: dict[Text, int] = {}
        for n, rule in enumerate(rules):
            for need in _spelt(getattr(rule, "NEEDS", ()), language, wrappers):
                if isinstance(need, Text):
                    self._texts[need] = self._texts.get(need, 0) | 1 << n
                elif isinstance(need, str):
                    self._exact[need.encode()] = self._exact.get(need.encode(), 0) | 1 << n
                else:
                    self._patterns[need] = self._patterns.get(need, 0) | 1 << n
        every = (*self._patterns, *(text.word for text in self._texts))
        # Most words match none: one look tells.
        self._any = re.compile(b"|".join(b"(?:%s)" % pattern.pattern for pattern in every))
        self._seen: set[bytes] = set()
        self._says: dict[bytes, tuple[int, tuple[Text, ...]]] = {}

    def possible(self, data: bytes) -> tuple[int, list[str], list[re.Pattern[bytes]]]:
        """The rules that may find something in a file, and the words and patterns in it that say so."""
        words = set(data.translate(_APART).split())
        if fresh := words - self._seen:
            self._learn(fresh)
        found = 0
        told: list[str] = []
        further: dict[Text, None] = {}
        for word in self._says.keys() & words:
            enough, texts = self._says[word]
            found |= enough
            further.update(dict.fromkeys(texts))
            if enough:
                told.append(word.decode("utf-8", "replace"))
        stands = [text for text in further if text.pattern.search(data)]
        for text in stands:
            found |= self._texts[text]
        return found, told, [text.pattern for text in stands]

    def _learn(self, words: set[bytes]) -> None:
        if len(self._seen) > MAX_WORDS:
            self._seen.clear()
        self._seen |= words
        for word in words & self._exact.keys():
            self._says[word] = self._exact[word], ()
        for word in words:
            if self._any.fullmatch(word):
                enough = self._exact.get(word, 0)
                for pattern, rules in self._patterns.items():
                    enough |= rules if pattern.fullmatch(word) else 0
                self._says[word] = enough, tuple(t for t in self._texts if t.word.fullmatch(word))


class Possible(NamedTuple):
    """The rules that may find something in a file, in their order, and the words and patterns in it that say so."""

    rules: tuple[ModuleType, ...]
    words: tuple[str, ...]
    patterns: tuple[re.Pattern[bytes], ...]

    def places(self, data: bytes) -> tuple[Span, ...]:
        """Where they stand, sorted: a rule that does not look beyond a member finds something only in these members."""
        found = [Span(*hit.span()) for pattern in self.patterns for hit in pattern.finditer(data)]
        return tuple(sorted((*found, *places(data, self.words))))


@cache
def asked_of(language: str, rules: tuple[ModuleType, ...]) -> tuple[ModuleType, ...]:
    """Those of the rules that are asked of a language: all but those about others, and those that need a hook that it has not."""
    has = load(language).has
    return tuple(
        rule
        for rule in rules
        if language in getattr(rule, "LANGUAGES", (language,)) and all(map(has, getattr(rule, "HOOKS", ())))
    )


def candidates(data: bytes, rules: tuple[ModuleType, ...], language: str, wrappers: Wrappers) -> Possible:
    """What the words of a file say about the rules."""
    rules = asked_of(language, rules)
    found, words, patterns = _words(rules, language, wrappers).possible(data)
    chosen = tuple(rule for n, rule in enumerate(rules) if found >> n & 1) if found else ()
    return Possible(chosen, tuple(sorted(words)), tuple(patterns))


_words = cache(Words)


def _spelt(needs: tuple[Trigger, ...], language: str, wrappers: Wrappers) -> Iterator[Trigger]:
    """The needs without the names for several."""
    for need in needs:
        if isinstance(need, str) and need in _KINDS:
            yield from _scope_words(_KINDS[need], language, wrappers)
        elif need == CONFLICT:
            words = load(language).words
            names = "|".join(name for name in load(language).marks if name.endswith(words.thrown))
            yield Text(re.compile(names.encode()), re.compile(rf"{any_of(words.catching)}\b".encode()))
        else:
            yield need


def _scope_words(kind: RegionKind, language: str, wrappers: Wrappers) -> Iterator[Trigger]:
    """What stands wherever a scope of that kind is taken, for certain, by its looks, or by SQL that begins one."""
    about = with_wrappers(load(language), wrappers)
    for construct in about.constructs:
        if construct.kind == kind:
            yield from _names(construct, about.words.marking)
    for looks in about.looks_like:
        if looks.kind == kind:
            yield from (re.compile(rb".*?(?:%s)" % pattern.encode()) for pattern in (looks.opens, looks.runs))
            if looks.on:
                taken = looks.takes.removeprefix("^").encode()
                yield Text(re.compile(rb".*?(?:%s)" % looks.on.encode()), re.compile(rb"\.\s*%s" % taken))
            if looks.runner:
                running = looks.running.removeprefix("^").encode()
                yield Text(re.compile(rb".*?(?:%s)" % looks.runner.encode()), re.compile(rb"\.\s*%s" % running))
    if kind == "transaction":
        yield _SQL_BEGINS


def _names(construct: Construct, marking: str) -> Iterator[Trigger]:
    listed = (
        *construct.creates,
        *construct.opens,
        *construct.acquires,
        *construct.releases,
        *construct.runs,
        *construct.modifiers,
    )
    yield from (name.rpartition(".")[2] for name in listed)
    for attribute in construct.attributes:
        name, _, needs = attribute.partition("(")
        if needs:
            said = rb"\s+".join(re.escape(word.encode()) for word in needs.rstrip(")").split())
            yield Text(re.compile(f"{name}(?:{marking})?".encode()), re.compile(said))
        else:
            yield from (name, f"{name}{marking}")
    if not listed and not construct.attributes:
        yield construct.construct  # a statement of the language, by its keyword
