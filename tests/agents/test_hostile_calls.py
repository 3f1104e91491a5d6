"""Clients that mean harm, or do not know better: messages that are none, calls that fit nothing, and paths that lead elsewhere."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from ctxreview.errors import SourceError
from ctxreview.servers.mcp import bounded, roots
from tests.agents.clients import SCRIPT, WAIT, Connected, connected, environment, on_stdio, working_for
from tests.workspace.test_git import git

LOCK = "class A\n{\n    object _gate = new();\n    void M() { lock (_gate) { N(); } }\n}\n"
SECRET = "class Secret { void OnlyOutside() { lock (this) { } } }\n"
MESSAGES = 1_000


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Two roots and a folder beside them, with links, a pipe and other ways out of the roots."""
    folder = tmp_path_factory.mktemp("hostile")
    first, second, outside = (folder / name for name in ("first", "second", "outside"))
    for each in (first, second, outside):
        each.mkdir()
        (each / "A.cs").write_text(LOCK)
    (outside / "Secret.cs").write_text(SECRET)
    (first / "Only.cs").write_text(LOCK)
    (first / "link.cs").symlink_to(outside / "Secret.cs")
    (first / "gone.cs").symlink_to(outside / "Missing.cs")
    (first / "folder").symlink_to(outside)
    (first / "loop.cs").symlink_to(first / "loop.cs")
    (first / "inside.cs").symlink_to(first / "Only.cs")
    (first / "sub.cs").mkdir()
    os.mkfifo(first / "pipe.cs")
    (first / "null.cs").symlink_to("/dev/zero")
    (first / ".ctxreview.toml").symlink_to(outside / "Secret.cs")
    return first, second, outside


@pytest.fixture(scope="module")
def client(places: tuple[Path, Path, Path]) -> Iterator[Connected]:
    """A client of a server for both roots."""
    first, second, _ = places
    with connected(on_stdio(first, second)) as opened:
        yield opened


OUTSIDE = "is not in a folder that this server may read; give a path from its root."
NOWHERE = {
    "../outside/Secret.cs": OUTSIDE,
    "../outside/Missing.cs": OUTSIDE,
    "sub.cs/../../outside/Secret.cs": OUTSIDE,
    "folder/Secret.cs": OUTSIDE,
    "folder/../outside/Secret.cs": OUTSIDE,
    "link.cs": OUTSIDE,
    "gone.cs": OUTSIDE,
    "null.cs": OUTSIDE,
    "{outside}/Secret.cs": OUTSIDE,
    "{outside}/Missing.cs": OUTSIDE,
    "{first}/../outside/Secret.cs": OUTSIDE,
    "/etc/passwd": OUTSIDE,
    "/proc/self/environ": OUTSIDE,
    "/dev/stdin": OUTSIDE,
    "~/.ssh/id_rsa": "cannot be read",
    "//server/share/A.cs": "names a device or another machine",
    "\\\\?\\C:\\A.cs": "names a device or another machine",
    "\\\\.\\pipe\\A.cs": "names a device or another machine",
    "C:\\Windows\\A.cs": "cannot be read",
    "A.cs\0.txt": "has a NUL in it",
    "": "give the path of a file",
    " ": "give the path of a file",
    ".": "is in 2 roots of this server",
    "sub.cs": "is a folder",
    "pipe.cs": "is a pipe or a device",
    "loop.cs": "cannot be read",
    "a" * 5000: "give the path of a file",
    "b" * 300 + ".cs": "cannot be read",
    "A.cs": "is in 2 roots of this server; give the absolute path",
    "https://example.com/a/blob/main/A.cs#L3": "cannot be read",
    "\x1b[2J\u202e.cs": "cannot be read",
    "Only.cs:1-2": "cannot be read",
}


@pytest.mark.parametrize("tool", ["expand_selection", "find_scopes", "list_hazards"])
def test_no_tool_reads_outside_its_roots(client: Connected, places: tuple[Path, Path, Path], tool: str) -> None:
    """A path that leads out of the roots is refused in the same words whether there is something or not; nothing of it is told."""
    first, _, outside = places
    asked = {"start_line": 1} if tool == "expand_selection" else {}
    for path, said in NOWHERE.items():
        given = path.replace("{outside}", str(outside)).replace("{first}", str(first))
        told = client.refused(tool, path=given, **asked)
        assert said in told, (given, told)
        assert "OnlyOutside" not in told
        assert told.isprintable()


