"""The extension for VS Code against the server that it starts: what one names and the other has."""

from __future__ import annotations

import json
import re

from ctxreview import __version__
from ctxreview.servers.lsp.server import TITLES
from tests import ROOT

FOLDER = ROOT / "editors" / "vscode"
PACKAGE = json.loads((FOLDER / "package.json").read_text("utf-8"))
SOURCES = {path.name: path.read_text("utf-8") for path in (FOLDER / "src").glob("*.ts")}
CODE = "".join(SOURCES.values())


def test_the_commands_are_the_servers() -> None:
    """Each has its name and title, and can be called where the server runs; the others are registered by the extension itself."""
    contributed = {command["command"]: command for command in PACKAGE["contributes"]["commands"]}
    assert {name: contributed[name]["title"] for name in TITLES} == TITLES
    assert all(contributed[name]["enablement"] == "ctxreview.running" for name in TITLES)
    own = dict(re.findall(r'^const (\w+) = "(ctxreview\.\w+)";$', CODE, re.MULTILINE))
    assert set(own.values()) == set(contributed) - set(TITLES)
    assert set(own) == set(re.findall(r"registerCommand\((\w+),", CODE))
    assert set(re.findall(r'"(ctxreview\.\w+)"', SOURCES["commands.ts"])) < set(TITLES)
    assert {item["command"] for item in PACKAGE["contributes"]["menus"]["commandPalette"]} == set(TITLES)


def test_no_folder_names_what_is_started() -> None:
    """Each setting is the machine's; the program starts at home, by a path that was looked up without the current folder."""
    settings = PACKAGE["contributes"]["configuration"]["properties"]
    assert {f"ctxreview.{name}" for name in re.findall(r'settings\.get(?:<[^>]*>)?\("(\w+)"', CODE)} == set(settings)
    assert {setting["scope"] for setting in settings.values()} == {"machine"}
    assert "command = find(given," in CODE and "cwd: homedir()" in CODE
    page = (FOLDER / "README.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(ctxreview\.\w+)`", page, re.MULTILINE)) == set(settings)


def test_the_client_says_that_the_clipboard_is_its() -> None:
    """The server is told by the option that it knows."""
    server = (ROOT / "ctxreview" / "servers" / "lsp" / "server.py").read_text("utf-8")
    assert 'options.get("clipboard") is True' in server
    assert "initializationOptions: { clipboard: true }" in CODE


def test_the_package_is_what_it_says() -> None:
    """Its version and licence are the project's, its types are strict, what it needs is locked, and what is made is not kept."""
    assert PACKAGE["version"] == __version__
    assert (FOLDER / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    options = json.loads((FOLDER / "tsconfig.json").read_text("utf-8"))["compilerOptions"]
    assert options["strict"] and options["noUncheckedIndexedAccess"]
    lock = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))["packages"]
    root = lock.pop("")
    for kind in ("dependencies", "devDependencies"):
        assert root[kind] == PACKAGE[kind]
        assert {name: lock[f"node_modules/{name}"]["version"] for name in root[kind]} == root[kind]
    assert all(one["integrity"] for one in lock.values())
    assert PACKAGE["main"] == "./dist/extension.js"
    bundle = (FOLDER / "esbuild.mjs").read_text("utf-8")
    assert (FOLDER / re.findall(r'entryPoints: \["(.*)"\]', bundle)[0]).exists() and '"dist/extension.js"' in bundle
    assert all((FOLDER / script).exists() for script in re.findall(r"\S+\.mjs", " ".join(PACKAGE["scripts"].values())))
    kept = (FOLDER / ".vscodeignore").read_text("utf-8").split()
    assert kept[0] == "**" and {"!dist/**", "!LICENSE", "!README.md"} < set(kept)
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    assert {"node_modules/", "*.vsix", "dist/"} < set(ignored)
