"""The editors that can be set up, where each has its files on this machine, and what a file becomes."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from ctxreview.cli.editors.jsonc import JsoncError, merged
from ctxreview.errors import ConfigError

PROGRAM = "@ctxreview@"
"""In the texts, where the program is named."""

Merge = Callable[[str, str], str]
"""What a file that is there becomes, by its text and ours. Raises :class:`JsoncError` where ours does not go into it."""


class Part(NamedTuple):
    """One file of a set-up: our text for it, where it is, and how the two come together. ``note`` is said when it was written.

    Without a ``place`` there is no file that a program should write: the text is for a person. Where the folder of one that is only ``beside``
    the others is not there, that is said.
    """

    text: str
    place: Callable[[Path], Path] | None
    merge: Merge
    note: str = ""
    beside: str = ""


def parts_of(editor: str) -> tuple[Part, ...]:
    """The files of an editor's set-up. Raises :class:`ConfigError` for one that is not known."""
    found = SETUPS.get(editor.strip().lower())
    if found is None:
        raise ConfigError(f"init knows no editor {editor!r}; give one of {', '.join(SETUPS)}.")
    return found


def text_of(part: Part) -> str:
    """Our text for a file. Where a shell would not find ``ctxreview``, it names the program's path."""
    text = files(__package__).joinpath("files").joinpath(part.text).read_text("utf-8")
    program, started = "ctxreview", Path(sys.argv[0])
    if shutil.which(program) is None and started.suffix != ".py" and started.is_file():
        program = str(started.absolute()).removesuffix(".exe")
        if part.text.endswith(".xml"):
            program = escape(program, {'"': "&quot;"})
        elif not part.text.endswith((".txt", ".vim")):
            program = json.dumps(program)[1:-1]
    return text.replace(PROGRAM, program)


def after(part: Part, before: str | None, path: Path) -> str:
    """What a file becomes. Raises :class:`ConfigError`, and nothing is written, where ours does not go into it."""
    ours = text_of(part)
    if before is None or not before.strip():
        return ours
    try:
        return part.merge(before, ours)
    except JsoncError as why:
        raise ConfigError(f"{path}: {why}; nothing was written. Add by hand what --print shows.") from None


def whole(before: str, ours: str) -> str:
    """A file that is all ours."""
    if before.replace("\r\n", "\n") != ours:
        raise JsoncError("is there already with another text")
    return before


def with_tools(before: str, ours: str) -> str:
    """External tools of JetBrains' IDEs, added to those that are there."""
    if "<toolSet" not in before or "</toolSet>" not in before:
        raise JsoncError("has no <toolSet> that ends")
    new = []
    for tool in re.findall(r"  <tool .*?</tool>\n", ours, re.DOTALL):
        name = re.search(r'name="[^"]*"', tool)
        if name is not None and name[0] in before:
            if " ".join(tool.split()) not in " ".join(before.split()):
                raise JsoncError(f"has another tool {name[0][6:-1]!r}")
            continue
        new.append(tool)
    at = before.rindex("</toolSet>")
    return before[:at] + "".join(new) + before[at:]


def with_server(before: str, ours: str) -> str:
    """Helix's languages with a server more."""
    try:
        theirs, own = tomllib.loads(before), tomllib.loads(ours)
    except tomllib.TOMLDecodeError as error:
        raise JsoncError(f"cannot be read as TOML ({error})") from None
    servers = theirs.get("language-server")
    (language,) = own["language"]
    same = [one for one in theirs.get("language", []) if one.get("name") == language["name"]]
    if (
        isinstance(servers, dict)
        and servers.get("ctxreview") == own["language-server"]["ctxreview"]
        and language in same
    ):
        return before
    if same or (isinstance(servers, dict) and "ctxreview" in servers):
        raise JsoncError(f"has settings of {language['name']} or of ctxreview already")
    made = f"{before.rstrip()}\n\n{ours}"
    try:
        tomllib.loads(made)
    except tomllib.TOMLDecodeError:  # such as servers in one line, to which no table can be added
        raise JsoncError("has its servers in a form to which none can be added") from None
    return made


def with_line(before: str, ours: str) -> str:
    """A start-up file with a line more."""
    return before if ours.strip() in before else f"{before.rstrip()}\n{ours}"


def _config(mac: str, other: str) -> Path:
    """A folder of settings: below Application Support on macOS, APPDATA on Windows, and XDG's folder elsewhere."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / mac
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / mac
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / other


def _newest(*products: str) -> Callable[[Path], Path]:
    """The external tools of the newest version of one of JetBrains' products."""

    def place(_: Path) -> Path:
        around = _config("JetBrains", "JetBrains")
        found = [f for product in products for f in around.glob(f"{product}[0-9]*") if f.is_dir()]
        if not found:
            raise ConfigError(
                f"There are no settings of {products[0]} in {around}; start it once, or add by hand what --print prints."
            )
        return max(found, key=lambda f: re.findall(r"\d+", f.name)) / "tools" / "External Tools.xml"

    return place


def _vim() -> Path:
    return Path.home() / ("vimfiles" if sys.platform == "win32" else ".vim") / "plugin" / "ctxreview.vim"


def _neovim() -> Path:
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "nvim"
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "nvim"
    return folder / "plugin" / "ctxreview.lua"


def _emacs(name: str) -> Path:
    xdg = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "emacs"
    return (xdg if xdg.is_dir() and not (Path.home() / ".emacs.d").is_dir() else Path.home() / ".emacs.d") / name


SERVER = "The language server needs one package more: pip install 'ctxreview[lsp]'."

SETUPS: Mapping[str, tuple[Part, ...]] = {
    "vscode": (
        Part("vscode-tasks.json", lambda root: root / ".vscode" / "tasks.json", merged),
        Part(
            "vscode-keybindings.json",
            lambda _: _config("Code", "Code") / "User" / "keybindings.json",
            merged,
            "Ctrl+Alt+R reviews the selection or line, Ctrl+Alt+P copies the prompt.",
            beside="no keys are bound",
        ),
    ),
    "visual-studio": (Part("visual-studio.txt", None, whole),),
    "rider": (
        Part(
            "jetbrains.xml", _newest("Rider"), with_tools, "Start Rider anew; the tools are in Tools > External Tools."
        ),
    ),
    "intellij": (
        Part(
            "jetbrains.xml",
            _newest("IntelliJIdea", "IdeaIC"),
            with_tools,
            "Start IntelliJ IDEA anew; the tools are in Tools > External Tools.",
        ),
    ),
    "vim": (
        Part(
            "ctxreview.vim", lambda _: _vim(), whole, ":CtxReview, :CtxPrompt, :CtxContext and :CtxFindings are there."
        ),
    ),
    "neovim": (Part("ctxreview.lua", lambda _: _neovim(), whole, SERVER),),
    "emacs": (
        Part("ctxreview.el", lambda _: _emacs("ctxreview.el"), whole),
        Part("emacs-init.el", lambda _: _emacs("init.el"), with_line, "M-x ctxreview-review is there after a start."),
    ),
    "helix": (Part("helix.toml", lambda root: root / ".helix" / "languages.toml", with_server, SERVER),),
    "zed": (Part("zed-tasks.json", lambda root: root / ".zed" / "tasks.json", merged),),
    "sublime": (
        Part(
            "sublime.json",
            lambda _: _config("Sublime Text", "sublime-text") / "Packages" / "User" / "LSP.sublime-settings",
            merged,
            f"The package LSP is needed too. {SERVER}",
        ),
    ),
}
"""By the name of each editor its files."""
