"""From a selection to what the model gets to see, on C# with the selection between « and »."""

from __future__ import annotations

import re
from textwrap import dedent, indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxreview.context import build as context
from ctxreview.context.listing import listing, shown_lines
from ctxreview.context.proofs import proven
from ctxreview.errors import BudgetError, SourceError
from ctxreview.model.review import Context
from ctxreview.model.source import Selection, Source, Span
from ctxreview.outline import outline
from ctxreview.review.context import build
from ctxreview.review.pipeline import render
from ctxreview.tokens import Tokenizer
from tests import ROOT
from tests.samples import options, request

EXAMPLE = ROOT / "examples" / "record-service"

WORDS = Tokenizer("words", lambda text: len(text.split()))
"""A tokenizer whose counts can be checked by hand."""


def of(code: str, budget: int = 16_000, fixed: int = 0) -> Context:
    """The context of what is between « and »."""
    before, chosen, after = dedent(code).lstrip("\n").replace("»", "«").split("«")
    source = Source("A.cs", (before + chosen + after).encode())
    start = len(before.encode())
    span = Span(start, start + len(chosen.encode()))
    return context.build(Selection(source, span, "A.cs:«»"), outline(source), budget, WORDS, fixed)


def in_class(members: str) -> str:
    """The members in a class."""
    return f"class A\n{{\n{indent(dedent(members), '    ')}\n}}\n"


def functions(made: Context) -> list[str]:
    """The touched functions as ``construct name``."""
    return [f"{f.kind} {f.name}" for f in made.functions]


def roles(made: Context) -> list[tuple[str, str]]:
    """Each excerpt's role and first line."""
    source = made.selection.source
    return [(e.role, source.line(source.lines_of(e.span)[0]).strip()) for e in made.excerpts]


def enclosing(made: Context) -> list[str]:
    """The scopes that hold the selection."""
    return [s.construct for s in made.enclosing]


def numbers_shown(made: Context) -> set[int]:
    """The numbers of the lines in the listing."""
    return {
        int(n)
        for n in re.findall(
            r"^[> ] *(\d+) \|",
            listing(shown_lines(made.excerpts, made.selection.source), made.selection.source, made.selection.lines),
            re.M,
        )
    }


# --- selection to functions --------------------------------------------------------------------------------

