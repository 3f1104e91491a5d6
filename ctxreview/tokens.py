"""How many tokens a text is, counted without ever touching a network.

OpenAI publishes the ranks of its tokenizers as files of 1.7 and 3.6 MB which tiktoken downloads at first use and
keeps in a cache directory. Where the file is there already and is the one that OpenAI published, tokens are
counted with it; everywhere else, and for the models of other makers, they are estimated. Nothing here
downloads: tiktoken is handed the ranks instead of being asked to get them, because it deletes a damaged
cache file and goes to the network for another.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import tiktoken


class Tokenizer(NamedTuple):
    """Counts the tokens of a text. ``name`` is tiktoken's name of the encoding, or ``estimate``."""

    name: str
    count: Callable[[str], int]


def tokenizer(model: str | None = None) -> Tokenizer:
    """The best tokenizer for ``model`` that this machine has; ``None`` stands for a current OpenAI model.

    Reads ranks once, in some 0.2 seconds; without ranks it returns in well under a millisecond.
    """
    cache = _cache_directory()
    if cache is None or not any((cache / ranks.file).is_file() for ranks in _RANKS.values()):
        return ESTIMATE  # before tiktoken is imported for its table of models
    name = _encoding_of(model)
    if name is None:
        return ESTIMATE
    path = cache / _RANKS[name].file
    try:
        seen = path.stat()
        encoding = _encoding(name, path, seen.st_mtime_ns, seen.st_size)
    except OSError:
        return ESTIMATE
    if encoding is None:
        return ESTIMATE
    encode = encoding.encode_ordinary  # "<|endoftext|>" in source text is text

    def count(text: str) -> int:
        return sum(len(encode(piece)) for piece in _pieces(text))

    return Tokenizer(name, count)


def estimate(text: str) -> int:
    """About how many tokens of ``o200k_base`` the text is, from the shape of its words and punctuation.

    Tuned for C# with English comments, and meant to be a little too high rather than too low. Measured against
    o200k_base on Hangfire and EF Core; per cent of the true count:

    ======================================  ======  ======  ======  ===============
    text                                    median      5%     95%  worst
    ======================================  ======  ======  ======  ===============
    3,324 source files                        +4.9    +0.9    +8.7  -11.4 and +18.7
    8,239 pieces of them, 20-200 lines        +3.5    -0.9    +7.8  -15.1 and +27.2
    1,500 such pieces, with line numbers      +2.8    -0.1    +5.5   -4.3 and +10.4
    1,481 pieces, 3-19 lines                  +3.3    -5.5   +12.0  -25.0 and +27.9
    600 test files that were not fitted       +5.0    -1.7   +13.9   -8.7 and +23.5
    827 Markdown files                        +1.3    -4.1    +5.5  -21.5 and +21.8
    ======================================  ======  ======  ======  ===============

    Far off for what is no source: 0.7 of the true count for Base64, 1.3 for Chinese, 1.8 for Russian. Anthropic
    publishes no ranks, so that the error for its models is not known. Some 0.5 ms for each 50,000 characters.
    """
    shapes, kinds = _tables()
    shape = text.encode("utf-8", "replace").translate(shapes)
    tokens = _ANY * len(shape)
    for weight, pattern in _RUNS:
        tokens += weight * shape.count(pattern.translate(shapes))
    # A byte for each two neighbours, from arithmetic on the whole: counting single bytes takes a fifth of counting pairs.
    number = int.from_bytes(shape, "little")
    pairs = (number | number << 12).to_bytes(len(shape) + 2, "little").translate(kinds)
    for kind, (weight, _, _) in enumerate(_PAIRS, 1):
        tokens += weight * pairs.count(kind)
    return round(tokens)


ESTIMATE = Tokenizer("estimate", estimate)


# --- the ranks ---------------------------------------------------------------------------------------------


class _Ranks(NamedTuple):
    """What makes an encoding; address, hash and pattern are those of ``tiktoken_ext/openai_public.py``, tiktoken 0.14.

    ``file`` is its name in tiktoken's cache: the SHA-1 of its address
    (https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken, for one), as ``read_file_cached`` of
    ``tiktoken/load.py`` has it.
    """

    file: str
    sha256: str
    pattern: str


