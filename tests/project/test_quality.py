"""Lint, types, the import contract and the documentation's promises, as part of the one test command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

BIN = Path(sys.executable).parent


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports", "--no-logo"),
    ],
    ids=" ".join,
)
def test_the_tree_is_clean(command: tuple[str, ...]) -> None:
    """Lint, format, strict types and the import layers hold."""
    done = _run(str(BIN / command[0]), *command[1:])
    assert done.returncode == 0, done.stdout + done.stderr


HEAVY = (
    "openai",
    "anthropic",
    "httpx2",
    "jinja2",
    "msgspec",
    "tiktoken",
    "pyperclip",
    "mcp",
    "pydantic",
    "pygls",
    "lsprotocol",
    "ctxreview.servers",
    "rich",
    "ctxreview.redact",
    "ctxreview.llm.store",
    "ctxreview.cli.commands.guard",
    "ctxreview.cli.commands.prompt",
    "ctxreview.cli.commands.review",
    "ctxreview.cli.commands.editor",
    "ctxreview.cli.commands.explain",
    "ctxreview.cli.commands.lint",
    "ctxreview.cli.commands.kept",
    "ctxreview.servers",
    "sqlite3",
)


def test_nothing_heavy_is_imported_on_the_way_to_context() -> None:
    """A context needs the grammar and the command line, and no SDK, template engine or secret scanner."""
    script = (
        "import sys\n"
        "sys.argv = ['ctxreview', 'context', 'examples/record-service/src/RecordService.cs:31-33', '--format', 'json']\n"
        "import ctxreview.cli.app\n"
        "try:\n    ctxreview.cli.app.main()\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    done = _run(sys.executable, "-c", script)
    assert done.stdout.startswith("{"), done.stderr
    assert done.stderr.strip() == "[]"


def test_ci_runs_exactly_the_readmes_test_command() -> None:
    """What CI runs is what the README tells people to run."""
    readme = (ROOT / "README.md").read_text("utf-8")
    (command,) = [line for line in readme.splitlines() if line.endswith(".venv/bin/pytest")]
    assert command in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
