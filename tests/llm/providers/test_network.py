"""The command between proxies, certificates and people who press Ctrl-C; and the examples of docs/providers.md."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import select
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from ctxreview.llm.providers import wire
from tests import ROOT
from tests.commands import run_command
from tests.llm.providers.test_faults import DOCUMENT, HARMLESS, deaf, kept, whole
from tests.samples import EXAMPLE, QUERY, READ_ONLY
from tests.servers import JSON, Answer, Told, certificates, error, proxying, serving

KEY = "sk-test-c42b90d1e7f35a68"
RESPONSES, CHAT, MESSAGES = "/v1/responses", "/v1/chat/completions", "/v1/messages"
HOSTS = ("api.anthropic.com", "resource.openai.azure.com", "llm.example.com")
NEEDS_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="the certificates are made by openssl")


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that finds nothing to change."""
    with serving() as told:
        told.answers[RESPONSES] = [whole("responses")]
        yield told


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate authority of our own, and a server that it vouches for."""
    return certificates(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1", *(f"DNS:{host}" for host in HOSTS))


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """This process's environment without its keys, proxies, certificates and settings."""
    unwanted = re.compile(r"(OPENAI|ANTHROPIC|CTXREVIEW)_\w+|\w+_proxy|SSL_CERT_\w+", re.IGNORECASE)
    state = {"CTXREVIEW_STATE_DIR": os.environ["CTXREVIEW_STATE_DIR"], "XDG_CONFIG_HOME": str(folder)}
    mine = {k: v for k, v in os.environ.items() if not unwanted.fullmatch(k)}
    return mine | {"OPENAI_API_KEY": KEY} | state | variables


