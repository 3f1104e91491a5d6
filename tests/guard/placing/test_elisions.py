"""What an answer leaves out is filled from the original, exactly, or not at all."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ctxreview.guard.placing.elisions import is_elision, leaves_out, squeezed
from ctxreview.guard.placing.filling import filled
from ctxreview.guard.placing.refusals import UnplacedError

# --- which lines stand for others --------------------------------------------------------------------------

ELISIONS = (
    "// ... existing code ...",
    "// ...",
    "//...",
    "    /* ... */",
    "// (rest unchanged)",
    "…",
    "...",
    "# ...",
    "// ... rest of the method",
    "// … other members …",
    "// existing code",
    "// Rest of the method remains the same",
    "// rest of the code unchanged",
    "// [existing code here]",
    "// same as before",
    "// unchanged",
    "/* unchanged */",
    "// (omitted for brevity)",
    "// Other methods...",
    "// remaining fields",
    "// <existing code>",
)
COMMENTS = (
    "// Wait for it...",
    "// Claim the record",
    "// The record is saved before the scope completes.",
    "#region Other members",
    "#if DEBUG",
    "var range = list[1..];",
    'Log("...");',
    "int[] all = [..first, ..rest];",
    "// Remaining time in seconds",
    "",
)


@pytest.mark.parametrize("line", ELISIONS)
def test_an_elision(line: str) -> None:
    """Each way in which chats say that code goes on here is seen."""
    assert is_elision(line)
    assert leaves_out([line], ["_count++;"])


@pytest.mark.parametrize("line", COMMENTS)
def test_no_elision(line: str) -> None:
    """A comment that says something, and code with dots in it, leave nothing out."""
    assert not is_elision(line)
    assert not leaves_out([line], ["_count++;"])


def test_a_comment_that_was_there() -> None:
    """A line of the original is quoted, whatever it looks like."""
    assert not leaves_out(["// ..."], ["{", "    // ...", "}"])


# --- property ----------------------------------------------------------------------------------------------

METHODS = [
    """\
public bool Take(string article, int count)
{
    lock (_gate)
    {
        if (!_left.ContainsKey(article))
        {
            _misses++;
            return false;
        }

        if (_left[article] < count)
        {
            _misses++;
            return false;
        }

        _left[article] -= count;
        return true;
    }
}""",
    """\
public async Task<int> ImportAsync(
    IReadOnlyCollection<string> ids, CancellationToken token)
{
    await _gate.WaitAsync(token);
    try
    {
        var known = await _db.Records
            .Where(r => ids.Contains(r.Id))
            .ToListAsync(token);

        foreach (var id in ids.Except(known))
        {
            _db.Records.Add(new Record { Id = id });
        }

        var added = await _db.SaveChangesAsync(token);
        return added;
    }
    finally
    {
        _gate.Release();
    }
}""",
    """\