def test_what_is_in_the_roots_is_read(client: Connected, places: tuple[Path, Path, Path]) -> None:
    """A link within a root, and an absolute path in one, are read; settings that a link brings from outside are not."""
    first, second, _ = places
    assert client.refused("find_scopes", path="inside.cs").startswith(f"{first}/.ctxreview.toml: cannot be read")
    (first / ".ctxreview.toml").unlink()
    assert client.found("find_scopes", path="inside.cs")["path"] == "Only.cs"
    assert client.found("find_scopes", path=str(second / "A.cs"))["path"] == "A.cs"
    assert client.refused("check_diff", diff="HEAD").startswith("This server has 2 roots; give root: ")
    assert client.refused("check_diff", diff="HEAD", root="/etc").startswith("/etc: is not a root of this server")


def test_a_diff_reads_the_roots_files_alone(client: Connected, places: tuple[Path, Path, Path]) -> None:
    """A diff of a file outside a root is compared with nothing, and a range not where .git leads to another repository."""
    first, second, outside = places
    patch = "--- a/../outside/Secret.cs\n+++ b/../outside/Secret.cs\n@@ -1 +1 @@\n-class Secret { void OnlyOutside() { lock (this) { } } }\n+class Secret { }\n"
    found = client.found("check_diff", patch=patch, root=str(first))
    assert (found["suggestions"], len(found["failed"])) == ([], 1)
    git(outside, "init", "-q", "-b", "main")
    git(outside, "add", "-A")
    git(outside, "commit", "-qm", "first")
    (second / ".git").write_text(f"gitdir: {outside / '.git'}\n")
    assert "its .git leads to another folder" in client.refused("check_diff", diff="HEAD", root=str(second))
    (second / ".git").unlink()
    (second / ".git").symlink_to(outside / ".git")
    assert "its .git leads to another folder" in client.refused("check_diff", diff="HEAD", root=str(second))
    (second / ".git").unlink()
    git(outside, "worktree", "add", "-q", str(second / "tree"))
    roots.check_git(second / "tree")  # a work tree that its repository knows
    git(second, "init", "-q", "-b", "main")
    (second / ".git/objects/info/alternates").write_text(f"{outside}/.git/objects\n")
    assert "its .git leads to another folder" in client.refused("check_diff", diff="HEAD", root=str(second))


@pytest.mark.parametrize(
    ("given", "windows", "is_one"),
    [
        ("NUL", True, True),
        ("src/con.cs", True, True),
        ("com1", True, True),
        ("src\\AUX.txt", True, True),
        ("A.cs:hidden", True, True),
        ("C:A.cs", True, False),
        ("src\\Console.cs", True, False),
        ("src/con.cs", False, False),
        ("\\\\?\\C:\\A.cs", False, True),
        ("\\\\host\\share", True, True),
    ],
)
def test_names_that_windows_takes_for_devices(given: str, windows: bool, is_one: bool) -> None:
    """Names of devices, of other streams of a file and of other machines are no paths."""
    assert roots.is_device(given, windows) is is_one


def test_a_root_that_is_all(tmp_path: Path) -> None:
    """In the root of the file system everything is, and a file that is named twice over is one."""
    file = tmp_path / "A.cs"
    file.write_text(LOCK)
    assert roots.file_in((Path("/"), tmp_path), str(file)).root == tmp_path.resolve()
    assert roots.file_in((Path("/"),), str(file)).inside == str(file.resolve())[1:]
    with pytest.raises(SourceError):
        roots.file_in((tmp_path,), "/")


def test_what_is_cut_is_named() -> None:
    """A document that is too long is cut at its lists and texts, until it is short enough."""
    given = {"findings": [{"message": "x" * 3_000, "related": list(range(500))}] * 400, "verdict": "conflicts"}
    made = bounded.document(given)
    assert made["verdict"] == "conflicts"
    assert len(json.dumps(made)) < bounded.MOST + 5_000
    assert any(line.startswith("findings: ") and line.endswith(" of 400") for line in made["cut"])
    assert bounded.text("x" * 300_000).endswith("\n… cut here: 100,000 characters more.")
    assert bounded.document({"a": [1]}) == {"a": [1], "cut": []}


