"""The key formats that their makers made recognisable, and private keys.

``makers.toml`` has those that begin with a text by which they are known, and those that need their maker's name beside
them; here stand the ones that are known by something in their middle.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ctxreview.redact.values import compiled, looks_random
from ctxreview.regex import regex

Finder = Callable[[str, int], Iterator[tuple[int, int]]]


class Format(NamedTuple):
    """A key that can be told on its own: ``anchor`` stands ``back`` characters after its start."""

    kind: str
    anchor: str
    pattern: str
    """Of the whole key; the part to hide is the group ``secret``, or everything."""
    back: int = 0
    inside: bool = False
    """Whether it may begin in the middle of a word."""

    def at(self, text: str, start: int, end: int | None = None) -> tuple[int, int] | None:
        """The part to hide of the key that begins at ``start`` and ends at ``end`` at the latest."""
        pattern = compiled(self.pattern)
        match = pattern.match(text, start) if end is None else pattern.match(text, start, end)
        return None if match is None else match.span("secret" if "secret" in pattern.groupindex else 0)

    def find(self, text: str, at: int) -> Iterator[tuple[int, int]]:
        """Where the key is whose anchor is at ``at``."""
        start = at - self.back
        if start >= 0 and (self.inside or starts_a_word(text, start)) and (span := self.at(text, start)):
            yield span


def starts_a_word(text: str, at: int) -> bool:
    """Whether the letter before belongs to something else, as in ``"\\nAKIA..."`` and ``%3DAKIA...``."""
    return at == 0 or not text[at - 1].isalnum() or text[max(at - 2, 0)] == "\\" or text[max(at - 3, 0)] == "%"


def found_at(pattern: str, inside: bool = False) -> Finder:
    """Finds the pattern at any anchor that it begins with."""
    return Format("", "", pattern, inside=inside).find


_END = r"(?![A-Za-z0-9])"
_DER = r"[A-Za-z0-9+/]{20,4000}={0,2}(?:(?:\\[rn]|[\r\n][ \t/*]{0,40}){1,4}[A-Za-z0-9+/]{40,4000}={0,2}){0,200}"
"""Base64, on one line or several; what comes before it in a pattern tells that it is a private key."""


def _formats(kind: str, anchors: tuple[str, ...], pattern: str, back: int = 0, inside: bool = False) -> list[Format]:
    return [Format(kind, anchor, pattern, back, inside) for anchor in anchors]


_IN_THE_MIDDLE: tuple[Format, ...] = (
    *_formats("aws-access-key", ("AKIA", "ASIA", "ABIA", "ACCA", "A3TX"), rf"A[A-Z0-9]{{3}}[A-Z0-9]{{16}}{_END}"),
    *_formats("webhook", ("hooks.slack.com/",), r"hooks\.slack\.com/[a-z]{1,20}/(?P<secret>[\w/+-]{20,100})"),
    *_formats("webhook", ("/api/webhooks/",), r"/api/webhooks/\d{15,22}/(?P<secret>[\w-]{40,100})", inside=True),
    *_formats(
        "webhook",
        (".webhook.office.com/",),
        r"\.webhook\.office\.com/\w{8,12}/(?P<secret>[\w@/-]{40,300})",
        inside=True,
    ),
    *_formats("azure-client-secret", ("Q~",), rf"[\w~.-]{{3}}\dQ~[\w~.-]{{31,34}}{_END}", back=4),
    *_formats("azure-storage-key", ("+ASt",), r"[A-Za-z0-9+/]{76}\+ASt[A-Za-z0-9+/]{6}==", back=76),
    *_formats("azure-key", ("JQQJ99",), rf"[A-Za-z0-9]{{52}}JQQJ99[A-Za-z0-9]{{26}}{_END}", back=52),
    *_formats("azure-key", ("AzFu",), r"[\w-]{44}AzFu[\w-]{6}==", back=44),
    *_formats("azure-devops-token", ("AZDO",), rf"[A-Za-z0-9]{{76}}AZDO[A-Za-z0-9]{{4}}{_END}", back=76),
    *_formats("mailchimp-key", ("-us",), rf"[0-9a-f]{{32}}-us\d{{1,2}}{_END}", back=32),
    *_formats("mailgun-key", ("-",), rf"[0-9a-f]{{32}}-[0-9a-f]{{8}}-[0-9a-f]{{8}}(?!-){_END}", back=32),
    *_formats("maxmind-key", ("_mmk",), rf"[A-Za-z0-9]{{6}}_[A-Za-z0-9]{{29}}_mmk{_END}", back=36),
    *_formats("terraform-token", (".atlasv1.",), r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}", back=14),
    *_formats("telegram-token", (":AA",), r"\d{10}:AA[\w-]{33}(?![\w-])", back=10),
    *_formats("firebase-key", (":APA91b",), r"AAAA[\w-]{7}:APA91b[\w-]{100,200}", back=11),
    *_formats(
        "discord-token",  # starts with the Base64 of a number
        ("MT", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"),
        r"[MNO][A-Za-z0-9]{23,25}\.[\w-]{6}\.[\w-]{27,40}",
    ),
    *_formats("newrelic-key", ("NRAL",), rf"[0-9a-f]{{36}}NRAL{_END}", back=36),
    *_formats("airtable-token", ("pat",), r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    *_formats("private-key", ("IBADANBgkqhkiG9w0BAQEFAASC",), rf"MII[A-Za-z0-9+/]{{3}}{_DER}", back=6),
    *_formats("private-key", ("IBAAKC",), rf"MII[A-Za-z0-9+/]{{3}}{_DER}", back=6),
    *_formats("private-key", ("AgEAMB",), rf"MI[A-Za-z0-9+/]{{2}}AgEAMB[A-Z]GByqGSM49AgEG{_DER}", back=4),
    *_formats("private-key", ("MHcCAQEEI", "MIGkAgEBBD", "MC4CAQAwBQYDK2Vw", "b3BlbnNzaC1rZXktdjEA"), _DER),
    *_formats(
        "private-key",
        ("LS0tLS1CRUdJTi",),
        r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{2,40}UFJJVkFURSBLRVkt[A-Za-z0-9+/]{20,9000}={0,2}",
    ),
    *_formats("jwt", ("eyJ",), r"eyJ[\w-]{10,4000}\.[\w-]{10,8000}(?:\.[\w-]{1,4000}){0,3}"),
)


class Near(NamedTuple):
    """Keys that are known only by their maker's name before them."""

    maker: str
    pattern: str

    def find(self, text: str, at: int) -> Iterator[tuple[int, int]]:
        """The key in the same statement as the name, which is at ``at``."""
        window = text[at : at + 160].partition(";")[0]
        key = compiled(f"(?:{self.pattern})", re.IGNORECASE)
        runs = compiled(r"(?<=[\"'`\s=:>])[\w+/=.:%-]{18,400}(?=[\"'`\s,<)]|$)")
        for run in runs.finditer(window, len(self.maker)):
            if key.fullmatch(run[0]) and looks_random(run[0]):
                yield at + run.start(), at + run.end()


