"""What holds a place is found by an index; here it is held against looking at everything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tree_sitter
from hypothesis import given
from hypothesis import strategies as st

from ctxreview.context import build as context
from ctxreview.languages import load, nodes, parents
from ctxreview.languages.syntax import Syntax
from ctxreview.languages.within import Within
from ctxreview.model.declarations import Nesting
from ctxreview.model.regions import Crossing, Region
from ctxreview.model.source import Selection, Source, Span, Spans, contains_any
from ctxreview.outline import outline
from ctxreview.tokens import Tokenizer
from tests.samples import context_at, options

WORDS = Tokenizer("words", lambda text: len(text.split()))

SPANS = st.builds(lambda start, size: Span(start, start + size), st.integers(0, 30), st.integers(0, 12))
TREES = st.recursive(st.just("x"), lambda inner: st.lists(inner, max_size=4).map(lambda p: f"[{' '.join(p)}]"))


def lock(span: Span) -> Region:
    """A lock with that span."""
    return Region("lock", span, "lock", "lock", "block")


def brackets(text: str) -> list[Span]:
    """What each pair of brackets holds, in source order, outer before inner."""
    found, open_ = [], []
    for at, letter in enumerate(text):
        if letter == "[":
            open_.append(at)
        elif letter == "]":
            found.append(Span(open_.pop(), at + 1))
    return sorted(found, key=lambda s: (s.start, -s.end))


@given(TREES, st.integers(0, 60), st.integers(1, 9))
def test_what_nests_around_a_place_is_what_holds_it(text: str, start: int, size: int) -> None:
    """The innermost first, whatever is beside."""
    scopes, place = tuple(map(lock, brackets(text))), Span(start, start + size)
    held = [s for s in scopes if s.span.contains(place)]
    nesting = Nesting(scopes)
    assert nesting.around(place) == held[::-1]
    assert (nesting.innermost(place), nesting.outermost(place)) == ((held[-1], held[0]) if held else (None, None))


@given(st.lists(SPANS, max_size=12), SPANS)
def test_what_crosses_is_found_in_the_order_given(spans: list[Span], place: Span) -> None:
    """Scopes that lie over each other, in any order."""
    scopes = [lock(s)._replace(resource=str(i)) for i, s in enumerate(spans)]
    assert Crossing(scopes).around(place) == [s for s in scopes if s.span.contains(place)]


@given(st.lists(SPANS, max_size=12), SPANS)
def test_spans_are_asked_together(spans: list[Span], place: Span) -> None:
    """Whether any holds the place, or shares a byte with it."""
    index = Spans(spans)
    assert index.contains(place) == any(s.contains(place) for s in spans)
    assert index.overlaps(place) == any(s.overlaps(place) for s in spans)


@given(st.lists(st.integers(0, 40), max_size=12, unique=True), SPANS)
def test_a_span_that_starts_where_another_does_may_hold_it(edges: list[int], span: Span) -> None:
    """Of spans that are apart, the first that starts in it decides."""
    apart = [Span(a, b) for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)]
    assert contains_any(span, apart) == any(span.contains(s) for s in apart)


def test_the_parents_of_deep_nodes_are_those_of_the_tree() -> None:
    """Kept or asked for, also where two trees share nodes, and where none is kept."""
    language = load("csharp")
    parser = tree_sitter.Parser(language.grammar)
    code = b"class C { void M() { " + b"if (a.B(c => !c)) { " * parents.DEEP + b"}" * parents.DEEP + b"} }"
    tree = parser.parse(code)
    edited = tree.copy()
    edited.edit(0, 0, 6, (0, 0), (0, 0), (0, 6))
    other = parser.parse(b"/* */ " + code, edited)
    language.patterns.captures(tree.root_node)
    for root in (tree.root_node, other.root_node):
        waiting = [root]
        while waiting:
            node = waiting.pop()
            assert parents.parent(node) == node.parent
            waiting += node.children
    innermost = tree.root_node.descendant_for_byte_range(len(code) // 2, len(code) // 2)
    assert innermost is not None
    assert len(list(parents.ancestors(innermost))) > parents.DEEP
    language.patterns.captures(parser.parse(b"class C { }").root_node)
    assert parents.parent(innermost) == innermost.parent


@given(st.lists(SPANS, max_size=6).map(sorted), st.lists(st.integers(0, 60), min_size=2, max_size=12, unique=True))
def test_what_is_read_is_what_was_asked_for(asked: list[Span], edges: list[int]) -> None:
    """A function is read that touches a place, and the first after a place that none so far touched or followed."""
    functions = [Span(a, b) for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)]
    within, waiting = Within(asked), list(asked)
    for function in functions:
        touches = any(a <= function.end and function.start <= b for a, b in asked)
        follows = bool(waiting) and waiting[0].start <= function.end
        waiting = [w for w in waiting if w.start > function.end]
        assert within.reads(*function) == (touches or follows)


SHAPES = {
    "locks": "lock (_a) {{ _count++; }}",
    "variables": "var tx{0} = db.BeginTransaction(); tx{0}.Commit();",
    "blocks": "{{ var tx = db.BeginTransaction(); db.Save(tx); tx.Commit(); }}",
    "left open": "var tx{0} = db.BeginTransaction();",
    "usings": 'using (var tx = db.BeginTransaction()) {{ db.Execute("SELECT 1 FROM A WITH (UPDLOCK)"); tx.Commit(); }}',
    "pairs": "Monitor.Enter(_a); try {{ _count++; }} finally {{ Monitor.Exit(_a); }}",
    "bare pairs": "Monitor.Enter(_a); _count++; Monitor.Exit(_a); try {{ }} finally {{ Monitor.Exit(_a); }}",
    "lambdas": "Run(x => {{ lock (_a) {{ _count += x; }} }});",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of questions about nodes and spans, one for each time that it is asked."""
    names: list[str] = []

    def counted(name: str, what: Callable[..., object]) -> Callable[..., object]:
        def run(*given: object) -> object:
            names.append(name)
            return what(*given)

        return run

    for owner, name in ((Span, "contains"), (Span, "overlaps"), (nodes, "span"), (nodes, "text"), (Syntax, "receiver")):
        monkeypatch.setattr(owner, name, counted(name, getattr(owner, name)))
    return names


