"""The guard: answers are read, applied to the source in memory, and compared with its scopes."""

from __future__ import annotations

import json
from textwrap import indent

import pytest

from ctxreview.errors import ReplyError
from ctxreview.guard.check import apply, guard, replacement, suggestions, worst
from ctxreview.model.review import Context, Edit, GuardResult, Suggestion
from ctxreview.model.source import Source
from ctxreview.reports.document import guard_document
from ctxreview.reports.review_text import guard_text
from tests.samples import EXAMPLE, FIELDS, PATH, QUERY, READ_ONLY, context_of, edited, example, shop, unwrapped

# --- the incident ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["md", "json", "diff"])
def test_the_incident_conflicts(form: str) -> None:
    """The answer that caused the incident conflicts in whichever form a chat gives it."""
    about = example(QUERY)
    (found,) = suggestions((EXAMPLE / f"answers/unsafe-answer.{form}").read_text("utf-8"), about)
    checked = guard(about, found)
    assert (checked.applied, checked.verdict) == (True, "conflicts")
    assert [f.rule for f in checked.findings] == ["no-tracking-write"]
    assert "+                .AsNoTracking()\n" in checked.diff


@pytest.mark.parametrize("form", ["md", "json"])
def test_the_same_call_on_a_read_only_method(form: str) -> None:
    """The same call where nothing is written is left alone."""
    about = example(READ_ONLY)
    (found,) = suggestions((EXAMPLE / f"answers/read-only-answer.{form}").read_text("utf-8"), about)
    checked = guard(about, found)
    assert (checked.applied, checked.verdict, checked.findings) == (True, "no-known-conflict", ())


# --- applying ----------------------------------------------------------------------------------------------

BODY = """\
lock (_gate)
{
    «_count = _count + 1;»
    _total = _total + 1;
}
return 0;
"""


def one(original: str, replacement: str, start: int = 0, path: str = PATH) -> Suggestion:
    """A suggestion with one edit."""
    return Suggestion("t", "", (Edit(path, start, start, original, replacement),))


def applied(about: Context, suggestion: Suggestion) -> list[str]:
    """The added lines of the diff, without their sign."""
    checked = guard(about, suggestion)
    assert checked.applied, checked.reason
    return [line[1:] for line in checked.diff.splitlines()[2:] if line.startswith("+")]


def refused(about: Context, suggestion: Suggestion) -> str:
    """Why the suggestion was not applied."""
    checked = guard(about, suggestion)
    assert (checked.applied, checked.verdict, checked.findings, checked.diff) == (False, "needs-human", (), "")
    return checked.reason


def line_of(about: Context, text: str) -> int:
    """The line on which ``text`` stands."""
    source = about.selection.source
    return next(n for n in range(1, source.line_count + 1) if text in source.line(n))


@pytest.mark.parametrize("off", [0, -3, 40, -100], ids=lambda n: f"{n:+}")
def test_moved_lines_are_found(off: int) -> None:
    """An original that is in one place is replaced there, wherever the answer says it is."""
    about = context_of(shop(BODY))
    edit = one("        _total = _total + 1;", "        _total += 1;", line_of(about, "_total = ") + off)
    assert applied(about, edit) == ["            _total += 1;"]


def test_the_given_line_decides_between_several_places() -> None:
    """An original that stands twice is replaced on the line that is given."""
    about = context_of(shop("_count++;\n_total++;\n_count++;\nreturn 0;"))
    assert applied(about, one("_count++;", "_count--;", line_of(about, "_total++") + 1)) == ["        _count--;"]
    checked = guard(about, one("_count++;", "_count--;", line_of(about, "_total++") + 1))
    assert checked.diff.index("_total++") < checked.diff.index("+        _count--")


