"""Secrets are sent only by a person at a terminal who says so twice, and are shown and kept nowhere even then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import OnTerminal, run_command, run_on_terminal
from tests.llm.test_store import RESPONSES, answer, environment, run
from tests.redact.test_secrets import assert_hidden, in_a_method, kept_bytes, quoting
from tests.secret_samples import Leak, Maker
from tests.servers import Told, serving

TOKEN = Leak("github", 'var a = "{}";', (dict(Maker(3).formats())["github classic"],))
PEM = next(leak for leak in Maker(3).blocks() if leak.name == "raw literal")
PARTED = Leak("in parts", 'var b = "Password=" + "Kestrel957*1WB" + ";Server=db";', ("Kestrel957*1WB",))
LEAKS = [TOKEN._replace(source=TOKEN.source.replace("{}", TOKEN.hidden[0])), PEM, PARTED]
FIRST = ("Send them? (yes)", "yes\n")
SECOND = ("type the host's name (127.0.0.1):", "127.0.0.1\n")


@pytest.fixture
def server() -> Iterator[Told]:
    """A server whose answer quotes what it was sent, also line by line."""
    lines = [Leak("line", line, (line,)) for leak in LEAKS for line in leak.hidden]
    with serving() as told:
        told.answers[RESPONSES] = [answer(quoting([*LEAKS, *lines]))]
        yield told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with three secrets in one method."""
    (tmp_path / "Orders.cs").write_text(in_a_method("\n".join(leak.source for leak in LEAKS)))
    return tmp_path


def arguments(server: Told, *more: str) -> list[str]:
    """A review of that method that sends everything."""
    return ["review", "Orders.cs:10", "--base-url", f"{server.url}/v1", "--model", "m-1", "--no-redact", *more]


def on_a_terminal(given: list[str], folder: Path, *typed: tuple[str, str]) -> OnTerminal:
    """The command with a person who types a line after each question."""
    return run_on_terminal(*given, cwd=folder, env=environment(), typed=typed, pipe=True)


@pytest.mark.parametrize("form", ["text", "markdown", "json", "html"])
def test_who_says_yes_twice_sends_them(form: str, server: Told, folder: Path) -> None:
    """The server gets the secrets; the report says how many of which kind, and has none; nor has the store."""
    status, seen, printed = on_a_terminal(arguments(server, "--format", form), folder, FIRST, SECOND)
    assert status == 0, seen
    sent = server.asked[0][1]["input"]
    assert all(hidden in sent for leak in LEAKS for hidden in leak.hidden)
    assert "[REDACTED" not in sent
    for kind in ("github-token", "private-key", "connection-password"):
        assert kind in printed
    assert_hidden(LEAKS, seen, printed, kept_bytes())
    shown, stored = run("show", "last", folder=folder), run("show", "last", "--sent", folder=folder)
    assert "Secrets sent unredacted, with --no-redact: 1" in " ".join(shown.stdout.split())
    assert "secrets sent unredacted, with --no-redact, and not stored: 1" in stored.stdout
    assert_hidden(LEAKS, shown.stdout, stored.stdout, run("show", "--format", "json").stdout)


def test_json_counts_what_was_sent(server: Told, folder: Path) -> None:
    """Programs find the number of each kind under ``not_redacted``, which other reviews do not have."""
    _, _, printed = on_a_terminal(arguments(server, "--format", "json"), folder, FIRST, SECOND)
    assert json.loads(printed)["not_redacted"] == {"connection-password": 1, "github-token": 1, "private-key": 1}
    plain = [a for a in arguments(server, "--format", "json") if a != "--no-redact"]
    assert "not_redacted" not in json.loads(run(*plain, folder=folder).stdout)


def test_its_answer_is_not_used_again(server: Told, folder: Path) -> None:
    """Neither a later review with secrets nor one without is answered from the store by it, and the other way round."""
    plain = [a for a in arguments(server) if a != "--no-redact"]
    run(*plain, folder=folder)
    for _ in range(2):
        on_a_terminal(arguments(server), folder, FIRST, SECOND)
    assert len(server.asked) == 3
    run(*plain, folder=folder)
    assert len(server.asked) == 3
    assert TOKEN.hidden[0] not in json.dumps(server.asked[0][1])


@pytest.mark.parametrize(
    ("said", "status", "says"),
    [
        ([("Send them? (yes)", "y\n")], 2, "Nothing was sent."),
        ([("Send them? (yes)", "\n")], 2, "Nothing was sent."),
        ([FIRST, ("type the host's name", "yes\n")], 2, "Nothing was sent."),
        ([("Send them? (yes)", "\x04")], 130, "nothing was sent"),
    ],
)
def test_anything_but_two_answers_sends_nothing(
    said: list[tuple[str, str]], status: int, says: str, server: Told, folder: Path
) -> None:
    """One yes is not enough, and the second question cannot be answered like the first."""
    done, seen, printed = on_a_terminal(arguments(server), folder, *said)
    assert (done, printed) == (status, "")
    assert says in seen
    assert server.asked == []
    assert kept_bytes() == b""


def test_without_a_terminal_it_is_refused(server: Told, folder: Path) -> None:
    """A script cannot send secrets, whatever it writes to standard input."""
    done = run_command(*arguments(server), stdin="yes\n127.0.0.1\n", cwd=folder, env=environment())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "--no-redact sends secrets and asks you first: run it on a terminal, or omit it.\n"
    assert server.asked == []


def test_where_nobody_is_asked_it_makes_no_sense(folder: Path) -> None:
    """Without a model nothing is sent, and the option is refused."""
    done = run("review", "Orders.cs:10", "--provider", "none", "--no-redact", folder=folder)
    assert done.returncode == 2
    assert "no model is asked" in done.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_plan_says_what_would_be_sent(form: str, server: Told, folder: Path) -> None:
    """A dry run sends nothing, so that it asks nothing; it counts what would go out as it is."""
    done = run(*arguments(server, "--dry-run", "--format", form), folder=folder)
    assert done.returncode == 0, done.stderr
    assert server.asked == []
    if form == "json":
        plan = json.loads(done.stdout)
        assert (plan["redacted"], plan["not_redacted"]["github-token"]) == ({}, 1)
    else:
        assert "secrets sent unredacted: 1 connection-password, 1 github-token, 1 private-key" in done.stdout
    assert_hidden(LEAKS, done.stdout, done.stderr)


def test_the_other_commands_do_not_have_it(folder: Path) -> None:
    """What prompt prints may be kept and pasted anywhere: there is no way to have secrets in it."""
    for command in ("prompt", "context", "guard"):
        done = run(command, "Orders.cs:10", "--no-redact", folder=folder)
        assert done.returncode == 2
        assert "No such option" in done.stderr


def test_two_models_are_named_by_their_host(server: Told, folder: Path) -> None:
    """With several models at one address its name is asked for once; both get what was agreed to."""
    given = [a for a in arguments(server, "--models", "m-1,m-2") if a not in ("--model", "m-1")]
    status, seen, printed = on_a_terminal(given, folder, FIRST, SECOND)
    assert status == 0, seen
    assert [TOKEN.hidden[0] in asked for asked in (json.dumps(body) for _, body in server.asked)] == [True, True]
    assert "Secrets sent unredacted, with --no-redact: 1" in printed
    assert_hidden(LEAKS, seen, printed, kept_bytes())
