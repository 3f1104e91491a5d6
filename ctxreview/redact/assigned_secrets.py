"""Literals and settings that are assigned to the name of a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ctxreview.redact.calls import either
from ctxreview.redact.lines import line_at
from ctxreview.redact.password_names import (
    NOT_A_SECRET,
    can_be_password,
    is_password_name,
)
from ctxreview.redact.values import (
    compiled,
    is_encoded_text,
    is_guid,
    is_one_word,
    is_placeholder,
    looks_random,
)

_BEFORE_LITERAL = (
    r"""(?P<tail>[\w.:-]{0,40})(?P<close>["'\]]{0,3})\s{0,20}"""
    r"""(?:(?P<sign>=>|:=|[=!]=|\(\)\s{0,20}(?:=>|\{\s{0,60}return\b)|\{\s{0,60}get\s{0,60}(?:=>|\{\s{0,60}return\b)"""
    r"""|[=:,(]|value\s{0,5}=)\s{0,20}"""
    # what may be before the literal: the other choice of ?? and ?:, and what turns text into a key
    r"""(?:[^;\r\n]{0,160}?\?\?\s{0,5}|[^;"\r\n?]{0,100}\?\s{1,5}(?:[^;\r\n]{0,100}?\s:\s{1,5})??)??"""
)
_AFTER = (
    r"""(?P<quote>\"{3}|["'])(?P<literal>(?:[^"'\\\r\n]|\\[^\r\n]){5,500})(?P=quote)"""
    r"""|(?P<json>\\"|"")\s{0,5}:\s{0,5}(?P=json)(?P<member>[^"\\\r\n]{5,500})(?P=json)"""
    r"""|>(?P<element>[^<>\s"]{6,200})</|(?P<bare>=|:\s{1,5})(?P<value>[\w+/=.~-]{16,200})(?=\s*(?:[\r\n]|$)))"""
)


@cache
def _literal() -> str:
    """What may be after a name: a sign and a literal, a member of JSON, an element of XML, or a setting's value."""
    decodes = rf"""(?:(?:new\s{{1,5}}\w{{1,40}}|[\w.]{{0,40}}{either("decoded")})\(){{0,3}}[@$]{{0,2}}"""
    return _BEFORE_LITERAL + decodes + _AFTER


def assigned_secret(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``apiKey = "..."`` and its like in C#, JSON, XML, YAML and environment files."""
    match = compiled(_literal()).match(text, at)
    if match is None or (match["sign"] == "," and not match["close"]):
        return  # the argument after a variable is not its value, as it is after "Password"
    lead = re.search(r"[\w.:-]{0,30}$", text[max(0, at - 30) : at])
    name = ((lead[0] if lead else "") + text[at : match.end("tail")]).strip(".:-_")
    if compiled(NOT_A_SECRET).search(name):
        return
    group = next(name for name in ("literal", "member", "element", "value") if match[name])
    value = match[group]
    if group == "value" and not (match["bare"] == "=" or re.fullmatch(_SETTING, line_at(text, at))):
        return
    if is_placeholder(value) or "://" in value or not value.isprintable() or re.search(r"\s|\{\w*\}", value):
        return
    lowered = name.lower()
    password = is_password_name(name)
    if not password and not re.search(r"secret|token|credential|key", lowered):
        return  # "bypass"
    if group != "value" and (password or "secret" in lowered):
        given = (match["sign"] or ":") in ("=", "==", "!=", "=>", ":") and re.search(
            r"(?:pass(?:word|wd|phrase)|pwd|wort|пароль)$", lowered
        )
        secret = (len(value) > 5 and can_be_password(name, value)) or (bool(given) and is_one_word(value))
    elif re.search(r"(?:^|[^a-z])key$|key$", lowered) and not compiled(_KEY_OF_A_SERVICE).search(lowered):
        secret = len(value) >= 32 and looks_random(value, 4.0) and not is_encoded_text(value)
    else:
        secret = len(value) >= 16 and looks_random(value)
    if secret and (not is_guid(value) or password or re.search(r"secret|api|auth|access", lowered)):
        yield match.span(group)


_SETTING = r"\s*(?:(?://+|#|\*|--|<!--)\s*)?(?:export\s+|set\s+)?[\w.-]+:\s+\S+"
"""A line of YAML, or one in a comment."""

_KEY_OF_A_SERVICE = (
    r"(?:api|access|auth|account|private|secret|sign|signing|encrypt|encryption|decryption|validation|master|shared"
    r"|symmetric|hmac|aes|storage|client|subscription|service|host|function|jwt|app|application)[\W_]?key$"
)
