"""Files the grammar cannot read: rewritten, outlined with the lines they have, and said to be so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxreview.languages import language_of
from ctxreview.model.facts import StateUse
from ctxreview.model.outline import Parse
from ctxreview.model.review import Context
from ctxreview.model.source import Source, Span
from ctxreview.outline import BRANCH, outline
from ctxreview.outline.parse import read
from tests.samples import context_at

SPLIT = """class C
{
#if NETFRAMEWORK
    public void M(object o)
#else
    public async Task M(object o)
#endif
    {
#if NETFRAMEWORK
        lock (_gate)
        {
            Old();
#else
        using (var tx = _db.BeginTransaction())
        {
            New();
            tx.Commit();
#endif
        }
    }
}
"""

ASYNC = """class C
{
    private readonly object _gate = new();

    void M(bool async)
    {
        lock (_gate)
        {
            if (async) Go(async ? 1 : 2);
        }
    }
}
"""


def _context(tmp_path: Path, code: str, line: int) -> Context:
    (tmp_path / "C.cs").write_text(code, "utf-8")
    return context_at(f"{tmp_path / 'C.cs'}:{line}")


def test_a_rewritten_file_keeps_its_lines_and_names_the_rewrite(tmp_path: Path) -> None:
    """A parameter named async does not parse; its function and lock are found all the same."""
    made = _context(tmp_path, ASYNC, 9)
    source = made.selection.source
    assert made.outline.parse.clean
    assert made.outline.parse.normalised == ("async-identifier",)
    assert [(f.name, *source.lines_of(f.span)) for f in made.functions] == [("M", 5, 11)]
    assert [(s.construct, *source.lines_of(s.span)) for s in made.enclosing] == [("lock", 7, 10)]


@pytest.mark.parametrize(("line", "construct"), [(12, "lock"), (16, "BeginTransaction")])
def test_the_branch_that_holds_the_selection_is_the_one_that_counts(tmp_path: Path, line: int, construct: str) -> None:
    """Where `#if` has to be decided, it is decided for the selected lines."""
    made = _context(tmp_path, SPLIT, line)
    assert "conditional-compilation" in made.outline.parse.normalised
    held = [s for s in made.enclosing if BRANCH not in s.note]
    assert [s.construct for s in held] == [construct]


def test_a_scope_in_another_branch_is_reported_as_such() -> None:
    """The outline has the scopes of both branches, and says which stand only under a symbol."""
    found = outline(Source("C.cs", SPLIT.encode()))
    assert {s.construct: BRANCH in s.note for s in found.regions} == {"BeginTransaction": False, "lock": True}


def test_what_only_a_branch_declares_is_known_in_common_code() -> None:
    """A name is what a branch declares it to be, also in functions that are the same in every branch."""
    code = (
        "#if A\nnamespace X\n#else\nnamespace Y\n#endif\n{\nclass C\n{\n"
        "#if A\nint Count { get; set; }\n#else\nconst int Count = 1;\n#endif\nint M() { return Count; }\n}\n}\n"
    )
    found = outline(Source("C.cs", code.encode()))
    assert [(f.kind, f.name, f.state) for f in found.facts if f.is_state] == [("read", "Count", StateUse("property"))]


def test_what_a_branch_does_is_told_with_what_is_around_it() -> None:
    """Lines of another branch are read with the locals and lambdas of their function, and with the type's state."""
    code = (
        "#if A\nnamespace X\n#else\nnamespace Y\n#endif\n{\nclass C\n{\nint _n, _m;\n"
        "void M(int _m)\n{\nF(() => 1);\n#if A\nlock (_gate) { _n = _m; }\n#endif\n}\nvoid N() { _n++; }\n}\n}\n"
    )
    source = Source("C.cs", code.encode())
    at = code.index("F(")
    for found in (outline(source), outline(source, within=(Span(at, at + 1),))):
        assert [source.text(s.span) for s in found.regions] == ["lock (_gate) { _n = _m; }"]
        inside = [f for f in found.facts if found.regions[0].span.contains(f.span)]
        assert [(f.kind, f.name, f.state) for f in inside if f.is_state] == [("write", "_n", StateUse("field"))]


def test_what_cannot_be_rewritten_is_said(tmp_path: Path) -> None:
    """Functions around an error are recovered, and a blind spot names the line."""
    code = "class C\n{\n    void A() { lock (_a) { x(); } }\n    void B() { ) ) ( } int int; }\n}\n"
    made = _context(tmp_path, code, 3)
    assert not made.outline.parse.clean
    assert [f.name for f in made.functions] == ["A"]
    assert [s.construct for s in made.touched] == ["lock"]
    assert any("could not read this code at line" in s for s in _context(tmp_path, code, 4).blind_spots)


def test_an_extension_block_is_a_type(tmp_path: Path) -> None:
    """A block that parses clean as a constructor is read for what it is."""
    code = "static class E\n{\n    extension(string s)\n    {\n        public void M()\n        {\n            x();\n        }\n    }\n}\n"
    made = _context(tmp_path, code, 7)
    assert [f.name for f in made.functions] == ["M"]
    assert made.outline.parse.normalised == ("extension-block",)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("namespace N;", ""),
        ("namespace N\n{\n", "}"),
        ("class Outer\n{\n", "}"),
    ],
)
def test_a_union_is_a_type(tmp_path: Path, before: str, after: str) -> None:
    """A declaration that parses clean as a function without parameter types is read for what it is."""
    code = f"{before}union Pet(Cat, Dog);\npublic union U(Cat, Dog)\n{{\n    void M()\n    {{\n        x();\n    }}\n}}\n{after}"
    made = _context(tmp_path, code, 6 + before.count("\n"))
    assert [(f.name, f.container) for f in made.functions] == [("M", "U")]
    assert made.outline.parse.normalised == ("union-declaration",)


