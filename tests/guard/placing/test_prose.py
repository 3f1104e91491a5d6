"""Prose with code in it: a sentence becomes an edit where it can mean one thing only, and is refused with the lines where it can mean two."""

from __future__ import annotations

import time

import pytest

from ctxreview.errors import ReplyError
from ctxreview.guard.check import apply, guard
from ctxreview.guard.placing.answers import suggestions
from ctxreview.guard.placing.prose import commands
from tests.samples import QUERY, READ_ONLY, context_of, example, shop


def made(text: str, body: str) -> str:
    """The body after the one suggestion in a text, or why that has no place."""
    about = context_of(shop(body))
    (found,) = suggestions(text, about)
    return found.unplaced or apply(found, about.selection.source).data.decode()


def plain(body: str) -> str:
    """A body without the marks of a selection, as a file."""
    return shop(body.replace("«", "").replace("»", ""))


# --- calls that are added ----------------------------------------------------------------------------------

INCIDENT = (
    "Add `AsNoTracking()` to the query.",
    "You could add `.AsNoTracking()` to the query, since it only reads.",
    "To speed it up, add AsNoTracking() to the query: it is faster.",
    "I'd suggest adding `AsNoTracking` to this query.",
    "- **Add** `.AsNoTracking()` after `_db.Records` to avoid change tracking.",
    "Add `.AsNoTracking()` before `.Where(r => r.TenantId == tenantId)`.",
    "Add `.AsNoTracking()` right before `Where`.",
    "Add `AsNoTracking()` after `FirstOrDefault(...)`.",
    "Just add `.AsNoTracking()` to `_db.Records` so EF does\nnot track it.",
)


@pytest.mark.parametrize("text", INCIDENT)
def test_the_incident_in_a_sentence(text: str) -> None:
    """The sentence that says what caused the incident becomes that edit, and conflicts."""
    about = example(QUERY)
    (found,) = suggestions(text, about)
    checked = guard(about, found)
    assert (checked.applied, checked.verdict) == (True, "conflicts"), checked.reason
    assert [f.rule for f in checked.findings] == ["no-tracking-write"]
    assert [line for line in checked.diff.splitlines() if line[:1] in "+-"][2:] == ["+                .AsNoTracking()"]


@pytest.mark.parametrize("text", INCIDENT)
def test_the_same_where_nothing_is_written(text: str) -> None:
    """The same sentence about a method that only reads is an edit of which nothing is known."""
    about = example(READ_ONLY)
    (found,) = suggestions(text.replace("tenantId)`", "tenantId)`"), about)
    checked = guard(about, found)
    assert (checked.applied, checked.verdict, checked.findings) == (True, "no-known-conflict", ())


ONE = "var a = «await _db.Orders.Where(o => o.Id == id).FirstOrDefaultAsync();»\nvar b = _cache.Values.Where(o => o.Open).ToList();\nreturn b.Count;"
ADDED = {
    "Add `AsNoTracking()` to the query.": ("_db.Orders", "_db.Orders.AsNoTracking()"),
    "Add `.ConfigureAwait(false)` after `FirstOrDefaultAsync()`.": (
        "DefaultAsync()",
        "DefaultAsync().ConfigureAwait(false)",
    ),
    "Add `.Take(1)` after `Where(...)`.": ("== id)", "== id).Take(1)"),
    "Add `.OrderBy(o => o.Id)` before `FirstOrDefaultAsync`.": ("== id)", "== id).OrderBy(o => o.Id)"),
    'Add `TagWith("ship")` to the query and add `AsSplitQuery()` to the query.': ("", "Its edits overlap."),
}


@pytest.mark.parametrize("text", ADDED)
def test_where_a_call_goes(text: str) -> None:
    """What says how a query is run goes behind its source, other calls where the sentence says; what is in memory is not a query."""
    old, new = ADDED[text]
    if not old:
        about = context_of(shop(ONE))
        (found,) = suggestions(text, about)
        assert guard(about, found).reason.startswith(new)
        return
    assert made(text, ONE) == plain(ONE.replace(old, new, 1))


def test_a_source_that_is_called() -> None:
    """A call that gives the query is a part of its source, and a query that is read elsewhere has one too."""
    body = "«var q = _db.Set<Order>().Where(o => o.Id == id);»\nreturn q.Count();"
    assert made("Add `AsNoTracking()` to the query.", body) == plain(
        body.replace("Set<Order>()", "Set<Order>().AsNoTracking()")
    )