@pytest.mark.parametrize("statement", SHAPES.values(), ids=SHAPES)
def test_work_grows_as_the_method_does(statement: str, asked: list[str]) -> None:
    """Twice the statements are about twice the questions, not four times."""

    def work(count: int) -> int:
        asked.clear()
        body = "\n".join(statement.format(i) for i in range(count))
        code = f"class C {{ object _a = new(); int _count;\nvoid M(Db db) {{\n{body}\n}} }}"
        source = Source("A.cs", code.encode())
        context.build(Selection(source, source.line_span(3), "A.cs:3"), outline(source), 10**9, WORDS, 0)
        return len(asked)

    assert work(120) < 2.5 * work(60)


MEMBERS = {
    "under one lock": "void M{0}() {{ lock (_a) {{ _count++; }} }}",
    "of one list": "void M{0}() {{ _list.Add(1); }}",
    "calls": "void M{0}() {{ N{0}(); }} void N{0}() {{ _count++; }}",
    "local functions": "void M{0}() {{ void L() {{ _count++; }} L(); }}",
    "types": "class D{0} {{ int _count; void M() {{ _count++; }} }}",
}


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS)
def test_work_grows_as_the_type_does(member: str, asked: list[str], tmp_path: Path) -> None:
    """Twice the members that share state are about twice the questions, the repository's included."""

    def work(count: int) -> int:
        members = "\n".join(member.format(i) for i in range(count))
        folder = tmp_path / str(count)
        folder.mkdir()
        code = f"class C {{ object _a = new(); int _count; List<int> _list;\nvoid M() {{ _count++; }}\n{members}\n}}"
        (folder / "A.cs").write_text(code, "utf-8")
        asked.clear()
        context_at("A.cs:2", options("q", 10**9, folder, 3, WORDS))
        return len(asked)

    assert work(400) < 2.5 * work(200)