MEMBERS = {
    "statement": ("void M() { «x();» }", ["method M"]),
    "signature": ("void M(int «x») { }", ["method M"]),
    "end brace": ("void M() { «}»", ["method M"]),
    "constructor": ("A() { «x();» }", ["constructor A"]),
    "constructor initializer": ("A() : this(«1») { }", ["constructor A"]),
    "static constructor": ("static A() { «x();» }", ["constructor A"]),
    "finalizer": ("~A() { «x();» }", ["finalizer A"]),
    "operator": ("public static A operator +(A a, A b) => «a»;", ["operator operator +"]),
    "conversion": ("public static implicit operator int(A a) => «1»;", ["conversion operator operator int"]),
    "getter": ("int P { get { «return 1;» } set { } }", ["accessor P.get"]),
    "setter": ("int P { get => 1; set => «x = value»; }", ["accessor P.set"]),
    "init accessor": ("int P { get => 1; init { «x = value;» } }", ["accessor P.init"]),
    "event accessor": ("event Action E { add { «x += value;» } remove { } }", ["accessor E.add"]),
    "indexer's getter": ("int this[int i] { get { «return x[i];» } }", ["accessor this[].get"]),
    "expression-bodied property": ("int P => «x»;", ["property P"]),
    "expression-bodied indexer": ("int this[int i] => «x[i]»;", ["indexer this[]"]),
    "expression-bodied method": ("int M() => «x»;", ["method M"]),
    "abstract method": ("public abstract int «M»();", ["method M"]),
    "explicit interface method": ("void IThing.M() { «x();» }", ["method M"]),
    "local function": ("void M() { int L(int x) { «return x;» } L(1); }", ["local function L", "method M"]),
    "lambda": ("void M() { xs.Select(x => «x.Id»); }", ["lambda lambda", "method M"]),
    "anonymous method": ("void M() { Do(delegate(int x) { «x++;» }); }", ["lambda lambda", "method M"]),
    "lambda in local function": (
        "void M() { int L() { Do(y => «y»); return 1; } }",
        ["lambda lambda", "local function L", "method M"],
    ),
    "around a lambda": ("void M() { «xs.Select(x => x.Id);» }", ["method M"]),
    "lambda of a field": ("Lazy<int> _l = new(() => «Load()»);", ["lambda lambda"]),
    "attribute line": ("«[Obsolete]»\nvoid M()\n{\n}", ["method M"]),
    "one of many on a line": ("void M() { a(); } void N() { «b();» } void O() { }", ["method N"]),
    "all of many on a line": ("«void M() { } void N() { } void O() { }»", ["method M", "method N", "method O"]),
    "end of one to start of next": ("void M() { «}\nvoid N() {» }", ["method M", "method N"]),
    "several with a field between": ("«void M() { }\nint _x;\nvoid N() { }»", ["method M", "method N"]),
    "blank lines between": ("void M() { }\n«\n\n»\nvoid N() { }", ["method N"]),
    "comment above": ("void M() { }\n\n«// about N»\nvoid N() { }", ["method N"]),
    "documentation above": ("«/// <summary>N</summary>»\n[Obsolete]\nvoid N() { }", ["method N"]),
    "block comment above": ("«/* about\n   N */»\n\nvoid N() { }", ["method N"]),
    "half a comment": ("void M() { }\n// abo«ut» N\nvoid N() { }", ["method N"]),
    "blank line inside": ("void M()\n{\n    a();\n«\n»    b();\n}", ["method M"]),
    "comment inside": ("void M()\n{\n    «// why»\n    b();\n}", ["method M"]),
    "comment after code": ("void M()\n{\n    b(); «// why»\n}", ["method M"]),
    "comment and code": ("void M() { }\n«// about N\nvoid N()» { }", ["method N"]),
    "method of a nested type": ("class B { void M() { «x();» } }", ["method M"]),
    "field": ("int _a = «1», _b;", []),
    "property initializer": ("int P { get; } = «1»;", []),
    "comment above a field": ("«// about x»\nint _x;\nvoid M() { }", []),
    "comment at the end": ("void M() { }\n«// the end»", []),
    "enum member": ("enum E { «X», Y }", []),
    "delegate": ("delegate void D(int «x»);", []),
}


@pytest.mark.parametrize(("members", "names"), MEMBERS.values(), ids=MEMBERS)
def test_functions_of_a_selection(members: str, names: list[str]) -> None:
    """A selection leads to the members it touches; inside lambdas and local functions innermost first."""
    assert functions(of(in_class(members))) == names


@pytest.mark.parametrize(("members", "names"), MEMBERS.values(), ids=MEMBERS)
def test_functions_and_selection_are_whole(members: str, names: list[str]) -> None:
    """Each line of each touched function is shown, and each selected line that is not blank."""
    made = of(in_class(members))
    source = made.selection.source
    spans = [f.span for f in made.functions] + [made.selection.span]
    touched = [source.lines_of(s) for s in spans]
    needed = {n for a, b in touched for n in range(a, b + 1) if source.line(n).strip()}
    assert needed <= numbers_shown(made)


@pytest.mark.parametrize(
    ("code", "names", "verdict"),
    [
        (
            "using X;\nvar a = «1»;\nvoid L() { }\nclass B { }",
            ["top-level statements top-level statements"],
            "cannot-tell",
        ),
        ("lock (g)\n{\n    «a++;»\n}\n", ["top-level statements top-level statements"], "in-scope"),
        (
            "a();\nvoid L() { «b();» }\n",
            ["local function L", "top-level statements top-level statements"],
            "cannot-tell",
        ),
        ("a();\nclass B { void M() { «x();» } }", ["method M"], "cannot-tell"),
    ],
)
def test_top_level_statements(code: str, names: list[str], verdict: str) -> None:
    """Statements outside every type are one function, and locks among them hold like any other."""
    made = of(code)
    assert functions(made) == names
    assert made.verdict == verdict


