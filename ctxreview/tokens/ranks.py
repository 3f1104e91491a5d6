"""OpenAI's ranks, where tiktoken's cache has them and they are those that were published."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import tiktoken


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
RANKS = {"o200k_base": _O200K, "o200k_harmony": _O200K, "cl100k_base": _CL100K}


def cache_directory() -> Path | None:
    """Where tiktoken keeps its ranks, ``None`` where the user switched that off: ``read_file_cached`` again."""
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if variable in os.environ:
            return Path(os.environ[variable]) if os.environ[variable] else None
    import tempfile

    return Path(tempfile.gettempdir(), "data-gym-cache")


def encoding_of(model: str | None) -> str | None:
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
    return encoding if encoding in RANKS else None


@lru_cache(maxsize=4)
def encoding_with_ranks(name: str, path: Path, _changed: int, _size: int) -> tiktoken.Encoding | None:
    """The encoding with the ranks in ``path``, ``None`` where they are not those that OpenAI published.

    The time of change and the size are there for the cache only.
    """
    import base64
    import hashlib

    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != RANKS[name].sha256:
        return None
    import tiktoken

    ranks = {}
    for line in data.splitlines():
        token, _, rank = line.partition(b" ")
        ranks[base64.b64decode(token)] = int(rank)
    return tiktoken.Encoding(name, pat_str=RANKS[name].pattern, mergeable_ranks=ranks, special_tokens={})


_LONGEST_RUN = 1000
"""Characters. tiktoken 0.12 takes 18 ms for a run of 8,000 letters, 19 s for 260,000, and gives up at 1,000,000."""


def short_pieces(text: str) -> Iterator[str]:
    """The text itself, unless it has a run of blanks or of anything else that is longer than ordinary source has.

    Such a run is cut, at the price of at most one token a cut.
    """
    at = 0
    for run in re.finditer(rf"(?<!\S)\S{{{_LONGEST_RUN},}}|(?<!\s)\s{{{_LONGEST_RUN},}}", text):
        for cut in range(run.start() + _LONGEST_RUN, run.end(), _LONGEST_RUN):
            yield text[at:cut]
            at = cut
    yield text[at:]