REFUSED = {
    "ambiguous": (one("_count++;", "_count--;"), "The lines it replaces occur in 2 places: lines 14, 16."),
    "not found": (one("_count += 7;", "_count--;"), "The lines it replaces are not in the file as it is now."),
    "no original": (one(" \n", "_count--;"), "It does not quote the lines it replaces."),
    "other file": (one("_total++;", "_total--;", path="src/Other.cs"), "It changes src/Other.cs, which is not"),
    "nothing": (Suggestion("t", "", ()), "It proposes no edit."),
    "no-op": (one("_total++;", "        _total++;"), "It changes nothing."),
    "elision": (one("_total++;", "// ... existing code ...\n_total--;"), 'It leaves code out ("...")'),
    "other elision": (one("_total++;", "_total--;\n// rest of the method unchanged…"), 'It leaves code out ("...")'),
    "overlap": (
        Suggestion(
            "t", "", (Edit(PATH, 14, 15, "_count++;\n_total++;", "x();"), Edit(PATH, 15, 15, "_total++;", "y();"))
        ),
        "Its edits overlap.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_no_certain_place(case: str) -> None:
    """What cannot be applied with certainty is left to a person, with the reason in one sentence."""
    suggestion, reason = REFUSED[case]
    about = context_of(shop("_count++;\n_total++;\n_count++;\nreturn 0;"))
    assert refused(about, suggestion).startswith(reason)


def test_two_edits_are_both_made() -> None:
    """Edits are applied to the file as it was, in whatever order they are given."""
    about = context_of(shop(BODY))
    second = Edit(PATH, 0, 0, "_count = _count + 1;", "_count += 1;\n_count += 0;")
    first = Edit(PATH, 0, 0, "_total = _total + 1;", "_total += 1;")
    assert applied(about, Suggestion("t", "", (first, second))) == [
        "            _count += 1;",
        "            _count += 0;",
        "            _total += 1;",
    ]


INDENTED = {
    "none": "if (id > 0)\n{\n    Go();\n}",
    "first line only": "if (id > 0)\n            {\n                Go();\n            }",
    "as in the file": "            if (id > 0)\n            {\n                Go();\n            }",
    "half": "    if (id > 0)\n    {\n        Go();\n    }",
}


@pytest.mark.parametrize("case", INDENTED)
def test_indentation_is_kept(case: str) -> None:
    """However a chat indents a fragment, it is in the file as the lines it replaces stood."""
    about = context_of(shop(BODY))
    assert applied(about, one("_count = _count + 1;", INDENTED[case])) == [
        "            if (id > 0)",
        "            {",
        "                Go();",
        "            }",
    ]


def test_windows_line_ends_are_kept() -> None:
    """In a file with CRLF the new lines end with CRLF too, and nothing else changes."""
    about = context_of(shop(BODY).replace("\n", "\r\n"))
    before = about.selection.source
    after = apply(one("_count = _count + 1;", "_count++;\n_total++;"), before)
    assert b"\n" not in after.data.replace(b"\r\n", b"")
    assert after.data == before.data.replace(b"_count = _count + 1;", b"_count++;\r\n            _total++;")


def test_byte_order_mark_is_kept() -> None:
    """A file that was read with a byte order mark is still one after the edit."""
    source = Source(PATH, shop(BODY.replace("«", "").replace("»", "")).encode(), "utf-8-sig")
    assert apply(one("_total = _total + 1;", "_total++;"), source).encoding == "utf-8-sig"


# --- what is reported --------------------------------------------------------------------------------------


def test_the_lines_before_and_after() -> None:
    """Each run of changed lines is given with its lines before and after, and the question that a person has to answer."""
    about = context_of(shop(BODY))
    edit = Suggestion(
        "t",
        "",
        (Edit(PATH, 0, 0, "_count = _count + 1;", "_count++;"), Edit(PATH, 0, 0, "return 0;", "Log();\nreturn 0;")),
    )
    checked = guard(about, edit)
    found = guard_document([checked], about, checked.verdict)["suggestions"][0]
    assert found["before"] == [
        {"start_line": 16, "end_line": 16, "lines": ["            _count = _count + 1;"]},
        {"start_line": 19, "end_line": 18, "lines": []},
    ]
    assert found["after"] == [
        {"start_line": 16, "end_line": 16, "lines": ["            _count++;"]},
        {"start_line": 19, "end_line": 19, "lines": ["        Log();"]},
    ]
    assert found["question"].endswith("?")
    shown = unwrapped(guard_text([checked], about, checked.verdict))
    assert " Changes: line 16 to line 16; line 19 new. " in shown
    assert found["question"] in shown


def test_edits_of_other_files() -> None:
    """The edit of the reviewed file is checked; a person is told the others."""
    about = context_of(shop(LOCK))
    here, other = one("lock (_gate)", "lock (_other)").edits[0], Edit("src/Other.cs", 1, 1, "a", "b")
    checked = guard(about, Suggestion("t", "", (other, here)))
    assert (checked.applied, checked.verdict) == (True, "conflicts")
    assert (
        checked.reason
        == "It also changes src/Other.cs, which was not checked: give the lines as this checkout has them, or look at that part yourself."
    )
    harmless = guard(about, Suggestion("t", "", (other, one("_count++;", "_count += 1;").edits[0])))
    assert (harmless.applied, harmless.verdict) == (True, "needs-human")
    assert "  Applied in part: It also changes src/Other.cs" in guard_text([harmless], about, harmless.verdict)


# --- what chats answer -------------------------------------------------------------------------------------


def fence(code: str, language: str = "csharp", ticks: str = "```") -> str:
    """A Markdown fence around code."""
    return f"{ticks}{language}\n{code}\n{ticks}\n"


def test_a_fragment_replaces_the_selected_lines() -> None:
    """Code that declares no method stands for what was selected."""
    about = context_of(shop(BODY))
    (found,) = suggestions(f"Better:\n\n{fence('Interlocked.Increment(ref _count);')}", about)
    assert applied(about, found) == ["            Interlocked.Increment(ref _count);"]
    assert found.rationale == "Better:"


def test_a_whole_method_replaces_the_method() -> None:
    """Code that declares the method stands for all of it, though only a line was selected."""
    about = context_of(shop(BODY))
    method = "public async Task<int> Ship(int id)\n{\n    _count++;\n    return 0;\n}"
    checked = guard(about, suggestions(fence(method), about)[0])
    assert "-        return 0;" in checked.diff or "         return 0;" in checked.diff
    assert [f.message for f in checked.findings] == ["The edit removes the lock on `_gate` of lines 14-18."]
    assert checked.verdict == "conflicts"


def test_a_whole_type_replaces_the_type() -> None:
    """Code that declares the type stands for all of it, not for the method in it."""
    code = shop(BODY)
    about = context_of(code)
    whole = code.replace("«", "").replace("»", "").replace("_total = _total + 1", "_total += 1")
    assert applied(about, suggestions(fence(whole), about)[0]) == ["            _total += 1;"]


def test_alternatives_are_several_suggestions() -> None:
    """Each code block is judged on its own; shell, SQL and output blocks are none."""
    text = "A:\n\n".join(
        ["", fence("_count++;"), fence("dotnet test", "bash"), fence("SELECT 1", "sql"), fence("_count += 1;", "cs")]
    )
    found = suggestions(text, context_of(shop(BODY)))
    assert [s.edits[0].replacement.strip() for s in found] == ["_count++;", "_count += 1;"]


FENCES = {
    "four ticks around three": fence("// ```\n_count++;", ticks="````"),
    "no language": fence("_count++;", ""),
    "words after the language": fence("_count++;", 'C# title="x"'),
    "Windows line ends": fence("_count++;").replace("\n", "\r\n"),
    "in a list": "1. Do this:\n\n" + indent(fence("_count++;"), "   "),
}


@pytest.mark.parametrize("case", FENCES)
def test_fences_as_chats_write_them(case: str) -> None:
    """A code block is found however it is fenced."""
    about = context_of(shop(BODY))
    (found,) = suggestions(FENCES[case], about)
    assert applied(about, found)[-1] == "            _count++;"


def test_a_fence_in_a_list_keeps_its_layout() -> None:
    """The indentation of a list item is not part of the code in it."""
    about = context_of(shop(BODY))
    (found,) = suggestions("1. Do this:\n\n" + indent(fence("if (id > 0)\n{\n    Go();\n}"), " " * 16), about)
    assert applied(about, found) == [
        "            if (id > 0)",
        "            {",
        "                Go();",
        "            }",
    ]


def test_a_diff_in_a_fence() -> None:
    """A fenced diff is a diff; both of its hunks belong to one suggestion."""
    code = shop(BODY).replace("«", "").replace("»", "")
    about = context_of(shop(BODY))
    at = line_of(about, "_count = ")
    diff = (
        f"--- a/{PATH}\n+++ b/{PATH}\n@@ -{at},1 +{at},1 @@\n-            _count = _count + 1;\n+            _count++;\n"
        f"@@ -{at + 1},1 +{at + 1},1 @@\n-            _total = _total + 1;\n+            _total++;"
    )
    assert code.splitlines()[at - 1].strip() == "_count = _count + 1;"
    for text in (fence(diff, "diff"), diff, diff.replace("\n", "\r\n")):
        (found,) = suggestions(text, about)
        assert applied(about, found) == ["            _count++;", "            _total++;"]


STRUCTURED = {"summary": "s", "checklist": [], "suggestions": []}
EDIT = {"path": PATH, "start_line": 1, "end_line": 1, "original": "_count = _count + 1;", "replacement": "_count++;"}


@pytest.mark.parametrize("form", ["{}", "```json\n{}\n```", "```\n{}\n```\n"])
def test_a_structured_reply(form: str) -> None:
    """The structured reply is read as it is, or in a fence."""
    reply = json.dumps({**STRUCTURED, "suggestions": [{"title": "a", "rationale": "b", "edits": [EDIT]}]})
    (found,) = suggestions(form.replace("{}", reply), context_of(shop(BODY)))
    assert (found.title, found.edits[0].replacement) == ("a", "_count++;")


NO_CODE = {
    "prose": ("Use fewer queries.", "There is no suggestion in this answer"),
    "empty": ("", "There is no suggestion in this answer"),
    "shell only": (fence("dotnet test", "bash"), "There is no suggestion in this answer"),
    "broken structured reply": ('{"summary": "s"', "The reply is not in the requested form"),
}


@pytest.mark.parametrize("case", NO_CODE)
def test_no_code_is_one_sentence(case: str) -> None:
    """An answer without a change that can be read is refused in one sentence."""
    text, start = NO_CODE[case]
    with pytest.raises(ReplyError) as raised:
        suggestions(text, context_of(shop(BODY)))
    assert str(raised.value).startswith(start)
    assert "\n" not in str(raised.value)


# --- scope changes -----------------------------------------------------------------------------------------

LOCK = """
lock (_gate)
{
    var order = _cache[id];
    order.State = 1;
    _count++;
}
return 0;
"""
LOCAL_LOCK = """
var gate = _gates.GetOrAdd(id);
lock (gate)
{
    _count++;
}
return 0;
"""
LOGGED = """
lock (_gate)
{
    _count++;
    _logger.LogInformation("Shipped {Id}", id);
}
return 0;
"""
COPIED = """
lock (_gate)
{
    var copy = new List<int>();
    copy.AddRange(_cache.Keys);
    return copy.Count;
}
"""
BOTH = """
lock (_gate)
{
    return new Stats(_count, _total);
}
"""
SCOPED = """
using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
{
    var order = await _db.Orders.FirstAsync(o => o.Id == id);
    order.State = 1;
    await _db.SaveChangesAsync();
    scope.Complete();
    return order.Id;
}
"""
UNAWAITED = """
using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
{
    _db.Orders.Find(id).State = 1;
    _db.SaveChanges();
    scope.Complete();
}
return 0;
"""
GUARDED = """
_lock.EnterWriteLock();
try
{
    _count++;
}
finally
{
    _lock.ExitWriteLock();
}
return 0;
"""
ISOLATED = (
    "TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted }, "
    "TransactionScopeAsyncFlowOption.Enabled"
)
FLOW = "TransactionScopeAsyncFlowOption.Enabled"
DECLARED = """
using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
var order = await _db.Orders.FirstAsync(o => o.Id == id);
order.State = 1;
await _db.SaveChangesAsync();
scope.Complete();
return order.Id;
"""


def without(body: str, *lines: str) -> str:
    """``body`` without some of its lines."""
    return "\n".join(line for line in body.splitlines() if line.strip() not in lines)


def moved_up(body: str, line: str, *, new: str = "") -> str:
    """``body`` with one line taken out of the scope and put before it, rewritten as ``new``."""
    return f"{new or line}\n{without(body, line).lstrip()}"


CHANGES: dict[str, tuple[str, str, str, str]] = {
    # name: before, after, verdict, and what a finding says
    "lock removed": (
        LOCK,
        "var order = _cache[id];\norder.State = 1;\n_count++;\nreturn 0;",
        "conflicts",
        "removes the lock on `_gate` of lines 14-19",
    ),
    "lock kept, locals renamed": (LOCK, LOCK.replace("order", "found"), "no-known-conflict", ""),
    "lock kept on a renamed local": (
        LOCAL_LOCK,
        LOCAL_LOCK.replace("gate ", "own ").replace("(gate)", "(own)"),
        "no-known-conflict",
        "",
    ),
    "another local locked": (
        LOCAL_LOCK,
        LOCAL_LOCK.replace("gate = _gates.GetOrAdd(id)", "own = new object()").replace("(gate)", "(own)"),
        "conflicts",
        "on `own` is taken on an object that is made here now",
    ),
    "another object locked": (
        LOCK,
        LOCK.replace("_gate", "_other"),
        "conflicts",
        "locks `_other` where it locked `_gate`",
    ),
    "the same object by this": (LOCK, LOCK.replace("_gate", "this._gate"), "no-known-conflict", ""),
    "TransactionScope removed": (
        SCOPED,
        "var order = await _db.Orders.FirstAsync(o => o.Id == id);\norder.State = 1;\nawait _db.SaveChangesAsync();\nreturn order.Id;",
        "conflicts",
        "removes the TransactionScope of lines 14-21",
    ),
    "read falls out": (
        SCOPED,
        moved_up(SCOPED, "var order = await _db.Orders.FirstAsync(o => o.Id == id);"),
        "conflicts",
        "moves code out of the TransactionScope: `var order = await",
    ),
    "read rewritten and hoisted": (
        SCOPED,
        moved_up(
            SCOPED,
            "var order = await _db.Orders.FirstAsync(o => o.Id == id);",
            new="var order = await _db.Orders.Where(o => o.Id == id).SingleOrDefaultAsync();",
        ),
        "conflicts",
        "moves code out of the TransactionScope: the read `FirstAsync`",
    ),
    "read rewritten in place": (
        SCOPED,
        SCOPED.replace("FirstAsync(o => o.Id == id)", "Where(o => o.Id == id).SingleOrDefaultAsync()"),
        "no-known-conflict",
        "",
    ),
    "SaveChanges falls out": (
        UNAWAITED,
        without(UNAWAITED, "_db.SaveChanges();", "return 0;") + "\n_db.SaveChanges();\nreturn 0;",
        "conflicts",
        "moves code out of the TransactionScope: `_db.SaveChanges();`",
    ),
    "guarded state read before the lock": (
        BOTH,
        "var (c, t) = (_count, _total);\nlock (_gate)\n{\n    return new Stats(c, t);\n}",
        "conflicts",
        "moves code out of the lock on `_gate`: the use of `_count`, the use of `_total`",
    ),
    "guarded state copied, used after the lock": (
        BOTH,
        "int c, t;\nlock (_gate)\n{\n    c = _count;\n    t = _total;\n}\nreturn new Stats(c, t);",
        "no-known-conflict",
        "",
    ),
    "one line narrowed": (
        "lock (_gate) { _count++; _total++; }\nreturn 0;",
        "lock (_gate) { _count++; }\n_total++;\nreturn 0;",
        "conflicts",
        "moves code out of the lock on `_gate`: the write of `_total`",
    ),
    "logging moved out": (
        LOGGED,
        without(LOGGED, '_logger.LogInformation("Shipped {Id}", id);', "return 0;")
        + '\n_logger.LogInformation("Shipped {Id}", id);\nreturn 0;',
        "no-known-conflict",
        "moves code out of the lock on `_gate`: `_logger.LogInformation",
    ),
    "allocation moved out": (
        COPIED,
        moved_up(COPIED, "var copy = new List<int>();"),
        "no-known-conflict",
        "moves code out of the lock on `_gate`: `var copy = new List<int>();`",
    ),
    "work moved in": (
        f"_db.SaveChanges();\n{LOCK.lstrip()}",
        LOCK.replace("_count++;", "_count++;\n    _db.SaveChanges();"),
        "needs-human",
        "moves code into the lock on `_gate`: `_db.SaveChanges();`",
    ),
    "work added that was nowhere": (
        LOCK,
        LOCK.replace("_count++;", "_count++;\n    _total++;"),
        "no-known-conflict",
        "",
    ),
    "read lock for write lock": (GUARDED, GUARDED.replace("Write", "Read"), "conflicts", "from exclusive to shared"),
    "write lock for read lock": (
        GUARDED.replace("Write", "Read"),
        GUARDED,
        "no-known-conflict",
        "from shared to exclusive",
    ),
    "isolation changed": (
        SCOPED,
        SCOPED.replace(FLOW, ISOLATED),
        "needs-human",
        "isolation of the TransactionScope from Serializable (default) to ReadCommitted",
    ),
    "async flow dropped before an await": (SCOPED, SCOPED.replace(FLOW, ""), "conflicts", "does not flow across await"),
    "async flow dropped without an await": (UNAWAITED, UNAWAITED.replace(FLOW, ""), "needs-human", "no longer flows"),
    "async flow added": (UNAWAITED.replace(FLOW, ""), UNAWAITED, "no-known-conflict", ""),
    "Complete dropped": (SCOPED, without(SCOPED, "scope.Complete();"), "conflicts", "is no longer completed"),
    "block to declaration": (SCOPED, DECLARED, "no-known-conflict", ""),
    "declaration to block": (DECLARED, SCOPED, "no-known-conflict", ""),
    "declaration to a block that is shorter": (
        DECLARED,
        without(SCOPED, "return order.Id;").replace("var order", "order").replace("using (", "Order order;\nusing (")
        + "\nawait _db.SaveChangesAsync();\nreturn order.Id;",
        "no-known-conflict",  # told, and no more: what the return reads is nobody else's
        "moves code out of the TransactionScope: `return order.Id;`",
    ),
    "another layout": (
        SCOPED,
        SCOPED.replace(".FirstAsync", "\n        .FirstAsync").replace("))\n{", ")) {").replace("    ", "\t"),
        "no-known-conflict",
        "",
    ),
    "everything renamed": (SCOPED, SCOPED.replace("order", "o1").replace("scope", "tx"), "no-known-conflict", ""),
    "comments only": (
        SCOPED,
        f"// Nobody else may ship it.\n{SCOPED.lstrip()}".replace(
            "order.State", "/* await _db.SaveChangesAsync(); */ order.State"
        ),
        "no-known-conflict",
        "",
    ),
    "commented-out code moved out": (
        LOCK.replace("_count++;", "_count++;\n    // _db.SaveChanges();\n    /* _total++; */"),
        f"// _db.SaveChanges();\n/* _total++; */\n{LOCK.lstrip()}",
        "no-known-conflict",
        "",
    ),
    "one lock split": (
        "lock (_gate)\n{\n    _count++;\n    _total++;\n}\nreturn 0;",
        "lock (_gate)\n{\n    _count++;\n}\nlock (_gate)\n{\n    _total++;\n}\nreturn 0;",
        "conflicts",
        "splits the lock on `_gate` into 2",
    ),
    "two locks joined": (
        "lock (_gate)\n{\n    _count++;\n}\nlock (_gate)\n{\n    _total++;\n}\nreturn 0;",
        "lock (_gate)\n{\n    _count++;\n    _total++;\n}\nreturn 0;",
        "needs-human",
        "joins the lock on `_gate` of lines 18-21 with another one",
    ),
    "a lock added": (
        "_count++;\nreturn 0;",
        "lock (_gate)\n{\n    _count++;\n}\nreturn 0;",
        "needs-human",
        "adds a lock on `_gate`",
    ),
    "broken code": (
        SCOPED,
        SCOPED.replace("FirstAsync(o => o.Id == id)", "FirstAsync("),
        "needs-human",
        "no longer parses",
    ),
}


def changed(case: str) -> GuardResult:
    """The guard's opinion on one of the changes."""
    before, after, _, _ = CHANGES[case]
    return edited(shop(before), shop(after))


@pytest.mark.parametrize("case", CHANGES)
def test_change(case: str) -> None:
    """Each change of a scope has its verdict, each harmless twin is left alone."""
    _, _, verdict, said = CHANGES[case]
    checked = changed(case)
    assert checked.applied, checked.reason
    assert (checked.verdict, [f.message for f in checked.findings if said in f.message] != []) == (verdict, said != "")
    if not said:
        assert checked.findings == ()


@pytest.mark.parametrize("case", CHANGES)
def test_verdict_is_the_worst_finding(case: str) -> None:
    """High findings conflict, others need a person, none or such as only inform give no known conflict; each asks a question."""
    checked = changed(case)
    severities = {f.severity for f in checked.findings if not f.informs}
    expected = "conflicts" if "high" in severities else "needs-human" if severities else "no-known-conflict"
    assert checked.verdict == expected
    assert all("?" in f.question and f.message.endswith(".") for f in checked.findings)


def test_worst_of_several() -> None:
    """The overall verdict is the worst one, and without a suggestion there is no known conflict."""
    assert worst(["no-known-conflict", "conflicts", "needs-human"]) == "conflicts"
    assert worst(["no-known-conflict", "needs-human"]) == "needs-human"
    assert worst([]) == "no-known-conflict"


def test_a_renamed_method_keeps_its_scope() -> None:
    """A method under another name is compared with what it was."""
    assert edited(shop(SCOPED), shop(SCOPED, head="public async Task<int> Send(int id)")).findings == ()
    stripped = shop("_count++;\nreturn 0;", head="public async Task<int> Send(int id)")
    assert edited(shop(LOCK), stripped).verdict == "conflicts"


def test_a_lock_in_another_method_does_not_make_up_for_one() -> None:
    """What one method lost is not found in another."""
    other = (
        "\n    public void Other()\n    {\n        lock (_gate)\n        {\n            _total++;\n        }\n    }\n"
    )
    before = shop(LOCK)
    after = shop("var order = _cache[id];\norder.State = 1;\n_count++;\nreturn 0;").replace(FIELDS, FIELDS + other)
    assert edited(before, after).verdict == "conflicts"


@pytest.mark.parametrize(
    ("new", "asked"),
    [
        ("    int Take()\n    {\n        return 2;\n    }", "the suggestion has line 3 of the file once more"),
        ("    {\n        return 2;\n    }\n\n    int Give()", "the suggestion has lines 7-8 of the file once more"),
        ("    {\n        return 2;", "Is the suggestion complete"),
    ],
)
def test_a_selection_that_is_too_short(new: str, asked: str) -> None:
    """Where a head is in the new text of the selection and beside it too, the question says which lines stand twice then."""
    text = "class Shop\n{\n    int Take()\n«    {\n        return 1;\n    }\n»\n    int Give()\n    {\n        return 3;\n    }\n}\n"
    about = context_of(text)
    (suggestion,) = replacement(new, about)
    (finding,) = guard(about, suggestion).findings
    assert (finding.rule, asked in finding.question) == ("unparsed-edit", True), finding.question


def test_scopes_that_were_already_broken_are_not_blamed_on_the_edit() -> None:
    """In a file that did not parse before, an edit that breaks nothing more is not a finding."""
    broken = shop("_count++;\nvar x = ;\nreturn 0;")
    assert edited(broken, broken.replace("_count++", "_count += 1")).findings == ()


# --- tracking ----------------------------------------------------------------------------------------------

TRACKED: dict[str, tuple[str, bool]] = {
    "written and saved": ("var o = _db.Orders.First(x => x.Id == id);\no.State = 1;\n_db.SaveChanges();", True),
    "awaited": (
        "var o = await _db.Orders.Where(x => x.Id == id).FirstOrDefaultAsync();\no.State = 1;\nawait _db.SaveChangesAsync();",
        True,
    ),
    "awaited, configured": (
        "var o = await _db.Orders.SingleAsync(x => x.Id == id).ConfigureAwait(false);\no!.State = 1;\nawait _db.SaveChangesAsync().ConfigureAwait(false);",
        True,
    ),
    "declared by type": ("Order? o = _db.Orders.First(x => x.Id == id);\no.State = 1;\n_db.SaveChanges();", True),
    "assigned later": ("Order o;\no = _db.Orders.First(x => x.Id == id);\no.State = 1;\n_db.SaveChanges();", True),
    "loop over the list": (
        "var all = _db.Orders.ToList();\nforeach (var o in all)\n{\n    o.State = 1;\n}\n_db.SaveChanges();",
        True,
    ),
    "loop over the query": (
        "foreach (var o in _db.Orders.Where(x => x.Open))\n{\n    o.State = 1;\n}\n_db.SaveChanges();",
        True,
    ),
    "awaited loop": (
        "await foreach (var o in _db.Orders.AsAsyncEnumerable())\n{\n    o.State = 1;\n}\nawait _db.SaveChangesAsync();",
        True,
    ),
    "element of the list": ("var all = _db.Orders.ToList();\nall[0].State = 1;\n_db.SaveChanges();", True),
    "taken from the list": (
        "var all = _db.Orders.ToList();\nvar o = all.First();\no.State = 1;\n_db.SaveChanges();",
        True,
    ),
    "written without a variable": ("_db.Orders.First(x => x.Id == id).State = 1;\n_db.SaveChanges();", True),
    "lambda over the list": (
        "var all = _db.Orders.ToList();\nall.ForEach(o => o.State = 1);\n_db.SaveChanges();",
        True,
    ),
    "bound by a pattern": (
        "if (_db.Orders.FirstOrDefault(x => x.Id == id) is { } o)\n{\n    o.State = 1;\n    _db.SaveChanges();\n}",
        True,
    ),
    "query in a variable": (
        "var q = _db.Orders.Where(x => x.Open);\nvar o = await q.FirstAsync();\no.State = 1;\n_db.SaveChanges();",
        True,
    ),
    "query syntax": (
        "var o = (from x in _db.Orders where x.Id == id select x).First();\no.State = 1;\n_db.SaveChanges();",
        True,
    ),
    "conditional": (
        "var o = id > 0 ? _db.Orders.First(x => x.Id == id) : null;\no.State = 1;\n_db.SaveChanges();",
        True,
    ),
    "or thrown": (
        "var o = _db.Orders.FirstOrDefault(x => x.Id == id) ?? throw new E();\no.State = 1;\n_db.SaveChanges();",
        True,
    ),
    "deep write": ("var o = _db.Orders.First(x => x.Id == id);\no.Address.City = null;\n_db.SaveChanges();", True),
    "counted up": ("var o = _db.Orders.First(x => x.Id == id);\no.Tries++;\n_db.SaveChanges();", True),
    "updated": (
        "var o = _db.Orders.First(x => x.Id == id);\no.State = 1;\n_db.Update(o);\n_db.SaveChanges();",
        False,
    ),
    "attached": (
        "var o = _db.Orders.First(x => x.Id == id);\n_db.Orders.Attach(o);\no.State = 1;\n_db.SaveChanges();",
        False,
    ),
    "entry": (
        "var o = _db.Orders.First(x => x.Id == id);\no.State = 1;\n_db.Entry(o).State = EntityState.Modified;\n_db.SaveChanges();",
        False,
    ),
    "updated in the loop": (
        "var all = _db.Orders.ToList();\nforeach (var o in all)\n{\n    o.State = 1;\n    _db.Update(o);\n}\n_db.SaveChanges();",
        False,
    ),
    "updated too late": (
        "var o = _db.Orders.First(x => x.Id == id);\no.State = 1;\n_db.SaveChanges();\n_db.Update(o);",
        True,
    ),
    "only read": ("var o = _db.Orders.First(x => x.Id == id);\n_total = o.State;\nreturn o.Id;", False),
    "written, never saved": ("var o = _db.Orders.First(x => x.Id == id);\no.State = 1;\nShow(o);", False),
    "saved before the write": (
        "var o = _db.Orders.First(x => x.Id == id);\n_db.SaveChanges();\no.State = 1;",
        False,
    ),
    "another one is written": (
        "var o = _db.Orders.First(x => x.Id == id);\nvar p = _db.Parcels.First();\np.State = o.State;\n_db.SaveChanges();",
        False,
    ),
    "read again before the write": (
        "var o = _db.Orders.First(x => x.Id == id);\nShow(o);\no = _db.Orders.First(x => x.Id == 2);\no.State = 1;\n_db.SaveChanges();",
        False,
    ),
    "copied into something else": (
        "var o = _db.Orders.Select(x => new View { Id = x.Id }).First();\no.Shown = true;\n_db.Views.Add(new Seen());\n_db.SaveChanges();",
        False,
    ),
    "read after an update": (
        "_db.Orders.Where(x => x.Id == id).ExecuteUpdate(s => s.SetProperty(x => x.State, 1));\nvar o = _db.Orders.First(x => x.Id == id);\nreturn o.Id;",
        False,
    ),
}


@pytest.mark.parametrize("call", ["AsNoTracking", "AsNoTrackingWithIdentityResolution"])
@pytest.mark.parametrize("case", TRACKED)
def test_no_tracking(case: str, call: str) -> None:
    """The call is a conflict exactly where the entity is changed and saved afterwards without being handed back."""
    body, loud = TRACKED[case]
    place = "_db.Orders.Where(x => x.Id == id).Exe" if "_db.Orders.Where(x => x.Id == id).Exe" in body else ""
    head, tail = body[: len(place)], body[len(place) :]
    before, after = shop(body), shop(head + tail.replace("_db.Orders", f"_db.Orders.{call}()", 1))
    assert before != after
    checked = edited(before, after)
    assert [f.rule for f in checked.findings] == (["no-tracking-write"] if loud else [])
    assert checked.verdict == ("conflicts" if loud else "no-known-conflict")


OWN_CALLS = {
    "its method": ("o.Ship();", "needs-human"),
    "its method, awaited": ("await o.ShipAsync(id);", "needs-human"),
    "a look at it": ("o.Validate();", "no-known-conflict"),
    "a method that gets it": ("Show(o);", "no-known-conflict"),
    "its method, handed back": ("o.Ship();\n_db.Update(o);", "no-known-conflict"),
    "its method and a write": ("o.Ship();\no.State = 1;", "conflicts"),
}


@pytest.mark.parametrize("case", OWN_CALLS)
def test_no_tracking_and_a_method_of_its_own(case: str) -> None:
    """Whether a method of the entity changes it is not known here, so a person is asked."""
    call, verdict = OWN_CALLS[case]
    before = shop(f"var o = _db.Orders.First(x => x.Id == id);\n{call}\nawait _db.SaveChangesAsync();")
    assert edited(before, before.replace("_db.Orders", "_db.Orders.AsNoTracking()", 1)).verdict == verdict


def test_no_tracking_in_another_method() -> None:
    """A write in another method is not the read's."""
    writer = "\n    void Mark(Order o)\n    {\n        o.State = 1;\n        _db.SaveChanges();\n    }\n"
    before = shop("var o = _db.Orders.First(x => x.Id == id);\nreturn o.Id;").replace(FIELDS, FIELDS + writer)
    assert edited(before, before.replace("_db.Orders.First", "_db.Orders.AsNoTracking().First")).findings == ()


def test_what_was_there_before_is_not_blamed_on_the_edit() -> None:
    """A hazard that was in the code already is the review's, not the suggestion's."""
    before = shop(
        "var o = _db.Orders.AsNoTracking().First(x => x.Id == id);\no.State = 1;\n_db.SaveChanges();\nreturn 0;"
    )
    assert edited(before, before.replace("return 0;", "return 1;")).findings == ()


def test_the_whole_file_is_compared() -> None:
    """An edit outside the selected lines is judged like one inside."""
    about = context_of(shop(LOCK.replace("return 0;", "«return 0;»")))
    assert guard(about, one("lock (_gate)", "lock (_other)")).verdict == "conflicts"


# --- what history judged -------------------------------------------------------------------------------------

CLAIM = """
using var connection = new MySqlConnection(_options);
using var tx = connection.BeginTransaction(IsolationLevel.ReadCommitted);
var job = connection.QueryFirstOrDefault<Job>("SELECT `Id` FROM `queue` LIMIT 1 FOR UPDATE;", null, tx);
connection.Execute("DELETE FROM `queue` WHERE `Id` = @Id;", job, tx);
tx.Commit();
return job.Id;
"""
IMAGES = """
using var context = _factory.CreateDbContext();
using var tx = context.Database.BeginTransaction();
context.Images.Where(i => i.ItemId == id).ExecuteDelete();
context.Images.AddRange(images);
context.SaveChanges();
tx.Commit();
return 0;
"""
NAMES = """
using var context = _factory.CreateDbContext();
var names = context.Items.Where(i => i.ParentId == id).Select(i => i.Name).ToList();
return names.Count;
"""
MOVED = """
using var context = _factory.CreateDbContext();
using var tx = await context.Database.BeginTransactionAsync();
await context.Data.Where(d => d.Key == key).ExecuteUpdateAsync(s => s.SetProperty(d => d.ItemId, id));
item.Data = await context.Data.Where(d => d.ItemId == id).ToArrayAsync();
await tx.CommitAsync();
return 0;
"""
STATE = """
lock (_gate)
{
    if (_count == 0)
    {
        _logger.LogWarning("late");
    }
}
_runtime.Receive(id);
return 0;
"""
HISTORY: dict[str, tuple[str, str, str]] = {
    # what the commit did, in code of our own; the code before and after, and the verdict
    "dotnetcore/CAP 0a94921e: the row is no longer locked, reverted two days later": (
        CLAIM,
        CLAIM.replace(" FOR UPDATE;", ";"),
        "conflicts",
    ),
    "jellyfin 5d65cfcd99: no transaction around ExecuteDelete and SaveChanges": (
        IMAGES,
        without(IMAGES, "using var tx = context.Database.BeginTransaction();", "tx.Commit();"),
        "conflicts",
    ),
    "jellyfin d19449e6a5: AsNoTracking where it is only read": (
        NAMES,
        NAMES.replace("context.Items.Where", "context.Items.AsNoTracking().Where"),
        "no-known-conflict",
    ),
    "jellyfin 6d34f605a3: AsNoTracking on what is read again after an update": (
        MOVED,
        MOVED.replace("context.Data.Where(d => d.ItemId", "context.Data.AsNoTracking().Where(d => d.ItemId"),
        "no-known-conflict",
    ),
    "orleans c2076ee98: no lock around one look at the state": (
        STATE,
        """
        var count = _count;
        if (count == 0)
        {
            _logger.LogWarning("late");
        }
        _runtime.Receive(id);
        return 0;
        """,
        "needs-human",
    ),
}


@pytest.mark.parametrize("commit", HISTORY)
def test_history(commit: str) -> None:
    """What a commit did that was taken back, or is right until today, is judged as history judged it, as a diff too."""
    before, after, verdict = HISTORY[commit]
    checked = edited(shop(before), shop(after))
    assert checked.verdict == verdict
    (found,) = suggestions(checked.diff, context_of(shop(before)))
    assert guard(context_of(shop(before)), found).verdict == verdict


@pytest.mark.parametrize(
    ("level", "verdict"), [("IsolationLevel.RepeatableRead", "conflicts"), ("", "no-known-conflict")]
)
def test_a_named_isolation_is_lost_with_its_transaction(level: str, verdict: str) -> None:
    """A transaction around one query keeps nothing together, but the level that it names; without it the query has another."""
    query = "var order = _db.Orders.AsNoTracking().FirstOrDefault(o => o.Id == id);"
    before = shop(
        f"using (var t = _db.Database.BeginTransaction({level}))\n{{\n    {query}\n    t.Commit();\n    return order.Id;\n}}"
    )
    assert edited(before, shop(f"{query}\nreturn order.Id;")).verdict == verdict