@pytest.mark.parametrize(
    "code",
    [
        "«using X;»\nclass A { }",
        "«namespace N;»\nclass A { }",
        "#region «x»\nclass A { }\n#endregion\n",
        "// a\n«// b»\n",
    ],
)
def test_outside_everything(code: str) -> None:
    """A selection outside of every type and function is refused, with its lines and what to do."""
    with pytest.raises(SourceError, match=r"^A\.cs:\d-\d: is outside every type and function; point at a line"):
        of(code)


def test_outside_everything_that_could_be_parsed() -> None:
    """Where the parser gave up, the refusal says so and where."""
    with pytest.raises(SourceError, match=r"^A\.cs:1-1: is outside .* the parser failed at line \d\."):
        of(f"class A {{ void M() {{ «x»{'(' * 50}")


def test_comment_above_a_type() -> None:
    """A comment above a type belongs to the type."""
    assert roles(of("«// about A»\nclass A { }")) == [("member", "// about A"), ("type-header", "class A { }")]


# --- scopes and verdict ------------------------------------------------------------------------------------

SCOPES = {
    "in a lock": ("void M() { lock (_g) { «x++;» } }", ["lock"]),
    "lock's own line": ("void M()\n{\n«    lock (_g)»\n    { x++; }\n}", ["lock"]),
    "lock's last line": ("void M()\n{\n    lock (_g)\n    {\n        x++;\n«    }»\n}", ["lock"]),
    "exactly the lock": ("void M() { «lock (_g) { x++; }» }", ["lock"]),
    "lock without braces": ("void M() { lock (_g) «x++»; }", ["lock"]),
    "before a lock": ("void M() { «a();» lock (_g) { x++; } }", []),
    "after a lock": ("void M() { lock (_g) { x++; } «a();» }", []),
    "lock in a lock": ("void M() { lock (_g) { lock (_h) { «x++;» } } }", ["lock", "lock"]),
    "outer of two locks": ("void M() { lock (_g) { «a();» lock (_h) { x++; } } }", ["lock"]),
    "using block": ("void M() { using (var t = new TransactionScope()) { «x();» } }", ["TransactionScope"]),
    "using declaration": ("void M() { using var t = new TransactionScope(); «x();» }", ["TransactionScope"]),
    "before a using declaration": ("void M() { «x();» using var t = new TransactionScope(); }", []),
    "after the block of a using declaration": ("void M() { { using var t = new TransactionScope(); } «x();» }", []),
    "await using": (
        "async Task M() { await using var t = await db.Database.BeginTransactionAsync(); «x();» }",
        ["BeginTransactionAsync"],
    ),
    "semaphore": ("void M() { _s.Wait(); try { «x();» } finally { _s.Release(); } }", ["SemaphoreSlim"]),
    "after the semaphore": ("void M() { _s.Wait(); try { x(); } finally { _s.Release(); } «y();» }", []),
    "lambda in a lock": ("void M() { lock (_g) { Run(() => «x++»); } }", []),
    "local function in a lock": ("void M() { lock (_g) { void L() { «x++;» } L(); } }", []),
    "lambda in a using": ("void M() { using (var t = new TransactionScope()) { Run(() => «x()»); } }", []),
    "lock in a lambda": ("void M() { Run(() => { lock (_g) { «x++;» } }); }", ["lock"]),
    "lock in a lambda in a lock": ("void M() { lock (_g) { Run(() => { lock (_h) { «x++;» } }); } }", ["lock"]),
    "callback": ("Task M() => s.ExecuteInTransactionAsync(async () => { «x();» });", ["ExecuteInTransactionAsync"]),
    "callback in a lock": (
        "void M() { lock (_g) { s.ExecuteInTransaction(() => { «x();» }); } }",
        ["lock", "ExecuteInTransaction"],
    ),
    "lambda in a callback": ("Task M() => s.ExecuteInTransactionAsync(async () => { Run(() => «x()»); });", []),
    "beside the callback": ("void M() { s.ExecuteInTransaction(() => { x(); }); «y();» }", []),
    "synchronized method": (
        "[MethodImpl(MethodImplOptions.Synchronized)] void M() { «x();» }",
        ["MethodImplOptions.Synchronized"],
    ),
    "lock in another method": ("void M() { «x();» } void N() { lock (_g) { } }", []),
    "no scope": ("void M() { «x();» }", []),
}