# --- messages --------------------------------------------------------------------------------------------------

NO_MESSAGES = [
    "{", "nonsense", "\x00\x01", "[]", "1", '"text"', "null", "true", "[" * 50_000, '{"a":' * 20_000, "{}",
    '{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":null,"method":"ping"}', '{"jsonrpc":"2.0","id":true,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', '{"jsonrpc":"2.0","id":{},"method":"ping"}', '{"jsonrpc":"2.0","id":NaN,"method":"ping"}',
    f'{{"jsonrpc":"2.0","id":1{"0" * 5_000},"method":"ping"}}', f'{{"jsonrpc":"2.0","id":"{"x" * 5_000}","method":"ping"}}',
    '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', '{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}', "\ufeff{}",
    "x" * 4_300_000,
]  # fmt: skip
"""Lines that are no message, or have no id that can be answered: answered with an error without one."""

CALLS: list[dict[str, Any]] = [
    {"method": "nothing/like/it"},
    {"method": ""},
    {"method": 5},
    {"method": "ping", "jsonrpc": "1.0"},
    {"method": "tools/call"},
    {"method": "tools/call", "params": []},
    {"method": "tools/call", "params": {"name": "rm"}},
    {"method": "tools/call", "params": {"name": ["find_scopes"]}},
    {"method": "tools/call", "params": {"name": "find_scopes", "arguments": "A.cs"}},
    {"method": "tools/list", "params": {"cursor": "2"}},
    {"method": "resources/list", "params": {"cursor": "2"}},
    {"method": "resources/read", "params": {"uri": "file:///etc/passwd"}},
    {"method": "resources/read", "params": {"uri": "ctxreview://rules/%2e%2e/%2e%2e/etc/passwd"}},
    {"method": "resources/subscribe", "params": {"uri": "ctxreview://rules"}},
    {"method": "prompts/get", "params": {"name": "root"}},
    {"method": "prompts/get", "params": {"name": "review", "arguments": {"path": "../outside/A.cs", "lines": "1"}}},
    {"method": "prompts/get", "params": {"name": "review", "arguments": {"path": "Only.cs", "lines": "1; rm"}}},
    {"method": "completion/complete", "params": {}},
    {"method": "logging/setLevel", "params": {"level": "loud"}},
    {"method": "sampling/createMessage", "params": {}},
    {"method": "initialize", "params": {}},
]
"""Requests that are answered with an error."""

ARGUMENTS: list[dict[str, Any]] = [
    {},
    {"path": 5},
    {"path": None},
    {"path": ["A.cs"]},
    {"path": "Only.cs", "command": "rm -rf /"},
    {"path": "../outside/Secret.cs"},
    {"path": "A.cs\0"},
    {"path": "Only.cs", "text": 7},
    {"path": "Only.cs", "text": {"deep": [[[[[[]]]]]]}},
    {"path": "x" * 100_000},
    {"path": "Only.cs", "text": "x" * 2_500_000},
    {"path": "notes.txt", "text": "lock (this) { }"},
]
"""What ``find_scopes`` cannot do: answered by the tool, with one sentence."""

UNANSWERED = [
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[1]}}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"nobody"}}',
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{}}}',
    '{"jsonrpc":"2.0","method":"no/such/thing","params":{"a":1}}',
    '{"jsonrpc":"2.0","id":7,"result":{}}',
    '{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}',
    "",
    "   ",
]
"""What the protocol lets nobody answer."""


