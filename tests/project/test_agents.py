"""The hook for agents in examples/agents: what it answers to the calls that an agent makes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.samples import EXAMPLE

HOOK = ROOT / "examples/agents/guard_edit.py"
PAGE = (ROOT / "examples/agents/README.md").read_text("utf-8")
OLD = "            var record = _db.Records\n                .Where("
UNSAFE = "            var record = _db.Records.AsNoTracking()\n                .Where("
LOCK = """class Shop
{
    readonly object _gate = new();
    int _count;
    public event Action<int> Changed;
    public void Add(int n)
    {
        lock (_gate)
        {
            _count += n;
        }
    }
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the incident and a class with a lock."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "src/RecordService.cs").write_bytes((EXAMPLE / "src/RecordService.cs").read_bytes())
    (tmp_path / "src/Shop.cs").write_text(LOCK, "utf-8")
    (tmp_path / "src/notes.txt").write_text("lock (_gate)", "utf-8")
    return tmp_path


def answered(root: Path, given: str) -> tuple[int, str, str]:
    """Status, output and messages of the hook."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, str(HOOK)],
        input=given,
        cwd=root.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def call(root: Path, tool: str, **given: Any) -> str:
    """What an agent sends before it uses a tool."""
    return json.dumps({"hook_event_name": "PreToolUse", "cwd": str(root), "tool_name": tool, "tool_input": given})


@pytest.mark.parametrize("tool", ["Edit", "MultiEdit", "Write"])
def test_a_conflict_is_denied(root: Path, tool: str) -> None:
    """The incident is denied whichever tool makes it, with the finding as the reason; the file is as it was."""
    file = root / "src/RecordService.cs"
    before = file.read_bytes()
    given: dict[str, Any] = {
        "Edit": {"old_string": OLD, "new_string": UNSAFE},
        "MultiEdit": {"edits": [{"old_string": OLD, "new_string": UNSAFE}]},
        "Write": {"content": before.decode().replace(OLD, UNSAFE)},
    }[tool]
    status, output, said = answered(root, call(root, tool, file_path=str(file), **given))
    assert (status, said) == (0, "")
    told = json.loads(output)["hookSpecificOutput"]
    assert (told["hookEventName"], told["permissionDecision"]) == ("PreToolUse", "deny")
    assert "high no-tracking-write, line 31: AsNoTracking detaches `record`" in told["permissionDecisionReason"]
    assert file.read_bytes() == before


def test_what_a_person_has_to_answer_is_asked(root: Path) -> None:
    """An edit with a finding that is no conflict is asked about."""
    more = {"old_string": "_count += n;", "new_string": "_count += n;\n            Changed?.Invoke(_count);"}
    status, output, said = answered(root, call(root, "Edit", file_path=str(root / "src/Shop.cs"), **more))
    assert (status, said) == (0, "")
    assert json.loads(output)["hookSpecificOutput"]["permissionDecision"] == "ask"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("src/Shop.cs", {"old_string": "int n", "new_string": "int many", "replace_all": False}),
        ("src/Shop.cs", {"old_string": "is not there", "new_string": ""}),
        ("src/New.cs", {"content": LOCK}),
        ("src/notes.txt", {"old_string": "lock", "new_string": ""}),
        ("../Shop.cs", {"old_string": "lock (_gate)", "new_string": ""}),
    ],
    ids=["a name", "what is not there", "a new file", "no C#", "outside"],
)
def test_nothing_is_allowed(root: Path, name: str, given: dict[str, Any]) -> None:
    """Of what is harmless, not there, new, in no source or outside the repository nothing is said."""
    if "Shop" in name and given["old_string"] == "int n":
        given = {"edits": [given, {"old_string": "+= n;", "new_string": "+= many;"}]}
    (root.parent / "Shop.cs").write_text(LOCK, "utf-8")
    assert answered(root, call(root, "Edit", file_path=str(root / name), **given)) == (0, "", "")


@pytest.mark.parametrize("given", ["", "[]", '{"tool_input": 3}', '{"cwd": 3, "tool_input": {}}', "{"])
def test_what_is_no_call(root: Path, given: str) -> None:
    """What is no call of a tool is said, and holds up nothing."""
    status, output, said = answered(root, given)
    assert (status, output, said.count("\n")) == (1, "", 1)
    assert said.startswith("ctxreview did not look at this call: ")


def test_the_settings_on_the_page() -> None:
    """The settings shown are JSON, and name the hook and the tools whose calls it reads."""
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (entry,) = json.loads(shown)["hooks"]["PreToolUse"]
    assert entry["matcher"] == "Edit|MultiEdit|Write"
    assert entry["hooks"][0]["command"].endswith(f'{HOOK.name}"')
