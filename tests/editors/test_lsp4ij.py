"""The template for LSP4IJ: what that plugin reads of it, by its documentation and source."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from ctxreview.languages import extensions
from tests import ROOT
from tests.commands import SCRIPT

FOLDER = ROOT / "editors" / "lsp4ij"
FILES = {
    "template.json",
    "clientSettings.json",
    "settings.json",
    "settings.schema.json",
    "initializationOptions.json",
    "experimental.json",
    "installer.json",
    "workspaceFolderSettings.json",
    "README.md",
}
"""What LSP4IJ looks for in the folder of a template; anything else it passes over."""
TEMPLATE = json.loads((FOLDER / "template.json").read_text("utf-8"))


def test_the_template_has_the_plugins_form() -> None:
    """Files and keys are those that are read there, and each file of C# is mapped to the language that the server knows."""
    names = {path.name for path in FOLDER.iterdir()}
    assert {"template.json", "README.md"} <= names <= FILES
    for name in names - {"README.md"}:
        assert isinstance(json.loads((FOLDER / name).read_text("utf-8")), dict)
    assert set(TEMPLATE) == {"id", "name", "programArgs", "workingDir", "fileTypeMappings"}
    assert set(TEMPLATE["programArgs"]) == {"default", "windows"}
    assert TEMPLATE["workingDir"] == "$USER_HOME$"
    (mapping,) = TEMPLATE["fileTypeMappings"]
    assert set(mapping) == {"fileType", "languageId"} and set(mapping["fileType"]) == {"name", "patterns"}
    known = [extension for extension, language in extensions().items() if language == mapping["languageId"]]
    assert mapping["fileType"]["patterns"] == [f"*{extension}" for extension in known]
    client = json.loads((FOLDER / "clientSettings.json").read_text("utf-8"))
    assert set(client) == {
        "caseSensitive", "lineCommentPrefix", "blockCommentPrefix", "blockCommentSuffix", "statementTerminatorCharacters"
    }  # fmt: skip


def parts(line: str) -> list[str]:
    """A command line as LSP4IJ takes it apart: at each space outside quotation marks, which nothing escapes."""
    quoted, made = False, [""]
    for character in line:
        if character == '"':
            quoted = not quoted
        elif character == " " and not quoted:
            made.append("")
        else:
            made[-1] += character
    return [part for part in made if part]


@pytest.mark.parametrize("system", ["default", "windows"])
def test_the_command_serves(system: str) -> None:
    """What is started is the server, which ends with its input; on Windows by the name that pip gives the program there."""
    command = parts(TEMPLATE["programArgs"][system])
    if system == "windows":
        assert command[0] == "ctxreview.exe"
        command[0] = str(SCRIPT)
    env = {**os.environ, "PATH": f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"}
    begin = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}'
    message = b"Content-Length: %d\r\n\r\n%s" % (len(begin), begin)
    done = subprocess.run(command, input=message, env=env, capture_output=True, check=False)
    assert done.stderr == b"" and b'"serverInfo":{"name":"ctxreview"' in done.stdout.replace(b'": ', b'":')
