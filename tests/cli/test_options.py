"""Options that say different things, or nothing beside another: honoured or refused, and never passed over in silence."""

from __future__ import annotations

import os
import pty
import re
from pathlib import Path

import pytest

from ctxreview.cli import console
from ctxreview.cli.app import app
from ctxreview.errors import CtxreviewError
from tests.commands import run_on_terminal
from tests.samples import EXAMPLE, QUERY

ESCAPE = "\x1b"
ONE = f"{EXAMPLE}/{QUERY}"
LISTED = ("--selections", "list.txt")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests, and a list of one selection in the current folder."""
    for name in list(os.environ):
        if re.fullmatch(r"(OPENAI|ANTHROPIC|CTXREVIEW(?!_STATE))_.*|NO_COLOR|FORCE_COLOR|CLICOLOR.*", name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text(f"{ONE}\n")


def said(*args: str) -> str:
    """Runs a command; the sentence with which it is refused, ``""`` where it is not."""
    try:
        app(args, standalone_mode=False)
    except CtxreviewError as error:
        assert error.exit_code == 2
        return str(error)
    return ""


@pytest.mark.parametrize("given", [(ONE, ONE), LISTED])
@pytest.mark.parametrize("command", ["context", "review"])
def test_several_selections_are_json(command: str, given: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Several selections, or a list of one, are JSON Lines: asked for, or not said; as Markdown they are one summary."""
    if command == "review":
        assert said(command, *given, "--format", "markdown") == ""
        assert capsys.readouterr().out.startswith("### ctxreview\n")
    assert said(command, *given) == said(command, *given, "--format", "json") == ""
    assert all(line.startswith('{"schema": "ctxreview.') for line in capsys.readouterr().out.splitlines())
    assert said(command, ONE, "--format", "text") == ""
    assert said(command, *given, "--format", "text") == ""
    assert "Summary" in capsys.readouterr().out


REFUSED = {
    ("review", ONE, "--dry-run", "--format", "html"): "--dry-run prints text or JSON; omit --format html.",
    (
        "review",
        ONE,
        "--dry-run",
        "--format",
        "markdown",
    ): "--dry-run prints text or JSON; omit --format markdown.",
    ("review", ONE, "--dry-run", "--fail-on", "high"): (
        "--dry-run reviews nothing, so there is no finding; give it without --fail-on."
    ),
    ("review", ONE, "--models", "a,b", "--model", "c"): "Give --model for one model or --models for several, not both.",
    ("lint", "--list", "src"): "--list lists the rules; give it without [PATH|SELECTION...].",
    ("lint", "--list", "--select", "lock-target", "--fail-on", "low"): (
        "--list lists the rules; give it without --select, --fail-on."
    ),
    ("lint", "--write-baseline", "--baseline", "b.json", "--format", "sarif", "-o", "x"): (
        "--write-baseline records the findings and prints none; give it without --format, --output."
    ),
    ("log", "--purge", "text"): "--purge deletes reviews and prints none; give it without [TEXT].",
    (
        "log",
        "--purge",
        "--stats",
    ): "--purge deletes reviews and prints none; give it without --stats.",
    ("log", "--purge", "--format", "json"): ("--purge deletes reviews and prints none; give it without --format."),
    ("log", "--stats", "text", "--limit", "3"): "--stats sums up all stored reviews; give it without [TEXT], --limit.",
}


@pytest.mark.parametrize("args", REFUSED, ids=" ".join)
def test_options_that_say_nothing_together(args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """An option that another would pass over is refused, and nothing is printed."""
    assert said(*args) == REFUSED[args]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "args",
    [("review", ONE, "--dry-run", "--format", "json"), ("lint", "--list", "--format", "json"), ("log", "--stats")],
)
def test_options_that_go_together(args: tuple[str, ...]) -> None:
    """What goes together is done."""
    assert said(*args) == ""


def test_the_model_of_the_environment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """CTXREVIEW_MODEL is for where no model is named: --models and --model win over it, and do not conflict with it."""
    monkeypatch.setenv("CTXREVIEW_MODEL", "model-of-the-environment")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    for args, models in (
        (("--models", "a,b"), ["a", "b"]),
        (("--models", "openai:a,anthropic:b"), ["a", "b"]),
        (("--model", "c"), ["c"]),
        ((), ["model-of-the-environment"]),
    ):
        assert said("review", ONE, "--dry-run", *args) == ""
        assert re.findall(r"^ *model: (\S+)", capsys.readouterr().out, re.M) == models


