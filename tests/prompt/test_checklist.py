"""What the source alone answers: a yes with its lines, and never a no."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxreview.config import prompt_file
from ctxreview.errors import ConfigError
from ctxreview.model.review import ChecklistAnswer
from ctxreview.prompt.checklist import answer, load
from tests.samples import ITEMS, context_at, options

CODE = """class C
{{
    private readonly Db _db;
    private int _n;

    void M()
    {{
        {body}
    }}
}}
"""


def _answered(tmp_path: Path, body: str) -> dict[str, ChecklistAnswer]:
    (tmp_path / "C.cs").write_text(CODE.format(body=body), "utf-8")
    made = context_at(f"{tmp_path / 'C.cs'}:8")
    return {i.id: answer(i, made) for i in load(prompt_file("checklists/concurrency.toml"))}


@pytest.mark.parametrize(
    "body", ["_n++;", "Use(_n);", "lock (_db) { x(); }", "using (_db.BeginTransaction()) { x(); }"]
)
def test_state_locks_and_transactions_are_shared_state(tmp_path: Path, body: str) -> None:
    """The team's question is answered with the line that touches state, takes a lock or opens a transaction."""
    shared = _answered(tmp_path, body)["shared-state"]
    assert shared.answer == "yes"
    assert [(e.line, e.quote, e.supported) for e in shared.evidence] == [(8, body, True)]


@pytest.mark.parametrize("body", ["var x = 1;", "Use(_db);"])
def test_one_file_never_proves_a_no(tmp_path: Path, body: str) -> None:
    """A local variable and a reference that never changes prove nothing; callers and callees are elsewhere."""
    assert {a.answer for a in _answered(tmp_path, body).values()} == {"cannot-tell"}


def test_facts_outside_a_scope_are_not_under_one(tmp_path: Path) -> None:
    """An await that is under no scope says nothing about a scope."""
    assert _answered(tmp_path, "await Work();")["awaits-and-async-flow"].answer == "cannot-tell"
    under = _answered(tmp_path, "using (_db.BeginTransaction()) { await Work(); }")["awaits-and-async-flow"]
    assert under.answer == "yes"


OTHERS = {
    "takes the same lock": ("lock (_db) { _n = 1; }", "lock (_db) { _n = 2; }", (12, "N takes _db")),
    "writes what the lock protects without it": ("lock (_db) { _n = 1; }", "_n = 2;", (12, "N writes _n without _db")),
    "only reads": ("lock (_db) { _n = 1; }", "Use(_n);", None),
    "takes another lock": ("lock (_db) { _n = 1; }", "lock (this) { Use(1); }", None),
}


@pytest.mark.parametrize("case", OTHERS)
def test_who_else_takes_the_lock_is_answered_with_lines(tmp_path: Path, case: str) -> None:
    """Another member that takes the same lock, or changes what it protects, is a yes; that nobody does is not known."""
    body, other, expected = OTHERS[case]
    (tmp_path / "C.cs").write_text(CODE.format(body=body)[:-2] + f"    void N()\n    {{\n        {other}\n    }}\n}}\n")
    made = context_at(f"{tmp_path / 'C.cs'}:8")
    (item,) = (i for i in ITEMS if i.users)
    found = answer(item, made)
    assert found.answer == ("yes" if expected else "cannot-tell")
    if expected:
        line, said = expected
        assert [(e.line, e.quote, e.supported) for e in found.evidence] == [(line, other, True)]
        assert found.note == f"From the source alone: {said}."


def test_who_else_uses_the_lock_is_found_in_other_files(tmp_path: Path) -> None:
    """A part of the type in another file that takes the lock, and one that changes state without any lock."""
    (tmp_path / ".git").mkdir()
    fields = "readonly object _gate = new(); int _n; int _m;"
    (tmp_path / "C.cs").write_text(
        f"partial class C {{ {fields}\n void M() {{ lock (_gate) {{ _n = 1; }} }}\n void O() {{ _m = 1; }} }}"
    )
    (tmp_path / "D.cs").write_text("partial class C {\n void N() { lock (_gate) { _n = 2; } }\n void P() { _m = 2; } }")
    (item,) = (i for i in ITEMS if i.users)
    for line, there, said in ((2, 2, "N takes _gate"), (3, 3, "P writes _m")):
        found = answer(item, context_at(f"{tmp_path / 'C.cs'}:{line}", options(root=tmp_path, hops=3)))
        assert [(e.path, e.line) for e in found.evidence] == [("D.cs", there)]
        assert found.note == f"From the source alone: {said}."


@pytest.mark.parametrize(
    "text", ["", "item = 1", "[[item]]\nid = 'a'\n", "[[item]]\nid='a'\nquestion='b'\nsize=1\n", "[["]
)
def test_what_is_no_checklist_is_one_sentence(tmp_path: Path, text: str) -> None:
    """A broken checklist names its file and what it needs."""
    path = tmp_path / "concurrency.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"concurrency\.toml: is not a valid checklist"):
        load(path)