_CL100K = _Ranks(
    file="9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    pattern=r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"
    r"|\s*[\r\n]|\s+(?!\S)|\s",
)
_O200K = _Ranks(
    file="fb374d419588a4632f3f557e76b4b70aebbca790",
    sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    pattern=r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
_RANKS = {"o200k_base": _O200K, "o200k_harmony": _O200K, "cl100k_base": _CL100K}


def _cache_directory() -> Path | None:
    """Where tiktoken keeps its ranks, ``None`` where the user switched that off: ``read_file_cached`` again."""
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if variable in os.environ:
            return Path(os.environ[variable]) if os.environ[variable] else None
    import tempfile

    return Path(tempfile.gettempdir(), "data-gym-cache")


def _encoding_of(model: str | None) -> str | None:
    """The encoding of a model, ``None`` where it is not OpenAI's or its ranks are not in the table above."""
    if model is None:
        return "o200k_base"
    name = model.lower().rpartition("/")[2]  # gateways write "openai/gpt-4o"
    if not re.match(r"(ft:)?(gpt|chatgpt|codex|o\d|text-|davinci|babbage)", name):
        return None
    from tiktoken.model import encoding_name_for_model

    try:
        encoding = encoding_name_for_model(name)
    except KeyError:
        encoding = "o200k_base"  # a model newer than the table: every one since 2024 has had this encoding
    return encoding if encoding in _RANKS else None


@lru_cache(maxsize=4)
def _encoding(name: str, path: Path, _changed: int, _size: int) -> tiktoken.Encoding | None:
    """The encoding with the ranks in ``path``, ``None`` where they are not those that OpenAI published.

    The time of change and the size are there for the cache only.
    """
    import base64
    import hashlib

    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != _RANKS[name].sha256:
        return None
    import tiktoken

    ranks = {}
    for line in data.splitlines():
        token, _, rank = line.partition(b" ")
        ranks[base64.b64decode(token)] = int(rank)
    return tiktoken.Encoding(name, pat_str=_RANKS[name].pattern, mergeable_ranks=ranks, special_tokens={})


_LONGEST_RUN = 1000
"""Characters. tiktoken 0.12 takes 18 ms for a run of 8,000 letters, 19 s for 260,000, and gives up at 1,000,000."""


def _pieces(text: str) -> Iterator[str]:
    """The text itself, unless it has a run of blanks or of anything else that is longer than ordinary source has.

    Such a run is cut, at the price of at most one token a cut.
    """
    at = 0
    for run in re.finditer(rf"(?<!\S)\S{{{_LONGEST_RUN},}}|(?<!\s)\s{{{_LONGEST_RUN},}}", text):
        for cut in range(run.start() + _LONGEST_RUN, run.end(), _LONGEST_RUN):
            yield text[at:cut]
            at = cut
    yield text[at:]


# --- the estimate ------------------------------------------------------------------------------------------


_ANY = 0.02
"""Tokens for each byte, since long words take more than one; most bytes are letters, which are slow to count."""

_SHAPES = (b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789", b" \t\f\v", b"\r\n")
"""Bytes that count as one, and so stand for each other below; so do all that are not ASCII, and the rest: punctuation."""

_RUNS = (
    (0.04, b"A"),  # capitals are merged less
    (4.0, b"a" * 16),  # no words at all
    (0.34, b"0"),
    (0.24, b"."),
    (-1.0, b"." * 8),  # rulers and boxes are merged more
    (0.77, b".  "),  # what stands before indentation where lines are numbered
    (0.25, b"\n" * 4),
    (-0.01, b" "),
    (-0.02, b"\n"),
    (0.23, b"\x80"),  # a byte of a letter that is not ASCII
)
"""Tokens each time bytes of these shapes follow each other."""

_PAIRS = (
    (0.86, b"a", b"A"),  # a further hump of a camel-case name
    (0.77, b"\n", b" "),  # indentation
    (0.95, b" \n", b"aA"),  # a word after a blank or at a line's start
    (0.5, b".", b"aA"),  # a name after a dot often takes the dot along
    (0.3, b"0", b"aA"),  # letters straight after a digit: hexadecimal, Base64
    (1.2, b"aA \n.\x80", b"0"),  # a number: digits go by threes
    (0.75, b"aA0 \n\x80", b"."),  # a run of punctuation
    (1.0, b"aA0 ", b"\n"),  # line ends after punctuation go with it
)
"""Tokens each time a byte of the first shapes stands before one of the second; no pair is in two of them.

All were fitted to o200k_base by least squares, then rounded.
"""


@lru_cache(maxsize=1)
def _tables() -> tuple[bytes, bytes]:
    """The shape of each byte, from 1 to 7; and of two shapes, the first times 16, which of the pairs they are, from 1."""
    shapes = bytearray(b"\x06" * 128 + b"\x07" * 128)
    for shape, members in enumerate(_SHAPES, 1):
        for member in members:
            shapes[member] = shape
    kinds = bytearray(256)
    for kind, (_, before, after) in enumerate(_PAIRS, 1):
        for first in before.translate(shapes):
            for second in after.translate(shapes):
                kinds[first << 4 | second] = kind
    return bytes(shapes), bytes(kinds)
