"""Normalising C# before parsing: what is rewritten, what stays, and what holds for any text whatsoever."""

from __future__ import annotations

import re
from functools import cache

import pytest
import tree_sitter
import tree_sitter_c_sharp
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxreview.languages.csharp.conditional import Selection, formula, holds, others, select
from ctxreview.languages.csharp.lex import CONDITIONALS, Code, lex
from ctxreview.languages.csharp.normalise import MOST_BRANCHES, Normalised, normalise
from ctxreview.languages.csharp.rewrites import LAST_REWRITES, REWRITES, rewritten
from ctxreview.languages.possessive import possessive

FUNCTIONS = {"method_declaration", "local_function_statement", "constructor_declaration", "operator_declaration"}


@cache
def parser() -> tree_sitter.Parser:
    """One parser for all tests."""
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_c_sharp.language()))


def broken(data: bytes) -> int:
    """Bytes inside ERROR nodes, and one for each missing token."""
    bad, waiting = 0, [parser().parse(data).root_node]
    whole = waiting[0].has_error
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            bad += max(1, node.end_byte - node.start_byte)
        elif node.has_error:
            waiting += node.children
    return bad or int(whole)


def functions(data: bytes) -> set[str]:
    """The names of the functions in the tree of ``data``."""
    found, waiting = set(), [parser().parse(data).root_node]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.type in FUNCTIONS:
            name = node.child_by_field_name("name") or node.child_by_field_name("operator")
            found.add(data[name.start_byte : name.end_byte].decode() if name else "")
    return found


def same_shape(before: bytes, after: bytes) -> bool:
    """Same length, same line ends at the same offsets, still UTF-8."""
    after.decode()
    ends = [[(m.start(), m.group()) for m in re.finditer(rb"[\r\n]", data)] for data in (before, after)]
    return len(before) == len(after) and ends[0] == ends[1]


def body(statements: str) -> str:
    """The statements inside method M."""
    return f"class C\n{{\n    void M()\n    {{\n        {statements}\n    }}\n    void After() {{ }}\n}}\n"