@pytest.mark.parametrize(("members", "held"), SCOPES.values(), ids=SCOPES)
def test_enclosing_scopes(members: str, held: list[str]) -> None:
    """The scopes that hold the selection while it runs, and the verdict that follows from them."""
    made = of(in_class(members))
    assert enclosing(made) == held
    assert made.verdict == ("in-scope" if held else "cannot-tell")


@pytest.mark.parametrize("name", ["lambda in a lock", "local function in a lock", "lambda in a using"])
def test_deferred_code_is_said_to_be_deferred(name: str) -> None:
    """Code that only is inside a scope is listed with it, and a blind spot says when it may run."""
    made = of(in_class(SCOPES[name][0]))
    assert len(made.scopes) == 1
    kind = "local function" if name.startswith("local") else "lambda"
    construct = made.scopes[0].construct
    assert (
        f"The selection is in a {kind} inside the {construct} of lines 3-3; it runs when it is called, "
        "possibly after that scope has ended."
    ) in made.blind_spots


@pytest.mark.parametrize(
    "members",
    [
        "void M() { «a(); lock (_g) { b();» } }",
        "void M() { «a(); lock (_g) { b(); } c();» }",
        "void M() { lock (_g) { a(); «b(); } c();» }",
        "«void M() { lock (_g) { a(); } }»",
    ],
)
def test_a_selection_partly_under_a_scope_is_in_scope(members: str) -> None:
    """A part of the selected code runs under the lock: it does not hold the selection, and the verdict does not hide it."""
    made = of(in_class(members))
    assert (enclosing(made), made.verdict) == ([], "in-scope")
    assert "holds a part of the selection" in proven(made)[0]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ("void M() { if (!_s.Wait(1)) { «log();» return; } x(); _s.Release(); }", "when it was not acquired"),
        ("void M() { if (_s.Wait(1)) { x(); _s.Release(); } else { «log();» } }", ""),
        (
            "void M() { using (var t = new TransactionScope()) { x(); t.Complete(); «log();» } }",
            "it has completed by then",
        ),
        ("void M() { using var t = c.BeginTransaction(); x(); t.Commit(); «log();» }", "it has completed by then"),
    ],
)
def test_what_is_not_under_the_scope(members: str, said: str) -> None:
    """The branch in which the lock was not taken, and what follows a commit, are inside the lines but not under it."""
    made = of(in_class(members))
    assert made.verdict == "cannot-tell"
    assert said in " ".join(made.blind_spots)


@pytest.mark.parametrize(
    "members",
    [
        "void M() { using (_repository.TakeWriteLock()) { «x();» } }",
        "void M() { using var u = new RecordUnitOfWork(); «x();» }",
        "IDbTransaction _t; void B() { _t = c.BeginTransaction(); } void M() { «x();» _t.Commit(); }",
    ],
)
def test_what_only_looks_like_a_scope_decides_nothing(members: str) -> None:
    """A scope assumed from names is listed as such, with a blind spot, and the verdict does not rest on it."""
    made = of(in_class(members))
    assert [s.certainty for s in made.enclosing] == ["assumed"]
    assert made.verdict == "cannot-tell"
    assert "is assumed from names, not proven" in " ".join(made.blind_spots)


@pytest.mark.parametrize(
    "commit",
    [
        "if (x) { t.Commit(); }",
        "if (x) t.Commit();",
        "try { t.Commit(); } catch { }",
        'Log("}}"); if (x) { t.Commit(); }',
    ],
)
@pytest.mark.parametrize("opened", ["using (var t = c.BeginTransaction()) {", "{ using var t = c.BeginTransaction();"])
def test_a_commit_on_one_branch_ends_nothing(opened: str, commit: str) -> None:
    """After a commit under a condition the transaction may still be open."""
    assert of(in_class(f"void M() {{ {opened} {commit} «y();» }} }}")).verdict == "in-scope"


