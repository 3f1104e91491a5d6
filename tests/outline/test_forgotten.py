"""What is kept of files is given up: thousands of selections take no more memory than a hundred."""

from __future__ import annotations

import sys

from ctxreview.kept import forget, kept
from ctxreview.languages import language_of
from ctxreview.outline.parse import read

LANGUAGE = language_of("a.cs")
METHOD = b"class C%d {\n" + b"    void M() { lock (_gate) { _count++; } }\n" * 4_000 + b"}\n"


def test_a_kept_result_is_made_once_until_it_is_forgotten() -> None:
    """The same question is not worked on twice, but after all is forgotten."""
    asked = []

    @kept(2)
    def twice(of: int) -> int:
        asked.append(of)
        return 2 * of

    assert [twice(3), twice(3), asked] == [6, 6, [3]]
    forget()
    assert [twice(3), asked] == [6, [3, 3]]


def test_a_large_file_is_read_once_and_leaves_no_other_one_in_memory() -> None:
    """A tree takes some thirty times the bytes of its file, so that of the last large file alone is kept."""
    first = METHOD % 1
    reading = read(first, LANGUAGE)
    assert read(first, LANGUAGE) is reading
    held = sys.getrefcount(reading)
    read(METHOD % 2, LANGUAGE)
    assert sys.getrefcount(reading) < held
    assert read(first, LANGUAGE) is not reading
