"""The bytes of a file as source text."""

from __future__ import annotations

from ctxreview.errors import SourceError
from ctxreview.model.source import Source

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def decode(raw: bytes, shown: str) -> Source:
    """The bytes of a file as a :class:`Source`. Raises :class:`SourceError` for empty and binary files."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _decoded(raw[len(mark) :], shown, encoding)
    if b"\0" in raw:
        # Without a mark, UTF-16 source shows as a zero in every other byte; anything else with zeros is not text.
        head = raw[: min(len(raw), 8192) & ~1]
        even, odd = head[::2].count(0), head[1::2].count(0)
        for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
            if zeros > len(head) * 0.45 and others == 0:
                return _decoded(raw, shown, encoding)
        raise SourceError(f"{shown}: is a binary file; ctxreview reads source text.")
    return _decoded(raw, shown, "utf-8")


def _decoded(raw: bytes, shown: str, encoding: str) -> Source:
    for codec in (encoding, "cp1252", "latin-1") if encoding == "utf-8" else (encoding,):
        try:
            text = raw.decode("utf-8" if codec == "utf-8-sig" else codec)
        except UnicodeDecodeError:
            continue
        if not text.strip():
            raise SourceError(f"{shown}: is empty; there is nothing to select.")
        return Source(shown, raw if codec.startswith("utf-8") else text.encode("utf-8", "replace"), codec)
    raise SourceError(
        f"{shown}: has a {encoding.upper()} byte order mark but is not valid {encoding.upper()}; save it again as UTF-8."
    )
