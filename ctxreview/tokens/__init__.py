"""How many tokens a text is, counted without ever touching a network.

OpenAI publishes the ranks of its tokenizers as files of 1.7 and 3.6 MB which tiktoken downloads at first use and
keeps in a cache directory. Where the file is there already and is the one that OpenAI published, tokens are
counted with it; everywhere else, and for the models of other makers, they are estimated. Nothing here
downloads: tiktoken is handed the ranks instead of being asked to get them, because it deletes a damaged
cache file and goes to the network for another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ctxreview.tokens.estimate import estimate
from ctxreview.tokens.ranks import RANKS, cache_directory, encoding_of, encoding_with_ranks, short_pieces

__all__ = ["ESTIMATE", "Tokenizer", "estimate", "tokenizer"]


class Tokenizer(NamedTuple):
    """Counts the tokens of a text. ``name`` is tiktoken's name of the encoding, or ``estimate``."""

    name: str
    count: Callable[[str], int]


ESTIMATE = Tokenizer("estimate", estimate)


def tokenizer(model: str | None = None) -> Tokenizer:
    """The best tokenizer for ``model`` that this machine has; ``None`` stands for a current OpenAI model.

    Reads ranks once, in some 0.2 seconds; without ranks it returns in well under a millisecond.
    """
    cache = cache_directory()
    if cache is None or not any((cache / ranks.file).is_file() for ranks in RANKS.values()):
        return ESTIMATE  # before tiktoken is imported for its table of models
    name = encoding_of(model)
    if name is None:
        return ESTIMATE
    path = cache / RANKS[name].file
    try:
        seen = path.stat()
        encoding = encoding_with_ranks(name, path, seen.st_mtime_ns, seen.st_size)
    except OSError:
        return ESTIMATE
    if encoding is None:
        return ESTIMATE
    encode = encoding.encode_ordinary  # "<|endoftext|>" in source text is text

    def count(text: str) -> int:
        return sum(len(encode(piece)) for piece in short_pieces(text))

    return Tokenizer(name, count)
