"""The server for agents: its tools, prompts and resources, by the SDK's own client and against a real process."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ctxreview.rules.catalogue import entries
from tests.agents.clients import SCRIPT, Connected, MCPError, connected, environment, on_http, on_stdio
from tests.samples import EXAMPLE
from tests.workspace.test_git import git

QUERY = {"path": "src/RecordService.cs", "start_line": 31, "end_line": 33}
UNSAFE = """            var record = _db.Records.AsNoTracking()
                .Where(r => r.TenantId == tenantId)
                .FirstOrDefault(r => r.Id == recordId);"""
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
TOOLS = ["expand_selection", "find_scopes", "check_suggestion", "check_diff", "list_hazards", "explain_rule"]
CALLED = """class Stock
{
    readonly object _gate = new();
    readonly Shelf _shelf = new();
    public void Sell(int n)
    {
        lock (_gate)
        {
            _shelf.Take(n);
        }
    }
}
"""
SHELF = """class Shelf
{
    int _left = 5;
    public void Take(int n)
    {
        _left -= n;
    }
}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the incident, a lock in another file, a secret and a file of many locks."""
    folder = tmp_path_factory.mktemp("agents") / "shop"
    shutil.copytree(EXAMPLE, folder)
    (folder / "Stock.cs").write_text(CALLED, "utf-8")
    (folder / "Shelf.cs").write_text(SHELF, "utf-8")

    (folder / "Keys.cs").write_text(f'class Keys\n{{\n    string K() {{ lock (this) {{ return "{SECRET}"; }} }}\n}}\n')
    locks = "\n".join(f"    void M{n}() {{ lock (_gate) {{ _n += {n}; }} }}" for n in range(900))
    (folder / "Many.cs").write_text(f"class Many\n{{\n    object _gate = new();\n    int _n;\n{locks}\n}}\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[Connected]:
    """A client of a server on standard input and output."""
    with connected(on_stdio(root)) as opened:
        yield opened


def test_the_tools(client: Connected) -> None:
    """Each tool has both schemas, says that it only reads, and what the server is for is said."""
    assert list(client.tools) == TOOLS
    for tool in client.tools.values():
        assert tool.annotations is not None
        assert (tool.annotations.read_only_hint, tool.annotations.destructive_hint) == (True, False)
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
    assert "expand_selection" in (client.client.instructions or "")


def test_expand_selection(client: Connected) -> None:
    """A fragment comes back with its whole function, the transaction around it, and the checklist as far as the source answers it."""
    found = client.found("expand_selection", **QUERY)
    context = found["context"]
    assert (context["verdict"], context["functions"][0]["name"]) == ("in-scope", "UpdateRecord")
    assert [scope["construct"] for scope in context["scopes"] if scope["encloses_selection"]] == ["TransactionScope"]
    (listing,) = [each["listing"] for each in found["code"] if each["path"] == "src/RecordService.cs"]
    assert "> 31 |             var record = _db.Records" in listing
    assert "record.Status = RecordStatus.Claimed;" in listing
    assert found["checklist"][0]["answer"] == "yes"
    assert found["cut"] == []
    assert client.found("expand_selection", path="src/RecordService.cs", member="UpdateRecord")["context"][
        "selection"
    ] == {"path": "src/RecordService.cs", "start_line": 24, "end_line": 47}


def test_other_files_are_read_when_asked_for(client: Connected) -> None:
    """The lock that a caller in another file holds is found with other_files, and without it is among what was not seen."""
    alone = client.found("expand_selection", path="Shelf.cs", start_line=6)["context"]
    assert alone["verdict"] == "cannot-tell"
    assert "other files were not searched" in " ".join(alone["blind_spots"])
    with_others = client.found("expand_selection", path="Shelf.cs", start_line=6, other_files=True)["context"]
    assert with_others["verdict"] == "in-scope"
    assert [scope["path"] for scope in with_others["scopes"]] == ["Stock.cs"]


def test_find_scopes(client: Connected) -> None:
    """The transactions and locks of a file, also of a text that is on no disk."""
    found = client.found("find_scopes", path="src/RecordService.cs")
    assert [(s["kind"], s["start_line"], s["end_line"], s["function"]) for s in found["scopes"]][:2] == [
        ("transaction", 28, 46, "UpdateRecord"),
        ("lock", 71, 81, "CountAttempt"),
    ]
    unsaved = client.found("find_scopes", path="New.cs", text=CALLED)
    assert [(s["resource"], s["explained"]) for s in unsaved["scopes"]] == [("_gate", False)]


@pytest.mark.parametrize("way", ["replacement", "answer"])
def test_check_suggestion(client: Connected, way: str) -> None:
    """The incident is a conflict, as new text of the lines and as the answer of a chat; nothing is written."""
    file = (EXAMPLE / "src/RecordService.cs").read_bytes()
    answer = UNSAFE if way == "replacement" else f"Faster:\n\n```csharp\n{UNSAFE}\n```\n"
    found = client.found("check_suggestion", **QUERY, **{way: answer})
    assert found["verdict"] == "conflicts"
    assert [f["rule"] for s in found["suggestions"] for f in s["findings"]] == ["no-tracking-write"]
    assert (EXAMPLE / "src/RecordService.cs").read_bytes() == file
    same = client.found("check_suggestion", **QUERY, replacement=UNSAFE.replace(".AsNoTracking()", ""))
    assert (same["verdict"], same["notice"]) == (
        "no-known-conflict",
        "The rules know of no conflict with the scopes of this file. That is not an approval.",
    )


def test_check_diff(client: Connected, root: Path) -> None:
    """A diff is compared, and so is a range of git's: what is uncommitted."""
    patch = (EXAMPLE / "answers/unsafe-answer.diff").read_text("utf-8")
    assert client.found("check_diff", patch=patch)["verdict"] == "conflicts"
    file = root / "Stock.cs"
    try:
        file.write_text(CALLED.replace("lock (_gate)", ""), "utf-8")
        found = client.found("check_diff", diff="HEAD")
        assert [(s["path"], s["verdict"]) for s in found["suggestions"]] == [("Stock.cs", "conflicts")]
    finally:
        file.write_text(CALLED, "utf-8")


