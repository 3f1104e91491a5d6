"""Variables that an edit gives other names: the version before is read with them."""

from __future__ import annotations

import pytest

from ctxreview import rules
from ctxreview.behaviour.respelled import respelled
from ctxreview.model.outline import Outline
from ctxreview.model.source import Source
from ctxreview.outline import outline

CODE = """
class Stock
{
    int _max;
    async Task Move(Order order, int many)
    {
        int kept = 0; var rest = many;
        await _strategy.ExecuteInTransactionAsync(async () =>
        {
            var row = await _db.Rows.SingleAsync(r => r.Id == order.Id);
            kept = row.Count; row.Count -= rest;
            await _db.SaveChangesAsync();
        });
        do { rest = Volatile.Read(ref _max); if (kept <= rest) return; }
        while (Interlocked.CompareExchange(ref _max, kept, rest) != rest);
        _log.Write($"{order.Id}: kept {kept} of row");
    }
}
"""


def outlined(code: str) -> Outline:
    """The outline of a file."""
    return outline(Source("src/Stock.cs", code.encode()))


def under(names: dict[str, str]) -> str:
    """The code with some words in the place of others."""
    after = CODE
    for n, name in enumerate(names):
        after = after.replace(name, f"\0{n}")
    for n, name in enumerate(names.values()):
        after = after.replace(f"\0{n}", name)
    return after


def before_as(after: str) -> str:
    """The code as it is read beside what it became."""
    return respelled(outlined(CODE), outlined(after)).data.decode()


@pytest.mark.parametrize(
    ("names", "same"),
    [
        ({"rest": "left"}, True),
        ({"rest": "seen", "order": "wanted"}, True),
        ({"order": "given", "many": "count"}, True),
        ({"rest": "many", "many": "rest"}, False),
        ({"_max": "_most"}, False),
        ({"Count": "Number"}, False),
        ({"rest = many": "kept = many"}, False),
        ({"kept = row": "rest = row"}, False),
    ],
    ids=str,
)
def test_a_variable_is_read_under_its_new_name_and_nothing_else_is(names: dict[str, str], *, same: bool) -> None:
    """A variable has another name, everywhere; what is no variable, or becomes another one, keeps its own."""
    after = under(names)
    assert (before_as(after) == after) == same
    assert same or before_as(after) == CODE


def test_a_word_of_a_text_is_no_variable() -> None:
    """A name that stands in a literal as well, and there stays, is told apart: the code has the new one, the text the old one."""
    after = CODE.replace("kept", "held").replace(": held {", ": kept {")
    assert before_as(after) == CODE  # the word is still there: nothing is changed that is not certain


def test_what_else_the_edit_does_is_left() -> None:
    """A renamed variable is found beside lines that come and go; the lines of the version before stay where they were."""
    after = under({"rest": "left"}).replace(
        "await _db.SaveChangesAsync();", "await _db.SaveChangesAsync();\n            _log.Saved(left);"
    )
    after = after.replace("if (kept <= left) return; ", "")
    assert before_as(after) == under({"rest": "left"})


def test_nothing_is_said_of_a_delegate_or_lock_under_another_name() -> None:
    """What is called or locked by the name of a variable is the same delegate and lock under its new name."""
    code = "class C { object _g; void M(Feed feed) { var gate = feed.Gate; lock (gate) { var done = feed.Done; done.Invoke(); _n++; } } }"
    after = outlined(code.replace("gate", "latch").replace("done", "ended"))
    before = outline(respelled(outlined(code), after))
    assert rules.compare(outlined(code), after) != ()
    assert rules.compare(before, after) == ()


HANDED = "class C {{ Lease Take(ReaderWriterLockSlim gate) {{ gate.EnterReadLock(); return new Lease({release}); }} }}"


@pytest.mark.parametrize(
    ("old", "new"),
    [("() => gate.ExitReadLock()", "gate.ExitReadLock"), ("gate.ExitReadLock", "() => gate.ExitReadLock()")],
)
def test_a_function_is_handed_over_by_its_name_or_by_a_lambda(old: str, new: str) -> None:
    """The version before hands it over as the one after does."""
    before, after = (outline(Source("C.cs", HANDED.format(release=one).encode())) for one in (old, new))
    assert respelled(before, after).data == after.source.data


def test_a_lambda_that_does_more_is_left() -> None:
    """What it is given, what it awaits and what it does besides stay what they were."""
    after = outline(Source("C.cs", HANDED.format(release="gate.ExitReadLock").encode()))
    for old in (
        "() => gate.ExitReadLock(1)",
        "async () => gate.ExitReadLock()",
        "x => gate.ExitReadLock()",
        "() => { gate.ExitReadLock(); Log(); }",
    ):
        before = outline(Source("C.cs", HANDED.format(release=old).encode()))
        assert respelled(before, after).data == before.source.data