def run(folder: Path, *arguments: str, where: Path = EXAMPLE, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command as a process."""
    done = run_command(*arguments, cwd=where, env=environment(folder, **variables))
    assert KEY not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def review(url: str, *more: str) -> list[str]:
    """The arguments of a review by the server at ``url``."""
    return ["review", QUERY, "--base-url", f"{url}/v1", "--model", "m-1", "--format", "json", *more]


# --- proxies and certificates ------------------------------------------------------------------------------


def test_http_proxy(tmp_path: Path, server: Told) -> None:
    """``HTTP_PROXY`` is gone through, for a host that only the proxy knows."""
    with proxying(server.url) as proxy:
        done = run(tmp_path, *review("http://llm.invalid"), HTTP_PROXY=proxy.url)
    assert done.returncode == 0, done.stderr
    assert proxy.lines == ["POST http://llm.invalid/v1/responses HTTP/1.1"]


def test_no_proxy(tmp_path: Path, server: Told) -> None:
    """Hosts in ``NO_PROXY`` are asked past the proxy."""
    with proxying(server.url) as proxy:
        done = run(
            tmp_path, *review("http://llm.invalid"), HTTP_PROXY=proxy.url, NO_PROXY="llm.invalid", CTXREVIEW_RETRIES="0"
        )
    assert (done.returncode, proxy.lines) == (2, [])
    assert "openai at llm.invalid cannot be reached" in done.stderr


@pytest.mark.parametrize("provider", ["openai", "local"])
def test_this_machine_is_asked_past_the_proxy(tmp_path: Path, server: Told, provider: str) -> None:
    """Code for a server of this machine is not given to a proxy, which would read it."""
    server.answers[CHAT] = [whole("local")]
    with proxying(server.url) as proxy:
        done = run(tmp_path, *review(server.url, "--provider", provider), HTTP_PROXY=proxy.url, ALL_PROXY=proxy.url)
    assert (done.returncode, proxy.lines) == (0, [])


def test_a_proxy_that_refuses(tmp_path: Path, server: Told) -> None:
    """A proxy that lets nothing through is named as what hinders, and asked once."""
    with proxying(server.url, refuses=True) as proxy:
        done = run(tmp_path, *review("https://llm.invalid"), HTTPS_PROXY=proxy.url)
    assert (done.returncode, proxy.lines) == (2, ["CONNECT llm.invalid:443 HTTP/1.1"])
    assert "cannot be reached through the proxy: check HTTPS_PROXY and NO_PROXY." in done.stderr


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_that_is_none(tmp_path: Path, variable: str) -> None:
    """A variable that is not a proxy's address is one sentence, which does not quote its password."""
    done = run(tmp_path, *review("https://llm.invalid"), **{variable: "ftp://me:hunter2@proxy:1"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not the address of an http:// or https:// proxy: correct it." in done.stderr
    assert "hunter2" not in done.stderr


@NEEDS_OPENSSL
def test_an_authority_of_ones_own(tmp_path: Path, authority: tuple[Path, ssl.SSLContext]) -> None:
    """A certificate that nobody here trusts is refused with what to set, and accepted once that is set."""
    ca, context = authority
    with serving(context) as server:
        server.answers[RESPONSES] = [whole("responses")]
        refused = run(tmp_path, *review(server.url))
        assert (refused.returncode, server.asked) == (2, [])
        assert "shows a certificate that is not trusted: name your CA file in SSL_CERT_FILE." in refused.stderr
        assert run(tmp_path, *review(server.url), SSL_CERT_FILE=str(ca)).returncode == 0
        assert len(server.asked) == 1


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_certificate_file_that_is_none(tmp_path: Path, server: Told, text: str | None) -> None:
    """A file that is missing, or holds none, is one sentence that names the variable."""
    if text is not None:
        (tmp_path / "ca.pem").write_text(text)
    done = run(tmp_path, *review(server.url), SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    assert (done.returncode, done.stdout, server.asked) == (2, "", [])
    assert "SSL_CERT_FILE or SSL_CERT_DIR names no certificates that can be used" in done.stderr


# --- the document's examples -------------------------------------------------------------------------------

SHOWN = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@NEEDS_OPENSSL
@pytest.mark.parametrize("line", SHOWN)
def test_a_shown_command(tmp_path: Path, authority: tuple[Path, ssl.SSLContext], line: str) -> None:
    """Each command of the document does what it says; but for those of this machine to the letter, by a proxy that
    brings them to a server with the certificate of the address that is shown."""
    ca, context = authority
    own = "--provider local" in line
    with serving(None if own else context) as server, proxying(server.url) as proxy:
        server.answers |= {p: [whole("responses")] for p in (RESPONSES, "/openai/v1/responses")}
        server.answers |= {CHAT: [whole("local")], MESSAGES: [whole("anthropic")]}
        server.answers["/v1/models"] = [Answer((b'{"object": "list", "data": [{"id": "gemma"}]}',), kind=JSON)]
        variables = {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(ca), "ANTHROPIC_API_KEY": KEY}
        if own:
            line = line.replace("http://127.0.0.1:8080", server.url)
            variables = {} if "--base-url" in line else {"CTXREVIEW_BASE_URL": f"{server.url}/v1"}
        name, *arguments = shlex.split(line)
        assert name == ".venv/bin/ctxreview"  # as the README sets it up
        done = run(tmp_path, *arguments, where=ROOT, **variables)
        assert done.returncode == 0, done.stderr
        assert "Leave it as it is." in done.stdout
        assert len(server.asked) == 1
        assert [p.split(":")[0].removeprefix("CONNECT ") in HOSTS for p in proxy.lines] == ([] if own else [True])
    if own:
        named = arguments[arguments.index("--model") + 1] if "--model" in arguments else "gemma"
        assert (server.asked[0][1]["model"], server.got) == (named, [] if "--model" in arguments else ["/v1/models"])
        assert "no charge" in done.stdout
        assert kept()[0]["cost"] == 0


# --- a model of one's own ----------------------------------------------------------------------------------


def local(url: str, *more: str) -> list[str]:
    """The arguments of a review by a local model."""
    return ["review", QUERY, "--provider", "local", "--base-url", f"{url}/v1", "--format", "json", *more]


def listed(*names: str) -> Answer:
    """A server's list of models."""
    return Answer((json.dumps({"object": "list", "data": [{"id": n} for n in names]}).encode(),), kind=JSON)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (listed("b", "a"), "has several models (“a, b”): choose one with --model."),
        (listed(), "has no model yet: load one, for Ollama with ollama pull NAME."),
        (Answer((b"<html>hello</html>",), kind="text/html"), "did not answer as this API does: check --base-url"),
        (Answer((b'{"data": 7}',), kind=JSON), "did not answer as this API does: check --base-url"),
        (error(404, {"detail": "Not Found"}), "has no such address or no model"),
    ],
)
def test_which_model(tmp_path: Path, server: Told, answer: Answer, says: str) -> None:
    """Where no model is named and there is not exactly one, nothing is sent and it is said what to do."""
    server.answers["/v1/models"] = [answer]
    done = run(tmp_path, *local(server.url))
    assert (done.returncode, done.stdout, server.asked) == (2, "", [])
    assert says in done.stderr


def test_a_local_request(tmp_path: Path, server: Told) -> None:
    """The schema goes along; no key does, and prompt and reply fit a small context."""
    server.answers |= {CHAT: [whole("local")], "/v1/models": [listed("gemma")]}
    done = run(tmp_path, *local(server.url))
    assert done.returncode == 0, done.stderr
    (path, body), *more = server.asked
    assert (path, body["model"], body["max_tokens"], more) == (CHAT, "gemma", 8_000, [])
    assert body["response_format"]["type"] == "json_schema"
    assert KEY not in json.dumps(server.headers)
    assert json.loads(done.stdout)["context"]["tokens"]["budget"] == 8_000
    assert (
        json.loads(run(tmp_path, *local(server.url, "--budget", "9000")).stdout)["context"]["tokens"]["budget"] == 9000
    )


@pytest.mark.parametrize(("read", "status"), [(1000, 2), (1700, 0), (2600, 0)])
def test_a_prompt_that_was_cut(tmp_path: Path, server: Told, read: int, status: int) -> None:
    """A server that read far less than was sent has seen a fragment: there is no review. Others count otherwise."""
    pieces = whole("local").pieces
    server.answers[CHAT] = [Answer((*pieces[:-1], pieces[-1].replace(b"2000", str(read).encode())))]
    done = run(tmp_path, *local(server.url, "--model", "gemma"))
    assert done.returncode == status, done.stderr
    assert len(kept()) == (status == 0)
    if status:
        assert "read only a part of the prompt (“1,000 of about" in done.stderr
        assert "give it a larger context, or lower --budget." in done.stderr


def test_a_model_that_thinks_aloud(tmp_path: Path, server: Told) -> None:
    """Thoughts before the answer are not part of it."""
    server.answers[CHAT] = [whole("local", f"<think>\nIs it locked? {{}}\n</think>\n\n{HARMLESS}")]
    done = run(tmp_path, *local(server.url, "--model", "qwen3"))
    assert done.returncode == 0, done.stderr
    assert (json.loads(done.stdout)["summary"], len(server.asked)) == ("Leave it as it is.", 1)


def test_the_plan_of_a_local_model(tmp_path: Path, server: Told) -> None:
    """A dry run of a local model touches no network, and says that no provider charges for it."""
    done = run(tmp_path, *local(server.url)[:-2], "--dry-run", "--max-cost", "0.01")
    assert (done.returncode, server.got, server.asked) == (0, [], [])
    assert "cost: none; a model that you run yourself, without a provider that charges" in done.stdout
    assert "model: the one that the server has" in done.stdout


def test_doctor_of_a_local_model(tmp_path: Path, server: Told) -> None:
    """``doctor`` says which model would be asked, or that the server does not run."""
    server.answers["/v1/models"] = [listed("gemma")]
    done = run(tmp_path, "doctor", "--provider", "local", "--base-url", f"{server.url}/v1")
    assert "local answers; the model is gemma" in done.stdout
    with deaf(listening=False) as nobody:
        done = run(tmp_path, "doctor", "--provider", "local", "--base-url", f"{nobody}/v1")
    assert done.returncode == 2
    assert "does not answer: start it" in done.stdout


# --- Ctrl-C ------------------------------------------------------------------------------------------------


def on_a_terminal(folder: Path, arguments: list[str], until: str, after: float) -> tuple[int, float, str]:
    """Status, seconds from Ctrl-C to the end, and all that the terminal showed; it must be left as it was."""
    controller, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    child = subprocess.Popen(
        [sys.executable, "-m", "ctxreview", *arguments],
        stdin=terminal, stdout=terminal, stderr=terminal, cwd=EXAMPLE, env=environment(folder),
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # noqa: PLW1509
    )  # fmt: skip
    seen, pressed = "", 0.0
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end and child.poll() is None:
            if select.select([controller], [], [], 0.02)[0]:
                seen += os.read(controller, 65536).decode("utf-8", "replace")
            if not pressed and until in seen:
                time.sleep(after)
                os.write(controller, b"\x03")
                pressed = time.monotonic()
        took = time.monotonic() - pressed
        while select.select([controller], [], [], 0.1)[0]:
            seen += os.read(controller, 65536).decode("utf-8", "replace")
        assert termios.tcgetattr(terminal) == before
        return child.wait(1), took, seen
    finally:
        child.kill()
        child.wait()
        os.close(controller)
        os.close(terminal)


MOMENTS = 15
AT_ONCE = 5.0
"""Seconds; 0.03 where nothing else runs. What is made to be slow would go on for longer."""

SLOW = {
    "mid-stream": ([Answer(whole("responses").pieces[:1] * 100, pause=0.3)], "characters", 0.0),
    "before the first byte": ([Answer(before=20.0)], "Asking", 1.5),
    "while it waits to ask again": ([error(429, {}, **{"retry-after": "30"})], "Asking again", 0.1),
}


@pytest.mark.parametrize("moment", SLOW)
def test_ctrl_c(tmp_path: Path, server: Told, moment: str) -> None:
    """Ctrl-C ends the command at once: the line is cleared; of two reviews the finished one is kept, the other is asked next time."""
    answers, until, after = SLOW[moment]
    server.answers[RESPONSES] = [whole("responses")]
    assert run(tmp_path, *review(server.url)).returncode == 0
    server.answers[RESPONSES] = answers
    selections = [READ_ONLY] if until == "characters" else [QUERY, READ_ONLY]
    named = ["--verbose"] if len(selections) > 1 else []
    arguments = ["review", *selections, *named, *review(server.url)[2:]]
    status, took, seen = on_a_terminal(tmp_path, arguments, until, after)
    assert (status, took < AT_ONCE) == (130, True), (took, seen)
    assert "Traceback" not in seen, seen
    last = seen.replace("\r\n", "\n").rsplit("\x1b[2K", 1)[-1]
    if len(selections) == 1:
        assert last == "Stopped; the current selection was not finished.\n"
        assert len(kept()) == 1
        return
    assert last.endswith(
        "Stopped; the current selection was not finished. To continue, run the same command: finished reviews come from the store.\n"
    )
    assert [r["answered_from"] for r in kept()] == [None, 1]
    server.answers[RESPONSES] = [whole("responses")]
    assert [json.loads(line)["from_store"] for line in run(tmp_path, *arguments).stdout.splitlines()] == [True, False]


def test_ctrl_c_at_any_moment(tmp_path: Path, server: Told) -> None:
    """Whenever it comes, from the first import to the last, there is no traceback and the store is whole."""
    server.answers[RESPONSES] = [Answer(whole("responses").pieces, pause=0.1)]
    started = time.monotonic()
    assert run(tmp_path, *review(server.url, "--fresh")).returncode == 0
    takes = time.monotonic() - started
    moments = random.Random(0)
    finished = 1
    for _ in range(MOMENTS):
        with subprocess.Popen(
            [sys.executable, "-m", "ctxreview", *review(server.url, "--fresh")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=EXAMPLE, env=environment(tmp_path),
        ) as child:  # fmt: skip
            started = time.monotonic()
            with suppress(subprocess.TimeoutExpired):
                child.wait(moments.uniform(0.1, 1.4 * takes))
                takes = min(takes, time.monotonic() - started)  # the first run may have shared the machine
            child.send_signal(signal.SIGINT)
            pressed = time.monotonic()
            out, err = child.communicate(timeout=30)
        assert time.monotonic() - pressed < AT_ONCE
        assert "Traceback" not in err, err
        # Python ends by the signal itself where it came while a text was run as code, as named tuples do.
        assert child.returncode in (0, 130, -signal.SIGINT)
        finished += child.returncode == 0
        assert out or child.returncode
        assert len(kept()) >= finished
    assert finished <= MOMENTS, "nothing was interrupted: the test has shown nothing"


def test_ctrl_c_without_a_connection(tmp_path: Path) -> None:
    """A server that takes no connection does not hold the command either."""
    with deaf(listening=True) as url:
        status, took, seen = on_a_terminal(tmp_path, review(url), "Asking", 1.5)
    assert (status, took < AT_ONCE) == (130, True), (took, seen)
    assert kept() == []


def test_ctrl_c_while_selections_are_read(tmp_path: Path) -> None:
    """Also where no model is asked, Ctrl-C is one sentence and no finding's status."""
    status, _, seen = on_a_terminal(tmp_path, ["--version"], "never", 0.0)
    assert status == 0
    status, took, seen = on_a_terminal(tmp_path, ["review", "--selections", "-", "--provider", "none"], "", 1.5)
    assert (status, took < AT_ONCE) == (130, True), (took, seen)
    assert seen.replace("\r\n", "\n").endswith("Stopped.\n")


def test_certificates_are_read_once() -> None:
    """Questions that begin at once share one set of trusted certificates: to read them takes as long as a short review."""
    wire._certificates_read.cache_clear()
    began = threading.Barrier(16)

    def read(_: int) -> int:
        began.wait()
        return id(wire._certificates(None, None))

    with ThreadPoolExecutor(16) as threads:
        assert len(set(threads.map(read, range(16)))) == 1
    assert wire._certificates_read.cache_info().misses == 1