class Raw:
    """A server that lines are sent to as they are."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._in: IO[bytes] = process.stdin
        self._out: IO[bytes] = process.stdout
        self._read = b""
        self.ask({"method": "initialize", "params": HELLO})
        self.send(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))

    def send(self, *lines: str) -> None:
        """Send lines."""
        self._in.write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass"))
        self._in.flush()

    def read(self) -> dict[str, Any]:
        """The next answer."""
        while b"\n" not in self._read:
            ready, _, _ = select.select([self._out], [], [], WAIT)
            assert ready, "no answer"
            part = os.read(self._out.fileno(), 65_536)
            assert part, "the server has ended"
            self._read += part
        line, _, self._read = self._read.partition(b"\n")
        made = json.loads(line)
        assert isinstance(made, dict)
        return made

    def ask(self, call: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request."""
        self.send(json.dumps({"jsonrpc": "2.0", "id": "asked", **call}))
        made = self.read()
        assert made["id"] == "asked"
        return made


HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "hostile", "version": "0"}}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one file."""
    folder = tmp_path_factory.mktemp("raw")
    (folder / "Only.cs").write_text(LOCK)
    return folder


@pytest.fixture(scope="module")
def raw(root: Path) -> Iterator[Raw]:
    """A server that lives until its client leaves, says nothing beside its answers, and leaves no process behind."""
    command = [SCRIPT, "mcp", "--root", root]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=environment(), **pipes) as process:
        try:
            yield Raw(process)
            _, said = process.communicate(timeout=WAIT)
            assert (process.returncode, said) == (0, b"")
            assert working_for(root) == []
        finally:
            process.kill()


def test_a_thousand_hostile_messages(raw: Raw) -> None:
    """Each is answered with an error where the protocol lets it be, nothing else is said, and the server goes on to answer."""
    sent = 0
    for turn in range(MESSAGES):
        kind, at = turn % 4, turn // 4
        if kind == 0:
            line = NO_MESSAGES[at % (len(NO_MESSAGES) if at < len(NO_MESSAGES) else 8)]
            raw.send(line)
            assert raw.read()["id"] is None
        elif kind == 1:
            made = CALLS[at % len(CALLS)]
            raw.send(json.dumps({"jsonrpc": "2.0", "id": turn, **made}))
            answer = raw.read()
            assert (answer["id"], "error" in answer) == (turn, True), (made, answer)
            assert "Traceback" not in answer["error"]["message"]
        elif kind == 2:
            asked = ARGUMENTS[at % (len(ARGUMENTS) if at < len(ARGUMENTS) else 9)]
            called = {"name": "find_scopes", "arguments": asked}
            raw.send(json.dumps({"jsonrpc": "2.0", "id": f"call {turn}", "method": "tools/call", "params": called}))
            answer = raw.read()
            assert (answer["id"], answer["result"]["isError"]) == (f"call {turn}", True), (asked, answer)
            (told,) = answer["result"]["content"]
            assert (told["text"].count("\n"), len(told["text"]) < 1_500) == (0, True)
        else:
            raw.send(UNANSWERED[at % len(UNANSWERED)])
        sent += 1
    assert sent == MESSAGES
    made = raw.ask({"method": "tools/call", "params": {"name": "find_scopes", "arguments": {"path": "Only.cs"}}})
    assert len(made["result"]["structuredContent"]["scopes"]) == 1


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")
def test_a_call_that_is_cancelled_is_given_up(raw: Raw, root: Path) -> None:
    """A call that the client gives up is not answered, and its process is ended; the next one is done by another."""
    before = working_for(root)
    call = {"name": "find_scopes", "arguments": {"path": "Only.cs"}}
    raw.send(
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
    )
    made = raw.ask({"method": "tools/call", "params": call})
    assert len(made["result"]["structuredContent"]["scopes"]) == 1
    deadline = time.monotonic() + WAIT
    while set(before) <= set(working_for(root)):
        assert time.monotonic() < deadline, "nothing was ended"
        time.sleep(0.02)


def test_a_flood_is_answered(raw: Raw) -> None:
    """Of more calls at once than are kept waiting each is answered: done, or refused with one sentence."""
    call = {"name": "find_scopes", "arguments": {"path": "Only.cs"}}
    raw.send(*(json.dumps({"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": call}) for n in range(300)))
    answers = [raw.read() for _ in range(300)]
    assert sorted(answer["id"] for answer in answers) == list(range(300))
    refused = [a["result"]["content"][0]["text"] for a in answers if a["result"]["isError"]]
    assert len(refused) <= 200
    assert set(refused) <= {"More than 100 calls are under way; ask again when some are answered."}