def cases() -> list[tuple[str, str, set[str]]]:
    """Rewrite, source and the functions in it: each source is the shortest one the grammar fails on for that cause."""
    in_body = {
        "async-identifier": (
            "x.F(async, 1);",
            "F(x, async: true);",
            "if (async) { G(); }",
            "var y = async ? await A() : B();",
            "async = !async;",
            "x = async && y;",
            "return async\n? 1 : 2;",
            "async(1);",
            "x = [async];",
            "F(async is true);",
            'x = $"{async}";',
            "var y = await async;",
            "F(async => 1);",
        ),
        "contextual-identifier": (
            "required = false;",
            "partial = x;",
            "partial[0] = x;",
            "required.Add(1);",
            "required(1);",
            "var with = Read();",
            "foreach (var with in y) { }",
            "x = [await];",
        ),
        "attribute-target": (
            "x = [type];",
            "F([property, y]);",
            "x = [field];",
            "x = [method, .. y];",
            "x = [type.Name];",
            "x = new D { [type] = 0 };",
            "x = [field!];",
            "x = [property ? 1 : 2];",
        ),
        "null-conditional-assignment": (
            "a?.b = c;",
            "a?[0] += 1;",
            "a.b?.Changed += handler;",
            "a[b?.c]?.d?.e = f;",
            "a!?.b = c;",
            "a\n  ?.b = c;",
        ),
        "lambda-modifier": (
            "F((ref _) => 1);",
            "F((text, out r) => G());",
            "F(static (ref a, ref b) => 1);",
            "return (out Uri x) => { };",
            "F((in int a, ref D d) => 1);",
            "F(x => (ref y) => 1);",
        ),
        "foreign-word": ("int Á½¸ö = 1;", "F(µÚ“»™);", "var ÈÕÆÚ×Ö = x;"),
        "list-pattern": (
            "x = y switch { [..] => 1, _ => 2 };",
            "x = y switch { [_] when z => 1 };",
            "x = y switch { [var a, ..] when z => 1 };",
            "if (y is [.., '*']) { }",
            "if (y is [.. var rest]) { }",
            "if (y is [1, .. var rest, 2]) { }",
            "x = y switch { ['@' or '?', .. { Length: 1 }] => 1, _ => 2 };",
            "if (y is [var first, .. string[] rest]) { }",
            "switch (y) { case [1, 2] when z: break; }",
        ),
        "assigned-call": (
            "F(x) ??= new();",
            "Unsafe.AsRef(in this) = default;",
            "F(a, out var b) = y;",
            "F() = 1;",
            "F(x) += 1;",
            "(G<int>(x) ??= new()).A();",
        ),
        "checked-pattern": (
            "if (x is unchecked((uint)-1)) { }",
            "if (x is not checked (3)) { }",
            "y = x switch { 2 or unchecked((int)4) => 3, _ => 1 };",
        ),
        "labelled-jump": (
            "outer: while (x) { while (y) { break outer; } }",
            "outer:\nforeach (var a in x) { foreach (var b in a) { if (b) continue @outer ; } }",
        ),
        "discarded-range": ("var q = from _ in xs select 1;",),
        "dereference": (
            "var v = *(int*)&x;",
            "var v = *(Vector128<byte>*)p;",
            "*(byte*)p = 1;",
            "v = *(p + 1);",
            "return *(T*)&v;",
            "if (x) *(p + 1) = 0;",
            "fixed (byte* b = y) *((int*)b) = 1;",
            "if (x) { } else *((int*)b) = 1;",
            "ref int x = ref *(p + 1);",
            "x = (uint)*((char*)p) << 16;",
            "x = (byte*)*(p + 1);",
            "F(() => *(p + 1));",
            "*p++ = (byte)'x';",
            "if (x) *--p.q += *r++;",
            "**p-- = 1;",
            "x = *++p;",
        ),
        "interpolated-text": (
            'x = $@"""{x}""";',
            'x = @$"a""{x}""";',
            'x = $" {{{string.Join(" ", x)}}} ";',
            'x = $"";',
            'x = $"{x:a\\"b}";',
            'x = $"{x:}";',
        ),
        "directive": (
            '\n#line 2 "..\\Pages\\Home.cshtml"\nF();',
            "F(1,\n#pragma foo\n2);",
            '\n#line (1, 1) - (2, 2) 3 "..\\Home"\nF();',
        ),
    }
    whole = {
        "directive": (
            ("#:package Some.Thing@1.0\nclass C { void M() { } }\n", {"M"}),
            ("class C { void M() { } }\n#region\n#endregion", {"M"}),
            ('#r "x.dll"\nclass C { void M() { } }\n', {"M"}),
        ),
        "extension-block": (
            ("static class C { extension<T>(IEnumerable<T> s) where T : class { public int N() => 1; } }\n", {"N"}),
            ("static class C { extension(string s) { int P => 1; public void N() { } } void A() { } }\n", {"N", "A"}),
            ("static class C { extension<[A(typeof(B))] T>(T) where T : B { public static int M => 1; } }\n", set()),
            ("static class C { extension(int) { public static int M() => 1; } }\n", {"M"}),
            ("static class C { extension(ref (int, A<B?>)[] s) { int P => 1; public int N() => 1; } }\n", {"N"}),
            ("static class C { extension<T>(scoped ref readonly T s) { public int N() => 1; } }\n", {"N"}),
            ('static class C { extension([A("(")] ref /* é */ int s) { int P => 1; } }\n', set()),
        ),
        "union-declaration": (
            ("public union Pet(Cat, Dog?, (int, string), List<A<B, C>>[]);\nclass C { void M() { } }\n", {"M"}),
            (
                "partial union Pet<T>(T, /* é */\n IEnumerable<T>) : I\n where T : class { public int M() => 1; }\n",
                {"M"},
            ),
            ("class C { union Pet<T>(Cat, T[]?); void M() { } }\n", {"M"}),
        ),
        "closed-class": (
            ("public closed record class R;\nclosed record S(int A);\n", set()),
            ("class C { internal closed partial class D<T> { void M() { } } }\n", {"M"}),
        ),
        "safe-member": (
            ("class C { [A] public safe int X; safe static extern void M(); }\n", {"M"}),
            ("class C { static safe extern List<int>? M(); private safe N.D<(int, B)>[] _y; }\n", {"M"}),
        ),
        "ref-partial": (
            ("public ref partial struct S { void M() { } }\n", {"M"}),
            ("readonly ref partial struct S { void M() { } }\n", {"M"}),
        ),
        "allows-ref-struct": (
            ("class C<T> where T : IX, allows ref struct { void M<U>() where U : allows ref struct { } }\n", {"M"}),
        ),
        "scoped-params": (("class C { void M(scoped params ReadOnlySpan<int> x) { } }\n", {"M"}),),
        "compound-operator": (
            ("class C { public void operator +=(C x) { } void M() { } }\n", {"+", "M"}),
            (
                "class C { public void operator checked -=(C x) { } public void operator >>>=(int x) { } }\n",
                {"-", ">>>"},
            ),
        ),
        "stray-semicolon": (
            ("namespace N { class X { void M() { } } ; }\n", {"M"}),
            ("namespace N { [A(B = 1)] class X { void M() { } } /* é */ ;\n enum Y { } ; ; }\n", {"M"}),
        ),
        "conditional-compilation": (
            ("class C\n{\n#if A\n    void M(int x)\n#else\n    void M()\n#endif\n    {\n    }\n}\n", {"M"}),
            ("class C : B\n#if A\n, I\n#endif\n{ void M() { } }\n", {"M"}),
            (body("F(1\n#if A\n, 2\n#elif B\n, 3\n#endif\n);"), {"M", "After"}),
            (body("if (x) F();\n#if A\nelse if (y) G();\n#endif\nelse H();"), {"M", "After"}),
            ("class C { public\n#if A\nstatic\n#else\nreadonly\n#endif\nint x; void M() { } }\n", {"M"}),
        ),
    }
    found = [(rewrite, body(s), {"M", "After"}) for rewrite, several in in_body.items() for s in several]
    return found + [(rewrite, source, names) for rewrite, several in whole.items() for source, names in several]


