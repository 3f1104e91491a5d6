"""Types from an answer: what of them is changed where their members are left out."""

from __future__ import annotations

import pytest

from ctxreview.guard.check import apply
from ctxreview.guard.placing.answers import suggestions
from tests.samples import context_of

JOB = """\
using Quartz;

«[DisallowConcurrentExecution]
public sealed class Charge : IJob»
{
    private int _count;

    public void Execute()
    {
        _count++;
    }
}
"""

HEADS = {
    "an attribute comes": "[Reentrant]\n[DisallowConcurrentExecution]\npublic sealed class Charge : IJob",
    "an attribute goes": "public sealed class Charge : IJob",
    "another base": "[DisallowConcurrentExecution]\npublic sealed class Charge : IJob, IDisposable",
}


@pytest.mark.parametrize("case", HEADS)
@pytest.mark.parametrize("indent", ["", "    "])
def test_the_head_alone(case: str, indent: str) -> None:
    """A type whose members are left out, and whose head is selected, has its head changed and nothing else."""
    about = context_of(JOB)
    shown = "".join(
        f"{indent}{line}\n" for line in (*HEADS[case].split("\n"), "{", "    // ... existing code ...", "}")
    )
    (found,) = suggestions(f"```csharp\n{shown}```\n", about)
    made = apply(found, about.selection.source).data.decode()
    old = "[DisallowConcurrentExecution]\npublic sealed class Charge : IJob"
    assert made == JOB.replace("«", "").replace("»", "").replace(old, HEADS[case])


def test_a_shorter_head_is_no_change() -> None:
    """A member is changed under a head that chats write without its attributes: these stay."""
    about = context_of(JOB.replace("«", "").replace("»", "").replace("_count++;", "«_count++;»"))
    shown = "public class Charge\n{\n    // ...\n    public void Execute()\n    {\n        _count += 2;\n    }\n}"
    (found,) = suggestions(f"```csharp\n{shown}\n```\n", about)
    made = apply(found, about.selection.source).data.decode()
    assert made == JOB.replace("«", "").replace("»", "").replace("_count++;", "_count += 2;")


TWINS = """\
class Shop
{
    void Log() { }

    «public int Place(Cart cart)»
    {
        return Save(cart);
    }
}
"""


def test_the_twin_that_is_waited_for() -> None:
    """``PlaceAsync`` replaces the selected ``Place``; of one that is not selected it does not."""
    about = context_of(TWINS)
    given = "public async Task<int> PlaceAsync(Cart cart)\n{\n    return await SaveAsync(cart);\n}"
    (found,) = suggestions(f"```csharp\n{given}\n```\n", about)
    made = apply(found, about.selection.source).data.decode()
    assert made.split("\n\n")[1] == "\n".join(f"    {line}" for line in given.split("\n")) + "\n}\n"
    (other,) = suggestions("```csharp\npublic async Task LogAsync()\n{\n    await Write();\n}\n```\n", about)
    assert "LogAsync" in other.unplaced


def test_a_member_that_loses_a_level_keeps_its_place() -> None:
    """A method whose statements come out of a block is indented as the one that it replaces, its head and its braces alike."""
    about = context_of(
        "class C\n{\n    «void M()\n    {\n        if (a)\n        {\n            Save();\n        }\n    }»\n}\n"
    )
    (found,) = suggestions(
        "```csharp\n    void M()\n    {\n        if (!a)\n            return;\n        Save();\n    }\n```\n", about
    )
    made = apply(found, about.selection.source).data.decode()
    assert made == "class C\n{\n    void M()\n    {\n        if (!a)\n            return;\n        Save();\n    }\n}\n"


ORDERS = """\
internal sealed partial class Orders : IOrders
{
    private const int Most = 9;
    private int _count;

    [Retry]
    [Timed("orders")]
    public void Ship(int id, int more)
    {
        «_count++;»
    }

    public void Ship(int id)
    {
        Send(id);
    }

    public void Close()
    {
        Send(Most);
    }
}
"""
SHIP = "public void Ship(int id, int more)\n{\n    _count += 2;\n}"
SHIPPED = ORDERS.replace("«_count++;»", "_count += 2;")
WRAPPED = {
    "by itself": SHIP,
    "in a class with other modifiers": f"public class Orders\n{{\n{SHIP}\n}}",
    "between elisions": f"public partial class Orders\n{{\n// ... existing code ...\n{SHIP}\n// ... other members ...\n}}",
    "in a namespace": f"namespace Some\n{{\npublic class Orders : IOrders\n{{\n// ...\n{SHIP}\n}}\n}}",
}


@pytest.mark.parametrize("case", WRAPPED)
def test_a_type_around_the_selected_member(case: str) -> None:
    """A type around nothing but the selected member says where that is: its head, its other members and the member's attributes stay."""
    about = context_of(ORDERS)
    (found,) = suggestions(f"```csharp\n{WRAPPED[case]}\n```\n", about)
    assert found.unplaced == ""
    assert apply(found, about.selection.source).data.decode() == SHIPPED


RENAMED = {
    "another parameter": ("public void Ship(int id, int more, bool late)\n{\n    _count += 2;\n}", "[Timed"),
    "another name": ('[Retry]\n[Timed("orders")]\npublic void ShipAll(int id, int more)\n{\n    _count++;\n}', ""),
}


@pytest.mark.parametrize("case", RENAMED)
def test_the_selected_member_under_another_head(case: str) -> None:
    """The selected one of several overloads gets other parameters, and nearly the same code another name."""
    about = context_of(ORDERS)
    (found,) = suggestions(f"```csharp\n{RENAMED[case][0]}\n```\n", about)
    after = apply(found, about.selection.source).data.decode()
    assert RENAMED[case][0].split("\n")[-3].strip() in after
    assert "public void Ship(int id)\n" in after and "public void Ship(int id, int more)\n" not in after


CACHE = """\
class Cache
{
    private readonly object _gate = new();
    private readonly Dictionary<string, Template> _found = new();

    public Template Get(string source)
    {
        «lock (_gate)
        {
            if (!_found.TryGetValue(source, out var made)) _found.Add(source, made = Template.Parse(source));
            return made;
        }»
    }

    public void Clear() { lock (_gate) _found.Clear(); }
}
"""
SHOWN = """\
class Cache
{
    private readonly ConcurrentDictionary<string, Template> _found = new();

    public Template Get(string source) => _found.GetOrAdd(source, Template.Parse);

    public void Clear() => _found.Clear();
}
"""


def test_state_that_nothing_uses_any_more() -> None:
    """A type that shows all its functions may lack a field that none of them names any more; one that is named, or a function that is lacking, is asked for."""
    about = context_of(CACHE)
    (found,) = suggestions(f"```csharp\n{SHOWN}```\n", about)
    assert apply(found, about.selection.source).data.decode() == SHOWN
    clear = "\n    public void Clear() => _found.Clear();\n"
    for lacking in (
        SHOWN.replace("=> _found.C", "{ lock (_gate) _found.C").replace("r();", "r(); }"),
        SHOWN.replace(clear, ""),
    ):
        (refused,) = suggestions(f"```csharp\n{lacking}```\n", about)
        assert not refused.edits or apply(refused, about.selection.source).data.decode() != lacking
