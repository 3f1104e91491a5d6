"""Bodies that nobody asks for are left out before parsing, and what is left gives the outline that the whole would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxreview.languages.csharp.skim import skim
from ctxreview.model.outline import Outline
from ctxreview.model.source import Source, Span
from ctxreview.outline import outline
from tests import CORPUS

FILES = sorted((CORPUS / "csharp").glob("*.cs")) + sorted((CORPUS / "workspace").rglob("*.cs"))

LONG = "M(); M(); M(); M(); M(); M(); M(); M(); M(); M();"


def left_out(text: str, *shown: str) -> list[str]:
    """The bodies that are left out where the texts ``shown`` are asked for."""
    data = text.encode()
    within = sorted((data.index(s.encode()), data.index(s.encode()) + len(s.encode())) for s in shown)
    skimmed = skim(data, within)
    return [data[a:b].decode() for a, b in skimmed.bodies] if skimmed is not None else []


def heads(made: Outline) -> tuple[object, ...]:
    """What does not be in a body."""
    return (
        made.types,
        made.members,
        [(f.span, f.opening, f.name, f.kind, f.container) for f in made.outermost],
    )


def test_methods_that_nobody_asks_for_are_left_out() -> None:
    """Of two methods the one that is asked for stays."""
    text = f"class C {{ void A() {{ {LONG} }} int B(int x) {{ return x; {LONG} }} }}"
    assert left_out(text) == [f"{{ {LONG} }}", f"{{ return x; {LONG} }}"]
    assert left_out(text, "return x") == [f"{{ {LONG} }}"]


def test_the_head_counts() -> None:
    """A span in attributes, parameters or the comment before a method keeps its body."""
    text = f"class C {{ int _x; /* why */ [A(1)] void F(int x = 1) {{ {LONG} }} }}"
    for part in ("why", "A(1)", "int x = 1"):
        assert left_out(text, part) == []


def test_the_method_after_a_span_between_methods_is_kept() -> None:
    """Who points at the gap before a method means the method."""
    text = f"class C {{ void A() {{ {LONG} }} int _count; void B() {{ {LONG}; {LONG} }} void D() {{ {LONG} }} }}"
    assert left_out(text, "_count") == [f"{{ {LONG} }}", f"{{ {LONG} }}"]


@pytest.mark.parametrize(
    "head",
    [
        "class C<T>(int x) where T : class",
        "[X(A = 1)] class C(int x) : B(x)",
        "record struct C(int A)",
        "interface C",
        "namespace N.M",
        "extension<T>(T t) where T : class",
    ],
)
def test_containers_are_entered(head: str) -> None:
    """What holds members is not a body, whatever is in its head."""
    assert left_out(f"{head} {{ void A() {{ {LONG} }} }}") == [f"{{ {LONG} }}"]


@pytest.mark.parametrize(
    "head",
    [
        "void F()",
        "T F<T>(T x = default) where T : class",
        "[A(B = 1)] public static async Task<int> F(string s = \"{\", char c = '{')",
        "C(int x) : base(x)",
        "~C()",
        "public static C operator +(C a, C b)",
        "void I.F(/* { */ int x) // {\n",
    ],
)
def test_methods_of_every_kind(head: str) -> None:
    """What runs is a body, whatever is in its head."""
    assert left_out(f"class C {{ {head} {{ {LONG} }} }}") == [f"{{ {LONG} }}"]


@pytest.mark.parametrize(
    "member",
    [
        f"int P {{ get {{ {LONG} }} set {{ {LONG} }} }}",
        f"Func<int> f = () => {{ {LONG} return 1; }};",
        f"X x = new X(1) {{ A = 1, B = () => {{ {LONG} }} }};",
        f"int G(int x) => x switch {{ 1 => F(() => {{ {LONG} }}), _ => 0 }};",
        f"event E Changed {{ add {{ {LONG} }} remove {{ {LONG} }} }}",
    ],
)
def test_other_members_stay(member: str) -> None:
    """Initializers are read whatever is asked for, and accessors belong together."""
    assert left_out(f"class C {{ {member} }}") == []


@pytest.mark.parametrize(
    "text",
    [
        f"class C {{\n#if A\n void F() {{\n#else\n void F(int x) {{\n#endif\n {LONG} }} }}",
        f"class C {{ void F() {{ {LONG} }} }} }}",
        f"class C {{ void F() {{ {LONG} }}",
        f"using X; if (x) {{ {LONG} }} void F() {{ {LONG} }} class C {{ void F() {{ {LONG} }} }}",
        "",
        "int x;",
    ],
)
def test_nothing_is_left_out_in_doubt(text: str) -> None:
    """Half a file, an ``#if`` that splits a statement, and top-level statements are read whole."""
    assert left_out(text) == []


