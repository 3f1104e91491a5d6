"""Letters that stand for two others: with one in front, a word that the grammar takes for a keyword is an ordinary name.

They are of the N'Ko script, two bytes each in UTF-8, so that nothing moves and no other name becomes the same.
"""

from ctxreview.regex import regex

_PAIRS = (b"an", b"as", b"aw", b"fi", b"me", b"mo", b"or", b"pa", b"pr", b"re", b"ty", b"wi")
"""How the contextual keywords begin that are rewritten where they are names."""
_LETTERS = {pair: chr(0x7CA + n).encode() for n, pair in enumerate(_PAIRS)}
_STANDS_FOR = {letter: pair for pair, letter in _LETTERS.items()}
_ANY = regex(b"|".join(_STANDS_FOR))


def mask(pair: bytes) -> bytes:
    """What stands for the two letters, in as many bytes."""
    return _LETTERS[pair]


def as_read(data: bytes) -> bytes:
    """``data`` with the letters for which others stand."""
    return _ANY.sub(lambda found: _STANDS_FOR[found[0]], data) if b"\xdf" in data else data