CASES = cases()

NEAR_MISSES = (
    "async void M() { }",
    "public static async Task<int> M()",
    "async (int a, int b) M() { }",
    "f = async (x) => await x;",
    "f = async x => 1; g = async static () => 1; h = async delegate { };",
    'F("F(async)", @"async = 1", $"async = {x}", """async.""", \'a\'); // async = 1 /* async. */',
    "/* F(async); a?.b = c; */ @async = 1; x.y?.z(1);",
    "[property: X] [field :Y] [type: Z] int a;",
    "x = a ? .5 : 1; y = x ? [1] : [2]; z = a?.b == c; w = a?[0] ?? d; int?[] v = u;",
    "partial class C { partial void M(); required int X; } record R(int a); record struct S;",
    "partial (int a, int b) F();",
    "x = y with { A = 1 }; F(y[0] with { B = 2 }); z = a is B or C and not D;",
    "await F(); await (x); await using var y = z; await foreach (var a in b) { }",
    "x = new X { } ; if (y) { } ; z = new[] { 1 } ; T F<T>() where T : class { } ;",
    "void F(ref int x) => 1; T G<T>(out T x) => 1; x = (a, b) => 1;",
    "bool operator ==(C a, C b); bool operator <=(C a, C b); bool operator !=(C a, C b);",
    "(a, b) = c; var (d, e) = f; x => (a, b) = (1, 2); if (F(x) == y) { } foreach (var (a, b) in c) { }",
    "x = y[..]; x = y[..^1]; x = [.. b]; x = z is int[] when;",
    "from x in y select x",
    "union F(int a) { } union G<T>(out T a, B b) => c; union H(); union[] i; union = F(union); a.union(b, c);",
    "closed = true; closed(class_); if (closed) { } F(closed); bool closed; Closed x;",
    "safe = 1; safe.F(); safe x; F(safe is T t, safe as T); var safe = y switch { safe when z => 1 }; from safe x in y;",
    "break; continue; yield break; goto outer; goto case x; switch (x) { default: break; } breaks x; @break y;",
    "x = unchecked((uint)-1); unchecked { y++; } return checked(a + b); F(unchecked(c));",
    "unsafe (int a, int b) F() { } unsafe { G(); } static unsafe (int, int) H() => x;",
    "extension(1); int extension(string s) { } x.extension(y);",
    "ref struct A { } partial ref struct B { } void M(scoped ref int x)",
    "x = a * (b + c); int* p = q; *p = 1; z = F(a) * (b); w = (a) * (b); x = a *--b + c++; *p = a++; public static implicit operator T**(C<T> c) => d;",
    "int größe = 1, µ = 2; x = ““a””; // “¸½Á”",
    'x = "Á½¸ö";',
    "x = [a, .. b, .. await c, .. d as E, .. f is G g ? [g] : [], .. new H { }, .. i];",
    'x = $"a{b}c{{d}}" + $@"a""b{c:N2}d" + $"{e,10:hh\\:mm}" + $$"""{a} {{b}}""";',
    "#region a/b\n#endregion\n#pragma warning disable CS1, 2 // why\n#nullable enable\n#line hidden\n#define X\n",
)