@pytest.mark.parametrize(
    "code", ["class C { union F(int a) => _x; }\n", "class C { void union(A a) { } union G() { } }\n"]
)
def test_a_type_named_union_is_not_one(tmp_path: Path, code: str) -> None:
    """Functions that return a type of that name, or have it themselves, are functions."""
    made = _context(tmp_path, code, 1)
    assert made.outline.parse == Parse(clean=True)
    assert len(made.outline.outermost) == code.count("{") - 1 + code.count("=>")


def test_names_are_those_of_the_file(tmp_path: Path) -> None:
    """A word that was rewritten keeps its name: `required` is the field, and not the property `Required` beside it."""
    code = (
        "class C\n{\n    object async;\n    bool required; bool Required { get; set; }\n"
        "    void M()\n    {\n        lock (async) { required = F(async); }\n    }\n"
        "    void N() { a?.b = 1; }\n}\n"
    )
    made = _context(tmp_path, code, 7)
    assert "contextual-identifier" in made.outline.parse.normalised
    assert [s.resource for s in made.touched] == ["async"]
    assert [(f.kind, f.name) for f in made.facts if f.is_state] == [("write", "required"), ("read", "async")]
    assert [e.why for e in made.excerpts if e.role == "field"] == [
        "async: used by the function",
        "required: used by the function",
    ]


def test_a_file_is_read_again_only_for_a_line_that_is_not_code_otherwise() -> None:
    """A line in a branch that is compiled anyway gives the reading that everybody else has; one in another branch its own."""
    data, language = SPLIT.encode(), language_of("A.cs")
    plain = read(data, language)
    assert plain.parse.clean
    assert read(data, language, data.index(b"New();")) is plain
    assert read(data, language, None, (Span(0, 5),)) is plain
    kept = read(data, language, data.index(b"Old();"))
    assert b"Old();" in (kept.root.text or b"") and b"Old();" not in (plain.root.text or b"")