def test_an_execution_strategy_alone_is_no_transaction() -> None:
    """A delegate that is only run again holds nothing; a transaction inside it does."""
    assert of(in_class("Task M() => strategy.ExecuteAsync(async () => { «x();» });")).verdict == "cannot-tell"
    inner = "Task M() => strategy.ExecuteAsync(async () => { using var t = c.BeginTransaction(); «x();» });"
    assert of(in_class(inner)).verdict == "in-scope"


def test_suppressed_transaction_is_no_scope() -> None:
    """A transaction scope that suppresses the transaction holds the selection without putting it in a scope."""
    made = of(in_class("void M() { using (new TransactionScope(TransactionScopeOption.Suppress)) { «x();» } }"))
    assert (enclosing(made), made.verdict) == (["TransactionScope"], "cannot-tell")


def test_scopes_and_facts_of_the_whole_member() -> None:
    """Scopes and facts are those of the whole member around the selection, not of its neighbours."""
    made = of(
        in_class(
            "void M() { «a();» lock (_g) { _x = 1; } db.SaveChanges(); }\nvoid N() { lock (_h) { _y = 1; } db.Add(1); }"
        )
    )
    assert [s.resource for s in made.scopes] == ["_g"]
    assert {f.name for f in made.facts} == {"_x", "SaveChanges"}


# --- the ladder --------------------------------------------------------------------------------------------

SHOP = """
    public class Shop : Base, IShop
    {
        private readonly object _gate = new();
        private int _count, _unused;
        private int _other;

        public int Count
        {
            get { return _count; }
        }

        public Shop(int count)
        {
            _count = count;
        }

        public void M(int id)
        {
            lock (_gate)
            {
                «_count++;»
            }
            Tell(id);
        }

        private void Tell(int id)
        {
            Console.WriteLine(id);
        }
    }
    """


def test_ladder() -> None:
    """The function comes whole, then the type's header, the fields it uses, and the others as signatures."""
    made = of(SHOP)
    assert roles(made) == [
        ("function", "public void M(int id)"),
        ("type-header", "public class Shop : Base, IShop"),
        ("field", "private readonly object _gate = new();"),
        ("field", "private int _count, _unused;"),
        ("signatures", "private int _other;"),
        ("signatures", "public int Count"),
        ("signatures", "public Shop(int count)"),
        ("signatures", "private void Tell(int id)"),
    ]
    text = listing(shown_lines(made.excerpts, made.selection.source), made.selection.source, made.selection.lines)
    assert "Console.WriteLine" not in text
    assert "_count = count" not in text
    assert [o.why for o in made.omitted] == ["the bodies of 3 other members of Shop: not enclosing the selection"]
    assert (made.omitted[0].start_line, made.omitted[0].end_line) == (1, 30)


def test_listing() -> None:
    """The listing has the lines' numbers, marks the selected ones and shows where lines are missing."""
    made = of(SHOP)
    text = listing(shown_lines(made.excerpts, made.selection.source), made.selection.source, made.selection.lines)
    assert ">21 |             _count++;" in text
    assert [line for line in text.splitlines() if line.startswith(">")] == [">21 |             _count++;"]
    assert "\n    …\n 17 |     public void M(int id)\n 18 |     {\n" in text


def test_blind_spots() -> None:
    """What was not read is said: callers, what the base type declares, and the bodies of called members."""
    spots = of(SHOP).blind_spots
    assert any(s.startswith("Who calls M: other files were not searched") for s in spots)
    assert "Shop derives from Base, IShop: the members declared there were not read." in spots
    assert "The code of these calls is not shown: Tell." in spots


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("partial class A { void M() { «x();» } }", "A is partial: its parts in other files were not read."),
        (
            "record R(int X) : B(X) where T : new() { void M() { «x();» } }",
            "R derives from B: the members declared there were not read.",
        ),
        ("class A { int _x = «1»; }", "The selection is outside every function"),
        ("class A { void M() { using var t = new TransactionScope(); «x(»; } }", "The parser could not read this code"),
        (
            "class A { void M(Level l) { using var t = c.BeginTransaction(l); «x();» } }",
            "The isolation level of the BeginTransaction at line 1 is given by l: not found.",
        ),
    ],
)
def test_blind_spot(code: str, says: str) -> None:
    """Each gap in what can be known has its sentence."""
    assert any(s.startswith(says) for s in of(code).blind_spots)


