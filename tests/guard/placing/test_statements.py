"""Statements and expressions from an answer: the stretch of the function that they become, or why that is not certain."""

from __future__ import annotations

import re

import pytest

from ctxreview.guard.check import apply, guard
from ctxreview.guard.placing.answers import suggestions
from tests.samples import context_of, shop

FENCE = "```csharp\n{}\n```\n"

PLACED = {
    "of two places that begin and end alike the one with the least change, although all is selected": (
        "«foreach (var c in All())\n{\n    if (c.Open)\n    {\n        continue;\n    }\n\n    foreach (var r in c.Rules)\n    {\n        Add(c.Name);\n"
        "        Add(r.Find);\n        Add(r.With);\n        Add(r.Kind);\n    }\n}\nreturn 0;»",
        "{\n    Add(c.Name);\n    lock (_gate)\n    {\n        Add(r.Find);\n    }\n    Add(r.With);",
        "foreach (var c in All())\n{\n    if (c.Open)\n    {\n        continue;\n    }\n\n    foreach (var r in c.Rules)\n    {\n        Add(c.Name);\n"
        "        lock (_gate)\n        {\n            Add(r.Find);\n        }\n        Add(r.With);\n        Add(r.Kind);\n    }\n}\nreturn 0;",
    ),
    "from the middle of a statement, as is selected": (
        "try\n{\n    Save();\n}\n«catch (SaveException)\n{\n    return 1;\n}\n\nreturn 0;»",
        "catch (SaveException lost)\n{\n    Log(lost);\n    Save();\n}\n\nreturn 0;",
        "try\n{\n    Save();\n}\ncatch (SaveException lost)\n{\n    Log(lost);\n    Save();\n}\n\nreturn 0;",
    ),
    "to the middle of a statement, as is selected": (
        "«using (var scope = Begin())\n{\n    if (Any(id)) return 0;\n    var rows = Load(id);»\n    Save(rows);\n}\nreturn 1;",
        "if (Any(id)) return 0;\nusing (var scope = Begin())\n{\n    var rows = Load(id);",
        "if (Any(id)) return 0;\nusing (var scope = Begin())\n{\n    var rows = Load(id);\n    Save(rows);\n}\nreturn 1;",
    ),
    "a head without its block, as is selected": (
        "«var options = Options(1);\nusing (var scope = Begin(options))»\n{\n    Save();\n}\nreturn 1;",
        "var options = Options(2);\nLog(options);\nusing (var scope = Begin(options))",
        "var options = Options(2);\nLog(options);\nusing (var scope = Begin(options))\n{\n    Save();\n}\nreturn 1;",
    ),
    "a compound statement is the selected one, not the one in it": (
        "«lock (_gate)\n{\n    return Find(id).Count() > 0;\n}»",
        "lock (_gate)\n{\n    return Any(id);\n}",
        "lock (_gate)\n{\n    return Any(id);\n}",
    ),
    "another resource in the same place": (
        "«using (var scope = new TransactionScope())\n{\n    Log();\n    Save();\n    scope.Complete();\n}»\nSave();\nreturn 0;",
        "using (var tx = Begin())\n{\n    Log();\n    Save();\n    tx.Commit();\n}",
        "using (var tx = Begin())\n{\n    Log();\n    Save();\n    tx.Commit();\n}\nSave();\nreturn 0;",
    ),
    "two statements become one": (
        "«var found = Load(id, 3).ToList();\n\nreturn found.Where(f => f.Open).Select(f => f.Number).ToList();»",
        "return Load(id, 3).Where(f => f.Open).Select(f => f.Number).ToList();",
        "return Load(id, 3).Where(f => f.Open).Select(f => f.Number).ToList();",
    ),
    "a statement moves within the selection": (
        "«using var tx = Begin(level, id);\n\nvar address = Verify(street, code);\nif (address == null)\n{\n    return 0;\n}\n\nvar known = Any(id);»\nreturn known;",
        "var address = Verify(street, code);\nif (address == null)\n{\n    return 0;\n}\n\nusing var tx = Begin(level, id);\n\nvar known = Any(id);",
        "var address = Verify(street, code);\nif (address == null)\n{\n    return 0;\n}\n\nusing var tx = Begin(level, id);\n\nvar known = Any(id);\nreturn known;",
    ),
    "what is selected, and the statement after it": (
        "«var a = Load(id, first);\nvar b = Load(id, second);»\n\nif (a == b)\n{\n    return 0;\n}\n\nSave();\nreturn 1;",
        "var one = LoadAsync(id, first);\nvar two = LoadAsync(id, second);\nvar a = await one;\nvar b = await two;\n\nif (a == b)\n{\n    return 0;\n}\n\n// ... existing code ...",
        "var one = LoadAsync(id, first);\nvar two = LoadAsync(id, second);\nvar a = await one;\nvar b = await two;\n\nif (a == b)\n{\n    return 0;\n}\n\nSave();\nreturn 1;",
    ),
    "what is selected, between elisions": (
        "Open();\n«foreach (var row in rows)\n{\n    Insert(row.Id, row.Name);\n}»\n\nMove();\nreturn 1;",
        "// ... open as before ...\nvar table = Table();\nforeach (var row in rows)\n{\n    table.Add(row.Id, row.Name);\n}\n\nBulk(table);\n// ... move as before ...",
        "Open();\nvar table = Table();\nforeach (var row in rows)\n{\n    table.Add(row.Id, row.Name);\n}\n\nBulk(table);\n\nMove();\nreturn 1;",
    ),
    "another head, the block is left out": (
        "«var level = Level();\nusing (var scope = new TransactionScope(level))\n{\n    Save();»\n    scope.Complete();\n    return 0;\n}",
        "var level = Level();\nusing (var scope = new TransactionScope(\n    level, Flow.Enabled))\n{\n    // ... existing code ...\n}",
        "var level = Level();\nusing (var scope = new TransactionScope(\n    level, Flow.Enabled))\n{\n    Save();\n    scope.Complete();\n    return 0;\n}",
    ),
    "statements move out of a block whose rest is left out": (
        "«using (var scope = new TransactionScope())\n{\n    if (id < 0)\n    {\n        throw new ArgumentException(name);\n    }\n\n    var until = From(id);\n    Save(until);\n    scope.Complete();\n    return 0;\n}»",
        "if (id < 0)\n{\n    throw new ArgumentException(name);\n}\n\nusing (var scope = new TransactionScope())\n{\n    var until = From(id);\n    // ... existing code ...\n}",
        "if (id < 0)\n{\n    throw new ArgumentException(name);\n}\n\nusing (var scope = new TransactionScope())\n{\n    var until = From(id);\n    Save(until);\n    scope.Complete();\n    return 0;\n}",
    ),
    "an expression": (
        "var a = Load();\n«var b = _db.Orders.Where(o => o.Id == id).First();»\nreturn b;",
        "_db.Orders.First(o => o.Id == id)",
        "var a = Load();\nvar b = _db.Orders.First(o => o.Id == id);\nreturn b;",
    ),
    "a chain that begins in its middle": (
        "«var b = _db.Orders\n    .Where(o => o.Id == id)\n    .OrderBy(o => o.Name)\n    .First();»\nreturn b;",
        ".AsNoTracking()\n.Where(o => o.Id == id)\n.First();",
        "var b = _db.Orders\n    .AsNoTracking()\n    .Where(o => o.Id == id)\n    .First();\nreturn b;",
    ),
}


