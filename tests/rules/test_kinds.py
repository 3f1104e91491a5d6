"""Edits by the kind of what they change, each kind in several spellings and beside its twins: ``tests/kinds.md``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from ctxreview import rules
from ctxreview.model.source import Source
from ctxreview.outline import outline
from tests.samples import PATH

PAGE = Path(__file__).parents[1] / "kinds.md"


class Edit(NamedTuple):
    """A file before and after an edit, and whether somebody has to look at it."""

    name: str
    loud: bool
    before: str
    after: str


_ENTRY = re.compile(r"^(Loud|Quiet): ([^\n]+)\n\n```diff\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def edits() -> list[Edit]:
    """The edits of the page. The state that all of a kind have stands in its first block."""
    found = []
    for kind in re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name, _, text = kind.partition("\n")
        state = re.search(r"^```csharp\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        for label, what, diff in _ENTRY.findall(text):
            lines = f" {(state[1] if state else '').replace(chr(10), chr(10) + ' ')}\n{diff}".splitlines()
            before, after = ("\n".join(x[1:] for x in lines if not x.startswith(sign)) for sign in "+-")
            found.append(Edit(f"{name}: {what}", label == "Loud", before, after))
    return found


def whole(code: str) -> Source:
    """The members in a class; a part that declares types stands beside it."""
    members, _, types = code.partition("// beside the class")
    return Source(PATH, f"class C\n{{\n{members}\n}}\n{types}".encode())


@pytest.mark.parametrize("edit", edits(), ids=lambda edit: edit.name)
def test_edit(edit: Edit) -> None:
    """A loud edit is asked about, a quiet one is not, whatever it is spelled like."""
    before, after = (outline(whole(code)) for code in (edit.before, edit.after))
    assert not after.parse.errors
    asked = [f"{f.rule}: {f.message}" for f in rules.compare(before, after) if not f.informs and f.severity != "note"]
    assert bool(asked) == edit.loud, asked


def test_each_kind_has_both() -> None:
    """There are loud and quiet edits of each kind, and no two of one name."""
    found = edits()
    assert len({e.name for e in found}) == len(found)
    kinds = {e.name.partition(":")[0] for e in found}
    assert {(e.name.partition(":")[0], e.loud) for e in found} == {(k, loud) for k in kinds for loud in (True, False)}
