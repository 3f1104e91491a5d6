"""Functions in which nothing but the names of variables differ."""

from __future__ import annotations

import pytest

from ctxreview import rules
from ctxreview.behaviour.body import bodies
from ctxreview.behaviour.respelled import is_respelled
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
    }
}
"""


def outlined(code: str) -> Outline:
    """The outline of a file."""
    return outline(Source("src/Stock.cs", code.encode()))


def respelled(after: str) -> bool:
    """Whether the one function is the same but for the names of its variables."""
    (old,), (new,) = bodies(outlined(CODE)), bodies(outlined(after))
    return is_respelled(old, new)


@pytest.mark.parametrize(
    ("names", "same"),
    [
        ({"kept": "held"}, True),
        ({"kept": "held", "rest": "seen", "row": "found"}, True),
        ({"order": "given", "many": "count"}, True),
        ({"kept": "rest", "rest": "kept"}, False),
        ({"_max": "_most"}, False),
        ({"Count": "Number"}, False),
        ({"kept = row": "rest = row"}, False),
        ({"kept": "row"}, False),
    ],
    ids=str,
)
def test_names(names: dict[str, str], *, same: bool) -> None:
    """A variable has another name, everywhere; what is no variable, or becomes another one, is another function."""
    after = CODE
    for n, name in enumerate(names):
        after = after.replace(name, f"\0{n}")
    for n, name in enumerate(names.values()):
        after = after.replace(f"\0{n}", name)
    assert respelled(after) == same


def test_nothing_is_said_of_it() -> None:
    """No rule has a word on an edit that only renames variables, also those that a lambda under a transaction sets."""
    after = CODE.replace("kept", "held").replace("rest", "left").replace("row", "found")
    assert rules.compare(outlined(CODE), outlined(after)) == ()
