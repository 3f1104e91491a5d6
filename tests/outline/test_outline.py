"""The outline of C#, held against marked source in ``tests/corpus/csharp``.

``//+ KIND ...`` marks the first line of a function or scope and ``//- KIND ...`` its last, with the same words
(a number behind them tells equals apart); ``//! KIND NAME`` marks a fact. What is not marked must not be found.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import tree_sitter
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxreview.languages import CAPTURES, Construct, folder_of, load
from ctxreview.languages.patterns import parse
from ctxreview.model.declarations import Function
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Isolation, Region
from ctxreview.model.source import Source, Span
from ctxreview.outline import outline, pieces
from tests import ROOT

CORPUS = ROOT / "tests" / "corpus" / "csharp"
FILES = sorted(CORPUS.glob("*.cs"))
MARK = re.compile(r"//([-+!])\s*(.*?)\s*(?=//[-+!]|$)")


def _read(path: Path) -> Source:
    return Source(path.name, path.read_bytes())


def _marked(source: Source) -> tuple[Counter[tuple[str, int, int]], Counter[tuple[str, int]]]:
    """The regions and the facts that the marks of a file ask for."""
    open_: dict[str, list[int]] = {}
    regions: Counter[tuple[str, int, int]] = Counter()
    facts: Counter[tuple[str, int]] = Counter()
    for number in range(1, source.line_count + 1):
        for sign, words in MARK.findall(source.line(number)):
            if sign == "+":
                open_.setdefault(words, []).append(number)
            elif sign == "-":
                regions[re.sub(r" \d$", "", words), open_[words].pop(), number] += 1
            else:
                facts[words, number] += 1
    assert not any(open_.values()), f"{source.path}: marks without an end: {open_}"
    return regions, facts


def _function_words(function: Function) -> str:
    return f"function {function.kind} {function.name}"


def _scope_words(scope: Region) -> str:
    return f"{scope.kind} {scope.construct} {scope.form} {scope.resource or '-'}"


def _lines(scope: Region, source: Source) -> tuple[int, int]:
    first, last = source.lines_of(scope.span)
    return first, source.line_of(scope.closing.start) if scope.form == "acquire-release" else last


def _fact_line(fact: Fact, source: Source) -> int:
    """Where people look for it: a chain of calls ends with what it does."""
    chained = fact.kind in ("read", "tracking")
    return source.line_of(fact.span.end - 1 if chained else fact.span.start)


@pytest.mark.parametrize("path", [p for p in FILES if "//+ function" in p.read_text("utf-8")], ids=lambda p: p.stem)
def test_functions_are_those_that_are_marked(path: Path) -> None:
    """Every function-like member, local function and lambda is found with its exact lines, and nothing else."""
    source = _read(path)
    found = Counter((_function_words(f), *source.lines_of(f.span)) for f in outline(source).functions)
    wanted = Counter({k: n for k, n in _marked(source)[0].items() if k[0].startswith("function")})
    assert found == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_scopes_are_those_that_are_marked(path: Path) -> None:
    """Every transaction and lock is found with its exact lines, form and resource, and nothing else."""
    source = _read(path)
    found = Counter((_scope_words(s), *_lines(s, source)) for s in outline(source).regions)
    wanted = Counter({k: n for k, n in _marked(source)[0].items() if not k[0].startswith("function")})
    assert found == wanted


@pytest.mark.parametrize("path", [p for p in FILES if "//!" in p.read_text("utf-8")], ids=lambda p: p.stem)
def test_facts_are_those_that_are_marked(path: Path) -> None:
    """Reads, writes, saves, awaits, exits and the rest are found on their lines, and locals are not state."""
    source = _read(path)
    found = Counter((f"{f.kind} {f.name}", _fact_line(f, source)) for f in outline(source).facts)
    assert found == _marked(source)[1]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_corpus_parses(path: Path) -> None:
    """The corpus is ordinary C#: a mark that breaks the parse would prove nothing."""
    assert outline(_read(path)).parse.clean


