"""Prose that says what to do to code: which sentences are read, and as what.

A sentence is read whole or not at all: what begins it, its commands, and what gives the reason. Where one is read, and another that
begins like a command about code is not, nothing is placed: the rest of what is meant would be lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.guard.placing.chained import added, removed
from ctxreview.guard.placing.pairs import edits as pair_edits
from ctxreview.guard.placing.pairs import sentences
from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.guard.placing.snippets import shortened
from ctxreview.guard.placing.unwrapping import NOUNS, unwrapped
from ctxreview.languages import language_of
from ctxreview.model.review import Context, Edit
from ctxreview.regex import regex

ADDS = "add|append|chain|insert|include|call"
REMOVES = "remove|drop|delete|omit|eliminate|get rid of|take out|strip"
OTHERS = "replace|change|swap|rewrite|use|move|rename|wrap|make|set|extract|inline|convert|introduce|split|merge|turn|switch|cache|return|put|await"
"""Verbs of edits: what adds a call, what takes something out, and those that no pattern here reads."""

_ING = {
    "chain": "chaining",
    "drop": "dropping",
    "omit": "omitting",
    "get rid of": "getting rid of",
    "strip": "stripping",
}
_LEADS = (
    r"(?:(?:[-*+•]|\d{1,3}[.)])\s+|\**\s*)?"
    r"(?:(?:so|then|and|also|next|first|finally|second|instead|simply|just|please|yes|sure|ok|okay|here)\b,?\s+|"
    r"(?:you|we) (?:can|could|should|may|might|must|need to|have to)\s+(?:safely\s+)?|(?:i|we)(?:['’]d| would| could| should)\s+|let['’]?s\s+|"
    r"(?:i(?:['’]d| would)?\s+)?(?:consider|suggest|recommend|try)\s+|(?:to|for)\s[^`,.;:]{1,80},\s+)*"
)
_REASON = regex(
    r"\s*(?:(?::|\(|–|—|-{1,2})\s*.*|(?:,\s*)?(?:and\s+)?\b(?:because|since|so|as|for|to|where|which|here|entirely|altogether|completely)\b.*|"
    r",\s*(?:it|this|that|there|nothing|nobody|no|you|we|they|the\s[\w\s]{1,40}\b(?:is|are|isn|does|doesn|has|only))\b.*)?",
    re.I | re.S,
)
_FURTHER = regex(
    r"\b(?:add|append|insert|remove|drop|delete|replace|rename|move|wrap|swap|extract|or|if|unless|except)\b", re.I
)
"""What the reason for a command does not have: another command, another way, or a condition."""
_JOINS = regex(r"\s*,?\s+(?:and(?: then)?|then)\s+", re.I)
_SENTENCE = regex(r"(?:`[^`\n]*`|[^`.!?;\n]|`|[.!?](?=\w)|(?<=\s)\.(?=\w))+")
_LINES = regex(r"\n(?![ \t]*(?:[-*+•\n]|\d{1,3}[.)]|$))")


def _forms(verbs: str) -> str:
    """The verbs, and their forms in ``-ing``."""
    words = verbs.split("|")
    return "|".join((*words, *(_ING.get(w, re.sub(r"e\Z", "", w) + "ing") for w in words)))


_NAMED = r"`\.?\w+`"
_CALL = r"`\.?\w+(?:<[^`\n]*>)?\([^`\n]*\)`|\.?[A-Z]\w+\(\)"
_ADD = regex(
    rf"(?:{_forms(ADDS)})\s+(?:an?\s+|the\s+)?(?:call (?:to|of)\s+)?(?P<code>{_CALL}|{_NAMED})(?:\s+(?:call|operator|method))?"
    r"(?:\s+(?:to|on|in|onto)\s+(?:the|this|your|that)\s+(?:(?:EF|EF Core|LINQ|database|existing)\s+)?(?:query|chain)\b|"
    r"\s+(?:right\s+|directly\s+|just\s+)?(?P<where>after|before|to|on)\s+(?:the\s+)?(?:call (?:to|of)\s+)?(?P<at>`[^`\n]+`)(?:\s+(?:call|query|chain)\b)?)?",
    re.I,
)
_REMOVE = regex(
    rf"(?:{_forms(REMOVES)})\s+(?P<the>(?:the|this|that|your)\s+)?(?:call (?:to|of)\s+)?(?P<code>`[^`\n]+`|(?:{'|'.join(NOUNS)})\b)"
    r"(?:\s+(?:statement|block|scope|call|clause|declaration)\b)?"
    r"(?:\s+(?:from|in|of)\s+(?:it|this|the|this|that|your)(?:\s+(?:method|query|chain|code|function|body))?\b|\s+around\s+(?:(?:it|this|that)\b|(?P<around>`[^`\n]+`)))?",
    re.I,
)
_ANY = regex(rf"(?:{_forms(f'{ADDS}|{REMOVES}|{OTHERS}')})\b", re.I)
_OR = regex(
    rf"(?:or|alternatively|either|otherwise)\b[^`\n]{{0,40}}?\b(?:{_forms(f'{ADDS}|{REMOVES}|{OTHERS}')})\b", re.I
)
_LEAD = regex(_LEADS, re.I)
_WARNS = regex(r"^[^\n:]*?(?:\bnot\b|n['’]t\b|\bnever\b|\bavoid\b|\bunsafe\b|\brisk)[^\n:]*:[*_]*[ \t]*$", re.I | re.M)
"""A line over what is advised against."""
_COMMENTS = regex(r"^[ \t]*(?:/\*|//)", re.M)
"""Code without a fence is not prose."""
MOST = 20
"""Commands of an answer that are placed; nobody says more in sentences."""


class Command(NamedTuple):
    """``add`` or ``remove``, the code, and where: ``after``, ``before``, ``to`` or ``around`` the code ``at``; ``""`` without such words."""

    verb: str
    code: str
    where: str = ""
    at: str = ""


class Said(NamedTuple):
    """What the sentences of a text say to do, and one that begins like such a sentence and was not read."""

    commands: tuple[Command, ...]
    unread: str = ""


def commands(text: str) -> Said:
    """The commands in prose. One sentence may have several."""
    found: list[Command] = []
    unread = ""
    if _WARNS.search(text) or _COMMENTS.search(text):
        return Said(())
    joined = _LINES.sub(" ", text)
    for m in _SENTENCE.finditer(joined):
        sentence = m[0]
        mine = _read(sentence) if joined[m.end() : m.end() + 1] != "?" else ()
        found += mine or ()
        if mine is None and not unread and not sentences(sentence):
            unread = " ".join(sentence.split())
    return Said(tuple(dict.fromkeys(found)), unread)


def _read(sentence: str) -> tuple[Command, ...] | None:
    """The commands of a sentence, none where it is none; ``None`` where it begins like one about code and goes on in another way."""
    given = sentence.replace("**", "").strip()
    at = lead.end() if (lead := _LEAD.match(given)) else 0
    found: list[Command] = []
    is_one = (_ANY.match(given, at) is not None and "`" in given) or _OR.match(given, at) is not None
    while (m := (adds := _ADD.match(given, at)) or _REMOVE.match(given, at)) is not None:
        if adds is not None:
            found.append(Command("add", _bare(m["code"]), (m["where"] or "").lower(), _bare(m["at"] or "")))
        else:
            found.append(Command("remove", _bare(m["code"]), "around" if m["around"] else "", _bare(m["around"] or "")))
        if (joined := _JOINS.match(given, m.end())) is not None:
            at = joined.end()
            continue
        rest = given[m.end() :]
        if _REASON.fullmatch(rest) and not _FURTHER.search(rest):
            return tuple(found)
        break
    return None if is_one or found else ()


def _bare(code: str) -> str:
    return code.strip("`").strip()


def is_said(text: str) -> bool:
    """Whether prose says what to do to code in a way that is read."""
    return bool(sentences(text) or commands(text).commands)


def edits(text: str, context: Context) -> tuple[Edit, ...]:
    """The edits that prose says. Raises :class:`UnplacedError` where one may mean several things, or none."""
    said = commands(text)
    if said.commands and said.unread:
        raise UnplacedError(
            f"Only a part of what it says can be read as edits. Not read: {shortened(said.unread)}.", Instead.CODE
        )
    if len(said.commands) > MOST:
        raise UnplacedError(
            f"It says {len(said.commands):,} edits in sentences; at most {MOST} are read.", Instead.PARTS
        )
    pairs = sentences(text)
    return (*(pair_edits(pairs, context.selection) if pairs else ()), *_made(said.commands, context))


def _made(given: tuple[Command, ...], context: Context) -> Iterator[Edit]:
    subjects = language_of(context.selection.source.path).syntax.subject_words
    for command in given:
        if command.verb == "add":
            yield added(command.code, command.where, command.at, context)
        elif command.code.lower() in {*NOUNS, *subjects} or command.where == "around":
            yield unwrapped(command.code, command.at, context)
        else:
            yield removed(command.code, context)
