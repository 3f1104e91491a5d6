"""Text on a real terminal, of a real size: its width, its colours, the pager, and several selections."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from llmock.scenarios import Reply
from llmock.testing import LLMockServer

from tests import ROOT
from tests.commands import run_command, run_on_terminal
from tests.samples import EXAMPLE, QUERY, unwrapped

ESCAPE = "\x1b"
OWN = re.compile(r"(OPENAI|ANTHROPIC|CTXREVIEW)_|NO_COLOR|FORCE_COLOR|CLICOLOR|COLUMNS|LINES|PAGER|GIT_PAGER|LESS|CI$")
PLAIN = {name: value for name, value in os.environ.items() if not OWN.match(name)} | {"TERM": "xterm", "PAGER": "cat"}
ANSWER = "answers/unsafe-answer.md"


def on_terminal(*args: str, columns: int = 80, status: int = 0, **variables: str) -> str:
    """What a command prints to a terminal of that many columns."""
    done = run_on_terminal(*args, cwd=EXAMPLE, env=PLAIN | variables, columns=columns)
    assert done.status == status, done.shown
    return done.shown


def piped(*args: str, variables: Mapping[str, str] | None = None, status: int = 0) -> str:
    """What a command prints into a pipe."""
    done = run_command(*args, cwd=EXAMPLE, env=PLAIN | dict(variables or {}))
    assert done.returncode == status, done.stderr
    return done.stdout


def bare(text: str) -> str:
    """A text without its colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


@pytest.mark.parametrize("columns", [80, 100, 200])
@pytest.mark.parametrize(
    "command",
    [("review", QUERY), ("review", QUERY, "-v"), ("context", QUERY), ("guard", QUERY, "--suggestion", ANSWER)],
)
def test_the_width_of_the_terminal(command: tuple[str, ...], columns: int) -> None:
    """No line is wider than the terminal, and on a wide one lines are longer than on a narrow one."""
    lines = bare(on_terminal(*command, columns=columns)).splitlines()
    longest = max(map(len, lines))
    assert longest <= columns
    assert longest > min(columns, 100) - 20


def test_the_width_of_a_pipe() -> None:
    """Into a pipe lines have at most 80 columns, or as many as COLUMNS says."""
    assert max(map(len, piped("review", QUERY).splitlines())) <= 80
    wide = piped("review", QUERY, variables={"COLUMNS": "110"})
    assert 80 < max(map(len, wide.splitlines())) <= 110


@pytest.mark.parametrize(
    ("options", "variables", "coloured"),
    [
        ((), {}, True),
        ((), {"TERM": "dumb"}, False),
        ((), {"NO_COLOR": "1"}, False),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_colours_on_a_terminal(options: tuple[str, ...], variables: dict[str, str], coloured: bool) -> None:
    """A terminal has colours unless it is a dumb one or somebody said otherwise; what the option says holds."""
    assert (ESCAPE in on_terminal("review", QUERY, *options, **variables)) == coloured


@pytest.mark.parametrize(
    ("options", "variables", "coloured"),
    [((), {}, False), ((), {"FORCE_COLOR": "1"}, True), (("--color", "always"), {}, True)],
)
def test_colours_in_a_pipe(options: tuple[str, ...], variables: dict[str, str], coloured: bool) -> None:
    """A pipe has colours only where they are asked for."""
    assert (ESCAPE in piped("context", QUERY, *options, variables=variables)) == coloured


def test_options_about_text_beside_documents() -> None:
    """JSON has no colours and no pages, and --brief is about text: beside it such an option is refused, not passed over."""
    for options in (("--color", "never"), ("--no-pager",), ("--brief",)):
        assert piped("review", QUERY, "--format", "json", *options, status=2) == ""


@pytest.fixture
def pager(tmp_path: Path) -> Path:
    """A pager that writes what it gets to a file, with the options that ``less`` would have."""
    program = tmp_path / "pager"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nopen(__file__ + '.seen', 'w').write(os.environ['LESS'] + '\\n' + sys.stdin.read())\n"
    )
    program.chmod(0o755)
    return program


def test_every_command_that_prints_much(pager: Path, tmp_path: Path) -> None:
    """Lint, explain, intent, log and show have colours where they are wanted, and on a terminal the pager unless it is not wanted."""
    own = {"CTXREVIEW_STATE_DIR": str(tmp_path)}
    with LLMockServer() as server:
        server.state.scenarios.add(Reply(text=(EXAMPLE / "answers/unsafe-answer.json").read_text("utf-8")))
        where = ("--provider", "openai", "--base-url", server.base_url("openai"), "--model", "m-1")
        piped("review", QUERY, *where, variables={**own, "OPENAI_API_KEY": "sk-test-1"})
    for command in (
        "lint src --quiet",
        "explain lock-target",
        f"intent {QUERY}",
        "log",
        "log --stats",
        "show",
        "show --sent",
    ):
        given = command.split()
        assert ESCAPE in piped(*given, "--color", "always", variables=own), command
        shown = on_terminal(*given, "--color", "never", "--no-pager", **own, PAGER=str(pager))
        assert (ESCAPE in shown, Path(f"{pager}.seen").exists()) == (False, False), command
        printed = on_terminal(*given, **own, PAGER=str(pager))
        seen = Path(f"{pager}.seen")
        assert bare(seen.read_text()).partition("\n")[2].strip() in shown, command
        assert ESCAPE not in printed, command
        seen.unlink()


@pytest.mark.parametrize("name", ["PAGER", "CTXREVIEW_PAGER"])
def test_a_pager_on_a_terminal(pager: Path, name: str) -> None:
    """On a terminal text goes to the pager that the environment names, in colours; --no-pager prints it."""
    assert on_terminal("review", QUERY, **{name: str(pager)}) == ""
    options, _, seen = Path(f"{pager}.seen").read_text().partition("\n")
    assert options == "FRX"
    assert seen == on_terminal("review", QUERY, "--no-pager", **{name: str(pager)})


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ((), {"TERM": "dumb"}),
        ((), {"CTXREVIEW_PAGER": ""}),
        ((), {"CTXREVIEW_PAGER": "cat"}),
        (("--format", "json"), {}),
    ],
)
def test_no_pager(pager: Path, options: tuple[str, ...], variables: dict[str, str]) -> None:
    """A dumb terminal, an empty variable, ``cat`` and JSON have no pager."""
    assert "in-scope" in on_terminal("context", QUERY, *options, **{"PAGER": str(pager), **variables})
    assert not Path(f"{pager}.seen").exists()