class Makers(NamedTuple):
    """The formats of ``makers.toml``."""

    formats: tuple[Format, ...]
    near: tuple[Near, ...]


_LITERAL_START = regex(r"(?:\\[.$+]|[\w/:!~{}@-])+")


@cache
def makers() -> Makers:
    """What ``makers.toml`` tells, read once."""
    told = tomllib.loads(Path(__file__).with_name("makers.toml").read_text("utf-8"))
    formats = list(_IN_THE_MIDDLE)
    for kinds in told["prefix"].values():
        for kind, patterns in kinds.items():
            formats += [Format(kind, prefix(pattern), _ended(pattern)) for pattern in patterns]
    near: dict[str, list[str]] = {}
    for patterns in told["near"].values():
        for pattern, words in patterns.items():
            for word in words:
                near.setdefault(word, []).append(pattern)
    return Makers(tuple(formats), tuple(Near(word, "|".join(patterns)) for word, patterns in near.items()))


def prefix(pattern: str) -> str:
    """The literal text that a pattern of ``makers.toml`` begins with."""
    start = _LITERAL_START.match(pattern)
    text = start[0] if start else ""
    if start and pattern[start.end() : start.end() + 1] in "{?*":
        text = text[:-1]  # what is repeated may be absent
    return text.replace("\\", "")


def _ended(pattern: str) -> str:
    """A key of a fixed length is not the start of a longer word."""
    return pattern + _END if re.search(r"\{\d+\}$", pattern) else pattern


_LONGEST_KEY = 20_000
"""Characters of a private key with its headers: RSA of 16,384 bits takes 12,600."""