def test_an_unbalanced_brace_in_text_is_none() -> None:
    """Strings of every kind, characters and comments open nothing."""
    inside = '"{" + @"{""" + $"{x}{{" + """{""" + \'{\'; /* { */ // {\n'
    text = f"class C {{ void F() {{ var s = {inside} }} void G() {{ {LONG} }} }}"
    assert left_out(text, "var s") == [f"{{ {LONG} }}"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(CORPUS).as_posix())
def test_the_outline_is_that_of_the_whole_file(path: Path) -> None:
    """Heads are the same, and so is what is in the bodies that are read."""
    source = Source(path.name, path.read_bytes())
    whole = outline(source)
    for one in [None, *whole.outermost[:12]]:
        made = outline(source, within=(one.span,) if one is not None else ())
        assert heads(made) == heads(whole)
        if one is not None:
            assert made.has_read(one.span)
            assert [f for f in made.facts if one.span.contains(f.span)] == [
                f for f in whole.facts if one.span.contains(f.span)
            ]
            assert [s for s in made.regions if one.span.contains(s.span)] == [
                s for s in whole.regions if one.span.contains(s.span)
            ]


def test_a_rewritten_file_keeps_its_places() -> None:
    """Where bodies are passed over and the rest has to be rewritten, ``#if`` decided even, all stands where it stood."""
    text = (
        "#if A\nnamespace X\n#else\nnamespace Y\n#endif\n{\nclass C\n{\n"
        f"void A() {{ {LONG} }}\nvoid B(bool async) {{ lock (_gate) {{ M(async); }} }}\n"
        f"#if A\nint _a;\n#endif\nvoid D() {{ {LONG} {LONG} }}\n}}\n}}\n"
    )
    source = Source("C.cs", text.encode())
    at = text.index("M(async)")
    part, whole = outline(source, within=(Span(at, at + 1),)), outline(source)
    assert part.parse.clean and set(part.parse.normalised) == {"async-identifier", "conditional-compilation"}
    assert [source.text(s)[:6] for s in part.unread] == ["{ M();", "{ M();"]
    assert heads(part) == heads(whole)
    assert [source.text(s.span) for s in part.regions] == ["lock (_gate) { M(async); }"]


def test_an_error_in_what_is_left_has_the_file_read_whole() -> None:
    """What was taken for bodies may be the fault, so that all is parsed as it is."""
    text = f"class C {{ void A() {{ {LONG} }} void B() {{ int = ; }} }}"
    at = text.index("int =")
    made = outline(Source("C.cs", text.encode()), within=(Span(at, at + 3),))
    assert not made.parse.clean


SAVES = "void A() { _db.SaveChanges(); }"
KEPT = "void A() { _transaction.Commit(); }"
OTHERS = {
    "a using": (SAVES, "void B() { using var t = _db.Database.BeginTransaction(); _db.SaveChanges(); t.Commit(); }", 1),
    "what SaveChanges ends": (
        SAVES,
        "void B() { _db = _store.OpenSession(SERIAL); _db.Add(1); _db.SaveChanges(); }",
        0,
    ),
    "what Commit ends": (KEPT, "void B() { _transaction = _db.Database.BeginTransaction(); _db.Add(_order); }", 0),
    "what Commit ends elsewhere": (
        KEPT,
        "void B() { using (new TransactionScope()) { _transaction.Save(_order); } }",
        1,
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_body_is_read_where_it_may_open_what_is_ended_here(case: str) -> None:
    """A field's transaction may be begun in another method; whoever only saves through the same field begins nothing."""
    here, there, unread = OTHERS[case]
    there = there.replace("SERIAL", "new SessionOptions { TransactionMode = TransactionMode.ClusterWide }")
    text = f"class C {{ Db _db; IDbContextTransaction _transaction; {here} {there} }}"
    source = Source("C.cs", text.encode())
    made = outline(source, within=(Span(text.index("A()"), text.index("A()") + 3),))
    assert len(made.unread) == unread
    whole = outline(source)
    own = made.function_of(Span(text.index("A()"), text.index("A()") + 3))
    assert own is not None
    assert [s for s in made.regions if own.span.contains(s.span)] == [
        s for s in whole.regions if own.span.contains(s.span)
    ]


@given(
    st.lists(
        st.sampled_from(["{", "}", ";", "class C", "void F()", '"', "'", "//", "\n", "#if A\n", "=", "x", "(", ")"])
    )
)
def test_the_shape_stays(parts: list[str]) -> None:
    """For any text: same length, same line ends, and only what is between the braces of a body is blank."""
    data = " ".join(parts).encode()
    skimmed = skim(data, ())
    if skimmed is None:
        return
    assert len(skimmed.data) == len(data)
    assert [m.start() for m in re.finditer(rb"\n", skimmed.data)] == [m.start() for m in re.finditer(rb"\n", data)]
    at = 0
    for start, end in skimmed.bodies:
        assert skimmed.data[at : start + 1] == data[at : start + 1]
        assert data[start : start + 1] + data[end - 1 : end] == b"{}"
        assert not skimmed.data[start + 1 : end - 1].strip()
        at = end - 1
    assert skimmed.data[at:] == data[at:]