void Count()
{
    Add(1);
    Add(2);
    Add(1);
    Add(2);
    Add(3);
    if (late)
    {
        Add(1);
    }
    Add(2);
}""",
]
FRESH = ("Audit(id);", "_total = 0;", "var known = Cached(ids);", "if (late) return false;", "return 0;")
MARKS = ("// ... existing code ...", "// ...", "/* ... */", "…", "// (rest unchanged)")


class Line(NamedTuple):
    """A line of the edited method, and which line of the original it is, if it is one."""

    text: str
    was: int | None


def statements(lines: list[Line]) -> list[int]:
    """The lines that are a statement by themselves."""
    return [
        i
        for i, line in enumerate(lines)
        if i > 1 and line.text.endswith(";") and not line.text.strip().startswith(".") and "{" not in line.text
    ]


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[str], list[Line]]:
    """A method, and the same with one to three statements replaced, added, copied, moved or taken away."""
    original = draw(st.sampled_from(METHODS)).splitlines()
    lines = [Line(text, i) for i, text in enumerate(original)]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(statements(lines)))
        indent = lines[at].text[: len(lines[at].text) - len(lines[at].text.lstrip())]
        fresh = Line(indent + draw(st.sampled_from(FRESH)), None)
        copy = Line(lines[draw(st.sampled_from(statements(lines)))].text, None)
        match draw(st.sampled_from(["replace", "insert", "copy", "remove", "move"])):
            case "replace":
                lines[at] = fresh
            case "insert":
                lines.insert(at, fresh)
            case "copy":
                lines.insert(at, copy)
            case "remove":
                del lines[at]
            case "move":
                moved = lines.pop(at)
                lines.insert(draw(st.sampled_from(statements(lines) or [2])), Line(moved.text, None))
        assume(statements(lines))
    return original, lines


def runs(lines: list[Line]) -> list[tuple[int, int]]:
    """Every run of unchanged lines (half-open) that has an unchanged line before and after it."""
    found = []
    for start in range(1, len(lines) - 1):
        for end in range(start + 1, len(lines)):
            around = lines[start - 1 : end + 1]
            first = around[0].was
            if first is None or [line.was for line in around] != list(range(first, first + len(around))):
                break
            shown = around[0].text.strip() and around[-1].text.strip()
            if shown and any(line.text.strip() for line in lines[start:end]):
                found.append((start, end))
    return found


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[str], list[str], list[str]]:
    """A method, what it becomes, and that as an answer with some unchanged runs left out."""
    original, lines = draw(edited())
    answer, end = [], len(lines)
    possible = runs(lines)
    assume(possible)
    chosen: list[tuple[int, int]] = []
    for run in draw(st.lists(st.sampled_from(possible), min_size=1, max_size=3)):
        if all(run[1] < other[0] or other[1] < run[0] for other in chosen):
            chosen.append(run)
    for start, stop in sorted(chosen, reverse=True):
        answer = [draw(st.sampled_from(MARKS)), *(line.text for line in lines[stop:end]), *answer]
        end = start
    return original, [line.text for line in lines], [*(line.text for line in lines[:end]), *answer]


def test_a_doubled_statement_next_to_an_elision() -> None:
    """What comes next to an elision and is in the original too may be the one that is there: it is not filled in."""
    original = [
        "void M()",
        "{",
        "    if (a)",
        "    {",
        "        n++;",
        "        return;",
        "    }",
        "",
        "    Open(b);",
        "}",
    ]
    answer = [*original[:6], "        n++;", "        // ...", "    Open(b);", "}"]
    with pytest.raises(UnplacedError, match="more than one way"):
        filled(answer, original)


def test_a_line_that_an_elision_takes_in_does_not_come_twice() -> None:
    """The line after an elision is the one that the original has; a selected one like it does not become its copy."""
    checks = [f"    Assert.True(manager.IsInjected({task}Target, context.Object));" for task in ("post", "pre")]
    before = ["var context = new Mock<IContext>();", "", 'const String Post = "post_";', 'const String Pre = "pre_";']
    original = ["void M()", "{", *(f"    {line}".rstrip() for line in before), "", *checks, "}"]
    answer = ["void M()", "{", "    // rest unchanged", "", checks[0], "}"]
    with pytest.raises(UnplacedError):
        filled(answer, original, (8, 9))


@settings(max_examples=250, deadline=None)
@given(answers())
def test_filled_as_meant_or_not_at_all(case: tuple[list[str], list[str], list[str]]) -> None:
    """An edit with unchanged runs left out gives the edit itself, or nothing: never another text."""
    original, meant, answer = case
    try:
        made = filled(answer, original)
    except UnplacedError:
        return
    assert [squeezed(line) for line in made if line.strip()] == [squeezed(line) for line in meant if line.strip()]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(METHODS[:2]), st.data())
def test_an_unmoved_answer_is_filled(method: str, data: st.DataObject) -> None:
    """One new line and one run left out elsewhere, with three lines shown around the new one, is not refused."""
    original = method.splitlines()
    at = data.draw(st.sampled_from(statements([Line(t, i) for i, t in enumerate(original)])))
    new = [*original[:at], "        Audit(id);", *original[at:]]
    kept = range(max(0, at - 3), min(len(new), at + 4))
    left = [i for i in range(3, len(new) - 1) if i not in kept]
    before = [i for i in left if i < at]
    assume(len(before) > 1 and new[before[0] - 1].strip() and new[before[-1] + 1].strip())
    answer = [*new[: before[0]], "// ...", *new[before[-1] + 1 :]]
    try:
        made = filled(answer, original)
    except UnplacedError as why:
        assert "more than one way" in str(why)
        return
    assert [line for line in made if line.strip()] == [line for line in new if line.strip()]


def test_an_initializer_within_a_call_next_to_an_elision() -> None:
    """A braced value in brackets is a part of its statement, whose new version takes the old one's place; a lambda's block is not one."""
    old = [
        "var wallet = db.Wallets",
        "    .Include(w => w.Owner)",
        "    .First(w => w.Id == id);",
        "",
        "if (wallet.Free < 1)",
        "{",
        "    return;",
        "}",
        "db.Save();",
    ]
    new = [
        "var wallet = db.Wallets",
        "    .Where(w => w.Id == id)",
        "    .Select(w => new Wallet",
        "    {",
        "        Id = w.Id,",
        "        Free = w.Free",
        "    })",
        "    .First();",
    ]
    assert filled([*new, "", "// ... existing code ..."], old) == [*new, *old[3:]]
    block = ["Run(() =>", "{", "    First();", "    Second();", "});"]
    assert filled(
        ["Run(() =>", "{", "    First();", "    // ...", "    Third();", "});"], [*block[:4], "    Third();", "});"]
    )[3:5] == ["    Second();", "    Third();"]


TABLE = """\
var table = _known;
if (table is not null)
{
    return table;
}