@pytest.mark.parametrize(
    ("rewrite", "source", "names"), CASES, ids=[f"{rewrite}-{i}" for i, (rewrite, _, _) in enumerate(CASES)]
)
def test_cause_is_rewritten(rewrite: str, source: str, names: set[str]) -> None:
    """Each cause makes the grammar fail and its rewrite makes it clean, with the functions where they were."""
    data = source.encode()
    assert broken(data), "the grammar reads it now: the case is idle"
    result = normalise(data, broken)
    assert broken(result.data) == 0, result.data.decode()
    assert rewrite in result.rewrites
    assert same_shape(data, result.data)
    assert names <= functions(result.data)


@pytest.mark.parametrize("source", NEAR_MISSES, ids=range(len(NEAR_MISSES)))
def test_near_miss_is_left_alone(source: str) -> None:
    """What only looks like a cause is not touched by any rewrite, not even in a file that needs one."""
    assert rewritten(lex(source.encode()), REWRITES) == (source.encode(), ())


@pytest.mark.parametrize("name", REWRITES)
def test_each_rewrite_has_a_case(name: str) -> None:
    """No rewrite is in the table without a case that needs it."""
    assert name in {rewrite for rewrite, _, _ in CASES}


CLEAN = (
    "class C { void M() { } }\n",
    "#!/usr/bin/env dotnet\nusing A;\n#if A\nusing B;\n#endif\nclass C {\n#if A\nvoid M() { }\n#else\nvoid M() { }\n#endif\n}\n",
    "record R(bool async) { public bool required { get; init; } }\n",
    "",
    "\ufeff",
)


@pytest.mark.parametrize("source", CLEAN)
def test_clean_file_is_left_alone(source: str) -> None:
    """A file that parses is parsed once and given back as it is, its ``#if`` included."""
    asked: list[bytes] = []

    def count(data: bytes) -> int:
        asked.append(data)
        return broken(data)

    data = source.encode()
    assert normalise(data, count, keep=0) == Normalised(data)
    assert asked == [data]


def test_few_parses() -> None:
    """A file with several causes is parsed twice, one that needs its ``#if`` decided three times at most."""
    asked: list[bytes] = []

    def count(data: bytes) -> int:
        asked.append(data)
        return broken(data)

    plain = normalise(body("F(async); a?.b = c; x = [type];").encode(), count)
    assert (len(asked), len(plain.rewrites), asked[-1]) == (2, 3, plain.data)
    asked.clear()
    split = normalise(body("F(async\n#if A\n, 1\n#endif\n);").encode(), count)
    assert split.rewrites == ("conditional-compilation", "async-identifier")
    assert (len(asked), asked[-1]) == (3, split.data)


def test_what_does_not_help_is_not_kept() -> None:
    """A file that stays broken keeps only the rewrites that made it less broken."""
    data = b"class C { void M() { F(async); } void N() { ) } }\nclass D { int with; }\n"
    result = normalise(data, lambda d: 2 - ("F(\u07cbync)".encode() in d))
    assert result.rewrites == ("async-identifier",)
    hopeless = b"class { ] void ( async."
    assert normalise(hopeless, lambda _: 7) == Normalised(hopeless)


def test_last_resort_blanks_the_text_of_literals() -> None:
    """Where nothing else helps, literals keep their delimiters and holes only."""
    data = body('x = "\\u{41}" + $"a{F(async)}\\u{b}" + \'c\'; // "kept"').encode()
    result = normalise(data, broken)
    assert "literal-text" in result.rewrites and broken(result.data) == 0
    assert "F(\u07cbync)".encode() in result.data and b'// "kept"' in result.data and same_shape(data, result.data)


