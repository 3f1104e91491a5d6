"""The rules by which secrets are found, and the placeholders that name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from ctxreview.redact.addresses import authorization_header, cookie_value, key_parameter, oracle_password, uri_password
from ctxreview.redact.arguments import argument
from ctxreview.redact.assigned_secrets import assigned_secret
from ctxreview.redact.calls import calls
from ctxreview.redact.clues import CLUES, find_clue, spelled_password
from ctxreview.redact.connection_strings import connection_password
from ctxreview.redact.formats import Finder, Format, found_at, makers, private_key, putty_key, web_key
from ctxreview.redact.given_passwords import given_password
from ctxreview.redact.password_names import HINTS, NAMES, WORDS
from ctxreview.redact.remarks import password_in_comment, password_line


class Rule(NamedTuple):
    """What is looked for at each of the anchors."""

    kind: str
    anchors: tuple[str, ...]
    any_case: bool
    find: Finder
    format: Format | None = None
    """The key format that it looks for, which may also be put together from literals."""


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, the most telling first. Looking for the anchors is all that a text without secrets costs."""
    return (
        Rule("private-key", ("-----BEGIN ", "-----END "), False, private_key),
        Rule(
            "private-key",  # RSA.ToXmlString(true)
            ("<D>", "<P>", "<Q>", "<DP>", "<DQ>", "<InverseQ>"),
            False,
            found_at(r"<[A-Za-z]{1,8}>(?P<secret>[A-Za-z0-9+/]{20,3000}={0,2})</"),
        ),
        Rule("private-key", ("private-lines:",), True, putty_key),
        Rule("private-key", ("kty",), False, web_key),
        *(Rule(one.kind, (one.anchor,), False, one.find, one) for one in makers().formats),
        Rule("azure-sas", ("sig=",), True, found_at(r"[Ss][Ii][Gg]=(?P<secret>[A-Za-z0-9%+/_-]{20,200}={0,2})")),
        Rule("signature", ("signature=",), True, found_at(r"(?i:signature)=(?P<secret>[\w%+/~-]{20,1000}={0,2})", inside=True)),
        Rule("azure-storage-key", ("accountkey",), True, connection_password),
        Rule("azure-shared-key", ("accesskey", "sharedsecret"), True, connection_password),
        Rule("uri-password", ("://",), False, uri_password),
        Rule("connection-password", ("password", "passwd", "pwd"), True, connection_password),
        Rule("connection-password", ("@//",), False, oracle_password),
        Rule("authorization", ("bearer ", "basic ", 'bearer"', 'basic"', "ssws ", "authorization"), True, authorization_header),
        Rule("cookie", ("cookie",), True, cookie_value),
        Rule("secret", ("secret=",), True, key_parameter),
        Rule("token", ("token=",), True, key_parameter),
        Rule("key", ("key=",), True, key_parameter),
        Rule("credential", tuple(f"{name}(" for name in calls()), False, argument),
        Rule("password", NAMES, True, assigned_secret),
        Rule("password", NAMES, True, given_password),
        Rule("password", NAMES, True, password_line),
        Rule("password", (*WORDS, *HINTS), True, password_in_comment),
        *(Rule(kind, anchors, True, find_clue(pattern)) for kind, anchors, pattern in CLUES),
        Rule("password", (".AppendChar(",), False, spelled_password),
        Rule("secret", ("secret", "credential"), True, assigned_secret),
        Rule("token", ("token",), True, assigned_secret),
        Rule("key", ("key",), True, assigned_secret),
        *(Rule("service-key", (one.maker,), True, one.find) for one in makers().near),
    )  # fmt: skip


@cache
def kinds() -> tuple[str, ...]:
    """Every kind that a placeholder can name."""
    return tuple(dict.fromkeys(rule.kind for rule in rules()))


@cache
def _placeholder_pattern() -> re.Pattern[str]:
    return re.compile(rf"\[REDACTED(?::(?P<kind>{'|'.join(kinds())}):(?P<number>\d{{1,9}}))?\]")


def placeholders(text: str) -> Iterator[re.Match[str]]:
    """The placeholders that are in the text; only those of a known kind, so that nothing hides in a false one."""
    return _placeholder_pattern().finditer(text) if "[REDACTED" in text else iter(())


@cache
def _anchors() -> tuple[AhoCorasick, tuple[list[tuple[int, str]], ...]]:
    """All anchors in lower case, and for each of them the rules that have it, with the anchor as the rule has it."""
    owners: dict[str, list[tuple[int, str]]] = {}
    for number, rule in enumerate(rules()):
        for anchor in rule.anchors:
            owners.setdefault(anchor.lower(), []).append((number, anchor))
    return AhoCorasick(list(owners)), tuple(owners.values())


def prepare() -> None:
    """Put the search together, for threads and processes that would each do it at once: it takes 10 ms."""
    _anchors()


_STRETCH = 1 << 16
"""Characters that are searched at once: what is found in them is a list of its own."""


def rules_tried(lowered: str) -> list[tuple[int, list[str]]]:
    """The rules of which anchors are in the text, in their order, and which anchors these are."""
    search, owners = _anchors()
    present: set[int] = set()
    for at in range(0, len(lowered), _STRETCH):
        # What is in the name of a file as bytes that are not text is not a character for the search.
        stretch = lowered[at : at + _STRETCH + 40].encode("utf-8", "replace").decode()
        met = search.find_matches_as_indexes(stretch, overlapping=True)
        present.update({number for number, _, _ in met})
    tried: dict[int, list[str]] = {}
    for number in sorted(present):
        for rule, anchor in owners[number]:
            tried.setdefault(rule, []).append(anchor)
    return sorted(tried.items())
