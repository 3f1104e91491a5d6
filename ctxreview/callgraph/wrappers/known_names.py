"""The names that a language's catalogue knows: of calls that read, write or save, and of those that open a scope."""

from __future__ import annotations

import re
from functools import cache

from ctxreview.languages import load, with_wrappers
from ctxreview.model.regions import Wrappers


@cache
def known_calls(language: str) -> frozenset[str]:
    """The calls that are known to read, write or save on whatever receiver."""
    return frozenset(name for name in load(language).facts if "." not in name)


@cache
def scope_words(language: str, own: Wrappers) -> tuple[bytes, ...]:
    """Names without which a file opens nothing that the catalogue knows or the project has named as its ``own``."""
    about = with_wrappers(load(language), own)
    names = {n for field in ("creates", "opens", "acquires", "runs") for n in about.named(field)}
    return tuple(n.encode() for n in sorted(names | {about.shape.lock.construct}))


@cache
def scope_texts(language: str, own: Wrappers) -> re.Pattern[bytes]:
    """What is in the text of a function that takes a lock or opens a transaction itself: a word, a mark on it, or SQL."""
    about = with_wrappers(load(language), own)
    marks = {entry.partition("(")[0] for field in ("attributes", "modifiers") for entry in about.table(field)}
    words = (*scope_words(language, own), *(mark.encode() for mark in sorted(marks)))
    return re.compile(rb"\b(?:%s)|(?i:\btran)" % b"|".join(re.escape(word) for word in words))


@cache
def may_open(language: str, name: str) -> bool:
    """Whether a call of that name is taken for one that opens a scope, where its body is not read."""
    about = load(language)
    looks = any(re.search(one.opens, name) or re.search(one.runs, name) for one in about.looks_like)
    return looks or name in about.named("opens") or name in about.named("runs")