def test_every_pattern_matches_somewhere_in_the_corpus() -> None:
    """No pattern of outline.scm is dead."""
    language = load("csharp")
    patterns = parse((folder_of("csharp") / "outline.scm").read_text("utf-8"))
    left = set(patterns)
    for path in FILES:
        captures = language.patterns.captures(tree_sitter.Parser(language.grammar).parse(path.read_bytes()).root_node)
        left -= {p for p in patterns if any(n.type == p.kind and p.matches(n) for n in captures.get(p.capture, ()))}
    assert not left


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_walk_captures_what_tree_sitters_query_does(path: Path) -> None:
    """outline.scm is a tree-sitter query, and matching it in one walk gives the query's captures."""
    language = load("csharp")
    query = tree_sitter.Query(language.grammar, (folder_of("csharp") / "outline.scm").read_text("utf-8"))
    root = tree_sitter.Parser(language.grammar).parse(path.read_bytes()).root_node
    reference = tree_sitter.QueryCursor(query).captures(root)
    ours = language.patterns.captures(root)
    assert {k: sorted((n.start_byte, n.end_byte, n.type) for n in v) for k, v in ours.items()} == {
        k: sorted((n.start_byte, n.end_byte, n.type) for n in v) for k, v in reference.items()
    }


def test_the_vocabulary_is_closed() -> None:
    """Every capture of the vocabulary is used, and an unknown one does not load."""
    used = {p.capture for p in parse((folder_of("csharp") / "outline.scm").read_text("utf-8"))}
    assert used == CAPTURES


@pytest.mark.parametrize("text", ["(a (b)) @type", "(a", "[(a) (b)] @type", "(a) @type (#eq? @type 1)"])
def test_anything_but_flat_patterns_is_refused(text: str) -> None:
    """A query that the walk would match otherwise than tree-sitter is an error at load."""
    with pytest.raises(ValueError, match="not a flat pattern"):
        parse(text)


def _of_method(body: str, field: str = "") -> Outline:
    return outline(Source("M.cs", f"class C {{ {field} async Task M() {{ {body} }} }}".encode()))


# A receiver for the constructs that ask for one.
RECEIVERS = {
    "(?i)strategy": "strategy",
    "Exclusive": "pair.ExclusiveScheduler",
    "(?i)(unitofwork|uow)": "_uow",
    "(?i)file|stream": "file",
    "(?i)scope$": "scope",
    "(?i)state_?manager": "StateManager",
    "(?i)db|database|redis|cache": "db",
    "(?i)sql|db|database|orm|context|connection|conn": "fsql",
    "(?i)realm": "realm",
    "(?i)(?:^|[._]|(?<=[a-z]))(?:transaction|tran|tx)$": "session.Transaction",
}


def _on(construct: Construct, name: str) -> str:
    receiver = RECEIVERS.get(construct.on, "gate" if construct.on else "target")
    return name if "." in name else f"{receiver}.{name}"


def _given(construct: Construct) -> str:
    return re.sub(r"\\b", "", construct.given) or "x" * construct.arguments


CONSTRUCTS = load("csharp").constructs
NAMED = (
    [(c, f"using (var held = {_on(c, n)}({_given(c)})) {{ }}") for c in CONSTRUCTS for n in c.opens]
    + [(c, f"using (var held = new {n}()) {{ }}") for c in CONSTRUCTS for n in c.creates]
    + [(c, f"{_on(c, a)}(x); Work(); {_on(c, r)}(x);") for c in CONSTRUCTS for a in c.acquires for r in c.releases]
    + [(c, f"{_on(c, a)}(x); Work();") for c in CONSTRUCTS for a in c.acquires if not c.releases]
    + [(c, f"{_on(c, n)}(() => {{ Work(); }});") for c in CONSTRUCTS for n in c.runs]
)


