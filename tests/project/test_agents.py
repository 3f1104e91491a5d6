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

from ctxreview.servers.mcp.tools import TOOLS
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


def answered(root: Path, given: str, *python: str) -> tuple[int, str, str]:
    """Status, output and messages of the hook."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, *python, str(HOOK)],
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


def test_a_python_without_the_library_starts_the_command(root: Path) -> None:
    """Where the hook's Python has no ctxreview, the command on the path says the same."""
    given = call(root, "Edit", file_path=str(root / "src/RecordService.cs"), old_string=OLD, new_string=UNSAFE)
    assert answered(root, given, "-S") == answered(root, given)


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


CONFIGURATIONS = {"vscode.mcp.json": "servers", "cursor.mcp.json": "mcpServers", "claude.mcp.json": "mcpServers"}


def test_the_configurations_start_the_server(root: Path) -> None:
    """Each file has the key that its agent reads, and starts the same command, which is run here as the agent would."""
    commands = set()
    for name, key in CONFIGURATIONS.items():
        assert f"({name})" in PAGE
        ((server, entry),) = json.loads((HOOK.parent / name).read_text("utf-8"))[key].items()
        assert (server, entry.get("type", "stdio")) == ("ctxreview", "stdio")
        words = [word.replace("${workspaceFolder}", str(root)) for word in (entry["command"], *entry["args"])]
        commands.add(tuple(str(root) if word == "." else word for word in words))
    assert commands == {("ctxreview", "mcp", "--root", str(root))}
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "find_scopes", "arguments": {"path": "src/Shop.cs"}}},
    ]
    done = subprocess.run(
        [Path(sys.executable).parent / "ctxreview", "mcp"],
        input="".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages),
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = {made["id"]: made["result"] for made in map(json.loads, done.stdout.splitlines())}
    assert answers[1]["serverInfo"]["name"] == "ctxreview"
    assert [s["resource"] for s in answers[2]["structuredContent"]["scopes"]] == ["_gate"]


def test_the_skill_and_the_instructions_name_tools_that_there_are() -> None:
    """The skill begins with its name and when to use it; both texts name the server's own tools and arguments."""
    skill = (HOOK.parent / "skill/SKILL.md").read_text("utf-8")
    head, body = skill.removeprefix("---\n").split("\n---\n", 1)
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    assert list(fields) == ["name", "description"]
    assert re.fullmatch(r"[a-z-]{1,64}", fields["name"])
    assert len(fields["description"]) <= 1_024
    assert f"skills/{fields['name']}/SKILL.md" in PAGE
    instructions = (HOOK.parent / "instructions.md").read_text("utf-8")
    assert "Never optimise a fragment." in instructions
    for text in (body, instructions):
        named = set(re.findall(r"`([a-z]+_[a-z]+)`", text)) - {"other_files", "encloses_selection"}
        assert {"expand_selection", "check_suggestion", "check_diff"} <= named <= set(TOOLS)


def test_the_settings_on_the_page() -> None:
    """The settings shown are JSON, and name the hook and the tools whose calls it reads."""
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (entry,) = json.loads(shown)["hooks"]["PreToolUse"]
    assert entry["matcher"] == "Edit|MultiEdit|Write"
    assert entry["hooks"][0]["command"].endswith(f'{HOOK.name}"')