def test_comments_and_literals_inside_a_rewritten_place_stay() -> None:
    """Blanking a piece of code leaves the comments in it."""
    data = "class C { void M() { F((ref /* é \u4e16 */ x) => 1); a/*?.*/?.b /* = */ = c; } }\n".encode()
    result = normalise(data, broken)
    assert broken(result.data) == 0
    assert result.data.decode() == (
        "class C { void M() { F((    /* é \u4e16 */ x) => 1); a/*?.*/ .b /* = */ = c; } }\n"
    )


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends(end: str) -> None:
    """Directives are lines whatever ends them; the line ends stay."""
    source = body("F(1\n#if A\n, 2\n#else\n, 3\n#endif\n); // note\n#region x\nif (async) { }\n#endregion")
    data = source.replace("\n", end).encode()
    result = normalise(data, broken)
    assert broken(result.data) == 0 and same_shape(data, result.data)
    assert b", 3" in result.data and b", 2" not in result.data and functions(result.data) == {"M", "After"}


SPLIT = b"""#define D
class C
{
    void M(
#if A && !B
        int a
#elif D
        int d
#if E
        , int e
#else
        , int f
#endif
#else
        int c
#endif
    )
    {
    }
}
"""


def kept(data: bytes) -> set[bytes]:
    """The names of the parameters left in ``data``."""
    return set(re.findall(rb"int (\w)", data))


@pytest.mark.parametrize(
    ("keep", "names"),
    [(None, b"df"), (b"int a", b"a"), (b"int d", b"df"), (b"int e", b"de"), (b"int c", b"c"), (b"class", b"df")],
)
def test_branch_that_is_kept(keep: bytes | None, names: bytes) -> None:
    """The reference is a compiler without symbols; ``keep`` makes its own branch code, the outer ones too."""
    result = normalise(SPLIT, broken, SPLIT.index(keep) if keep else None)
    assert result.rewrites == ("conditional-compilation",)
    assert kept(result.data) == {bytes((n,)) for n in names}
    assert broken(result.data) == 0 and same_shape(SPLIT, result.data)


def test_other_branches_come_as_variants() -> None:
    """Each dark branch is code in at least one variant, and a variant is a program of its own."""
    result = normalise(SPLIT, broken)
    assert {name for data in result.branches for name in kept(data)} == {b"a", b"c", b"d", b"e"}
    assert len(result.branches) <= MOST_BRANCHES
    for data in result.branches:
        assert broken(data) == 0 and same_shape(SPLIT, data)


def test_variants_are_consistent() -> None:
    """One symbol lights its branches everywhere: a header here goes with the brace there."""
    data = b"#if A\nnamespace X {\n#endif\nclass C { void M() { } }\n#if A\n}\n#endif\n#if B\nclass D { }\n#endif\n"
    result = normalise(data, broken, keep=data.index(b"namespace"))
    assert result.data.count(b"}") == 3 and broken(result.data) == 0
    reference = normalise(data, broken)
    assert b"namespace" not in reference.data and len(reference.branches) == 1
    assert broken(reference.branches[0]) == 0


def test_many_symbols_stay_bounded() -> None:
    """However many symbols a file asks for, the number of variants is bounded."""
    arms = "".join(f"#{'el' * (i > 0)}if S{i}\nclass C{i}\n" for i in range(40))
    data = f"{arms}#endif\n{{ void M() {{ }} }}\n".encode()
    result = normalise(data, broken)
    assert broken(result.data) == 0, "a program that needs a symbol is read with one"
    assert len(result.branches) == MOST_BRANCHES


def test_a_variant_has_the_symbols_without_which_nothing_is_a_program() -> None:
    """Code in a dark branch is read beside the namespace that only a symbol gives, as in the file's own builds."""
    data = (
        b"#if A\nnamespace X\n#elif B\nnamespace Y\n#endif\n{\n#if B\npublic\n#else\ninternal\n#endif\nclass C { }\n"
        b"#if C\nclass D { }\n#endif\n#if !A\nclass E { }\n#endif\n}\n"
    )
    result = normalise(data, broken)
    assert broken(result.data) == 0
    assert [broken(branch) for branch in result.branches] == [0] * len(result.branches)
    for word in (b"public", b"internal", b"class D", b"class E"):
        assert any(word in way for way in (result.data, *result.branches))


