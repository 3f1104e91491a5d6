"""Secrets in addresses and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.redact.password_names import (
    NOT_A_SECRET,
)
from ctxreview.redact.values import (
    compiled,
    is_guid,
    is_placeholder,
    is_user_and_password,
    looks_random,
)


def uri_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``scheme://user:password@host``, and ``scheme://token@host``."""
    # Greedy up to the last @ before a slash: people forget to encode the one in their password.
    pattern = r"""://(?P<user>[^\s:/@"'<>{}]{0,64}):(?P<secret>[^\s"'<>/]{1,200})@(?=[\w\[{$%.-])"""
    if match := compiled(pattern).match(text, at):
        if not re.match(r"\d{1,5}(?:[?#]|$)", match["secret"]) and not is_placeholder(match["secret"]):
            yield match.span("secret")
    elif (match := compiled(r"://(?P<secret>[\w-]{20,200})@").match(text, at)) and looks_random(match["secret"]):
        yield match.span("secret")


def oracle_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``user/password@//host`` of Oracle's easy connect."""
    window = text[max(0, at - 130) : at]
    if (match := re.search(r"[\w$#]{1,30}/([^\s/@\"':]{1,60})$", window)) and not is_placeholder(match[1]):
        yield at - len(match[1]), at


def authorization_header(text: str, at: int) -> Iterator[tuple[int, int]]:
    """What follows ``Bearer``, ``Basic`` or the name of the header."""
    pattern = (
        r"""(?i:authorization["'\]]{0,3}\s{0,5}[:=,]\s{0,5}["']?(?:[a-z-]{2,20}\s{1,3})?"""
        r"""|(?:bearer|basic|ssws)(?:\s{1,3}|"\s{0,5},\s{0,60}["']))"""
    )
    pattern += r"(?P<secret>[A-Za-z0-9._~+/-]{8,4000}={0,2})"
    match = compiled(pattern).match(text, at)
    if match and (looks_random(match["secret"]) or is_user_and_password(match["secret"])):
        yield match.span("secret")


def cookie_value(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The values in ``Cookie: name=value; name=value`` that are not words."""
    head = compiled(r"""(?i)cookie["'\]]{0,3}\s{0,5}[:=,]\s{0,5}["']{0,3}""").match(text, at)
    end = compiled(r"""[^"\r\n]{0,1000}""").match(text, head.end()) if head else None
    if head and end:
        for pair in compiled(r"[\w.-]{1,60}=(?P<secret>[\w.~+/%-]{16,4000}={0,2})").finditer(
            text, head.end(), end.end()
        ):
            if looks_random(pair["secret"]):
                yield pair.span("secret")


def key_parameter(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``?api_key=...`` of an address and ``;AccessKey=...`` of a connection string."""
    # The anchor is the end of the name, of which only so much is examined as names are long.
    if not (lead := compiled(r"[?&;]\s?[\w.-]{0,30}$").search(text[max(0, at - 32) : at])):
        return
    value = compiled(r"\w{3,10}=(?P<secret>[\w.~+/%-]{16,400}={0,2})(?![\w(])").match(text, at)
    if value is None or compiled(NOT_A_SECRET).search(lead[0][1:] + value[0].partition("=")[0]):
        return
    if looks_random(value["secret"]) and not is_placeholder(value["secret"]) and not is_guid(value["secret"]):
        yield value.span("secret")
