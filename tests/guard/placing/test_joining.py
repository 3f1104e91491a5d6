"""Blocks of one answer that only work together are one suggestion; blocks that do not are suggestions by themselves."""

from __future__ import annotations

from ctxreview.guard.check import apply
from ctxreview.guard.placing.answers import suggestions
from tests.samples import context_of

FILE = """\
class Prices
{
    readonly Dictionary<int, decimal> _known = new();

    decimal Of(int id)
    {
        var price = _known[id];
        return price;
    }

    int Count() => _known.Count;
}
"""


def edited(*blocks: str) -> list[str]:
    """The file after each suggestion of an answer that has these blocks; the reason where one is not placed."""
    context = context_of(FILE.replace("var price = _known[id];", "«var price = _known[id];»"))
    answer = "\n\nand\n\n".join(f"```csharp\n{block}\n```" for block in blocks)
    return [s.unplaced or apply(s, context.selection.source).data.decode() for s in suggestions(answer, context)]


def test_a_field_and_its_use_are_one_change() -> None:
    """A field in one block and the line that uses it in another are applied together."""
    (after,) = edited("    static readonly decimal s_factor = 2m;", "        var price = _known[id] * s_factor;")
    assert "static readonly decimal s_factor = 2m;" in after
    assert "var price = _known[id] * s_factor;" in after


def test_a_helper_in_a_block_of_its_own_stands_behind_its_caller() -> None:
    """A new method that another block calls is put behind the member that calls it, and nothing else changes."""
    helper = "    static decimal Rounded(decimal price)\n    {\n        return Math.Round(price, 2);\n    }"
    (after,) = edited("        var price = Rounded(_known[id]);", helper)
    expected = FILE.replace("_known[id];", "Rounded(_known[id]);").replace(
        "        return price;\n    }\n", f"        return price;\n    }}\n\n{helper}\n"
    )
    assert after == expected


def test_alternatives_stay_apart() -> None:
    """Two blocks that use nothing of each other are two suggestions, and so are two that declare the same."""
    assert len(edited("        var price = _known[id] + 1;", "        var price = _known[id] + 2;")) == 2
    one, two = (f"    readonly {kind}<int, string> _names = new();" for kind in ("Dictionary", "SortedList"))
    assert len(edited(one, two)) == 2


def test_a_new_method_that_nothing_calls_has_no_place() -> None:
    """A method that the file does not have is still asked about where no other block calls it."""
    (_, said) = edited(
        "        var price = _known[id] + 1;", "    int Twice(int n)\n    {\n        return n * 2;\n    }"
    )
    assert "Twice" in said