@pytest.mark.parametrize(
    "code",
    [
        "class A { void M() { «x();» } }",
        "class A { void Partial() { «x();» } }",
        "class A<T> where T : class { void M() { «x();» } }",
        '[Route("a:b")] class A { void M() { «x();» } }',
        "[Partial] class A { void M() { «x();» } }",
        "class A(Func<int> f = default(X) /* a: b */) { void M() { «x();» } }",
        "record R([property: Key] int X) { void M() { «x();» } }",
        "enum E : byte { «X» }",
    ],
)
def test_no_blind_spot_about_the_type(code: str) -> None:
    """A type that is neither partial nor derived gives no blind spot."""
    assert [s for s in of(code).blind_spots if "partial" in s or "derives" in s] == []


def test_accessor_brings_its_property() -> None:
    """For an accessor the whole property is shown: its other half shares the state."""
    made = of(in_class("int P\n{\n    get => _x;\n    set { «_x = value;» }\n}\nint _x;"))
    assert numbers_shown(made) >= {3, 4, 5, 6, 7, 8}
    assert ("field", "int _x;") in roles(made)


def test_selected_field_brings_its_users() -> None:
    """For a selected field the members that use it are shown whole, others as signatures."""
    made = of(in_class("int «_x»;\nvoid M()\n{\n    _x++;\n}\nvoid N()\n{\n    y++;\n}"))
    assert [r for r in roles(made) if r[0] == "function"] == [("function", "void M()")]
    assert ("field", "int _x;") in roles(made)
    assert ("signatures", "void N()") in roles(made)


@pytest.mark.parametrize("use", ["_x", "this._x", "(_x)", "!_x", "_x.Y", "f(_x)"])
def test_used_field(use: str) -> None:
    """A field counts as used by its name, alone or after ``this``."""
    made = of(in_class(f"int _x;\nvoid M() {{ «a({use});» }}"))
    assert ("field", "int _x;") in roles(made)


@pytest.mark.parametrize("use", ["other._x", "_xy", "a_x"])
def test_unused_field(use: str) -> None:
    """The same letters in a longer name or behind another receiver do not use the field."""
    made = of(in_class(f"int _x;\nvoid M() {{ «a({use});» }}"))
    assert ("field", "int _x;") not in roles(made)


# --- the budget --------------------------------------------------------------------------------------------

LONG = in_class(
    "\n".join(
        [
            "void M()\n{",
            *["    First(1, 2, 3, 4, 5);"] * 20,
            "    lock (_g)\n    {\n        «_x++;»\n        Inside(1, 2, 3);\n    }",
            "    if (Third(1))\n    {",
            *["        Fourth(1, 2, 3, 4, 5, 6);"] * 20,
            "    }\n    Last(1);\n}",
        ]
    )
)
"""Lines 5-24 and 30-53 are outside of the lock in lines 25-29."""


def smallest(code: str) -> int:
    """The smallest budget that is accepted."""
    return next(budget for budget in range(1, 16_000) if fits(code, budget))


def fits(code: str, budget: int) -> bool:
    """Whether there is a context within that budget."""
    try:
        of(code, budget)
    except BudgetError:
        return False
    return True


def test_elision_is_marked_and_counted() -> None:
    """What is left out of a function is one counted line in the listing and an omission with the same lines."""
    made = of(LONG, smallest(LONG))
    text = listing(shown_lines(made.excerpts, made.selection.source), made.selection.source, made.selection.lines)
    assert "  4 |     {\n    … 20 lines left out here\n 25 |         lock (_g)\n" in text
    assert " 29 |         }\n    … 24 lines left out here\n 54 |     }" in text
    assert not re.search("First|Third|Fourth|Last", text)
    assert re.search(r"lock \(_g\)\n.*\{\n>27 \| +_x\+\+;\n.*Inside\(1, 2, 3\);\n.*\}", text)
    assert [(o.start_line, o.end_line) for o in made.omitted if "statements outside" in o.why] == [(5, 24), (30, 53)]