def private_key(text: str, at: int) -> Iterator[tuple[int, int]]:
    """A PEM block from its first to its last line; of one that is cut off or spread over calls, the Base64."""
    head = compiled(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----").match(text, at)
    if head is None:
        return
    run = compiled(r"[A-Za-z0-9+/=]{30,}")
    if head[1] == "BEGIN":
        last = text.find("-----END ", head.end(), at + _LONGEST_KEY)
        foot = compiled(r"-----END [A-Z0-9 ]{0,40}-----").match(text, last) if last >= 0 else None
        body = text[head.end() : foot.start()] if foot else ""
        if foot and not set(body) & set("(){};<>") and compiled(r"[A-Za-z0-9+/]{16}").search(body):
            yield at, foot.end()
            return
        end = text.find("-----", head.end(), at + _LONGEST_KEY)
        end = end if end >= 0 else at + _LONGEST_KEY
        for line in compiled(r"[^\r\n]*(?:\r\n?|\n|\Z)").finditer(text, head.end(), end):
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


def putty_key(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The lines of Base64 that follow ``Private-Lines: 8`` in a key file of PuTTY."""
    lines = compiled(r"private-lines: ?\d{1,3}((?:\s|\\[rn]|[\"+/*@$]){1,60}[A-Za-z0-9+/]{20,76}={0,2}){1,200}", re.I)
    if match := lines.match(text, at):
        yield from (
            found.span() for found in compiled(r"[A-Za-z0-9+/]{20,76}={0,2}").finditer(text, at + 16, match.end())
        )


def web_key(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The private numbers of a JSON Web Key, found by its ``kty``."""
    start = text.rfind("{", max(0, at - _LONGEST_KEY), at)
    if start < 0 or text.find("kty", start, at) >= 0:
        return  # no object, or one that was looked at
    end = compiled(r"[^{}]{0,20000}").match(text, at)
    name = r"""(?P<mark>[\"']{1,3})(?:d|dp|dq|qi|p|q|k)(?P=mark)\s{0,5}:\s{0,5}(?P=mark)(?P<secret>[\w-]{20,1400})"""
    yield from (found.span("secret") for found in compiled(name).finditer(text, start, end.end() if end else at))


_KEY_LINE = (
    r"[ \t]*(?://+|\*|#|>)?[ \t]*(?:[\w.]{1,30}\()?(?P<quote>[@$]{0,2}\"|')?"
    r"(?P<secret>[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{70})(?:\\[nr]){0,2}(?(quote)[\"']|)[ \t]*[+,;)]{0,3}[ \t]*\r?$"
)
_KEY_OPENS = r"[^\"\n]{0,120}\"{1,3}(?P<secret>[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{70})\r?$"
_KEY_CLOSES = r"[ \t]*(?P<secret>[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{70})\"{1,3}[^\"\n]{0,120}$"
"""The first and the last line where a literal goes over several."""
_KEY_LENGTH = 64
"""Characters of a line in a key; OpenSSH has 70."""
_OF_SOMETHING_PUBLIC = (
    r"BEGIN (?![A-Z ]{0,30}PRIVATE)|MII[A-Za-z0-9+/]{2,6}(?:CCA|ANBg|MIGf)|iVBOR|R0lGOD|JVBERi|/9j/|UEsDB|AAEAAAA|H4sI"
)


def key_lines(text: str) -> Iterator[tuple[int, int]]:
    """Lines as a private key has them in its middle, where its first and its last line are not in the text.

    A certificate looks the same there: it is told by its first line, if that is in the text.
    """
    run: list[tuple[int, int]] = []
    above, public, at = "", False, 0
    for row in text.split("\n"):
        line = None
        if len(row) >= _KEY_LENGTH and (run or len(_last_word(row)) >= _KEY_LENGTH):
            line = compiled(_KEY_LINE).match(row) or compiled(_KEY_CLOSES if run else _KEY_OPENS).match(row)
        if line:
            public = (
                public
                if run
                else compiled(_OF_SOMETHING_PUBLIC).search(f"{above[:200]} {line['secret'][:20]}") is not None
            )
            run.append((at + line.start("secret"), at + line.end("secret")))
        elif run:
            yield from () if public else _told(text, run)
            run = []
        above = row
        at += len(row) + 1
    yield from () if public else _told(text, run)


def _last_word(row: str) -> str:
    """The last word of a line without what code writes after a literal."""
    return row.rstrip(" \t\r;,)").removesuffix(" +").rpartition(" ")[2]


def _told(text: str, run: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The run of lines if all of it is random: letters of both cases and digits, each of them many different ones."""
    if any(
        len(set(text[start:end])) < 28
        or "abcdefgh" in text[start:end]
        or not compiled(r"(?=.*[a-z])(?=.*[A-Z]).*\d").match(text, start, end)
        for start, end in run
    ):
        return []
    if len(run) == 1 and not compiled(r"[^+/]*[+/]").match(text, *run[0]):
        return []  # a long name, or a key of another kind
    return run
