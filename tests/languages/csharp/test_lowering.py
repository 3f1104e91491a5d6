"""C# in the intermediate language: ``corpus/il`` is the specification, source and units side by side.

After a change that is meant, ``pytest --update`` writes the units of the corpus again: read what changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxreview.behaviour.printer import text
from ctxreview.behaviour.units import units
from ctxreview.model import il
from ctxreview.model.facts import Fact
from ctxreview.model.source import Source
from ctxreview.outline import outline
from tests import CORPUS

CASES = sorted((CORPUS / "il").glob("*.md"))
SOURCES = sorted((CORPUS / "csharp").glob("*.cs"))
_BLOCKS = re.compile(r"```csharp\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def lowered(code: bytes) -> tuple[il.Unit, ...]:
    """The units of a file with that text."""
    return tuple(units(Source("case.cs", code)))


def printed(code: str) -> str:
    """The units of a case as its file has them."""
    return "\n".join(text(unit) for unit in lowered(code.encode()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_corpus(case: Path, expect: Callable[[Path, str], None]) -> None:
    """Each source has the units that are beside it."""
    known = case.read_text("utf-8")
    blocks = _BLOCKS.search(known)
    assert blocks is not None
    expect(case, known[: blocks.start(2)] + printed(blocks[1]) + known[blocks.end(2) :])


def test_the_corpus_is_large() -> None:
    """The specification has a file for each form of the language that people write."""
    assert len(CASES) >= 60


def nodes(units_: tuple[il.Unit, ...]) -> Iterator[tuple[il.Node, il.Node | None]]:
    """All nodes, each with the one that holds it."""
    waiting: list[tuple[il.Node, il.Node | None]] = [(unit, None) for unit in units_]
    while waiting:
        node, around = waiting.pop()
        yield node, around
        waiting += [(child, node) for child in il.children(node)]


def check_spans(code: bytes) -> None:
    """Each node is within the one that holds it, and all of them in the file."""
    for node, around in nodes(lowered(code)):
        assert 0 <= node.span.start <= node.span.end <= len(code)
        assert around is None or around.span.contains(node.span), (node, around)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_spans_nest(path: Path) -> None:
    """No node reaches beyond the one that holds it."""
    check_spans(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_what_the_outline_sees_is_in_the_units(path: Path) -> None:
    """Each call, write, wait and exit that the outline tells of is at its place in a unit."""
    source = Source(path.name, path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    found = outline(source)
    if found.parse.inactive or not found.parse.clean:
        return  # what stands only in another branch of `#if` is lowered as far as whole members go
    known = [node for node, _ in nodes(lowered(source.data))]
    spans = {node.span for node in known}
    named = {(node.span.end, node.name) for node in known if isinstance(node, il.Access)}
    awaited = [n.span for n in known if isinstance(n, il.Await) or (isinstance(n, il.Held | il.Loop) and n.awaited)]

    def is_there(fact: Fact) -> bool:
        if fact.kind == "await":
            return any(s.start == fact.span.start or source.data.startswith(b"await", fact.span.start) for s in awaited)
        near = (s for s in spans if s.contains(fact.span) and s.size <= fact.span.size + 2)
        return fact.span in spans or (fact.span.end, fact.name) in named or any(near)

    # What a text hints at and what marks a type are not effects: they run nowhere.
    effects = [fact for fact in found.facts if fact.kind not in ("sql-hint", "token")]
    assert [(fact.kind, source.text(fact.span)) for fact in effects if not is_there(fact)] == []


@given(st.sampled_from(SOURCES), st.data())
@settings(max_examples=60, deadline=None)
def test_broken_source_is_lowered_all_the_same(path: Path, data: st.DataObject) -> None:
    """Whatever is cut out of a file or put into it, the rest has units, and their spans nest."""
    code = path.read_bytes().removeprefix(b"\xef\xbb\xbf")[:6000].decode("utf-8", "ignore")
    start = data.draw(st.integers(0, len(code)))
    end = data.draw(st.integers(start, min(len(code), start + 200)))
    put = data.draw(
        st.sampled_from(["", "{", "}", "(", "is null &&", "from x in", "?.", "using var", "switch {", '$"{', "\u00e9"])
    )
    check_spans((code[:start] + put + code[end:]).encode())


@pytest.mark.parametrize(
    "code",
    [
        "x" + ".F()" * 30_000,
        "x = " + "a + " * 30_000 + "a",
        "x = " + "(" * 3_000 + "a" + ")" * 3_000,
        "if (a) { " * 2_000 + "F();" + " }" * 2_000,
        "if (a) F(); else " * 3_000 + "G();",
        "x = " + "a ? b : " * 3_000 + "c",
        "F(" * 3_000 + ")" * 3_000,
        "using var a = b; " * 3_000,
    ],
    ids=["calls", "sum", "parentheses", "ifs", "else-ifs", "conditionals", "arguments", "using-declarations"],
)
def test_depth_is_bounded(code: str) -> None:
    """What nests deeper than people write becomes opaque, and nothing recurses without end."""
    found = lowered(f"class C {{ void M() {{ {code}; }} }}".encode())
    assert [unit.name for unit in found] == ["M"]
    text(found[0])