MANY = {
    "sections of a switch": "switch (x)\n{\n"
    + "\n".join(f"case {n}: // the {n}th\n    Take({n});\n    break;" for n in range(20))
    + "\ncase 20:\n    «Take(20);»\n    break;\n}",
    "labels without code": "switch (x)\n{\n"
    + "\n".join(f"case {n}: // the {n}th" for n in range(20))
    + "\n    Take(1);\n    break;\ncase 20:\n    «Take(20);»\n    break;\n}",
    "elements": "var all = new[]\n{\n" + "Take(1, 2),\n" * 20 + "«Take(20)»,\n};",
    "elements of a collection": "int[] all =\n[\n" + "Take(1, 2),\n" * 20 + "«Take(20)»\n];",
    "arms": "return x switch\n{\n" + "1 => Take(1, 2), // one\n" * 20 + "_ => «Take(20)»\n};",
    "arguments": "All(\n" + "Take(1, 2),\n" * 20 + "«Take(20)»);",
    "statements on one line": "Take(1, 2); Take(3, 4);\n" * 20 + "«Take(20);»",
    "regions": "#region A\n// about it\nTake(1, 2);\n#endregion\n" * 20 + "«Take(20);»",
}


@pytest.mark.parametrize("name", MANY)
def test_of_many_the_selected_is_enough(name: str) -> None:
    """Sections, elements, arms, arguments, what shares a line, and regions are left out one by one."""
    code = in_class(f"void M()\n{{\n{MANY[name]}\n}}")
    made = of(code, smallest(code))
    text = listing(shown_lines(made.excerpts, made.selection.source), made.selection.source, made.selection.lines)
    assert text.count("Take(") == 1
    assert "Take(20)" in text
    assert len(text.splitlines()) < 20


def test_elision_takes_no_more_than_it_needs() -> None:
    """A budget that nearly holds the function costs only its largest statements."""
    whole = next(b for b in range(smallest(LONG), 16_000) if not of(LONG, b).excerpts[0].elided)
    made = of(LONG, whole - 1)
    assert made.excerpts[0].elided
    text = listing(shown_lines(made.excerpts, made.selection.source), made.selection.source, made.selection.lines)
    assert "Third" not in text
    assert "First" in text


def test_budget_error() -> None:
    """Where even that does not fit, the sentence has the place, both numbers and what to do, and the number is true."""
    least = smallest(LONG)
    with pytest.raises(BudgetError) as raised:
        of(LONG, 10)
    said = re.fullmatch(
        r"A\.cs:3-54: M needs ([\d,]+) tokens even without every statement outside its scopes and the selection, "
        r"and the budget is 10; raise it with --budget\.",
        str(raised.value),
    )
    assert said
    assert int(said[1].replace(",", "")) <= least


def test_fixed_part_counts() -> None:
    """What is the same for every selection takes its share of the budget."""
    least = smallest(LONG)
    assert of(LONG, least + 100, fixed=100).tokens.prompt <= least + 100
    with pytest.raises(BudgetError):
        of(LONG, least + 99, fixed=100)


def test_conditional_compilation_around_what_is_shown() -> None:
    """A declaration that is used, or a function, is shown with the lines that decide whether it is compiled; a signature is not."""
    made = of(
        "class C\n{\n#if NET9\n    readonly Lock _gate = new();\n#else\n    readonly object _gate = new();\n#endif\n"
        "#if DEBUG\n    int _seen;\n#endif\n    int _count;\n    void M()\n    {\n        lock (_gate) { «_count++»; }\n    }\n}\n"
    )
    shown = shown_lines(made.excerpts, made.selection.source)
    lines = [made.selection.source.line(n).strip() for n in sorted(shown) if shown[n]]
    at = lines.index("#if NET9")
    assert lines[at : at + 5] == [
        "#if NET9", "readonly Lock _gate = new();", "#else", "readonly object _gate = new();", "#endif",
    ]  # fmt: skip
    assert "#if DEBUG" not in lines


def test_signatures_go_first() -> None:
    """Within a tight budget the function stays whole and the signatures are left out and listed."""
    budget = of(SHOP).tokens.prompt - 4
    made = of(SHOP, budget)
    assert not made.excerpts[0].elided
    assert made.tokens.prompt <= budget
    assert any(re.fullmatch(r"[1-4] of 4 signatures: over the token budget", o.why) for o in made.omitted)


