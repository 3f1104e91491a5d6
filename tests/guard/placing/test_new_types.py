"""Types that an answer adds: beside the type whose code uses them, and nowhere where nothing does."""

from __future__ import annotations

import pytest

from ctxreview.guard.check import apply
from ctxreview.guard.placing.answers import suggestions
from tests.samples import context_of

FILE = """\
using System;

namespace Plant.Devices;

public sealed class Session
{
    private readonly Gate _wire = new();

    public int Send(int id)
    {
        «_wire.Enter();
        try
        {
            return Write(id);
        }
        finally
        {
            _wire.Leave();
        }»
    }

    public int Count() => 1;
}

public enum Mode { Slow }
"""
LEASE = """\
/// <summary>Holds the wire.</summary>
internal readonly struct Lease : IDisposable
{
    private readonly Gate _wire;

    public Lease(Gate wire) => _wire = wire;

    public void Dispose() => _wire.Leave();
}"""
METHOD = "public int Send(int id)\n{\n    using var lease = new Lease(_wire);\n    return Write(id);\n}"
HELD = METHOD.replace("new Lease(_wire)", "_wire.Hold()")
HOLDER = "internal static class Holding\n{\n    public static IDisposable Hold(this Gate gate) => new Lease(gate);\n}"
LAST = "    public int Count() => 1;\n}\n"


def after(method: str, *types: str) -> str:
    """The file with another method, and types behind its class."""
    start, end = FILE.index("    public int Send"), FILE.index("\n\n    public int Count")
    changed = FILE[:start] + "\n".join(f"    {line}" for line in method.split("\n")) + FILE[end:]
    return changed.replace(LAST, "\n\n".join((LAST.rstrip(), *types)) + "\n")


def edited(*blocks: str, file: str = FILE) -> list[str]:
    """The file after each suggestion of an answer that has these blocks; a sentence where one is not placed."""
    about = context_of(file)
    answer = "\n\nand\n\n".join(f"```csharp\n{block}\n```" for block in blocks)
    return [s.unplaced or apply(s, about.selection.source).data.decode() for s in suggestions(answer, about)]


ADDED = {
    "before": ([LEASE, METHOD], (METHOD, LEASE)),
    "after": ([METHOD, LEASE], (METHOD, LEASE)),
    "in one block, before": ([f"{LEASE}\n\n{METHOD}"], (METHOD, LEASE)),
    "in one block, after": ([f"{METHOD}\n\n{LEASE}"], (METHOD, LEASE)),
    "in the same namespace": ([f"namespace Plant.Devices;\n\n{LEASE}", METHOD], (METHOD, LEASE)),
    "that another new one uses": ([HOLDER, LEASE, HELD], (HELD, HOLDER, LEASE)),
    "several in a block": ([f"{LEASE}\n\n{HOLDER}", HELD], (HELD, LEASE, HOLDER)),
    "a type of functions": (
        ["public delegate void Ended(int id);", METHOD.replace("return", "Ended ended = Log;\n    return")],
        (METHOD.replace("return", "Ended ended = Log;\n    return"), "public delegate void Ended(int id);"),
    ),
    "before the class whose rest is left out": (
        [f"{LEASE}\n\npublic sealed class Session\n{{\n    // ...\n{METHOD}\n}}"],
        (METHOD, LEASE),
    ),
}


@pytest.mark.parametrize("case", ADDED)
def test_a_new_type_and_its_use_are_one_change(case: str) -> None:
    """A new type goes behind the class that uses it, wherever the answer shows it, and nothing else changes."""
    blocks, (method, *types) = ADDED[case]
    assert edited(*blocks) == [after(method, *types)]


def test_with_what_it_imports() -> None:
    """The imports of both blocks come once."""
    (made,) = edited(f"using System;\nusing System.IO;\n\n{LEASE}", f"using System.IO;\n\n{METHOD}")
    assert made == after(METHOD, LEASE).replace("using System;\n", "using System;\nusing System.IO;\n")


def test_a_type_that_is_its_class_s_alone() -> None:
    """A private type cannot be beside the class: it goes behind the method that uses it."""
    own = LEASE.replace("internal", "private")
    (made,) = edited(own, METHOD)
    inside = "\n".join(f"    {line}" if line else "" for line in own.split("\n"))
    assert made == after(METHOD).replace("\n\n    public int Count", f"\n\n{inside}\n\n    public int Count")


def test_in_a_namespace_with_braces_and_without_a_line_end() -> None:
    """A new type is as deep as the class, also where the file ends with that."""
    inner = "\n".join(f"    {line}" if line else "" for line in FILE[FILE.index("public sealed") :].split("\n"))
    file = f"namespace Plant.Devices\n{{\n{inner}\n}}\n".replace("\n\n    public enum Mode { Slow }\n", "")
    (made,) = edited(LEASE, METHOD, file=file)
    assert "\n    internal readonly struct Lease" in made and made.endswith("    }\n}\n")
    (made,) = edited(LEASE, METHOD, file=FILE.replace("\n\npublic enum Mode { Slow }\n", ""))
    assert made == after(METHOD, LEASE).replace("\n\npublic enum Mode { Slow }\n", "\n")


REFUSED = {
    "used by nobody": LEASE.replace("Lease", "Other"),
    "in another namespace": f"namespace Plant.Other;\n\n{LEASE}",
    "not whole": "internal readonly struct Lease : IDisposable\n{\n    // ...\n}",
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_type_without_a_place(case: str) -> None:
    """A type that nothing uses, is of another namespace or is not whole is left to a person; the method is not."""
    said, made = edited(REFUSED[case], METHOD)
    assert said.startswith("It declares ") or "leaves code out" in said
    assert made == after(METHOD)


def test_a_type_that_nothing_beside_it_uses() -> None:
    """A block with a method and a type that the method does not use is not placed."""
    (said,) = edited(f"{LEASE}\n\n{METHOD.replace('new Lease(_wire)', '_wire.Hold()')}")
    assert said.startswith("It declares Lease, which is not in the file.")
