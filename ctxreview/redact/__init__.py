"""Secrets never leave the machine: known key formats, credentials in connection strings and addresses, private keys
and literals that are assigned to a telling name are replaced by stable placeholders.

Written here because no library of the index does it as well. Measured in 2026-11 on the corpus of the tests (347
secrets in C#, 547 ordinary literals), beside this module (all of them, and one):

- detect-secrets 1.5.0 (May 2024, Apache-2.0; 0.1 s to import) finds 110 and takes 19 literals (hashes) for secrets. It
  gives no positions, has no rule for connection strings and sees only the first line of a private key.
- CredSweeper 1.19.5 (2026, MIT) finds 214 and takes 8 (GUIDs), with the model that it brings. It needs 0.6 to 1.5 s to
  import and 31 packages, onnxruntime and pandas among them; a context is done in 0.1 s.
- scrubadub 2.0.1 (2023) is for personal data.

On real source, 25,000 literals of Hangfire, EF Core, Jellyfin, Npgsql and Orleans, 4 are replaced, which are passwords
in connection strings of tests; on 120,000 of six other repositories 88, all but a handful of them passwords or keys.

``formats`` knows what can be told by itself, ``credentials`` what its surroundings give away, ``values`` what a value
looks like. Literals that are put together with ``+`` are read together.

What is not found: secrets of no known format under a name that says nothing, secrets that are put together in other
ways than by ``+``, and passwords that cannot be told from a name or a label (``Password = "my.password"``).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from ctxreview.redact.credentials import (
    assigned,
    authorization,
    command,
    connection_password,
    constructed,
    cookie,
    oracle_password,
    parameter,
    remark,
    spelled,
    uri_password,
)
from ctxreview.redact.formats import FORMATS, Finder, found_at, private_key, putty_key, web_key
from ctxreview.redact.values import compiled


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its secrets.

    A secret became ``[REDACTED:<kind>:<number>]``, the same secret under the same number; further lines of one that
    spans several became ``[REDACTED]``, so that every line keeps its number and its line end. ``kinds`` has one entry
    for each place, in the order of the text; ``secrets`` are what was replaced, each once.
    """

    text: str
    kinds: tuple[str, ...]
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)


def redact(text: str) -> Redacted:
    """The text with every secret replaced; finds nothing when applied to its own result.

    Works best on whole files: a private key of which only the middle lines are given is not recognised. Takes some
    11 ms for each 200,000 characters of source without secrets.
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
    return Redacted(text, tuple(mark["kind"] for mark in new), tuple(numbers))


def masked(text: str, secrets: Iterable[str]) -> str:
    """``text`` without any line of the ``secrets``, also where JSON escapes it: for who was told them."""
    lines = {line.strip(' \t"+') for secret in secrets for line in secret.splitlines()}
    written = {form for line in lines if len(line) >= _SHORTEST_LINE for form in (line, json.dumps(line)[1:-1])}
    for form in sorted(written, key=len, reverse=True):
        text = text.replace(form, "[REDACTED]")
    return text


_SHORTEST_LINE = 4
"""Characters of a secret's line; what is shorter stands in other words as well."""


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
    return compiled(rf"\[REDACTED(?::(?P<kind>{'|'.join(KINDS)}):(?P<number>\d{{1,9}}))?\]").finditer(text)


_SEAM = r'"[ \t]{0,200}(?:\r?\n[ \t]{0,200})?\+[ \t]{0,200}(?:\r?\n[ \t]{0,200})?[@$]{0,2}"'
"""Where two literals are put together."""


def _found(text: str) -> list[tuple[int, int, str]]:
    """Where the secrets are, as start, end and kind: in order, apart from each other, placeholders left alone."""
    spans = _in_one_piece(text)
    merged: list[tuple[int, int, str]] = []
    for start, end, kind in sorted([*spans, *_in_parts(text)]):
        if merged and start < merged[-1][1]:
            last = merged[-1]
            merged[-1] = (last[0], max(last[1], end), min(last[2], kind, key=KINDS.index))
        else:
            merged.append((start, end, kind))
    return merged