lock (_gate)
{
    foreach (var line in Lines(path))
    {
        var cells = line.Split(';');
        var digits = Parse(cells[1]);
        table[cells[0]] = new Entry(cells[0], digits);
    }

    _known = table;
}

return table;"""


def renamed(name: str, text: str = TABLE) -> list[str]:
    """The lines under another name of the variable, the parsing left out."""
    lines = text.replace("table", name).split("\n")
    at = next(i for i, line in enumerate(lines) if "Split" in line)
    return [*lines[:at], "        // ... parse the cells as before ...", *lines[at + 2 :]]


def test_the_statement_after_an_elision_under_another_name() -> None:
    """What is left out ends at the statement that is the original's but for a name that all that is shown has."""
    given = renamed("_known")
    given = [line for line in given if "_known = _known;" not in line]  # the variable goes
    made = filled(given, TABLE.split("\n"))
    assert [x for x in made if "cells =" in x or "digits =" in x] == TABLE.split("\n")[10:12]
    assert len(made) == len(given) + 1
    assert filled(renamed("found"), TABLE.split("\n")) == TABLE.replace("table", "found").split("\n")


def test_an_elision_that_has_the_old_name_in_it() -> None:
    """What is left out uses the variable that is called otherwise in all that is shown: it is not filled in."""
    stale = TABLE.replace("Parse(cells[1])", "table.Parse(cells[1])")
    with pytest.raises(UnplacedError):
        filled(renamed("found", stale), stale.split("\n"))


def test_the_brace_of_a_block_is_not_taken_in_without_its_head() -> None:
    """A block whose head is shown with another brace is not put into itself."""
    original = ["foreach (var a in all)", "{", "    One(a);", "    Two(a);", "}", "Three(all);", "return 0;"]
    given = ["foreach (var a in all)", "{", "    // ...", "    Three(all);", "}", "return 0;"]
    try:
        made = filled(given, original)
    except UnplacedError:
        return
    assert made == ["foreach (var a in all)", "{", "    One(a);", "    Two(a);", "    Three(all);", "}", "return 0;"]


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_renamed_as_meant_or_not_at_all(data: st.DataObject) -> None:
    """A variable under another name with an unchanged run left out gives just that, or nothing."""
    original = TABLE.split("\n")
    old, new = data.draw(
        st.sampled_from((("table", "_known"), ("table", "found"), ("cells", "parts"), ("digits", "n")))
    )
    meant = [line.replace(old, new) for line in original]
    kept = [
        i for i, (a, b) in enumerate(zip(original, meant, strict=True)) if a == b and a.strip() not in ("", "{", "}")
    ]
    first = data.draw(st.sampled_from(kept))
    last = data.draw(st.sampled_from([i for i in kept if i >= first and set(range(first, i + 1)) <= {*kept}]))
    given = [*meant[:first], "// ... as before ...", *meant[last + 1 :]]
    try:
        made = filled(given, original)
    except UnplacedError:
        return
    assert [squeezed(line) for line in made if line.strip()] == [squeezed(line) for line in meant if line.strip()]


def test_a_comment_of_which_only_the_beginning_is_shown() -> None:
    """A comment that is broken off with dots is that of the original, all of its lines, once."""
    original = [
        "{",
        "    // The cost is spread over many calls, so that",
        "    // no single one has to wait.",
        "    Prune();",
        "}",
    ]
    given = ["{", "    // The cost is spread over ...", "    Prune(all);", "}"]
    assert leaves_out(given, original)
    assert filled(given, original) == [*original[:3], "    Prune(all);", "}"]
    assert filled([*given[:2], original[2], *given[2:]], original) == [*original[:3], "    Prune(all);", "}"]
    assert not leaves_out(["    // The cost ..."], original)