@pytest.mark.parametrize(("construct", "body"), NAMED, ids=[f"{c.construct}: {body}" for c, body in NAMED])
def test_every_name_of_the_catalogue_is_known(construct: Construct, body: str) -> None:
    """Code with the name, in the form the catalogue gives it, has that scope and no other."""
    by_type = f"{construct.types[0]} gate;" if construct.on == "(?!)" else ""  # no name tells it, only the declaration
    assert [(s.name, s.kind) for s in _of_method(body, by_type).regions] == [(construct.construct, construct.kind)]


ACQUIRED = {
    "using var made = _builderPool.Acquire();": False,
    "var credential = Credential.Acquire(name); credential.Dispose();": False,
    "var lease = await limiter.AcquireAsync(1);": False,
    "var limiter = new RateLimiter(); using var held = await limiter.AcquireAsync(1);": False,
    "using var held = await _orderLock.AcquireAsync();": True,
    "using var held = DistributedLock.Acquire(name);": True,
    "KeyedAsyncLock<string> keys = new(); using (await keys.AcquireAsync(name)) { }": True,
    "var tracker = new DatabaseLockTracker(); await using var held = await tracker.AcquireAsync(path);": True,
}


@pytest.mark.parametrize(("body", "held"), ACQUIRED.items())
def test_what_is_acquired_is_a_lock_where_its_name_or_type_says_so(body: str, held: bool) -> None:
    """A pool, a credential and a rate limiter are acquired as well."""
    assert bool(_of_method(body).regions) is held


@pytest.mark.parametrize(
    "stops", ["", ", ct", ", token", ", stoppingToken", ", cancellationToken", ", context.RequestAborted.Token"]
)
def test_what_stops_the_wait_is_no_part_of_what_is_locked(stops: str) -> None:
    """Two functions that ask for the same key lock the same thing, whatever each calls its token."""
    (lock,) = _of_method(f"using var held = await _locks.LockAsync(key{stops}); A();").regions
    assert lock.resource == "_locks[key]"
    (own,) = _of_method("using var held = await EnterAsync(ct); A();").regions
    assert own.resource == ""


BY_NAME = {
    "await ExecuteInTransactionAsync2(() => Work());": None,
    "await TestHelpers.ExecuteWithStrategyInTransactionAsync(Create, async db => { Work(); });": "transaction",
    "store.ExecuteInLock(name, c => Work());": "lock",
    "lock_.WithWriteLock(() => Work());": "lock",
    "_uow.RunInUnitOfWork(delegate { Work(); });": "transaction",
    "await unit.InUnitAsync(async () => { Work(); });": "transaction",
    "await _uow.RunAsync(async () => { Work(); });": "transaction",
    "_store.RunAtomically(() => Work());": "transaction",
    "await this._gate.WithAsync(async () => { Work(); });": "lock",
    "_locks.WithKey(key, () => Work());": "lock",
    "await _mutex.RunExclusiveAsync(() => Work());": "lock",
    "await tx.ExecuteAsync();": None,
    "uow.Setup(u => u.Work());": None,
    "_retry.Execute(() => Work());": None,
    "_navigate.Run(() => Work());": None,
    "_blocks.Do(() => Work());": None,
    "store.ExecuteWithoutLock(c => Work());": None,
    "store.ExecuteOutsideTransaction(c => Work());": None,
    "services.AddTransactionalStateStorage(o => o.Work());": None,
    "bus.UseTransaction(t => t.Timeout = x);": None,
    "file.ReadBlock(b => Work());": None,
    "ExecuteInLock(Work);": None,
    "using (_rwLock.EnterWrite(log)) { }": "lock",
    "using (var held = this._readSemaphore.UseAsync()) { }": "lock",
    "using (await list.Lock.TakeAsync(token)) { }": "lock",
    "SemaphoreSlim few = new(1); using (await few.WaitAsync()) { }": None,
    "using (_clock.Use()) { }": None,
    "using (_block.Read()) { }": None,
    "using (_aggregate.Use()) { }": None,
    "using (_lock.CreateReport()) { }": None,
    "using (_lockFile.Read()) { }": None,
}