simple = st.sampled_from(
    [
        "a();",
        "b(1, 2, 3);",
        "b(1); b(2);",
        "var v = c(\n    1,\n    2);",
        "// note",
        "",
        "d(() =>\n{\n    e();\n});",
        "var l = new[]\n{\n    1, // one\n    2,\n};",
        "switch (s)\n{\n    case 1: // one\n    case 2:\n        a();\n        break;\n    default:\n        return;\n}",
        "#region R\na();\n#endregion",
    ]
)
nested = st.tuples(st.sampled_from(["if (p)", "while (q)", "foreach (var i in r)"]), st.lists(simple, max_size=3)).map(
    lambda t: f"{t[0]}\n{{\n{indent(chr(10).join(t[1]), '    ')}\n}}"
)
bodies = st.lists(st.one_of(simple, nested, st.just("if (n) return;")), max_size=6).map("\n".join)
scopes = st.sampled_from(
    [
        "lock (_g)\n{{\n{0}\n}}",
        "using (var t = new TransactionScope())\n{{\n{0}\n    t.Complete();\n}}",
        "{{\n    using var t = new TransactionScope();\n{0}\n}}",
        "_s.Wait();\ntry\n{{\n{0}\n}}\nfinally\n{{\n    _s.Release();\n}}",
        "s.ExecuteInTransaction(() =>\n{{\n{0}\n}});",
        "if (outer)\n{{\n    before();\n    lock (_g)\n    {{\n{0}\n    }}\n}}",
    ]
)


@given(bodies, scopes, bodies, bodies, st.data())
@settings(deadline=None, max_examples=150)
def test_nothing_that_matters_is_left_out(before: str, scope: str, held: str, after: str, data: st.DataObject) -> None:
    """Within any budget: all of each scope and the selection is shown, and every other line shown or listed as left out."""
    body = "\n".join([before, scope.format(indent(held, "    ")), after])
    code = f"class A\n{{\n    int _x;\n    void M()\n    {{\n{indent(body, '        ')}\n    }}\n}}\n"
    source = Source("A.cs", code.encode())
    first = data.draw(st.integers(4, source.line_count - 1), "first line")
    last = data.draw(st.integers(first, min(first + 3, source.line_count - 1)), "last line")
    selection = Selection(source, source.line_span(first, last), "A.cs")
    budget = data.draw(st.integers(1, 250), "budget")
    outlined = outline(source)
    try:
        made = context.build(selection, outlined, budget, WORDS, 0)
    except BudgetError as error:
        assert re.search(r"needs [\d,]+ tokens .* the budget is [\d,]+; raise it with --budget", str(error))
        return
    assert made.tokens.prompt <= budget
    text = listing(shown_lines(made.excerpts, selection.source), selection.source, selection.lines)
    assert made.tokens.prompt >= WORDS.count("\n".join(proven(made)))
    shown = numbers_shown(made)
    kept = [*(s.span for s in made.scopes), selection.span]
    assert made.scopes
    for span in kept:
        a, b = source.lines_of(span)
        assert {n for n in range(a, b + 1) if source.line(n).strip()} <= shown
    function = source.lines_of(made.functions[-1].span)
    listed = {n for o in made.omitted if "statements outside" in o.why for n in range(o.start_line, o.end_line + 1)}
    assert not listed & shown
    assert set(range(function[0], function[1] + 1)) <= listed | shown
    counted = sum(int(n) for n in re.findall(r"… (\d+) lines? left out here", text))
    assert counted == len(listed)


def test_prompt_keeps_the_budget_that_the_context_kept() -> None:
    """A budget that holds the context holds the finished prompt."""
    kept = []
    for budget in range(1500, 2000, 10):
        asked = request(f"{EXAMPLE}/src/RecordService.cs:31-33", options(budget=budget))
        try:
            found = build(asked)
        except BudgetError:
            continue
        kept.append(budget)
        assert render(found, asked).tokens.prompt <= budget
    assert kept == list(range(kept[0], 2000, 10))
    assert kept[0] > 1500
