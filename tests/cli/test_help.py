"""What a person at a terminal finds: help with examples that run, completion, and as many words as were asked for."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_group

from ctxreview.cli import app as cli
from tests.llm.providers.test_faults import whole
from tests.llm.test_store import KEY, asking, environment, run
from tests.samples import EXAMPLE, QUERY
from tests.servers import Told, error, serving
from tests.workspace.test_git import git

COMMAND = Path(sys.executable).parent / "ctxreview"
COMMANDS = get_group(cli.app).list_commands(None)  # type: ignore[arg-type]


def examples(command: str) -> list[str]:
    """The lines of a command's help that show a call of it."""
    said = run(command, "--help", COLUMNS="200").stdout
    return [line.strip() for line in said.splitlines() if line.strip().startswith(f"ctxreview {command}")]


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that is busy once, and then finds nothing to change."""
    with serving() as told:
        busy = error(429, {"error": {"message": "busy"}}, **{"retry-after": "0.01"})
        told.answers["/v1/responses"] = [busy, whole("responses")]
        yield told


def test_the_commands_are_listed() -> None:
    """The help of the whole lists every command, those that are read late among them."""
    listed = re.findall(r"^  (\w+(?: \w+)?)  ", run("--help").stdout.partition("Commands:")[2], re.MULTILINE)
    assert listed == COMMANDS
    assert {"context", "prompt", "review", "guard", "log", "show", "comment", "config", "doctor"} <= set(listed)


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_run(command: str, tmp_path: Path) -> None:
    """The help of each command shows at least one call of it, and each of them does its work."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    shown = examples(command)
    assert shown
    for line in shown:
        # A purge is among them.
        run("review", QUERY, "--reply", "answers/chat-answer.md", "--quiet", folder=folder)
        done = run(*shlex.split(line)[1:], folder=folder, OPENAI_API_KEY="", XDG_CONFIG_HOME=str(tmp_path))
        assert done.returncode == 0, (line, done.stderr)


# --- completion --------------------------------------------------------------------------------------------


def completed(*words: str) -> set[str]:
    """What bash offers for the last of the words."""
    script = (
        f'PATH="{COMMAND.parent}:$PATH"; eval "$(ctxreview --show-completion)"; '
        f"COMP_WORDS=({shlex.join(('ctxreview', *words))}); COMP_CWORD={len(words)}; "
        '_ctxreview_completion ctxreview; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment(), check=True)
    return set(done.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("re",), {"review"}),
        (("do",), {"doctor"}),
        (("review", "--max-"), {"--max-cost", "--max-tokens"}),
        (("context", "--format", ""), {"text", "json"}),
        (("context", "src/"), set()),  # then bash offers files
    ],
)
def test_completion(words: tuple[str, ...], offered: set[str]) -> None:
    """With the script of ``--show-completion`` bash completes commands, options and values."""
    assert completed(*words) == offered


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_completion_is_installed(tmp_path: Path) -> None:
    """``--install-completion`` writes the script and has the shell read it."""
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} --install-completion; true"],
        capture_output=True, text=True, env=environment(HOME=str(tmp_path)), check=True,
    )  # fmt: skip
    assert "completion installed in" in done.stdout
    (script,) = tmp_path.glob("**/*.sh")
    assert "_CTXREVIEW_COMPLETE" in script.read_text()
    assert str(script) in (tmp_path / ".bashrc").read_text()


# --- how much is said --------------------------------------------------------------------------------------


def test_quiet(server: Told) -> None:
    """``--quiet`` leaves only the result; what could not be done is said all the same."""
    done = run(*asking(server, "--quiet"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(*asking(server, "--fresh", "-q")).stdout
    assert run("prompt", QUERY, "-q").stderr == ""
    assert run("prompt", QUERY).stderr == "2,201 tokens (estimated).\n"
    server.answers["/v1/responses"] = [error(401, {})]
    failed = run(*asking(server, "--quiet", "--fresh"))
    assert (failed.returncode, failed.stderr.count("\n")) == (2, 1)
    kept = run(*asking(server, "--quiet"), CTXREVIEW_STATE_DIR="/proc/none")
    assert kept.returncode == 2


def test_quiet_tells_what_was_not_kept(server: Told) -> None:
    """That a review was not kept is not chatter."""
    done = run(*asking(server, "--quiet"), CTXREVIEW_STATE_DIR="/proc/none")
    assert done.returncode == 0
    assert "This review was not kept." in done.stderr


def test_verbose(server: Told) -> None:
    """``--verbose`` tells each request and each wait, and neither the key nor what was sent."""
    done = run(*asking(server, "-v"))
    host = "POST 127.0.0.1 …/responses"
    said = done.stderr.splitlines()
    assert said[0].startswith("Asking openai (m-1)")
    assert [re.sub(r"\d+\.\d s", "N s", line) for line in said[1:]] == [
        f"{host}: status 429",
        "Asking again in N s.",
        f"{host}: status 200",
    ]
    assert KEY not in done.stderr
    assert "SaveChanges" not in done.stderr


def test_verbose_tells_of_a_repair(server: Told) -> None:
    """Why a reply is asked for a second time is told."""
    server.answers["/v1/responses"] = [whole("responses", "Sure!"), whole("responses")]
    assert "Asking once more for the form. The reply is not in the requested form" in run(*asking(server, "-v")).stderr


def test_quiet_and_verbose() -> None:
    """Both at once is a contradiction."""
    done = run("review", QUERY, "-q", "-v")
    assert (done.returncode, done.stderr) == (2, "--quiet prints less and --verbose more; give only one.\n")