ENDS = {
    "another branch": (
        "if (id > 0)\n{\n    Send(id);\n}\nelse\n{\n    «Log();»\n}\n\nif (id < 9)\n{\n    Open();\n}\nelse\n{\n    Close();\n}\nreturn 0;",
        "else\n{\n    Log(id);\n}",
        "if (id > 0)\n{\n    Send(id);\n}\nelse\n{\n    Log(id);\n}\n\nif (id < 9)\n{\n    Open();\n}\nelse\n{\n    Close();\n}\nreturn 0;",
    ),
    "a block that is not shown to its end": (
        "var a = Load(id);\n«Save(a);»\nif (a == null)\n{\n    return 1;\n}\n\nreturn 0;",
        "var a = Load(id);\nStore(a);\nif (a == null)\n{",
        "var a = Load(id);\nStore(a);\nif (a == null)\n{\n    return 1;\n}\n\nreturn 0;",
    ),
    "the head of a block": (
        "«if (id > 0)»\n{\n    Send(id);\n}\nreturn 0;",
        "if (id > 0 && Any(id))",
        "if (id > 0 && Any(id))\n{\n    Send(id);\n}\nreturn 0;",
    ),
    "a block without its head": (
        "if (id > 0)\n{\n    Send(id);\n}\n\n«Log();»\nreturn 0;",
        "{\n    Send(id);\n}\n\nLog(id);\nreturn 0;",
        "if (id > 0)\n{\n    Send(id);\n}\n\nLog(id);\nreturn 0;",
    ),
    "what is selected stands elsewhere too": (
        "if (id > 0)\n{\n    return 1;\n}\n\n«return 0;»",
        "return 1;",
        "if (id > 0)\n{\n    return 1;\n}\n\nreturn 1;",
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_placed_by_its_ends(case: str) -> None:
    """A fragment that is not made of whole statements becomes the lines around the selection that begin, end and open blocks as it does."""
    body, fragment, after = ENDS[case]
    about = context_of(shop(body))
    (found,) = suggestions(FENCE.format(fragment), about)
    assert apply(found, about.selection.source).data.decode() == shop(after)


def test_before_and_after_of_a_part() -> None:
    """What is under "After" replaces what is under "Before", though neither is whole; the one that is selected, where it is twice."""
    body = "if (id > 0)\n{\n    Send(id);\n    return 1;\n}\n\nif (id < 0)\n{\n    «Send(id);»\n    return 1;\n}\nreturn 0;"
    both = "**Before**\n```csharp\n    Send(id);\n    return 1;\n}\n```\n**After**\n```csharp\n    Post(id);\n    return 1;\n}\n```\n"
    about = context_of(shop(body))
    (found,) = suggestions(both, about)
    assert apply(found, about.selection.source).data.decode() == shop(
        "if (id > 0)\n{\n    Send(id);\n    return 1;\n}\n\nif (id < 0)\n{\n    Post(id);\n    return 1;\n}\nreturn 0;"
    )
    elsewhere = context_of(shop(body.replace("«Send(id);»", "Send(id);").replace("return 0;", "«return 0;»")))
    (refused,) = suggestions(both, elsewhere)
    assert refused.unplaced.startswith("What it shows as the code before occurs in 2 places: lines ")


def test_ends_that_stand_everywhere() -> None:
    """A fragment between two braces, which are at hundreds of places, goes to those around the selection."""
    blocks = [f"if (id == {n})\n{{\n    Send({n});\n}}" for n in range(300)]
    body = "\n".join([*blocks[:150], "if (id < 0)\n{\n    «Log();»\n}", *blocks[150:]])
    about = context_of(shop(body))
    (found,) = suggestions(FENCE.format("{\n    Log(id);\n}"), about)
    after = body.replace("«Log();»", "Log(id);")
    assert apply(found, about.selection.source).data.decode() == shop(after)


def test_after_holds_only_what_stays_of_before() -> None:
    """A statement that is gone under "After" is taken out, though the rest only quotes the file."""
    about = context_of(shop("«Open();\nSend(id);\nClose();»\nreturn 0;"))
    (found,) = suggestions(
        "**Before**\n```csharp\nOpen();\nSend(id);\nClose();\n```\n**After**\n```csharp\nSend(id);\nClose();\n```\n",
        about,
    )
    assert apply(found, about.selection.source).data.decode() == shop("Send(id);\nClose();\nreturn 0;")


@pytest.mark.parametrize("case", PLACED)
def test_placed(case: str) -> None:
    """A fragment becomes the stretch of statements that it changes least, and nothing else changes."""
    body, fragment, after = PLACED[case]
    about = context_of(shop(body))
    (found,) = suggestions(FENCE.format(fragment), about)
    made = apply(found, about.selection.source).data.decode()
    assert made == shop(after)


REFUSED = {
    "stands twice": (
        "«var a = Load(id);»\nif (a == null)\n{\n    return 1;\n}\n\nSave(a, id);\nreturn 0;",
        "var a = Find(id);\nSave(a, id);",
    ),
    "two places": (
        "if (id > 0)\n{\n    Send(id);\n    Log();\n}\n«Open();»\nif (id < 0)\n{\n    Send(id);\n    Log();\n}\nreturn 0;",
        "Send(id, late);",
    ),
    "without its other branch, which is selected too": (
        "«Write(id);\nif (!_loaded)\n{\n    _loaded = true;\n    Add(id);\n}\nelse\n{\n    Reload();\n}\nreturn 0;»",
        "if (!_loaded)\n{\n    lock (_gate)\n    {\n        _loaded = true;\n    }\n    Add(id);\n}",
    ),
    "nothing like it": ("var a = Load(id)\n«    .First(o => o.Open);»\nreturn a;", "Console.WriteLine(x);"),
    "unlike chain": ("«return Load(id)\n    .First();»", ".GroupBy(y => y.Kind)\n.Select(g => g.Key);"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    """A fragment without a certain place is left to a person, in a sentence."""
    body, fragment = REFUSED[case]
    about = context_of(shop(body))
    (found,) = suggestions(FENCE.format(fragment), about)
    checked = guard(about, found)
    assert (checked.applied, checked.verdict) == (False, "needs-human")
    assert re.fullmatch(r"(It|Only a part) .*\.", checked.reason)


EVIDENCE = {
    "branches, of which some go that are selected": (
        "try\n{\n    Save();\n}\n«catch (LostException)\n{\n    return 1;\n}\ncatch (ArgumentException)\n{\n    return 2;\n}\ncatch (FullException)\n{\n    return 1;\n}\n"
        "catch (LateException)\n{\n    return 1;\n}»\nreturn 0;",
        "catch (ArgumentException)\n{\n    return 2;\n}\ncatch (Exception e) when (IsOurs(e))\n{\n    return 1;\n}",
        "try\n{\n    Save();\n}\ncatch (ArgumentException)\n{\n    return 2;\n}\ncatch (Exception e) when (IsOurs(e))\n{\n    return 1;\n}\nreturn 0;",
    ),
    "selected lines that are a part of a statement": (
        "return Head(id, name) +\n«    Tail(id, name, true);»",
        "Tail(id, name, false);",
        "return Head(id, name) +\n    Tail(id, name, false);",
    ),
    "a chain, and the statement after it": (
        "var b = _db.Orders\n    .Where(o => o.Open)\n«    .ToList();»\n\nSend(b);\nreturn 0;",
        "    .Where(o => o.Open)\n    .Take(9)\n    .ToList();\n\nSend(b);",
        "var b = _db.Orders\n    .Where(o => o.Open)\n    .Take(9)\n    .ToList();\n\nSend(b);\nreturn 0;",
    ),
    "elisions around lines that are not whole statements": (
        "if (id > 0)\n{\n    Send(id);\n}\nelse\n{\n    «Log();»\n}\nreturn 0;",
        "// ... existing code ...\nelse\n{\n    Log(id);\n}\n// ... existing code ...",
        "if (id > 0)\n{\n    Send(id);\n}\nelse\n{\n    Log(id);\n}\nreturn 0;",
    ),
    "an elision before the rest of a statement": (
        "if (id > 0)\n{\n    Send(id);\n    Send(id + 1);\n}\nelse\n{\n    «Log();»\n}\nreturn 0;",
        "public async Task<int> Ship(int id)\n{\n    // ... existing code ...\n    else\n    {\n        Log(id);\n    }\n    return 0;\n}",
        "if (id > 0)\n{\n    Send(id);\n    Send(id + 1);\n}\nelse\n{\n    Log(id);\n}\nreturn 0;",
    ),
    "all that is selected, of which the last line is shown": (
        "«Add<A>();\nAdd<B>();\nAdd<C>();»\nreturn 0;",
        "Add<I, C>();",
        "Add<I, C>();\nreturn 0;",
    ),
    "a block around what is selected, whose rest is left out": (
        "using (var scope = Begin())\n{\n    «var a = Load(id)\n        .With(o => o.Owner)\n        .One(o => o.Id == id);»\n\n    Save(a);\n    Send(a);\n}\nreturn 0;",
        "using (var scope = Begin())\n{\n    var a = Load(id)\n        .Select(o => new Order { Id = o.Id })\n        .One(o => o.Id == id);\n\n    // ... existing code ...\n}",
        "using (var scope = Begin())\n{\n    var a = Load(id)\n        .Select(o => new Order { Id = o.Id })\n        .One(o => o.Id == id);\n\n    Save(a);\n    Send(a);\n}\nreturn 0;",
    ),
    "a listing with the numbers of its lines": (
        "«var a = Load(id);»\nreturn a;",
        "12: var a = Load(id, 1);\n13: return a;",
        "var a = Load(id, 1);\nreturn a;",
    ),
    "signs without the heads of a diff": (
        "var a = Load(id);\n«Save(a);»\nreturn a;",
        " var a = Load(id);\n-Save(a);\n+Store(a);\n return a;",
        "var a = Load(id);\nStore(a);\nreturn a;",
    ),
    "a hunk that stands twice": (
        "Send(id);\nLog();\n«Send(id);»\nreturn 0;",
        "@@ @@\n-Send(id);\n+Post(id);",
        "Send(id);\nLog();\nPost(id);\nreturn 0;",
    ),
}


@pytest.mark.parametrize("case", EVIDENCE)
def test_the_selection_is_evidence(case: str) -> None:
    """What a fragment replaces, where it could stand in several places or is not whole statements, is what is selected."""
    body, fragment, after = EVIDENCE[case]
    about = context_of(shop(body))
    (found,) = suggestions(FENCE.format(fragment), about)
    assert found.unplaced == ""
    assert apply(found, about.selection.source).data.decode() == shop(after)


UNSURE = {
    "a loop that declares what stands before it, which is not selected": (
        "«bool again;»\nint found;\ndo\n{\n    (again, found) = Find(id);\n    if (found > 0) return found;\n} while (again);\nreturn found;",
        "while (true)\n{\n    var (again, found) = Find(id);\n    if (!again || found > 0) return found;\n}",
    ),
    "the selected condition, or what stands under it": (
        "«if (query == null)\n{\n    query = new Query(id);\n}»\nreturn 0;",
        "query ??= new Query(id);",
    ),
    "a part of the parameters": ("«Send(»\n    id,\n    name);\nreturn 0;", "/// A call.\nSend(\n    id,"),
}


@pytest.mark.parametrize("case", UNSURE)
def test_all_or_a_part_of_what_is_selected(case: str) -> None:
    """A fragment that may replace all that is selected or a part of it is left to a person, and so is one that would double a line."""
    body, fragment = UNSURE[case]
    (found,) = suggestions(FENCE.format(fragment), context_of(shop(body)))
    assert found.unplaced
