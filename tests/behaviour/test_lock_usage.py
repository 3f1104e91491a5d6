"""The text that rules about locks look at: code as it is, comments and literals blank, each byte at its place."""

from __future__ import annotations

import pytest

from ctxreview.behaviour.lock_usage import masked_source
from ctxreview.model.source import Source
from ctxreview.outline import outline

LITERALS = {
    "plain": '"a \\" b"',
    "verbatim": '@"a ""b"" \\"',
    "verbatim, begins with a quote": '@"""a"" b"',
    "interpolated": '$"a {x} b"',
    "interpolated verbatim": '$@"a ""{x}"" b"',
    "raw": '"""a "b" c"""',
    "raw, four quotes": '""""a """ c""""',
    "raw, interpolated": '$"""a "{x}" b"""',
    "raw, two dollars": '$$"""a "{{x}}" b"""',
    "character": "'\"'",
}


@pytest.mark.parametrize("literal", LITERALS.values(), ids=LITERALS)
def test_a_literal_is_blank_and_what_follows_is_code(literal: str) -> None:
    """However a text is written, it ends where it ends: what comes after is examined, and what is in its holes."""
    text = f'class C {{ object M(int x) {{ var s = {literal}; lock (_gate) {{ return s + "end"; }} }} }}'
    masked = masked_source(outline(Source("A.cs", text.encode()))).decode()
    at = text.index(literal)
    assert len(masked) == len(text)
    assert masked[:at] == text[:at]
    assert set(masked[at + 1 : at + len(literal) - 1]) <= set(' "(x)')
    assert ("x" in masked[at : at + len(literal)]) == ("{x}" in literal and "$" in literal)
    assert masked[at + len(literal) :] == text[at + len(literal) :].replace("end", "   ")
