"""Which members of a file an edit may change the behaviour of: the others are neither traced nor compared."""

from __future__ import annotations

import pytest

from ctxreview.behaviour.affected import touched
from ctxreview.behaviour.comparison import comparison
from ctxreview.model.source import Source
from ctxreview.outline import outline

CODE = """
using System;

class C {
    int _size = 1;
    int Size { get => _size; }
    void Far() { Near(); }
    void Near() { Helper(); }
    void Helper() { Console.Write(1); }
    void Sized() { Console.Write(Size); }
    // Helper is named here alone
    void Alone() { Console.Write(3); /* Helper */ }
    public static C operator +(C a, C b) => a;
}
"""


def names(old: str, new: str) -> set[str]:
    """The members that are touched by an edit of the code that makes ``new`` of ``old``."""
    assert CODE.count(old) == 1
    before, after = (outline(Source("C.cs", text.encode())) for text in (CODE, CODE.replace(old, new)))
    found = touched(comparison(before, after))
    return {f.name for f in before.outermost if f.span in found}


def test_callers_are_touched_through_any_number_of_calls() -> None:
    """Who calls what was edited may do something else, and so may who calls that; a comment calls nothing."""
    assert names("Write(1)", "Write(2)") == {"Helper", "Near", "Far"}


def test_a_property_is_touched_by_its_accessor() -> None:
    """Who names a property runs its accessor."""
    assert names("get => _size;", "get => _size + 1;") == {"Size.get", "Sized"}


def test_who_names_state_is_touched_by_its_declaration() -> None:
    """A field that is declared otherwise touches who names it, and who uses that."""
    assert names("int _size = 1;", "volatile int _size = 1;") == {"Size.get", "Sized"}


def test_a_member_that_is_gone_touches_who_named_it() -> None:
    """What is called before the edit and not declared after it is not the same call."""
    assert names("    void Helper() { Console.Write(1); }\n", "") == {"Helper", "Near", "Far"}


@pytest.mark.parametrize(
    ("old", "new"), [("=> a;", "=> b;"), ("using System;", "using System.Linq;"), ("class C {", "sealed class C {")]
)
def test_what_has_no_name_touches_all(old: str, new: str) -> None:
    """Operators, imports and heads of types are used without being named."""
    assert len(names(old, new)) == 7


def test_layout_touches_nothing() -> None:
    """An edit of blanks, line ends and comments changes no behaviour."""
    assert names("{ Near(); }", "{\n        // what is near\n        Near();\n    }") == set()