def _in_parts(text: str) -> Iterator[tuple[int, int, str]]:
    """The secrets that show when literals are read as they are put together: one span for each part."""
    if '"' not in text or "+" not in text:
        return
    pieces: list[tuple[int, int, int]] = []  # where it stands in the joined text and in this one, and how long it is
    joined, size, done = [], 0, 0
    for seam in compiled(_SEAM).finditer(text):
        first = max(text.rfind("\n", 0, seam.start()) + 1, done)
        if not pieces or text.find("\n", done, first) >= 0:  # another line: the one before ends here
            if pieces:
                last = text.find("\n", done)
                pieces.append((size, done, last - done))
                joined.append(text[done:last] + "\n")
                size += len(joined[-1])
            done = first
        pieces.append((size, done, seam.start() - done))
        joined.append(text[done : seam.start()])
        size += len(joined[-1])
        done = seam.end()
    if not pieces:
        return
    last = text.find("\n", done)
    pieces.append((size, done, (last if last >= 0 else len(text)) - done))
    joined.append(text[done : last if last >= 0 else len(text)])
    starts = [at for at, _, _ in pieces]
    for start, end, kind in _in_one_piece("".join(joined)):
        for at, there, length in pieces[max(bisect_right(starts, start) - 1, 0) :]:
            if at >= end:
                break
            a, b = max(start, at), min(end, at + length)
            if a < b and text[there + a - at : there + b - at].strip():
                yield there + a - at, there + b - at, kind


def _in_one_piece(text: str) -> list[tuple[int, int, str]]:
    """The secrets that show in the text as it stands, as :func:`_found` gives them."""
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


_Where = Literal["text", "text in any case", "long words"]
_TEXT: _Where = "text"
_ANY_CASE: _Where = "text in any case"
_LONG_WORDS: _Where = "long words"
_SHORTEST_KEY = 20
"""Characters of the shortest key format, all without blanks: it is enough to look at words of that length, which
halves the time that a text without secrets takes."""

_RULES: tuple[tuple[str, tuple[str, ...], _Where, Finder], ...] = (
    ("private-key", ("-----BEGIN ", "-----END "), _TEXT, private_key),
    (
        "private-key",  # RSA.ToXmlString(true)
        ("<D>", "<P>", "<Q>", "<DP>", "<DQ>", "<InverseQ>"),
        _LONG_WORDS,
        found_at(r"<[A-Za-z]{1,8}>(?P<secret>[A-Za-z0-9+/]{20,3000}={0,2})</"),
    ),
    ("private-key", ("private-lines:",), _ANY_CASE, putty_key),
    ("private-key", ("kty",), _TEXT, web_key),
    *((kind, anchors, _LONG_WORDS, finder) for kind, anchors, finder in FORMATS),
    ("azure-sas", ("sig=",), _ANY_CASE, found_at(r"[Ss][Ii][Gg]=(?P<secret>[A-Za-z0-9%+/_-]{20,200}={0,2})")),
    ("azure-storage-key", ("accountkey",), _ANY_CASE, connection_password),
    ("azure-shared-key", ("accesskey", "sharedsecret"), _ANY_CASE, connection_password),
    ("uri-password", ("://",), _TEXT, uri_password),
    ("connection-password", ("password", "passwd", "pwd"), _ANY_CASE, connection_password),
    ("connection-password", ("@//",), _TEXT, oracle_password),
    ("authorization", ("bearer ", "basic ", 'bearer"', 'basic"', "ssws ", "authorization"), _ANY_CASE, authorization),
    ("cookie", ("cookie",), _ANY_CASE, cookie),
    ("secret", ("secret=",), _ANY_CASE, parameter),
    ("token", ("token=",), _ANY_CASE, parameter),
    ("key", ("key=",), _ANY_CASE, parameter),
    ("credential", ("Credential(", "Credentials("), _TEXT, constructed),
    ("password", ("password", "passwd", "pwd", "passphrase", "passcode"), _ANY_CASE, assigned),
    ("password", ("password", "passwd", "passphrase"), _ANY_CASE, remark),
    ("password", ("sqlcmd", "osql", "bcp", "mysql", "curl"), _TEXT, command),
    ("password", (".AppendChar(",), _TEXT, spelled),
    ("secret", ("secret", "credential"), _ANY_CASE, assigned),
    ("token", ("token",), _ANY_CASE, assigned),
    ("key", ("key",), _ANY_CASE, assigned),
)
"""Kind, what must stand in the text for the rule to be tried there, where to look for that, and the rule.

Looking for the anchors is all that a text without secrets costs.
"""

KINDS: tuple[str, ...] = tuple(dict.fromkeys(kind for kind, *_ in _RULES))
"""Every kind that a placeholder can name."""
