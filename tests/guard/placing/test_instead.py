"""Code before and code after: what the one shows more of the file than the other is around the change, and comes once."""

from __future__ import annotations

from textwrap import indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxreview.guard.check import apply
from ctxreview.guard.placing.answers import suggestions
from tests.samples import context_of, shop

BODY = """\
var sync = new object();
long total = 0;

Parallel.ForEach(rows, row =>
{
    lock (sync)
    {
        total += Value(row);
    }
});

Log(total);
return total;"""
LOOP = BODY.split("\n\n")[1]
NEW = "Parallel.ForEach(rows, row => Interlocked.Add(ref total, Value(row)));"


def made(before: str, after: str, body: str = BODY, at: str = "lock (sync)") -> str:
    """The body of the function after an answer; why it is not placed, with a question mark before it."""
    about = context_of(shop(body.replace(at, f"«{at}»", 1) if at else body))
    answer = f"Before:\n\n```csharp\n{before}\n```\n\nAfter:\n\n```csharp\n{after}\n```\n"
    (found,) = suggestions(answer, about)
    if found.unplaced:
        return f"?{found.unplaced}"
    result = apply(found, about.selection.source).data.decode()
    head, tail = shop("BODY").split("        BODY")
    assert result.startswith(head) and result.endswith(tail)
    return "\n".join(line.removeprefix("        ") for line in result[len(head) : -len(tail)].split("\n"))


MORE = {
    "an inner block goes": (
        "    lock (sync)\n    {\n        total += Value(row);\n    }",
        "Parallel.ForEach(rows, row =>\n{\n    Add(row);\n});",
    ),
    "above and below": (LOOP, f"long total = 0;\n\n{NEW}\n\nLog(total);\nreturn total;"),
    "above": (LOOP, f"var sync = new object();\nlong total = 0;\n{NEW}"),
    "below": (LOOP, f"{NEW}\n\nLog(total);"),
    "before has more above": (f"long total = 0;\n\n{LOOP}", f"long total = 0;\n\n{NEW}\n\nLog(total);"),
    "the whole body": (LOOP, BODY.replace(LOOP, NEW)),
    "the whole method": (
        LOOP,
        f"public async Task<int> Ship(int id)\n{{\n{indent(BODY.replace(LOOP, NEW), '    ')}\n}}",
    ),
    "the block around": (
        "        total += Value(row);",
        "    lock (sync)\n    {\n        total += Value(row) + 1;\n    }",
    ),
}


@pytest.mark.parametrize("case", MORE)
def test_lines_around_do_not_come_twice(case: str) -> None:
    """What the code after shows of the lines around stays as it is, and only the code before is replaced."""
    before, after = MORE[case]
    wanted = (
        BODY.replace("    lock (sync)\n    {\n        total += Value(row);\n    }", "    Add(row);")
        if "Add(row)" in after
        else BODY.replace(LOOP, NEW)
    )
    wanted = BODY.replace("Value(row);", "Value(row) + 1;") if "+ 1" in after else wanted
    assert [x for x in made(before, after).split("\n") if x] == [x for x in wanted.split("\n") if x]


def test_a_statement_like_one_elsewhere() -> None:
    """What comes in the middle of what stays, or stands far from the change, may be what stands elsewhere too."""
    body = "Open(id);\nSend(id);\nvar a = 1;\nvar b = 2;\nvar c = 3;\nvar d = 4;\nSave(a, b);\nreturn c + d;"
    assert made("Save(a, b);", "Open(id);\nSave(a, b);", body, "Save(a, b);") == body.replace("Save", "Open(id);\nSave")


NOT = {
    "a line between is not shown": (LOOP, f"var sync = new object();\n{NEW}"),
    "a variable that is still used goes": ("long total = 0;\n\n" + LOOP, NEW),
    "the value of the function goes": ("Log(total);\nreturn total;", "Trace(total);"),
}


@pytest.mark.parametrize("case", NOT)
def test_what_may_be_meant_in_two_ways(case: str) -> None:
    """Where a line may be the one that is there or a new one, or one goes that is needed, nothing is placed."""
    assert made(*NOT[case]).startswith("?")


LINES = [
    "Open(id);",
    "Check(id, 1);",
    "Send(id);",
    "Check(id, 2);",
    "Send(id);",
    "Audit(id, 3);",
    "Close(id);",
    "return 0;",
]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_as_meant_or_not_at_all(data: st.DataObject) -> None:
    """A change shown with other lines around it before than after gives the change itself or nothing."""
    at = data.draw(st.integers(1, 6), label="changed")
    change = data.draw(st.sampled_from((["Post(id);"], ["Hold(id);", LINES[at]], [LINES[at], "Check(id, 1);"], [])))
    up, down, more, less = (data.draw(st.integers(0, 2)) for _ in range(4))
    before = LINES[max(0, at - up) : at + 1 + down]
    after = [*LINES[max(0, at - more) : at], *change, *LINES[at + 1 : at + 1 + less]]
    if more < up or less < down or not after:
        return  # what is shown before and not after is meant to go
    body = "\n".join([*LINES[:at], f"«{LINES[at]}»", *LINES[at + 1 :]])
    got = made("\n".join(before), "\n".join(after), body, "")
    assert got.startswith("?") or got.split("\n") == [*LINES[:at], *change, *LINES[at + 1 :]]