def test_no_pager_in_a_pipe(pager: Path) -> None:
    """What goes into a pipe goes there."""
    assert "in-scope" in piped("context", QUERY, variables={"PAGER": str(pager)})
    assert not Path(f"{pager}.seen").exists()


@pytest.mark.parametrize(("limit", "status"), [("note", 1), ("high", 0)])
def test_leaving_the_pager(limit: str, status: int) -> None:
    """A reader who leaves the pager at once gets no complaint, and findings give the exit status that they give anyway."""
    assert on_terminal("review", QUERY, "--fail-on", limit, PAGER="true", status=status) == ""


@pytest.mark.parametrize("command", ["context", "review"])
def test_several_selections_as_text(command: str) -> None:
    """Several selections are printed one after the other under headings, one that fails in its place, and summed up in the end."""
    shown = piped(command, QUERY, "src/Missing.cs:1", "src/RecordService.cs:51", "--format", "text", status=2)
    heads = re.findall(r"^Selection (\d) of 3: (.*)$", shown, re.M)
    assert heads == [("1", QUERY), ("2", "src/Missing.cs:1"), ("3", "src/RecordService.cs:51")]
    summary = unwrapped(shown.partition("\nSummary\n")[2])
    assert summary.startswith("- in-scope: method UpdateRecord of RecordService, ")
    assert "- failed: src/Missing.cs: cannot be read" in summary
    assert "- cannot-tell: method GetRecord of RecordService, " in summary
    assert max(map(len, shown.splitlines())) <= 80


def test_several_selections_are_documents_without_a_format() -> None:
    """Without --format several selections are JSON Lines, as they were."""
    shown = piped("context", QUERY, "src/RecordService.cs:51")
    assert [json.loads(line)["schema"] for line in shown.splitlines()] == ["ctxreview.context/1"] * 2


@pytest.mark.parametrize(("variables", "shown"), [({}, True), ({"CI": "true"}, False), ({"TERM": "dumb"}, False)])
def test_waiting_for_a_model(variables: dict[str, str], shown: bool, tmp_path: Path) -> None:
    """While a model answers, a terminal shows it; a build's log and a dumb terminal have only the review."""
    with LLMockServer() as server:
        server.state.scenarios.add(Reply(text=json.dumps({"summary": "Leave it.", "checklist": [], "suggestions": []})))
        known = {"OPENAI_API_KEY": "sk-test-1", "CTXREVIEW_STATE_DIR": str(tmp_path)}
        where = ("--provider", "openai", "--base-url", server.base_url("openai"), "--model", "m-[red]1")
        seen = on_terminal("review", QUERY, *where, **known, **variables)
    # An answer that comes at once may be there before anything was drawn.
    drawn = re.search(r"openai \(m-\[red\]1\): (?:waiting for the answer|\d+ characters) …", seen)
    assert (drawn is not None) == shown
    assert "Leave it." in seen


def test_help_has_a_short_name() -> None:
    """``-h`` is ``--help``, of the program and of each command."""
    for command in ((), ("review",), ("guard",)):
        assert piped(*command, "-h") == piped(*command, "--help")


def test_the_program_is_not_slowed_by_layout() -> None:
    """JSON needs neither the library of terminals nor the text reports."""
    code = (
        "import sys; sys.argv = ['ctxreview', 'context', sys.argv[1], '--format', 'json']\n"
        "from ctxreview.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([m for m in sys.modules if m == 'rich' or m.startswith(('rich.', 'ctxreview.reports.review'))], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, QUERY],
        cwd=EXAMPLE,
        env=PLAIN | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[]\n"
