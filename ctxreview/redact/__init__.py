"""Secrets never leave the machine: known key formats, credentials in connection strings and addresses, private keys
and literals that are assigned to a telling name are replaced by stable placeholders.

Written here because no library of the index does it as well. Measured in 2026-11 on the corpus of the tests (347
secrets in C#, 547 ordinary literals), beside this module (all of them, and one):

- detect-secrets 1.5.0 (May 2024, Apache-2.0; 0.1 s to import) finds 110 and takes 19 literals (hashes) for secrets. It
  gives no positions, has no rule for connection strings and sees only the first line of a private key.
- CredSweeper 1.19.5 (2026, MIT) finds 214 and takes 8 (GUIDs), with the model that it brings. It needs 0.6 to 1.5 s to
  import and 31 packages, onnxruntime and pandas among them; a context is done in 0.1 s.
- scrubadub 2.0.1 (2023) is for personal data.

On real source, 910,000 literals of Bitwarden's server, Jellyfin and Npgsql (90 MB), some 100 are replaced: passwords,
keys and hashes of tests, connection strings of tests, and five names and settings that are none.

``makers.toml`` has the formats of makers as data, and ``formats`` those that are known by something in their middle. What
the surroundings give away is in ``addresses``, ``connection_strings``, ``clues``, ``remarks`` (comments and lines), and, for
literals under a name, in ``given_passwords`` and ``assigned_secrets``; ``arguments`` says which argument of a call is a
password, ``values`` what a value looks like. ``rules`` puts them in order. ``literals`` reads literals, ``expressions`` as the code
puts them together, ``encoded`` what is written in other digits, and ``matching`` applies the rules to the text and to these readings.

What is not found: secrets of no known format under a name that says nothing, secrets that are computed (encrypted, or
put together in a loop or over several methods), and passwords that cannot be told from a name, a label or a sentence.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ctxreview.redact.matching import find_secrets as _find_secrets
from ctxreview.redact.rules import kinds, prepare
from ctxreview.redact.rules import placeholders as _placeholders
from ctxreview.regex import regex

__all__ = ["Redacted", "kinds", "masked", "prepare", "redact", "replaced"]

_MARK = regex(r"\[REDACTED:([\w-]+):\d+\]")


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
    known = max((int(mark["number"] or 0) for mark in _placeholders(text)), default=0)
    while found := _find_secrets(text):
        parts, at = [], 0
        for start, end, kind in found:
            secret = text[start:end]
            number = numbers.setdefault(secret, known + len(numbers) + 1)
            parts += [text[at:start], _placeholder(secret, f"[REDACTED:{kind}:{number}]")]
            at = end
        # Again, because what is left may only now be seen for what it is. Each turn leaves fewer characters
        # outside placeholders, so that it comes to an end.
        text = "".join(parts) + text[at:]
    new = (mark for mark in _placeholders(text) if numbers and int(mark["number"] or 0) > known)
    return Redacted(text, tuple(mark["kind"] for mark in new), tuple(numbers))


def replaced(text: str, original: str) -> dict[str, int]:
    """How many placeholders of each kind are in ``text`` beyond those that its ``original`` has itself."""
    return dict(sorted((Counter(_MARK.findall(text)) - Counter(_MARK.findall(original))).items()))


def masked(text: str, secrets: Iterable[str]) -> str:
    """``text`` without any line of the ``secrets``, also where JSON escapes it: for who was told them."""
    lines = {line.strip(' \t"+') for secret in secrets for line in secret.splitlines()}
    written = {form for line in lines if len(line) >= _SHORTEST_LINE for form in (line, json.dumps(line)[1:-1])}
    for form in sorted(written, key=len, reverse=True):
        text = text.replace(form, "[REDACTED]")
    return text


_SHORTEST_LINE = 4
"""Characters of a secret's line; what is shorter is in other words as well."""


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