def test_list_hazards_and_explain_rule(client: Connected) -> None:
    """What the rules find in a file, and what a rule says of itself."""
    found = client.found("list_hazards", path="Keys.cs")
    assert "lock-target" in {finding["rule"] for finding in found["findings"]}
    assert client.found("explain_rule", rule="lock-target")["text"].startswith("# lock-target\n")
    assert client.refused("explain_rule", rule="lock-targt").endswith("ctxreview lint --list shows all rules.")


def test_secrets_are_redacted(client: Connected) -> None:
    """A key in the code is in no answer."""
    for made in (
        client.call("expand_selection", path="Keys.cs", start_line=3),
        client.call("check_suggestion", path="Keys.cs", start_line=3, replacement='string K() => "";'),
        client.call("list_hazards", path="Keys.cs"),
    ):
        assert not made.is_error
        assert SECRET not in made.model_dump_json()
    assert SECRET not in client.ask("get_prompt", "review", {"path": "Keys.cs", "lines": "3"}).model_dump_json()


def test_large_answers_are_cut_and_say_so(client: Connected) -> None:
    """An answer is bounded; the lists that are not whole are named with how much is there."""
    made = client.call("find_scopes", path="Many.cs")
    assert made.structured_content is not None
    (cut,) = made.structured_content["cut"]
    assert cut == f"scopes: {len(made.structured_content['scopes'])} of 900"
    assert len(made.model_dump_json()) < 500_000


def test_prompts_and_resources(client: Connected) -> None:
    """The checklist and the finished prompt are prompts; each rule is a resource."""
    assert [prompt.name for prompt in client.ask("list_prompts").prompts] == ["checklist", "review"]
    (checklist,) = client.ask("get_prompt", "checklist").messages
    assert "- shared-state: Does this code touch shared state" in checklist.content.text
    (asked,) = client.ask("get_prompt", "review", {"path": "src/RecordService.cs", "lines": "31-33"}).messages
    assert "TransactionScope" in asked.content.text
    listed = [str(resource.uri) for resource in client.ask("list_resources").resources]
    assert listed == ["ctxreview://rules", *(f"ctxreview://rules/{rule.id}" for rule in entries())]
    (page,) = client.ask("read_resource", "ctxreview://rules/lock-target").contents
    assert page.text.startswith("# lock-target\n")
    (whole,) = client.ask("read_resource", "ctxreview://rules").contents
    assert whole.text.startswith("# Rules\n")
    for uri in ("ctxreview://rules/../../etc/passwd", "file:///etc/passwd"):
        with pytest.raises(MCPError, match="no resource of that address"):
            client.ask("read_resource", uri)


def test_by_http(root: Path) -> None:
    """By HTTP the tools answer the same; who comes from a page, or by another name of the host, is not answered. A port is taken once."""
    with on_http(root) as address:
        with connected(address) as client:
            assert client.found("check_suggestion", **QUERY, replacement=UNSAFE)["verdict"] == "conflicts"
        host, _, port = address.split("/")[2].partition(":")
        message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        headers = {"accept": "application/json, text/event-stream"}

        def status(given: dict[str, str], **more: Any) -> int:
            sent = {"json": message, **more}
            return httpx2.post(address, headers=headers | given, trust_env=False, **sent).status_code

        assert status({"origin": "https://evil.example"}) == 403
        assert status({"origin": "http://localhost:1"}) == 403
        assert status({"host": "evil.example"}) == 421
        assert status({"host": f"evil.example:{port}"}) == 421
        assert status({"content-type": "text/plain"}) == 400
        assert status({}, json=None, content=b"x" * 5_000_000) in (400, 413)
        assert 400 <= status({}, json=None, content=b"{") < 500
        command = [SCRIPT, "mcp", "--http", port]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
        assert (host, done.returncode, done.stdout, done.stderr.count("\n")) == ("127.0.0.1", 2, "", 1)
        assert done.stderr.startswith(f"--http {port}: cannot be used (")
        with connected(address) as again:
            assert again.found("find_scopes", path="Stock.cs")["scopes"]


def test_without_the_extra() -> None:
    """Where the SDK is not installed one sentence says what to install, and the status is 2."""
    script = "import sys; sys.modules['mcp'] = None; sys.argv = ['ctxreview', 'mcp']\nfrom ctxreview.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment(), check=False
    )
    assert (done.returncode, done.stderr) == (2, "mcp needs the extra mcp: install ctxreview[mcp].\n")