@pytest.mark.parametrize(("body", "kind"), BY_NAME.items())
def test_what_only_its_name_tells_is_assumed(body: str, kind: str | None) -> None:
    """A call that is given a lambda, and one on a lock in a ``using``, by names that say it; never for certain."""
    assert [(s.kind, s.certainty) for s in _of_method(body).regions] == ([(kind, "assumed")] if kind else [])


def test_a_lock_that_nothing_gives_back_lasts_as_long_as_what_it_is_taken_on() -> None:
    """Umbraco's scopes keep their locks to their own end."""
    found = _of_method("using (var scope = provider.CreateCoreScope()) { A(); scope.WriteLock(1); B(); } C();")
    unit, lock = found.regions
    assert (unit.construct, lock.construct, lock.unreleased) == ("CreateCoreScope", "lock of the scope", False)
    assert found.source.text(lock.span) == "scope.WriteLock(1); B(); }"


def test_a_session_of_the_whole_cluster_is_a_transaction() -> None:
    """RavenDB's sessions are one where they are opened so."""
    assert not _of_method("using (var s = store.OpenAsyncSession()) { }").regions
    assert not _of_method("using (var s = store.OpenSession(new SessionOptions { NoTracking = true })) { }").regions
    opened = "store.OpenSession(new SessionOptions { TransactionMode = TransactionMode.ClusterWide })"
    assert [s.name for s in _of_method(f"using (var s = {opened}) {{ }}").regions] == ["cluster-wide session"]


def test_a_transaction_is_joined_by_giving_it() -> None:
    """``UseTransaction(tx)`` joins one; what configures a pipeline with transactions is given none."""
    assert [s.construct for s in _of_method("db.UseTransaction(tx); Work();").regions] == ["UseTransaction"]
    assert not _of_method("endpoint.UseTransaction(); Work();").regions


@pytest.mark.parametrize(("name", "kind"), sorted(load("csharp").facts.items()))
def test_every_fact_name_is_known(name: str, kind: str) -> None:
    """A call by the name is that fact; ``ignore`` makes none."""
    called = name.replace(".*", ".Anything")
    found = [f.kind for f in _of_method(f"{called if '.' in called else f'target.{called}'}(1);").facts]
    assert found == ([] if kind == "ignore" else [kind])


ISOLATIONS = {
    "new TransactionScope()": "Serializable (default)",
    "new TransactionScope(TransactionScopeOption.Required, TimeSpan.FromSeconds(1))": "Serializable (default)",
    "new TransactionScope(TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = IsolationLevel.Snapshot })": "Snapshot",
    "new TransactionScope(TransactionScopeOption.Required, options)": "given by options",
    "new TransactionScope(TransactionScopeAsyncFlowOption.Enabled)": "Serializable (default)",
    "db.Database.BeginTransaction()": "the provider's own (default)",
    "db.Database.BeginTransaction(IsolationLevel.RepeatableRead)": "RepeatableRead",
    "await db.Database.BeginTransactionAsync(cancellationToken)": "the provider's own (default)",
}


@pytest.mark.parametrize(("opener", "isolation"), ISOLATIONS.items())
def test_isolation_is_the_one_named_or_the_documented_default(opener: str, isolation: str) -> None:
    """The level comes from the source; a default is called one, and what is given elsewhere is not guessed."""
    (scope,) = _of_method(f"using (var tx = {opener}) {{ }}").regions
    assert scope.isolation is not None and scope.isolation.text == isolation


def test_isolation_is_found_in_a_local_variables_initializer() -> None:
    """Options that are built before the scope are read."""
    (scope,) = _of_method(
        "var options = new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted };"
        "using (var tx = new TransactionScope(TransactionScopeOption.Required, options)) { }"
    ).regions
    assert scope.isolation == Isolation("ReadCommitted")


@pytest.mark.parametrize(
    ("arguments", "flows"),
    [
        ("", False),
        ("TransactionScopeAsyncFlowOption.Enabled", True),
        ("TransactionScopeAsyncFlowOption.Suppress", False),
    ],
)
def test_async_flow_is_off_unless_it_is_enabled(arguments: str, flows: bool) -> None:
    """The documented default of TransactionScope does not flow across await."""
    (scope,) = _of_method(f"using (var tx = new TransactionScope({arguments})) {{ }}").regions
    assert scope.async_flow is flows


