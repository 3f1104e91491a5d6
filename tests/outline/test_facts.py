"""What facts say beyond their name and line, which the marked corpus holds: targets, details, and how they are told."""

from __future__ import annotations

import pytest

from ctxreview.context import build as context
from ctxreview.context.proofs import proven, suggested
from ctxreview.model.facts import Fact, StateUse
from ctxreview.model.source import Selection, Source, Span
from ctxreview.outline import outline
from ctxreview.tokens import Tokenizer

WORDS = Tokenizer("words", lambda text: len(text.split()))


def facts(code: str) -> list[Fact]:
    """The facts of a file."""
    return list(outline(Source("A.cs", code.encode())).facts)


def of_method(body: str, members: str = "") -> list[Fact]:
    """The facts of a method's body in a class with some members."""
    return facts(f"class C {{ {members} async Task M() {{ {body} }} }}")


BOUND = {
    "var row = db.Rows.First();": "row",
    "var row = await db.Rows.FirstAsync();": "row",
    "row = (Row)db.Rows.First();": "row",
    "var row = db.Rows.First() ?? other;": "row",
    "var row = ready ? db.Rows.First() : null;": "row",
    "var any = db.Rows.Any() ? 1 : 2;": "",
    "if (db.Rows.First() is { } row) { }": "row",
    "if (db.Rows.First() is Row row) { }": "row",
    "if (db.Rows.First() is not Row row) { }": "row",
    "if (db.Rows.First() is null) { }": "",
    "foreach (var row in db.Rows.ToList()) { }": "row",
    "var (a, b) = (db.Rows.First(), db.Tags.Last());": "a b",
    "(a, var b) = (1, db.Tags.Last());": "b",
    "if (db.Rows.Find(1, out var row)) { }": "row",
    "var rows = from r in db.Rows.ToList() select r;": "rows",
    "return db.Rows.First();": "",
    "Use(db.Rows.First());": "",
}


@pytest.mark.parametrize(("body", "names"), BOUND.items())
def test_a_read_is_bound_to_the_variable_that_gets_it(body: str, names: str) -> None:
    """Through awaits, casts, alternatives, patterns, tuples and queries; a condition gives its value to nothing."""
    assert " ".join(f.result for f in of_method(body) if f.kind == "read") == names


STATES = {
    "int _x;": StateUse("field"),
    "static int _x;": StateUse("field", static=True),
    "volatile bool _x;": StateUse("field", volatile=True),
    "static volatile bool _x;": StateUse("field", static=True, volatile=True),
    "readonly List<int> _x;": StateUse("field", readonly=True),
    "public int _x { get; set; }": StateUse("property"),
    "public static int _x => 1;": StateUse("property", static=True),
    "event Action _x;": StateUse("event"),
}


@pytest.mark.parametrize(("member", "state"), STATES.items())
def test_state_says_what_it_is(member: str, state: StateUse) -> None:
    """The modifiers that decide how it is shared are told."""
    (fact,) = (f for f in of_method("Use(_x);", member) if f.name == "_x")
    assert (fact.kind, fact.state, fact.is_state) == ("read", state, True)


def test_a_constant_is_no_state() -> None:
    """What never changes is not read."""
    assert of_method("Use(Limit);", "const int Limit = 1;") == []


def test_a_query_bound_to_a_variable_named_field_is_no_state() -> None:
    """What a variable is called decides nothing."""
    (fact,) = of_method("var field = db.Rows.First();")
    assert (fact.result, fact.is_state) == ("field", False)


def test_an_interlocked_call_concerns_its_variable() -> None:
    """The target is what is changed, and that is told once."""
    (fact,) = of_method("Interlocked.Increment(ref this._n);", "int _n;")
    assert (fact.kind, fact.name, fact.target) == ("write", "Increment", "this._n")


def test_facts_belong_to_their_innermost_function() -> None:
    """What a lambda does is the lambda's."""
    found = outline(Source("A.cs", b"class C { int _n; void M() { Run(() => _n++); } }"))
    (write,) = (f for f in found.facts if f.kind == "write")
    around = found.function_of(write.span)
    assert around is not None
    assert around.name == "lambda"


def test_another_if_branch_is_read_once() -> None:
    """What is in both branches' trees is told once."""
    code = "class C { int _n;\n#if A\nvoid M(int a\n#else\nvoid M(\n#endif\n) { Use(_n); } }"
    assert [f.name for f in facts(code) if f.is_state] == ["_n"]


def test_a_statement_that_goes_on_in_each_branch_is_told_once() -> None:
    """An exit, and what is written, begins before ``#if`` and ends in either branch."""
    code = "class C { int _n; int M() { _n = 1 +\n#if A\n2;\n#else\n3;\n#endif\nreturn _n ??\n#if A\n4;\n#else\n5;\n#endif\n} }"
    assert [(f.kind, f.name) for f in facts(code)] == [("write", "_n"), ("exit", "return"), ("read", "_n")]


QUIET = {
    "a value's own call": ("var next = _when.Add(span);", "DateTime _when;"),
    "an unknown call for its value": ("var next = moment.Utc.Add(span);", ""),
    "a list": ("var one = given[0].Tags.Where(t => t.On).First();", ""),
    "an asynchronous query over a list": ("var all = given.SelectAwait(x => Ask(x)).ToListAsync();", ""),
    "an array's own": ("var one = Array.Find(given, x => x.On);", ""),
    "two values": ("var most = level.Max(other);", ""),
    "a mock": ("mock.Setup(x => x.A()).ReturnsAsync(1);", ""),
    "an awaited call after ?.": ("await source?.CancelAsync();", ""),
    "a static class": ("Check.NotNull(given).ToList();", ""),
    "a method of the type": ("Update(1); Send(2); First(); Invoke();", ""),
}


@pytest.mark.parametrize("case", QUIET)
def test_names_alone_are_no_proof(case: str) -> None:
    """A known name in a place that speaks against it makes no fact but the state's own."""
    found = [f for f in of_method(*QUIET[case]) if f.kind not in ("await", "exit") and not f.is_state]
    assert found == []


def test_state_is_told_by_name_with_all_its_lines() -> None:
    """One sentence for what is read and one for what is written, and captured variables apart."""
    code = """class C {
    volatile bool _stop;
    static int s_total;
    int _n;
    void M() {
        var own = 0;
        _n = _n + 1;
        if (_stop) C.s_total = _n;
        Run(() => own = 2);
    }
}
"""
    source = Source("A.cs", code.encode())
    at = code.index("_n = _n")
    made = context.build(Selection(source, Span(at, at + 2), "A.cs"), outline(source), 16_000, WORDS, 0)
    assert list(proven(made)) == [
        "Reads state: `_n` (lines 7, 8), `_stop` volatile (line 8).",
        "Writes captured variables: `own` (line 9).",
        "Writes state: `_n` (line 7), `C.s_total` static (line 8).",
    ]


def test_an_assignment_is_proven_and_a_call_of_that_name_is_not() -> None:
    """An assignment of what a call gives is an assignment; a call of ``Add`` only has a name. Lines of one name stand together."""
    code = """class C {
    void M(Order order) {
        order.Id = Next();
        order.Lines.Add(Line());
        order.Id += await NextAsync();
        await Done();
    }
}
"""
    source = Source("A.cs", code.encode())
    at = code.index("order.Id")
    made = context.build(Selection(source, Span(at, at + 2), "A.cs"), outline(source), 16_000, WORDS, 0)
    assert list(proven(made)) == ["Writes: order.Id (lines 3, 5).", "Awaits: lines 5, 6."]
    assert list(suggested(made)) == ["Writes: order.Lines (line 4)."]