@pytest.mark.parametrize(
    ("text", "variants"),
    [
        ("using System.IO; // 1\nusing static A.B;\nusing X = A.B<int>;\n#pragma warning disable", 0),
        ("namespace A.B", 0),
        ("#error which one?", 0),
        ("using System.IO;\n#if B\nclass D { }\n#endif", 1),
        ("using System.IO;\nclass D { }", 1),
        ("using (x) { }", 1),
        ("using var x = F();", 1),
        ("{", 1),
        ("}", 1),
    ],
)
def test_a_branch_that_only_names_is_no_variant(text: str, variants: int) -> None:
    """Nothing is found in ``using`` directives and the name of a namespace, so nothing is read again for them."""
    data = f"#if A\n{text}\n#endif\n#if M\nnamespace M\n#else\nnamespace N\n#endif\n{{ class C {{ }} }}\n".encode()
    result = normalise(data, broken)
    assert result.rewrites == ("conditional-compilation",)
    assert len(result.branches) == variants


def test_directives_in_literals_and_dark_text_are_no_directives() -> None:
    """``#if`` inside a raw string is text, and quotes inside a dark branch open nothing."""
    text = b'class C { string s = """\n#if A\n""", t = @"\n#endif\n"; void M() { F(!async); } }\n'
    assert normalise(text, broken).rewrites == ("async-identifier",)
    dark = b'class C\n{\n#if A\n it\'s @" /* """ $"{\n#endif\n    void M() { F(!async); }\n}\n'
    result = normalise(dark, broken)
    assert result.rewrites == ("conditional-compilation", "async-identifier") and functions(result.data) == {"M"}


@pytest.mark.parametrize(
    ("condition", "symbols", "expected"),
    [
        (b"A", b"", False),
        (b"A", b"A", True),
        (b"!A", b"", True),
        (b"!!A", b"A", True),
        (b"A || B && C", b"A", True),
        (b"(A || B) && C", b"A", False),
        (b"!A && !(B || C)", b"", True),
        (b"A == B", b"", True),
        (b"A != true", b"", True),
        (b"!A == B", b"B", True),
        (b"true // && false", b"", True),
        (b"false", b"false", False),
        (b"A_1 && \xc3\xa9", b"A_1 \xc3\xa9", True),
        (b"A B", b"A B", False),
        (b"&& )(", b"", False),
        (b"", b"", False),
    ],
)
def test_condition(condition: bytes, symbols: bytes, expected: bool) -> None:
    """Conditions follow the precedence of the language; a malformed one is false."""
    assert holds(formula(condition), frozenset(symbols.split())) is expected