def test_completion_and_early_exits_belong_to_their_own_scope() -> None:
    """Complete counts for the variable it is called on; an exit counts when it is before the completion."""
    found = _of_method(
        "using (var a = new TransactionScope()) { if (x) return; using (var b = new TransactionScope()) { b.Complete(); }"
        " Run(() => { return; }); a.Complete(); return; }"
    )
    outer, inner = found.regions
    source = found.source
    assert [source.text(c) for c in outer.completes_at] == ["a.Complete()"]
    assert [source.text(c) for c in inner.completes_at] == ["b.Complete()"]
    assert len(outer.exits) == 1
    assert inner.exits == ()


JUMPS = {
    "while (x) { if (y) break; if (z) continue; }": 0,
    "foreach (var a in b) { switch (a) { case 1: continue; default: break; } }": 0,
    "switch (x) { case 1: goto case A; case A: goto default; default: break; }": 0,
    "again: a(); if (x) goto again;": 0,
    "if (x) goto after;": 1,
    "if (x) break; if (y) continue;": 2,
    "switch (x) { case 1: continue; default: break; }": 1,
    "yield return 1; if (x) yield break;": 1,
    "do { if (x) return; } while (y);": 1,
    "Run(() => { foreach (var a in b) return; });": 0,
    "inner: while (x) { while (y) { if (z) break inner; continue inner; } }": 0,
    "while (x) { if (y) continue outer; while (z) { break outer; } }": 2,
}


@pytest.mark.parametrize(("body", "leaving"), JUMPS.items())
def test_a_jump_to_a_place_in_the_scope_does_not_leave_it(body: str, leaving: int) -> None:
    """``break`` and ``continue`` of a loop in the scope, ``goto`` within it, and ``yield return`` are not early exits."""
    for held in (f"lock (_g) {{ {body} }}", f"using var tx = new TransactionScope(); {body}"):
        (scope,) = _of_method(f"outer: while (true) {{ {held} }} after: b();").regions
        assert len(scope.exits) == leaving


@pytest.mark.parametrize(
    ("before", "intent"),
    [
        ("// why it is here\n", "// why it is here"),
        ("// why\n// it is here\n", "// why\n// it is here"),
        ("/* why */\n", "/* why */"),
        ("// about something else\n\n", None),
        ("Work(); // about the work\n", None),
        ("Work();\n", None),
    ],
)
def test_the_intent_comment_stands_directly_above(before: str, intent: str | None) -> None:
    """A comment belongs to the scope when nothing, not even a blank line, is between."""
    found = outline(Source("M.cs", f"class C {{ void M() {{\n{before}lock (_gate)\n{{\n}}\n}} }}".encode()))
    (scope,) = found.regions
    assert (found.source.text(scope.intent).strip() if scope.intent else None) == intent


