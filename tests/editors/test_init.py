"""``ctxreview init``: each editor's own file, and the command line in it, run as it is written there."""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from lsprotocol import types

from ctxreview.cli.editors.jsonc import JsoncError, merged
from ctxreview.cli.editors.setups import SETUPS
from tests import ROOT
from tests.commands import SCRIPT, Done, run_command
from tests.editors.client import Client, able

EXAMPLE = ROOT / "examples" / "record-service"
SELECTED = "            var record = _db.Records.Where(r => r.TenantId == tenantId)\n                .FirstOrDefault(r => r.Id == recordId);"
"""What is selected, edited since it was saved."""


class Machine:
    """A repository with a blank in its path, and a person's home with the folders that editors make."""

    def __init__(self, folder: Path) -> None:
        self.home, self.repository = folder / "home", folder / "my work"
        shutil.copytree(EXAMPLE, self.repository)
        (self.repository / ".git").mkdir()
        self.config = self.home / ".config"
        for made in ("Code/User", "JetBrains/Rider2024.3", "JetBrains/Rider2025.1", "JetBrains/IntelliJIdea2025.2"):
            (self.config / made).mkdir(parents=True)
        self.file = self.repository / "src" / "RecordService.cs"

    def run(self, *arguments: str, cwd: Path | None = None, stdin: str | None = None, **more: str) -> Done:
        """A command with this home; the program is found by its name."""
        ours = ("DISPLAY", "WAYLAND_DISPLAY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")
        env = {name: value for name, value in os.environ.items() if name not in ours}
        env |= {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.config), **more}
        env["PATH"] = f"{SCRIPT.parent}{os.pathsep}{env['PATH']}"
        return run_command(*arguments, cwd=cwd or self.repository, env=env, stdin=stdin)

    def set_up(self, editor: str) -> Done:
        """Set up an editor, which has to work."""
        done = self.run("init", editor)
        assert done.returncode == 0, done.stderr
        return done


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which nothing is set up."""
    return Machine(tmp_path)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with an editor's variables filled in."""
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def windows_arguments(line: str) -> list[str]:
    """The arguments of a command line as programs on Windows take it apart (``CommandLineToArgvW``)."""
    found, current, quoted, given, at = [], "", False, False, 0
    while at < len(line):
        slashes = re.compile(r"\\*").match(line, at)
        count = len(slashes[0]) if slashes is not None else 0
        at += count
        if line[at : at + 1] == '"':
            current += "\\" * (count // 2)
            if count % 2:
                current += '"'
            else:
                quoted, given = not quoted, True
            at += 1
            continue
        current += "\\" * count
        if at < len(line):
            if line[at] in " \t" and not quoted:
                found += [current] if current or given else []
                current, given = "", False
            else:
                current += line[at]
            at += 1
    return [*found, *([current] if current or given else [])]


def test_the_rules_of_windows_command_lines() -> None:
    """The examples of Microsoft's page on parsing C command-line arguments."""
    assert windows_arguments('"a b c" d e') == ["a b c", "d", "e"]
    assert windows_arguments('"ab\\"c" "\\\\" d') == ['ab"c', "\\", "d"]
    assert windows_arguments('a\\\\\\b d"e f"g h') == ["a\\\\\\b", "de fg", "h"]
    assert windows_arguments('a\\\\\\"b c d') == ['a\\"b', "c", "d"]


@pytest.mark.parametrize("editor", SETUPS)
def test_a_set_up_is_written_once_and_printed(editor: str, machine: Machine) -> None:
    """The change is shown as a diff; a second time nothing is missing. --print writes nothing."""
    printed = machine.run("init", editor, "--print")
    assert (printed.returncode, "@" in printed.stdout.replace("@ExternalTools", "")) == (0, False)
    assert not (machine.repository / ".vscode").exists() and not (machine.config / "nvim").exists()
    done = machine.set_up(editor)
    if editor == "visual-studio":
        assert done.stdout == printed.stdout
        return
    assert done.stdout.startswith("---") and "+++" in done.stdout
    before = {path: path.read_bytes() for path in machine.home.parent.rglob("*") if path.is_file()}
    again = machine.set_up(editor)
    assert again.stdout == "" and "Nothing is missing" in again.stderr
    assert before == {path: path.read_bytes() for path in machine.home.parent.rglob("*") if path.is_file()}


def test_tasks_of_vs_code(machine: Machine) -> None:
    """Each task as it is written: the caret's line, the selected text wherever it was moved to, the prompt, and findings as problems."""
    machine.set_up("vscode")
    tasks = json.loads((machine.repository / ".vscode" / "tasks.json").read_text("utf-8"))["tasks"]
    values = {
        "${file}": str(machine.file),
        "${lineNumber}": "36",
        "${selectedText}": SELECTED,
        "${fileWorkspaceFolder}": str(machine.repository),
        "${workspaceFolder}": str(machine.repository),
    }
    said = {}
    for task in tasks:
        assert (task["type"], task["command"]) == ("process", "ctxreview")
        options = task["options"]
        env = {name: filled(value, values) for name, value in options.get("env", {}).items()}
        done = machine.run(*(filled(a, values) for a in task["args"]), cwd=Path(filled(options["cwd"], values)), **env)
        assert done.returncode == 0, done.stderr
        said[task["label"].removeprefix("ctxreview: ")] = done
    assert "RecordService.cs:36, under a transaction" in " ".join(said["review line"].stdout.split())
    assert "RecordService.cs:31-33, under a transaction" in " ".join(said["review selection"].stdout.split())
    assert "===== user =====" in said["copy prompt"].stdout
    matchers = next(t for t in tasks if t["label"].endswith("findings in this file"))["problemMatcher"]
    found = {}
    for matcher in matchers:
        pattern = matcher["pattern"]
        for match in re.finditer(pattern["regexp"], said["findings in this file"].stdout, re.MULTILINE):
            file, line, code = (match[pattern[name]] for name in ("file", "line", "code"))
            assert (machine.repository / file).samefile(machine.file)
            found[(int(line), code)] = matcher["severity"]
    listed = json.loads(machine.run("lint", str(machine.file), "--format", "json").stdout)["findings"]
    assert found == {(f["start_line"], f["rule"]): "info" for f in listed if f["severity"] in ("low", "note")}
    keys = json.loads((machine.config / "Code" / "User" / "keybindings.json").read_text("utf-8"))
    assert {k["args"] for k in keys} <= {t["label"] for t in tasks}


def test_tools_of_visual_studio(machine: Machine) -> None:
    """The fields to fill in; the arguments are one each by the rules of Windows, also with blanks in the path."""
    lines = re.findall(r"^Arguments: +(.*)$", machine.set_up("visual-studio").stdout, re.MULTILINE)
    assert len(lines) == 2
    windows = windows_arguments(filled(lines[0], {"$(ItemPath)": r"C:\my work\Orders.cs", "$(CurLine)": "41"}))
    assert windows[:2] == ["review", r"C:\my work\Orders.cs:41"]
    for line in lines:
        filled_in = filled(line, {"$(ItemPath)": str(machine.file), "$(CurLine)": "32"})
        done = machine.run(*windows_arguments(filled_in))
        assert done.returncode == 0 and "TransactionScope" in done.stdout, done.stderr


@pytest.mark.parametrize(("editor", "version"), [("rider", "Rider2025.1"), ("intellij", "IntelliJIdea2025.2")])
def test_tools_of_jetbrains(editor: str, version: str, machine: Machine) -> None:
    """Tools are added to those that there are, of the newest version, and each runs as it is written."""
    file = machine.config / "JetBrains" / version / "tools" / "External Tools.xml"
    file.parent.mkdir()
    file.write_text('<toolSet name="External Tools">\n  <tool name="mine"><exec /></tool>\n</toolSet>\n')
    machine.set_up(editor)
    tools = ElementTree.parse(file).getroot().findall("tool")
    assert [t.get("name") for t in tools] == ["mine", "ctxreview: review", "ctxreview: copy prompt"]
    for tool in tools[1:]:
        options = {o.get("name"): o.get("value") or "" for o in tool.iter("option")}
        assert (options["COMMAND"], options["WORKING_DIRECTORY"]) == ("ctxreview", "$ProjectFileDir$")
        values = {"$FilePath$": str(machine.file), "$SelectionStartLine$": "31", "$SelectionEndLine$": "33"}
        done = machine.run(*windows_arguments(filled(options["PARAMETERS"], values)))
        assert done.returncode == 0 and "TransactionScope" in done.stdout, done.stderr


def test_tasks_of_zed(machine: Machine) -> None:
    """With selected text, and without: then the variable is not there."""
    machine.set_up("zed")
    for task in json.loads((machine.repository / ".zed" / "tasks.json").read_text("utf-8")):
        assert task["command"] == "ctxreview"
        arguments = [filled(a, {"$ZED_FILE": str(machine.file), "$ZED_ROW": "32"}) for a in task["args"]]
        for env in ({}, {"ZED_SELECTED_TEXT": SELECTED}):
            done = machine.run(*arguments, **env)
            assert done.returncode == 0 and "TransactionScope" in done.stdout, done.stderr


def test_functions_of_emacs(machine: Machine) -> None:
    """The arguments that the function makes, with the buffer on standard input, saved or not."""
    machine.set_up("emacs")
    folder = machine.home / ".emacs.d"
    assert '"ctxreview" user-emacs-directory' in (folder / "init.el").read_text()
    made = re.search(r"\(list action (.*)\)\)\n", (folder / "ctxreview.el").read_text())
    assert made is not None
    written = filled(made[1], {"(ctxreview--lines)": '"32-34"', "(buffer-file-name)": json.dumps(str(machine.file))})
    arguments = re.findall(r'"([^"]*)"', written)
    for action in ("review", "prompt", "context"):
        done = machine.run(action, *arguments, stdin="\n" + machine.file.read_text("utf-8"))
        assert done.returncode == 0 and "TransactionScope" in done.stdout, done.stderr


def test_servers_of_helix_and_sublime_text(machine: Machine) -> None:
    """The command of both is one that answers."""
    machine.set_up("helix")
    machine.set_up("sublime")
    read: Any = tomllib.loads((machine.repository / ".helix" / "languages.toml").read_text("utf-8"))
    server = read["language-server"]["ctxreview"]
    settings = machine.config / "sublime-text" / "Packages" / "User" / "LSP.sublime-settings"
    command = json.loads(settings.read_text("utf-8"))["clients"]["ctxreview"]["command"]
    assert command == [server["command"], *server["args"]]
    client = Client()
    path = f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"
    client.do(client.client.start_io(shutil.which(command[0], path=path) or "", *command[1:]))
    found = client.ask(types.INITIALIZE, types.InitializeParams(able()))
    assert found.server_info.name == "ctxreview"
    client.ask(types.SHUTDOWN, None)
    client.tell(types.EXIT, None)


TASKS = """// mine
{
\t"version": "2.0.0", /* as ever */
\t"tasks": [
\t\t{ "label": "build", "command": "dotnet" }, // keep
\t],
}
"""


def test_what_is_there_stays(machine: Machine) -> None:
    """Comments, commas at the end, tabs, CRLF and a byte order mark stay where they are."""
    file = machine.repository / ".vscode" / "tasks.json"
    file.parent.mkdir()
    file.write_bytes(b"\xef\xbb\xbf" + TASKS.replace("\n", "\r\n").encode())
    machine.set_up("vscode")
    made = file.read_bytes()
    assert made.startswith(b"\xef\xbb\xbf// mine\r\n") and made.count(b"\n") == made.count(b"\r\n")
    text = made.decode("utf-8-sig").replace("\r\n", "\n")
    old, new = TASKS.splitlines(), text.splitlines()
    assert [line for line in new if line in old] == old
    assert text.count('"label": "ctxreview: ') == 4 and '\t\t{\n\t\t  "label": "ctxreview: review line"' in text
    assert merged(text, '{"tasks": [{"label": "build", "command": "dotnet"}]}') == text


@pytest.mark.parametrize(
    ("before", "ours", "after"),
    [
        ("[]", '[{"key": "a"}]', '[\n  {\n    "key": "a"\n  }\n]'),
        ('{"a": 1 // one\n}', '{"b": 2}', '{"a": 1, // one\n  "b": 2\n}'),
        ('{"a": {"x": 1}}', '{"a": {"y": [2]}}', '{"a": {"x": 1,\n  "y": [\n    2\n  ]\n}}'),
    ],
    ids=["empty", "comment", "inside"],
)
def test_what_is_added_goes_to_the_end(before: str, ours: str, after: str) -> None:
    """After the last entry and its comment, with the comma where it belongs."""
    assert merged(before, ours) == after
    assert merged(after, ours) == after


@pytest.mark.parametrize(
    "before",
    [
        "{",
        '{"tasks": 7}',
        '{"version": "0.1.0"}',
        '{"tasks": [{"label": "ctxreview: review line"}]}',
        '{"a" 1}',
        "[" * 9_999,
    ],
)
def test_what_cannot_be_merged_is_left_alone(before: str, machine: Machine) -> None:
    """One sentence, status 2, and the file is as it was."""
    file = machine.repository / ".vscode" / "tasks.json"
    file.parent.mkdir()
    file.write_text(before)
    done = machine.run("init", "vscode")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "nothing was written" in done.stderr and file.read_text() == before
    with pytest.raises(JsoncError):
        merged(before, '{"version": "2.0.0", "tasks": [{"label": "ctxreview: review line", "args": []}]}')


def test_other_files_that_cannot_be_merged(machine: Machine, tmp_path: Path) -> None:
    """A plugin with another text, a language that is set, tools that do not end, a link out of the repository, an unknown editor."""
    plugin = machine.config / "nvim" / "plugin" / "ctxreview.lua"
    languages = machine.repository / ".helix" / "languages.toml"
    tools = machine.config / "JetBrains" / "Rider2025.1" / "tools" / "External Tools.xml"
    for file, text in ((plugin, "-- mine\n"), (languages, '[[language]]\nname = "c-sharp"\n'), (tools, "<toolSet>")):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    (machine.repository / ".zed").symlink_to(tmp_path)
    for editor in ("neovim", "helix", "rider", "zed", "notepad"):
        done = machine.run("init", editor)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert plugin.read_text() == "-- mine\n" and languages.read_text().count("\n") == 2
    assert not (tmp_path / "tasks.json").exists()


def test_an_editor_that_was_never_started_is_printed_for(machine: Machine) -> None:
    """Without settings of a JetBrains product nothing is written, and --print has the tools all the same."""
    shutil.rmtree(machine.config / "JetBrains", ignore_errors=True)
    for options, status, shown in (((), 2, False), (("--print",), 0, True)):
        done = machine.run("init", "rider", *options)
        assert (done.returncode, "<toolSet" in done.stdout, done.stderr.count("\n")) == (status, shown, 1), done
        assert "There are no settings of Rider" in done.stderr


def test_the_variable_and_the_caret(machine: Machine) -> None:
    """Text that stands twice is the one at the caret; what is given beside is refused, and text that is nowhere is an error."""
    twice = "lock (_statsLock)"
    for line, lines in (("70", "71"), ("84", "86")):
        done = machine.run("context", str(machine.file), "--text-env", "S", "--line", line, "--format", "json", S=twice)
        assert str(json.loads(done.stdout)["selection"]["start_line"]) == lines, done.stderr
    assert machine.run("context", str(machine.file), "--text-env", "S", S="int nowhere = 7;").returncode == 2
    for beside in (("--line", "3"), ("--text-env", "S", "--text", "-"), ("--text-env", "S", "--stdin")):
        done = machine.run("context", str(machine.file), *beside)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done