@pytest.mark.parametrize(
    "source",
    [
        "(" * 20_000 + ")" * 20_000,
        "F(" * 20_000 + ")=1" * 20_000,
        "a?[" * 20_000 + "]" * 20_000 + "=1",
        '$"{' * 20_000,
        "#if A\n" * 5_000 + "x" + "\n#endif" * 5_000,
        "#if " + "!(" * 20_000 + "A" + ")" * 20_000 + "\nx\n#endif",
        'x = a?.b(c) ?? async + $"{f:x}"; ' * 30_000,
        "extension(" * 20_000,
        '"' * 50_000,
        "/*" * 50_000,
        " " * 500_000 + "async" + " " * 500_000,
        "#if A\nx\n#else\ny\n#endif\n" * 2_000,
    ],
    ids=lambda s: s[:12].strip(),
)
def test_hostile_size(source: str) -> None:
    """Deep nesting and long lines are read without recursion and in linear time."""
    left = iter(range(1_000, 0, -1))
    data = source.encode()
    result = normalise(data, lambda _: next(left), keep=len(data) // 2)
    assert same_shape(data, result.data)


FRAGMENTS = st.sampled_from(
    [source for _, source, _ in CASES]
    + list(NEAR_MISSES)
    + [
        "#if A\n",
        "#elif !A\n",
        "#else\n",
        "#endif\n",
        "\r\n",
        "\r",
        '"',
        "'",
        '"""',
        '$"',
        "{",
        "}",
        '@"',
        "/*",
        "*/",
        "é",
        "#",
    ]
)


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Pieces of C#, cut and put together at random."""
    text = "\n".join(draw(st.lists(FRAGMENTS, min_size=1, max_size=4)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(FRAGMENTS | st.text(max_size=3)) + text[at + draw(st.integers(0, 20)) :]
    return text


@settings(max_examples=150, deadline=None)
@given(text=programs() | st.text(), at=st.integers(0, 400) | st.none())
def test_any_text(text: str, at: int | None) -> None:
    """Whatever the text: same shape, never more broken than before, and a clean result is final."""
    data = text.encode()
    result = normalise(data, broken, at)
    assert same_shape(data, result.data)
    assert broken(result.data) <= broken(data)
    assert all(same_shape(data, branch) for branch in result.branches)
    if not broken(data):
        assert result == Normalised(data)
    if not broken(result.data):
        assert normalise(result.data, broken) == Normalised(result.data)


CONDITIONAL = st.lists(
    st.sampled_from(["#if A", "#if !A", "#elif B", "#else", "#endif", "  # endif", "#define A", "#region '", "int x;"])
    | st.sampled_from(['"', "'", '"""', '$"{', '$@"{x}', "}", '@"', "/*", "*/", "// #if A", 's = @"\n#if A\n";', "é"]),
    max_size=14,
).map("\n".join)
"""Directives, and what may hide one."""


@settings(max_examples=1000, deadline=None)
@given(text=CONDITIONAL | programs(), symbols=st.frozensets(st.sampled_from([b"A", b"B"])))
def test_ways_through_are_what_reading_them_gives(text: str, symbols: frozenset[bytes]) -> None:
    """Choosing lines of a file that was read once gives what a compiler sees that skips the others as it reads."""
    data = text.encode()
    code, read_anew = Selection(data, symbols).read(), Selection(data, symbols)
    read_anew.defined = symbols
    told = lex(data, read_anew._skip)
    assert (code.masked, code.texts) == (told.masked, told.texts)
    assert code.directives == tuple(d for d in told.directives if d.name not in CONDITIONALS)


@pytest.mark.parametrize(
    ("pattern", "text", "end"),
    [
        (rb'(?:[^"{]++|\{{1,1}+(?!\{))*+', b"a{b{{c", 3),
        (rb"x(?:\s*+,\s*+y)*+", b"x, y ,z", 4),
        (rb"\((?:a\)?+b)?+", b"(a)c", 1),
    ],
)
def test_a_failed_round_of_a_possessive_group_reads_nothing(pattern: bytes, text: bytes, end: int) -> None:
    """In no version of Python: 3.11.2, which Debian has, would go on after what a round has read before it failed."""
    found = re.match(possessive(pattern), text)
    assert found is not None and found.end() == end


@settings(max_examples=300, deadline=None)
@given(text=programs() | st.text("()[]{}x", max_size=30), filler=st.sampled_from(["", " " * 3000]))
def test_a_bracket_alone_is_paired_as_with_all_others(text: str, filler: str) -> None:
    """Looking for one bracket's other half gives what pairing all of them gives, near and far, balanced or not."""
    data = text.replace("x", filler).encode()
    code = lex(data)
    for at, byte in enumerate(code.masked):
        if byte in b"()[]{}":
            alone = Code(code.data, code.masked, code.directives, code.texts)
            assert alone.other_half(at) == code.partner.get(at)


@settings(max_examples=300, deadline=None)
@given(text=programs() | st.text())
def test_every_rewrite_keeps_the_shape(text: str) -> None:
    """All rewrites together and every way through ``#if`` keep the shape, whether or not the result is any better."""
    data = text.encode()
    code = lex(data)
    assert len(code.masked) == len(data)
    assert same_shape(data, rewritten(code, LAST_REWRITES)[0])
    taken, chosen = select(data, None)
    for way in (chosen, *(code for _, code in others(taken, 3))):
        assert same_shape(data, way.data)
        assert same_shape(data, rewritten(way, LAST_REWRITES)[0])