def test_the_prompt_of_a_provider(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`prompt --provider` keeps to the size that a review by that provider would have; an unknown one is refused."""
    calls = "".join(f'        _total += Price({n}, "{"x" * 60}");\n' for n in range(1200))
    (tmp_path / "Big.cs").write_text(f"class Big\n{{\n    void Sum()\n    {{\n{calls}    }}\n}}\n")
    tokens = []
    for provider in ("openai", "local"):
        assert said("prompt", "Big.cs:700", "--provider", provider) == ""
        tokens.append(int(capsys.readouterr().err.split(" tokens")[0].replace(",", "")))
    assert 8_000 < tokens[0] <= 16_000
    assert tokens[1] <= 8_000
    assert said("prompt", "Big.cs:700", "--provider", "nobody").startswith("There is no provider 'nobody'")


COLOURS = {
    "a terminal": ({"TERM": "xterm"}, True),
    "a dumb one": ({"TERM": "dumb"}, False),
    "NO_COLOR": ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    "NO_COLOR that is empty": ({"TERM": "xterm", "NO_COLOR": ""}, True),
    "CLICOLOR=0": ({"TERM": "xterm", "CLICOLOR": "0"}, False),
    "CLICOLOR=1": ({"TERM": "xterm", "CLICOLOR": "1"}, True),
    "FORCE_COLOR in a dumb one": ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    "FORCE_COLOR=0": ({"TERM": "dumb", "FORCE_COLOR": "0"}, False),
    "CLICOLOR_FORCE": ({"TERM": "dumb", "CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True),
    "NO_COLOR and FORCE_COLOR": ({"TERM": "xterm", "NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
}


@pytest.mark.parametrize("case", COLOURS)
def test_when_there_are_colours(case: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Colours come where the terminal has them and nobody said otherwise; the usual variables are heard."""
    env, expected = COLOURS[case]
    monkeypatch.delenv("TERM", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    controller, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as on_terminal, (tmp_path / "f").open("w") as in_file:
        assert console.coloured(on_terminal) is expected
        assert console.coloured(in_file) is (
            "FORCE" in case and env.get("FORCE_COLOR") != "0" and "NO_COLOR" not in env
        )
        assert console.is_live(on_terminal) is (env["TERM"] != "dumb")
    os.close(controller)
    assert not console.colour(tmp_path / "result.txt")


@pytest.mark.parametrize(
    "args", [("context", ONE), ("lint", str(EXAMPLE)), ("explain", "lock-target"), ("--help",), ("lint", "--nope")]
)
def test_a_dumb_terminal_gets_no_escapes(args: tuple[str, ...]) -> None:
    """On a dumb terminal no command writes an escape: no colour, no bar, in help and errors neither."""
    done = run_on_terminal(*args, cwd=Path.cwd(), env=os.environ | {"TERM": "dumb"})
    assert done.status in (0, 2)
    assert len(done.shown) > 50
    assert ESCAPE not in done.shown


OWN = [
    ("context", "A.cs:3", "-o", "A.cs"),
    ("review", "A.cs:3", "A.cs:1", "--provider", "none", "-o", "./A.cs"),
    ("lint", "A.cs", "--output", "A.cs"),
    ("prompt", "A.cs:3", "-o", "A.cs"),
    ("guard", "A.cs:3", "--suggestion", "answer.md", "-o", "answer.md"),
    ("batch", "--selections", "list.txt", "--provider", "none", "-o", "list.txt"),
    ("comment", "--of", "answer.md", "--answer", "Yes.", "-o", "answer.md"),
]


@pytest.mark.parametrize("args", OWN, ids=range(len(OWN)))
def test_a_result_is_not_written_over_what_is_read(args: tuple[str, ...], tmp_path: Path) -> None:
    """``-o`` with the name of a source, a list or an answer is refused, and the file stays as it was."""
    files = {"A.cs": "class A\n{\n    void M() { }\n}\n", "answer.md": "Nothing.\n", "list.txt": "A.cs:3\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert said(*args).endswith("is a file that is read; name another one.")
    assert {name: (tmp_path / name).read_text() for name in files} == files