SNIPPETS = st.sampled_from(
    ["class C {", "void M() {", "lock (x) {", "using (var t = new TransactionScope())", "using var t = c.BeginTransaction();", "}", "{", "(", ")",
     "a.Wait();", "a.Release();", "x => {", "await", "return;", "#if X", "#endif", '"', "'", "/*", "*/", "//", "\n", "\r\n", "[", "]", ";", "=", "𝔸", "\x00"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(SNIPPETS, max_size=60).map(" ".join))
def test_broken_source_is_data(text: str) -> None:
    """Whatever the text, the outline is made, is within the file, and functions nest."""
    source = Source("M.cs", text.encode())
    found = outline(source)
    whole = Span(0, len(source.data))
    assert all(
        whole.contains(s.span) and s.span.contains(s.opening) for s in (*found.functions, *found.types, *found.regions)
    )
    assert all(whole.contains(f.span) for f in found.facts)
    spans = [f.span for f in found.functions]
    assert all(not a.overlaps(b) or a.contains(b) or b.contains(a) for a in spans for b in spans)
    assert all(whole.contains(s) for s in pieces(source, whole))


@pytest.mark.parametrize(
    "nest",
    [
        "(",
        "{",
        "[",
        "x => ",
        "if (a) ",
        "new A { B = ",
        "lock (a) ",
        "F(!",
        "F(",
        "A.",
        "(a, ",
        "class D { ",
        "!",
        "M().",
    ],
)
def test_deep_nesting_is_no_recursion(nest: str) -> None:
    """Three times as many levels as Python calls itself are outlined without an exception, with what uses the names in them."""
    data = b"class C { int a; void M() { " + nest.encode() * 3 * sys.getrecursionlimit() + b" } }"
    assert outline(Source("M.cs", data), wanted=frozenset({"a", "A", "F", "M"})) is not None


def test_each_of_many_levels_is_seen() -> None:
    """Five thousand locks, one in the other, are five thousand scopes, each read has its place, and the use its call."""
    levels = 5_000
    code = f"class C {{ int _n; void M() {{ {'lock (a) { N(_n); ' * levels}{'}' * levels} }} }}"
    found = outline(Source("M.cs", code.encode()), wanted=frozenset({"N"}))
    locks = [s for s in found.regions if s.kind == "lock"]
    assert len(locks) == levels
    assert all(outer.span.contains(inner.span) for outer, inner in pairwise(locks))
    assert [f.name for f in found.facts if f.is_state] == ["_n"] * levels
    assert {r.form for r in found.references} == {"call"}
    assert len(found.references) == levels


# --- a part of a file -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [p.name for p in sorted(CORPUS.glob("*.cs"))])
def test_reading_one_function_gives_what_reading_the_file_gives_for_it(name: str) -> None:
    """Where only the functions around some place are read inside, they have the scopes and facts of a whole reading."""
    source = Source(name, (CORPUS / name).read_bytes())
    whole = outline(source)
    assert not whole.unread
    for member in whole.outermost:
        part = outline(source, within=(member.span,))
        assert part.has_read(member.span)
        assert [s for s in (*part.functions, *part.regions) if member.span.contains(s.span)] == [
            s for s in (*whole.functions, *whole.regions) if member.span.contains(s.span)
        ]
        assert [f for f in part.facts if member.span.contains(f.span)] == [
            f for f in whole.facts if member.span.contains(f.span)
        ]
        assert part.members == whole.members


def test_other_functions_are_known_by_their_heads_alone() -> None:
    """A body that nobody asked for is not entered, and is told as unread."""
    code = b"class C {\n    void A() { lock (_x) { _n++; } }\n    void B() { lock (_x) { _n--; } }\n    int _n; object _x;\n}\n"
    source = Source("C.cs", code)
    part = outline(source, within=(source.line_span(2),))
    assert [f.name for f in part.functions] == ["A", "B"]
    assert [source.line_of(s.span.start) for s in part.regions] == [2]
    assert not part.has_read(part.functions[1].span)
    assert [source.line_of(u.start) for u in part.unread] == [3]


def test_a_place_between_functions_means_the_one_that_follows() -> None:
    """A blank line or comment that is asked for reads the function below it."""
    code = b"class C {\n    void A() { _n++; }\n\n    // why\n    void B() { _n--; }\n    void D() { _n--; }\n    int _n;\n}\n"
    source = Source("C.cs", code)
    part = outline(source, within=(source.line_span(4),))
    assert [part.has_read(f.span) for f in part.functions] == [False, True, False]


def test_a_transaction_kept_in_a_field_takes_the_whole_file() -> None:
    """What one member opens and another ends cannot be told from either alone."""
    code = (
        b"class C {\n    IDbContextTransaction _tx;\n    void A() { _tx = _db.Database.BeginTransaction(); }\n"
        b"    void B() { _tx.Commit(); }\n    void D() { }\n}\n"
    )
    source = Source("C.cs", code)
    assert outline(source, within=(source.line_span(4),)).regions == outline(source).regions
    assert outline(source, within=(source.line_span(5),)).unread