TWO = "var a = _db.Orders.First(o => o.Id == id);\nvar b = _db.Orders.Where(o => o.Id > id).ToList();\nreturn Find(id).First();"
REFUSED = {
    "Add `AsNoTracking()` to the query.": "It is not certain what the query refers to: there are 2 places, in lines 14 and 15.",
    "Add `.AsNoTracking()` after `_db.Orders`.": "It is not certain what `_db.Orders` refers to: there are 2 places, in lines 14 and 15.",
    "Add `.Distinct()` before `ToArray`.": "There is nothing in the selected function that `ToArray` can mean.",
    "Remove `First()`.": "It is not certain what `First()` refers to: there are 2 places, in lines 14 and 16.",
    "Remove the lock.": "There is nothing in the selected function that the lock can mean.",
    "Remove `Skip(1)`.": "There is nothing in the selected function that `Skip(1)` can mean.",
    "Add `Log(id)` after `Find(id)`.": "It does not say whether `Log(id)` is a statement or a call on something.",
    "Add `Total` to the query.": "It does not say whether `Total` is a call, or on what.",
    "Remove `Find(id)`. Rename `a` to `order`.": "Only a part of what it says can be read as edits. Not read: Rename `a` to `order`.",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_may_mean_two_things(text: str) -> None:
    """Two candidates are refused with their lines, and none too; what to do is said."""
    why, _, instead = made(text, TWO.replace("var a", "«var a", 1) + "»").partition(REFUSED[text])
    assert why == ""
    assert instead.startswith((" Select ", " Give ")), instead


def test_the_selection_decides() -> None:
    """Of two queries the one that is selected is meant."""
    for line in TWO.split("\n")[:2]:
        body = TWO.replace(line, f"«{line}»")
        assert made("Add `AsNoTracking()` to the query.", body) == plain(
            body.replace(line, line.replace("Orders.", "Orders.AsNoTracking()."), 1)
        )


def test_the_order_of_operators() -> None:
    """What changes the rows of a query is placed where it can go to one place only."""
    body = "«return _db.Orders.Where(o => o.Open).Select(o => o.Id).First();»"
    assert made("Add `Take(5)` to the query.", body).startswith(
        "It does not say whether Take comes before or after what the query does in line 14."
    )
    body = "«return _db.Orders.First();»"
    assert made("Add `Where(o => o.Open)` to the query.", body) == plain(
        body.replace("Orders", "Orders.Where(o => o.Open)")
    )
    assert made("Add `ToList()` to the query.", body).startswith("The query of line 14 is already read by First.")
    body = "«return _db.Orders.AsNoTracking().First();»"
    assert made("Add `AsNoTracking()` to the query.", body).startswith(
        "The chain of line 14 already calls AsNoTracking."
    )


# --- scopes that go ----------------------------------------------------------------------------------------

BODY = "«_count++;»\n_total = _count;"


def deeper(head: str, tail: str = "}", extra: str = "") -> str:
    """A scope with a block around the body."""
    inside = "\n".join(f"    {line}" for line in (BODY + extra).split("\n"))
    return f"{head}\n{{\n{inside}\n{tail}"


SCOPES = {
    "Remove the `lock`.": deeper("lock (_gate)"),
    "Drop the lock, it isn't needed.": deeper("_slots.Wait();\ntry", "}\nfinally\n{\n    _slots.Release();\n}"),
    "We can safely remove the lock statement around this, since it isn't needed.": deeper("lock (_gate)"),
    "Drop the transaction.": deeper("using (var tx = _db.Database.BeginTransaction())", extra="\ntx.Commit();"),
    "Delete the `using`.": deeper(
        "await using (var tx = await _db.Database.BeginTransactionAsync())", extra="\nawait tx.CommitAsync();"
    ),
    "Remove `using`.": f"using var tx = _db.Database.BeginTransaction();\n{BODY}\ntx.Commit();",
    "Get rid of the transaction.": f"using var scope = new TransactionScope();\n{BODY}\nscope.Complete();",
    "Remove the `SemaphoreSlim`.": f"await _slots.WaitAsync();\n{BODY}\n_slots.Release();",
    "Remove `lock (_gate)`.": deeper("lock (_gate)"),
    "Remove the lock around `_count++`.": deeper(
        "Monitor.Enter(_gate);\ntry", "}\nfinally\n{\n    Monitor.Exit(_gate);\n}"
    ),
}


@pytest.mark.parametrize("text", SCOPES)
def test_scopes(text: str) -> None:
    """The one scope that touches the selection goes with what acquires, completes and releases it; its body stays, less deep."""
    body = f"{SCOPES[text]}\nreturn 0;"
    assert made(text, body) == plain(f"{BODY}\nreturn 0;")
    about = context_of(shop(body))
    (found,) = suggestions(text, about)
    # The body changes only fields, of which a transaction says nothing.
    assert (guard(about, found).verdict == "conflicts") == (".BeginTr" not in body and "TransactionScope" not in body)


def test_the_transaction_of_the_incident() -> None:
    """A transaction whose head has several lines goes with its completion, which the guard reports."""
    about = example(QUERY)
    (found,) = suggestions("Drop the transaction, it only slows things down.", about)
    checked = guard(about, found)
    assert (checked.applied, checked.verdict) == (True, "conflicts"), checked.reason
    after = apply(found, about.selection.source).data.decode()
    assert "        var record = _db.Records\n            .Where(r => r.TenantId == tenantId)\n" in after
    assert "scope.Complete" not in after
    assert "        return true;\n    }\n" in after


@pytest.mark.parametrize("text", ["Remove the lock.", "Add `AsNoTracking()` to the query.", "Remove `_count++;`."])
def test_layout_of_the_file(text: str) -> None:
    """Tabs and the ends of lines stay as the file has them."""
    body = "lock (_gate)\n{\n    «_count++;\n    var a = _db.Orders\n        .Where(o => o.Open)\n        .First();»\n}\nreturn 0;"
    about = context_of(shop(body))
    (plainly,) = suggestions(text, about)
    odd = context_of(shop(body).replace("    ", "\t").replace("\n", "\r\n"))
    (oddly,) = suggestions(text, odd)
    after = apply(plainly, about.selection.source).data.decode()
    assert apply(oddly, odd.selection.source).data.decode() == after.replace("    ", "\t").replace("\n", "\r\n")


def test_several_functions() -> None:
    """Where two functions are selected, what both of them hold is not certain."""
    code = shop("return _db.Orders.First(o => o.Id == id);").removesuffix("}\n")
    other = "\n    public int Other()\n    {\n        return _db.Orders.Count();\n    }\n}\n"
    first = code.replace("    public async", "«    public async")
    (found,) = suggestions("Add `AsNoTracking()` to the query.", context_of(first + other.replace("\n}\n", "»\n}\n")))
    assert found.unplaced.startswith("It is not certain what the query refers to: there are 2 places")


def test_a_scope_on_one_line() -> None:
    """A lock on one line leaves what is in its braces."""
    assert made("Remove the lock.", "lock (_gate) { «_count++;» }\nreturn 0;") == plain("_count++;\nreturn 0;")


SCOPES_REFUSED = {
    "two locks": (
        "Remove the lock.",
        "lock (_gate)\n{\n    lock (_other)\n    {\n        «_count++;»\n    }\n}\nreturn 0;",
        "It is not certain what the lock refers to: there are 2 places, in lines 14 and 16.",
    ),
    "its variable is used": (
        "Drop the transaction.",
        "using (var tx = _db.Database.BeginTransaction())\n{\n    «Use(tx);»\n    tx.Commit();\n}\nreturn 0;",
        "of line 14 is used by other code too.",
    ),
    "taken within a condition": (
        "Remove the lock.",
        "if (!_slots.Wait(0)) return 1;\n«_count++;»\n_slots.Release();\nreturn 0;",
        "",
    ),
    "more at its end": (
        "Remove the lock.",
        "_slots.Wait();\ntry\n{\n    «_count++;»\n}\nfinally\n{\n    _total++;\n    _slots.Release();\n}\nreturn 0;",
        "beside what else is done there.",
    ),
    "failures are caught": (
        "Remove the lock.",
        "_slots.Wait();\ntry\n{\n    «_count++;»\n}\ncatch (Exception)\n{\n    _total++;\n}\nfinally\n{\n    _slots.Release();\n}\nreturn 0;",
        "beside what else is done there.",
    ),
    "a text of several lines": (
        "Remove the lock.",
        'lock (_gate)\n{\n    «_count++;»\n    Run(@"a\n    b");\n}\nreturn 0;',
        "holds a text of several lines.",
    ),
    "a comment at its end": (
        "Remove the lock.",
        "_slots.Wait();\ntry\n{\n    «_count++;»\n}\nfinally\n{\n    // always\n    _slots.Release();\n}\nreturn 0;",
        "with other code.",
    ),
}


@pytest.mark.parametrize("case", SCOPES_REFUSED)
def test_scopes_that_are_not_taken_away(case: str) -> None:
    """A scope that is one of two, or of which more than the body would be left, is refused."""
    text, body, why = SCOPES_REFUSED[case]
    said = made(text, body)
    assert why in said
    assert not said.startswith("public class"), said


# --- statements and calls that go --------------------------------------------------------------------------

REMOVED = {
    "Remove `_db.SaveChanges();`.": ("_db.SaveChanges();\n", ""),
    "Remove the `SaveChanges()` call.": ("_db.SaveChanges();\n", ""),
    "Drop `AsNoTracking()` from the query.": (".AsNoTracking()", ""),
    "Remove the call to `.Where(o => o.Open)`.": (".Where(o => o.Open)", ""),
    "Please remove `AsNoTracking()` and drop `SaveChanges()`.": (".AsNoTracking()", ""),
}


@pytest.mark.parametrize("text", REMOVED)
def test_statements_and_calls(text: str) -> None:
    """A statement, or a call in a chain, that stands once goes."""
    body = "«var a = _db.Orders.AsNoTracking().Where(o => o.Open).First();»\n_logger.Log(a);\n_db.SaveChanges();\nreturn 0;"
    after = body.replace(*REMOVED[text])
    assert made(text, body) == plain(after.replace("_db.SaveChanges();\n", "") if "drop" in text else after)


def test_a_value_without_its_call() -> None:
    """A call whose value is used, and that is its whole chain, is left to a person."""
    assert made("Remove `Load(id)`.", "«var a = _store.Load(id);»\nreturn a;").startswith(
        "It does not say what line 14 does without `Load(id)`."
    )


# --- what is not read --------------------------------------------------------------------------------------

NOT_READ = (
    "Do not add `AsNoTracking()` to the query.",
    "I would not remove the lock.",
    "Never remove the `lock`.",
    "If you only read, add `AsNoTracking()` to the query.",
    "Adding `AsNoTracking()` to the query would lose the update.",
    "Add `AsNoTracking()` or `AsTracking()` to the query.",
    "Add `AsNoTracking()` to the query unless it writes.",
    "Remove the lock and the transaction.",
    "Remove the lock timeout.",
    "The lock was added to remove the race.",
    "Why remove the lock?",
    "Remove the lock, the transaction and the retry.",
    "Add `AsNoTracking()` to the query, or use a projection.",
    "Add `AsNoTracking()` to the query, but only if nothing is written.",
    "Remove the lock, then rename `a` to `b`.",
    "Remove the lock: or drop the transaction.",
    "Remove the lock? No.",
    "What you should not do:\n\n- Remove the lock.\n- Drop the transaction.",
    "/* Loads it.\n * Remove the lock.\n */",
)


@pytest.mark.parametrize("text", NOT_READ)
def test_sentences_that_are_not_read(text: str) -> None:
    """What is denied, conditional, an alternative or goes on in another way is not a command."""
    assert commands(text).commands == ()
    with pytest.raises(ReplyError):
        suggestions(text, context_of(shop(TWO)))


def test_an_alternative() -> None:
    """Where a second sentence is another way, nothing of the first is placed."""
    said = made("Remove `Find(id)`.\nOr drop `First()`.", TWO)
    assert said.startswith("Only a part of what it says can be read as edits. Not read: Or drop `First()`.")


def test_many_sentences() -> None:
    """More commands than people write are refused, within seconds."""
    began = time.process_time()
    said = made(" ".join(f"Remove `a{n}`." for n in range(15_000)), TWO)
    assert said.startswith("It says 15,000 edits in sentences; at most 20 are read.")
    assert time.process_time() - began < 5


STATEMENTS = (
    "var a = _db.Orders.Where(o => o.Open).First();",
    "var b = _db.Lines.ToList();",
    "lock (_gate)\n{\n    _count++;\n}",
    "using (var tx = _db.Database.BeginTransaction())\n{\n    _total++;\n    tx.Commit();\n}",
    "_slots.Wait();\n_count--;\n_slots.Release();",
    "_db.SaveChanges();",
)
COUNTED = {
    "Add `AsNoTracking()` to the query.": (0, 1),
    "Remove the lock.": (2, 4),
    "Drop the transaction.": (3,),
    "Remove the `SaveChanges()` call.": (5,),
}


def test_nothing_is_placed_but_the_one_candidate() -> None:
    """In all methods of up to three statements, all selected, an edit is made exactly where one of them can be meant, and none else."""
    some = range(len(STATEMENTS))
    for chosen in [(a, b, c) for a in some for b in some for c in some]:
        body = "\n".join(STATEMENTS[n] for n in chosen)
        about = context_of(shop(f"«{body}\nreturn 0;»"))
        for text, counted in COUNTED.items():
            (found,) = suggestions(text, about)
            candidates = [n for n in chosen if n in counted]
            assert bool(found.edits) == (len(candidates) == 1) == (not found.unplaced), (text, chosen, found.unplaced)
            if not found.edits:
                continue
            (edit,) = found.edits
            after = apply(found, about.selection.source).data.decode()
            for n in set(chosen) - set(candidates):
                assert all(line.strip() in after for line in STATEMENTS[n].split("\n")), (text, chosen)
            assert edit.verbatim
