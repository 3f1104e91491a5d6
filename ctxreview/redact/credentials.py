"""Credentials that their surroundings give away: addresses, headers, connection strings, and literals under a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.redact.values import (
    compiled,
    is_guid,
    is_name_or_path,
    is_one_word,
    is_placeholder,
    is_user_and_password,
    looks_like_password,
    looks_random,
    stands_out,
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


def authorization(text: str, at: int) -> Iterator[tuple[int, int]]:
    """What follows ``Bearer``, ``Basic`` or the name of the header."""
    pattern = (
        r"""(?i:authorization["'\]]{0,3}\s{0,5}[:=,]\s{0,5}["']?(?:[a-z-]{2,20}\s{1,3})?"""
        r"""|(?:bearer|basic|ssws)(?:\s{1,3}|"\s{0,5},\s{0,60}["']))"""
    )
    pattern += r"(?P<secret>[A-Za-z0-9._~+/-]{8,4000}={0,2})"
    match = compiled(pattern).match(text, at)
    if match and (looks_random(match["secret"]) or is_user_and_password(match["secret"])):
        yield match.span("secret")


def cookie(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The values in ``Cookie: name=value; name=value`` that are no words."""
    head = compiled(r"""(?i)cookie["'\]]{0,3}\s{0,5}[:=,]\s{0,5}["']{0,3}""").match(text, at)
    end = compiled(r"""[^"\r\n]{0,1000}""").match(text, head.end()) if head else None
    if head and end:
        for pair in compiled(r"[\w.-]{1,60}=(?P<secret>[\w.~+/%-]{16,4000}={0,2})").finditer(
            text, head.end(), end.end()
        ):
            if looks_random(pair["secret"]):
                yield pair.span("secret")


def parameter(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``?api_key=...`` of an address and ``;AccessKey=...`` of a connection string."""
    # The anchor is the end of the name, of which only so much is looked at as names are long.
    if not (lead := compiled(r"[?&;]\s?[\w.-]{0,30}$").search(text[max(0, at - 32) : at])):
        return
    value = compiled(r"\w{3,10}=(?P<secret>[\w.~+/%-]{16,400}={0,2})(?![\w(])").match(text, at)
    if value is None or compiled(_NOT_A_SECRET).search(lead[0][1:] + value[0].partition("=")[0]):
        return
    if looks_random(value["secret"]) and not is_placeholder(value["secret"]) and not is_guid(value["secret"]):
        yield value.span("secret")


def remark(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``the password is ...`` in a comment."""
    before = text[max(text.rfind("\n", 0, at) + 1, at - 500) : at]
    if not compiled(r"(?<!:)//|/\*|^\s*\*|<!--|^\s*(?:#|--)").search(before):
        return
    if match := compiled(r"(?i)\w{3,12}(?:\s{1,3}(?:is|was)\s{1,3}|\s?[:=]\s{0,3})[\"'`]?(?P<secret>\S{6,80})").match(
        text, at
    ):
        word = match["secret"].rstrip("\"'`.,;)") if match["secret"][-1] in "\"'`.,;)" else match["secret"]
        if len(word) >= 6 and stands_out(word) and not is_placeholder(word):
            yield match.start("secret"), match.start("secret") + len(word)


def command(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The password on a command line: ``sqlcmd -P ...``, ``curl -u user:...``."""
    for pattern in (
        r"(?:sqlcmd|osql|bcp)\b[^\r\n]{0,200}?\s-P\s{0,2}[\"']?(?P<secret>[^\s\"'-][^\s\"']{3,80})",
        r"mysql(?:dump|admin)?\b[^\r\n]{0,200}?\s-p(?P<secret>[^\s\"'-][^\s\"']{3,80})",
        r"curl\b[^\r\n]{0,200}?\s(?:-u|--user)\s{0,2}[\"']?[^\s:\"']{1,60}:(?P<secret>[^\s\"']{4,80})",
    ):
        if (match := compiled(pattern).match(text, at)) and not is_placeholder(match["secret"]):
            yield match.span("secret")


def spelled(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The literal that a loop before ``AppendChar`` spells into a secure string."""
    before = text[max(0, at - 300) : at]
    if match := compiled(r"""\bin\s{1,3}[@$]?"(?P<secret>(?:[^"\\\r\n]|\\.){4,100})"[^"]{0,120}$""").search(before):
        yield at - len(before) + match.start("secret"), at - len(before) + match.end("secret")


def connection_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``Password=...`` in a connection string of any dialect, ended as that dialect ends it."""
    name = r"(?i:password|passwd|pwd|accountkey|accesskey|sharedaccesskey|sharedsecret(?:value)?)"
    key = compiled(name + r"(\s{0,3})=(?![=>])\s{0,3}").match(text, at)
    if key is None:
        return
    before, after = text[max(text.rfind("\n", 0, at) + 1, at - 500) : at], text[key.end() : key.end() + 500]
    inside = (before.count('"') - before.count('\\"')) % 2 == 1  # of a literal on one line
    literal = before[before.rfind('"') + 1 :] if inside else before
    value = _connection_value(after, inside, not inside and literal.count("'") % 2 == 1, ";" in literal)
    if value is None or is_placeholder(value[1]):
        return
    spaced = key[1] != "" or key[0].endswith(" ")
    if spaced or not inside:  # then it may be an assignment in the code, unless other keys stand beside it
        beside = compiled(
            r"(?i)(?:server|source|host|user|uid|userid|id|database|catalog|username|name|endpoint|protocol|security)\s?="
        )
        paired = beside.search(literal[-200:]) is not None or beside.search(after[:200].partition("\n")[0]) is not None
        if spaced and not paired and not (inside and after.startswith("'")):
            return
        if not inside and " = " in value[1]:
            return  # a = password = b = c;
        if not inside and not paired and (re.fullmatch(r"[A-Za-z_][\w.]*", value[1]) or "(" in value[1]):
            return
        if not inside and spaced and not re.search(r"[;\s]\s*\w+\s?=", literal + " "):
            return
    start = key.end() + value[0]
    yield start, start + len(value[1])


def _connection_value(after: str, inside: bool, single: bool, semicolons: bool) -> tuple[int, str] | None:
    """Offset and text of the value at the start of ``after``; ``single``: of a literal in single quotes."""
    for quote in ("'", '\\"', '""', "&quot;"):
        if after.startswith(quote):
            end = after.find(quote, len(quote))
            return (len(quote), after[len(quote) : end]) if end > len(quote) and "\n" not in after[:end] else None
    stop = r'(?:[^"\r\n\\]|\\[^"\r\n])*' if inside else r"[^\"'\r\n]*" if single else r'[^"\r\n]*'
    line = re.match(stop, after)
    value = line[0] if line else ""
    if semicolons or ";" in value:
        value = value.partition(";")[0].rstrip()
    else:  # libpq parts with blanks, an address with ampersands, Redis with commas
        value = re.split(r"[\s&]|,(?=\s?\w+=)", value, maxsplit=1)[0]
    return (0, value) if value else None


_LITERAL = (
    r"""(?P<tail>[\w.:-]{0,40})(?P<close>["'\]]{0,3})\s{0,20}"""
    r"""(?:(?P<sign>=>|:=|[=!]=|[=:,(]|value\s{0,5}=)\s{0,20}"""
    # what may stand before the literal: the other choice of ?? and ?:, and what turns text into a key
    r"""(?:[^;\r\n]{0,160}?\?\?\s{0,5}|[^;"\r\n?]{0,100}\?\s{1,5}(?:[^;\r\n]{0,100}?\s:\s{1,5})??)??"""
    r"""(?:(?:new\s{1,5}\w{1,40}|[\w.]{0,40}(?:GetBytes|FromBase64String|FromHexString))\(){0,3}[@$]{0,2}"""
    r"""(?P<quote>\"{3}|["'])(?P<literal>(?:[^"'\\\r\n]|\\[^\r\n]){5,500})(?P=quote)"""
    r"""|(?P<json>\\"|"")\s{0,5}:\s{0,5}(?P=json)(?P<member>[^"\\\r\n]{5,500})(?P=json)"""
    r"""|>(?P<element>[^<>\s"]{6,200})</|(?P<bare>=|:\s{1,5})(?P<value>[\w+/=.~-]{16,200})(?=\s*(?:[\r\n]|$)))"""
)

_NOT_A_SECRET = (
    r"(?i)(?:name|label|field|column|title|text|message|error|hint|placeholder|ur[il]|path|route|endpoint|header|prefix|suffix"
    r"|type|regex|pattern|format|policy|length|min|max|id|parameter|param|property|claim|scheme|kind|table|topic|queue"
    r"|resource|culture|version|index|caption|tooltip|description|icon|css|class|selector|xpath|template|file|source"
    r"|algorithm|provider|service|issuer|audience|thumbprint|expiry|lifetime|timeout|for|mode|changed|required)s?$"
    r"|public|foreign|primary|cache|partition|concurrency|cancellation|registry"
)


def assigned(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``apiKey = "..."`` and its like in C#, JSON, XML, YAML and environment files."""
    match = compiled(_LITERAL).match(text, at)
    if match is None or (match["sign"] == "," and not match["close"]):
        return  # the argument after a variable is not its value, as it is after "Password"
    lead = re.search(r"[\w.:-]{0,30}$", text[max(0, at - 30) : at])
    name = ((lead[0] if lead else "") + text[at : match.end("tail")]).strip(".:-_")
    if compiled(_NOT_A_SECRET).search(name):
        return
    group = next(name for name in ("literal", "member", "element", "value") if match[name])
    value = match[group]
    if group == "value" and not (match["bare"] == "=" or re.fullmatch(_SETTING, _line(text, at))):
        return
    if is_placeholder(value) or "://" in value or not value.isprintable() or re.search(r"\s|\{\w*\}", value):
        return
    lowered = name.lower()
    if group != "value" and re.search(r"pass|pwd|secret", lowered):
        given = (match["sign"] or ":") in ("=", "==", "!=", "=>", ":") and re.search(
            r"(?:pass(?:word|wd|phrase)|pwd)$", lowered
        )
        secret = (len(value) > 5 and looks_like_password(value)) or (bool(given) and is_one_word(value))
    elif re.search(r"(?:^|[^a-z])key$|key$", lowered) and not compiled(_KEY_OF_A_SERVICE).search(lowered):
        secret = len(value) >= 32 and looks_random(value, 4.0)
    else:
        secret = len(value) >= 16 and looks_random(value)
    if secret and (not is_guid(value) or re.search(r"pass|pwd|secret|api|auth|access", lowered)):
        yield match.span(group)


_SETTING = r"\s*(?:(?://+|#|\*|--|<!--)\s*)?(?:export\s+|set\s+)?[\w.-]+:\s+\S+"
"""A line of YAML, or one in a comment."""

_KEY_OF_A_SERVICE = (
    r"(?:api|access|auth|account|private|secret|sign|signing|encrypt|encryption|decryption|validation|master|shared"
    r"|symmetric|hmac|aes|storage|client|subscription|service|host|function|jwt|app|application)[\W_]?key$"
)


def _line(text: str, at: int) -> str:
    """The line around the offset, or what 500 characters show of it."""
    start = max(text.rfind("\n", 0, at) + 1, at - 500)
    return text[start : at + 500].partition("\n")[0].rstrip("\r")


def constructed(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The literal that a credential object is made from: ``new NetworkCredential(user, "...")``."""
    literal = r""""(?P<secret>(?:[^"\\\r\n]|\\[^\r\n]){4,300})"\s{0,5}[,)]"""
    argument = r"""(?:"[^"\r\n]{0,120}"|[^",()\r\n]{1,80}),\s{0,60}"""
    for before, names in (
        ("", r"(?:AzureKey|ApiKey|AzureSas)Credential"),
        (argument, r"(?:Network|StorageSharedKey|AzureNamedKey|Basic|Credential)?Credentials?|\w{0,20}AWSCredentials"),
        (argument * 2, r"ClientSecretCredential|UsernamePasswordCredential"),
    ):
        pattern = rf"(?:{names})\(\s{{0,60}}{before}{literal}"
        start = at
        while start > max(0, at - 20) and text[start - 1].isalnum():
            start -= 1
        match = compiled(pattern).match(text, start)
        if match and not is_placeholder(match["secret"]) and not is_name_or_path(match["secret"]):
            yield match.span("secret")
