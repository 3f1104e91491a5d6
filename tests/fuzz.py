"""Feeds ctxreview what nobody would write: ``python -m tests.fuzz --seconds 600``, from the repository's root.

Real samples of ``tests/`` are mutated: bytes of sources, selections, diffs, replies, a server's bytes, a repository's
settings. Whatever comes, a command ends in time and memory with status 0, 1 or 2, shows no traceback and no raw control
character, and says a sentence where the status is 2. Each case is run in this process's place by a worker, which calls the
console script's ``main`` and is started again when it hangs. A case that fails is made smaller and kept as a file;
``--replay FILE`` runs it again, ``--seed S --case N`` makes it again.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import difflib
import io
import json
import os
import random
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers import chunk, delta, events, message, response

HERE = Path(__file__).parent
SECONDS = 20.0
"""A case that takes longer hangs; the machine may be busy."""
MOST_BYTES = 1_500_000_000
"""Address space above what a worker has at its start: beyond it Python raises MemoryError."""
CASES_OF_A_WORKER = 300
"""Then it is started anew: what it has kept is not the case's."""
PORT = "PORT"
"""Stands for the server's port in a case's arguments."""


class Case(NamedTuple):
    """What one run gets. Names in ``files`` are relative to its folder; ``server`` is sent to whoever connects."""

    kind: str
    args: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]
    stdin: bytes = b""
    server: bytes = b""
    env: tuple[tuple[str, str], ...] = ()

    def dumps(self) -> str:
        """The case as one line of JSON."""
        b64 = lambda data: base64.b64encode(data).decode()  # noqa: E731
        files = [[name, b64(data)] for name, data in self.files]
        args = [a.encode("utf-8", "surrogateescape").decode("latin-1") for a in self.args]
        made = self._asdict() | {"args": args, "files": files, "stdin": b64(self.stdin), "server": b64(self.server)}
        return json.dumps(made)

    @staticmethod
    def loads(text: str) -> Case:
        """The case in a line that :meth:`dumps` made."""
        made = json.loads(text)
        args = (a.encode("latin-1").decode("utf-8", "surrogateescape") for a in made["args"])
        files = tuple((name, base64.b64decode(data)) for name, data in made["files"])
        env = tuple((k, v) for k, v in made["env"])
        stdin, server = (base64.b64decode(made[name]) for name in ("stdin", "server"))
        return Case(made["kind"], tuple(args), files, stdin, server, env)


class Ended(NamedTuple):
    """How a run ended: ``status`` is -1 where an exception came out; ``mark`` names what failed, ``""`` for nothing."""

    status: int
    out: str
    err: str
    seconds: float
    mark: str = ""


# --- what holds ----------------------------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def fault(case: Case, ended: Ended) -> str:
    """What is wrong with how a case ended, as a mark that is the same for the same fault; ``""`` for nothing."""
    if ended.mark:
        return ended.mark
    if "Traceback (most recent call last)" in ended.err:
        places = re.findall(r'File "[^"]*/(ctxreview/[^"]+)", line (\d+)', ended.err)
        raised = re.findall(
            r"^([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning|Iteration))\b", ended.err, re.M
        )
        last = raised[-1] if raised else "?"
        return f"traceback {last} {':'.join(places[-1]) if places else ''}"
    if ended.status not in (0, 1, 2):
        return f"status {ended.status}"
    # doctor prints a line for each problem instead.
    said = ended.err + (ended.out if case.args[:1] == ("doctor",) else "")
    if ended.status == 2 and not re.search(r"\w.*[.?!)”]\s*$", said, re.M):
        return "status 2 without a sentence"
    for name, text in (("standard output", ended.out), ("standard error", ended.err)):
        found = _CONTROL.search(text)
        if found is not None:
            return f"control character in {name}"
    if "json" in case.args and "--format" in case.args and ended.status != 2 and "sarif" not in case.args:
        try:
            several = ended.out.count("\n") > 1 and ended.out.lstrip().startswith('{"')
            for line in ended.out.splitlines() if several else [ended.out]:
                if line.strip():
                    json.loads(line, parse_constant=lambda c: json.loads(f"not JSON: {c}"))
        except ValueError:
            return "output that is not JSON"
    return ""


# --- the worker ----------------------------------------------------------------------------------------------


def work() -> None:
    """Reads cases, one a line, runs each, and answers with how it ended."""
    answers = os.fdopen(os.dup(1), "w")
    cases = os.fdopen(os.dup(0), "r")
    from ctxreview import interrupts  # noqa: F401
    from ctxreview.cli import app as cli  # noqa: F401

    before = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (before + MOST_BYTES, before + MOST_BYTES))
    server = _Server()
    for line in cases:
        answers.write(json.dumps(_ran(Case.loads(line), server)) + "\n")
        answers.flush()


def _ran(case: Case, server: _Server) -> Ended:
    """Runs one case in a folder of its own."""
    home = os.environ.copy()
    folder = Path(tempfile.mkdtemp(prefix="ctxreview-fuzz-"))
    try:
        for name, data in case.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        os.chdir(folder)
        os.environ.clear()
        os.environ |= {"PATH": home["PATH"], "HOME": str(folder), "GIT_CEILING_DIRECTORIES": str(folder.parent)}
        os.environ |= {f"XDG_{name}_HOME": f"{folder}/.xdg/{name}" for name in ("CONFIG", "STATE", "CACHE", "DATA")}
        os.environ |= {"TIKTOKEN_CACHE_DIR": str(folder / ".none"), **dict(case.env)}
        server.data = case.server
        args = [a.replace(PORT, str(server.port)) for a in case.args]
        return _called(args, case.stdin, folder)
    finally:
        os.chdir("/")
        os.environ.clear()
        os.environ |= home
        shutil.rmtree(folder, ignore_errors=True)


def _called(args: list[str], stdin: bytes, folder: Path) -> Ended:
    """Calls the console script's main, with its three streams in files."""
    from ctxreview.cli import app as cli

    kept = [os.dup(n) for n in range(3)]
    streams = sys.stdin, sys.stdout, sys.stderr
    (folder / ".in").write_bytes(stdin)
    with (folder / ".in").open("rb") as given, (folder / ".out").open("wb") as out, (folder / ".err").open("wb") as err:
        for n, file in enumerate((given, out, err)):
            os.dup2(file.fileno(), n)
    sys.stdin = io.TextIOWrapper(os.fdopen(0, "rb", closefd=False), errors="surrogateescape")
    sys.stdout, sys.stderr = (io.TextIOWrapper(os.fdopen(n, "wb", closefd=False), write_through=n == 2) for n in (1, 2))
    sys.argv = ["ctxreview", *args]
    started = time.monotonic()
    status, mark = 0, ""
    try:
        cli.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException as error:
        import traceback

        status = -1
        traceback.print_exc()
        if isinstance(error, MemoryError):
            mark = "memory"
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        seconds = time.monotonic() - started
        for n, fd in enumerate(kept):
            os.dup2(fd, n)
            os.close(fd)
        sys.stdin, sys.stdout, sys.stderr = streams
    shown = [(folder / name).read_bytes()[:4_000_000].decode("utf-8", "replace") for name in (".out", ".err")]
    return Ended(status, *shown, seconds, mark)


class _Server:
    """Sends the same bytes to whoever connects, whatever they ask, and closes."""

    def __init__(self) -> None:
        self.data = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            line, _ = self._socket.accept()
            threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with line:
            line.settimeout(2)
            try:
                line.recv(1_000_000)
                line.sendall(self.data)
                line.shutdown(socket.SHUT_WR)
                while line.recv(1_000_000):
                    pass
            except OSError:
                return


# --- the parent ----------------------------------------------------------------------------------------------


class Worker:
    """A worker process; started when it is needed, and again after it was ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._done = 0

    def run(self, case: Case) -> Ended:
        """How a case ends, a hang and a crash included."""
        if self._process is None or self._done >= CASES_OF_A_WORKER:
            self.end()
            self._process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz", "--worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=HERE.parent,
                start_new_session=True,
            )
            self._done = 0
        self._done += 1
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(case.dumps().encode() + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], SECONDS + (10 if self._done == 1 else 0))
            line = process.stdout.readline() if ready else b""
        except BrokenPipeError:
            ready, line = [process.stdout], b""
        if line:
            return Ended(*json.loads(line))
        self.end()
        return Ended(-1, "", "", SECONDS, "hang" if not ready else f"crash with {process.returncode}")

    def end(self) -> None:
        """End the process and all that it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                assert stream is not None
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
            self._process = None


# --- making cases --------------------------------------------------------------------------------------------

BITS = [
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", "\u2028\u202e\u200b\ufeff".encode()),
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b"\f",
        b"\t",
        b"\x1b[31m",
        b"\x07",
        b"\x9b",
        b"{",
        b"}",
        b"(",
        b")",
        b"[",
        b"]",
        b"<",
        b">",
        b";",
    ),
    *(
        b'"',
        b"'",
        b'"""',
        b'$"""',
        b'@"',
        b"/*",
        b"*/",
        b"//",
        b"///",
        b"#if X\n",
        b"#endif\n",
        b"#else\n",
        b"#elif ",
        b"#region\n",
    ),
    *(
        b"lock (_gate)\n{\n",
        b"using var t = new TransactionScope();\n",
        b"try {",
        b"} finally {",
        b"await ",
        b"yield return ",
        b"=> ",
    ),
    *(
        b"```\n",
        b"```csharp\n",
        b"```diff\n",
        b"~~~\n",
        b"@@ -1,3 +1,3 @@\n",
        b"@@ -0,0 +1 @@\n",
        b"--- a/x\n+++ b/x\n",
        b"\\ No newline",
    ),
    *(
        b"<<<<<<< SEARCH\n",
        b"=======\n",
        b">>>>>>> REPLACE\n",
        b"*** Begin Patch\n",
        b"// ... existing code ...\n",
        b"...",
        b"-",
        b"+",
    ),
    *(
        b"99999999999999999999",
        b"-1",
        b"0",
        b"1e999",
        b"NaN",
        b"null",
        b"true",
        b'{"a":',
        b"[[[[",
        b"\\ud800",
        b"\\u0000",
        b":1",
        b":1-9",
    ),
    *(
        b"data: ",
        b"event: error\n",
        b"HTTP/1.1 ",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
    ),
    *(
        b"**",
        b"!",
        b"*.cs",
        b"[scopes]\n",
        b"lock = [",
        b"a.b.c = ",
        b"[core]\n",
        b"\tfsmonitor = x\n",
        b"[include]\n\tpath = x\n",
    ),
]
"""What is put in: characters that end, open or change the meaning of something in one of the forms."""


class Maker:
    """Cases made of real samples by one random source."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def mutated(self, data: bytes, most: int = 6) -> bytes:
        """``data`` with one to ``most`` things done to it."""
        r = self.random
        for _ in range(r.randint(1, most)):
            data = self._lines(data) if r.random() < 0.4 else self._bytes(data)
        return data[:400_000]

    def _bytes(self, data: bytes) -> bytes:
        r = self.random
        at = r.randint(0, len(data))
        end = min(len(data), at + r.choice((1, 1, 4, 30, 400)))
        what = r.random()
        if what < 0.15:
            return data[:at] + data[end:]
        if what < 0.25:
            return data[:at]
        if what < 0.35:
            return data[:at] + bytes((r.randrange(256),)) + data[at + 1 :]
        if what < 0.45:
            return data[:end] + data[at:end] * r.choice((1, 2, 50)) + data[end:]
        if what < 0.52:
            return data[:at] + r.choice(BITS) * r.choice((50, 2_000)) + data[at:]
        if what < 0.6:
            other = self.source()[1]
            return data[:at] + other[r.randint(0, len(other)) :][: r.choice((5, 80, 2_000))] + data[at:]
        return data[:at] + r.choice(BITS) + data[at:]

    def _lines(self, data: bytes) -> bytes:
        r = self.random
        lines = data.splitlines(keepends=True) or [b""]
        i, j = sorted(r.randrange(len(lines)) for _ in range(2))
        what = r.random()
        if what < 0.3:
            del lines[i : i + r.choice((1, 1, 3, 10))]
        elif what < 0.5:
            lines.insert(j, lines[i])
        elif what < 0.65:
            lines[i], lines[j] = lines[j], lines[i]
        elif what < 0.75:
            lines[i:i] = lines[i : i + 3] * r.choice((2, 100))
        elif what < 0.9:
            lines[i] = r.choice(BITS) + lines[i]
        else:
            ends = r.choice((b"\r", b"\r\n", b"\n", b""))
            lines = [line.rstrip(b"\r\n") + ends for line in lines]
        return b"".join(lines)

    def word(self) -> str:
        """A text for an option."""
        r = self.random
        words = [
            "1",
            "0",
            "-1",
            "99999999999999999999",
            "1.5",
            "nan",
            "",
            " ",
            "none",
            "high",
            "json",
            "text",
            "x" * 300,
            "日本",
            "\x1b[31m",
        ]
        return r.choice([*words, "HEAD", "more/../.", "-", "/dev/null", "a,b", "openai:a,local:b", "*", "%s%n{0}"])

    def source(self) -> tuple[str, bytes]:
        """One of the C# files of the tests."""
        path = self.random.choice(SOURCES)
        return path.name, path.read_bytes()

    def place(self, data: bytes) -> str:
        """A line or a range in a file, mostly one that it has."""
        r = self.random
        count = data.count(b"\n") + 1
        first = r.randint(1, count)
        last = min(count + r.choice((0, 0, 0, 3)), first + r.choice((0, 2, 30)))
        return r.choice((f"{first}", f"{first}-{last}", f"{first}:{r.randint(0, 9)}-{last}:{r.randint(0, 90)}"))

    def options(self, command: str) -> list[str]:
        """Options that the command has."""
        r = self.random
        any_ = {
            "context": ["--hops", "--budget", "--format", "--root"],
            "review": [
                "--hops",
                "--budget",
                "--format",
                "--fail-on",
                "--message",
                "--max-tokens",
                "--max-cost",
                "--models",
            ],
            "lint": ["--format", "--select", "--ignore", "--fail-on", "--diff", "--baseline", "--root"],
            "guard": ["--format", "--fail-on", "--budget"],
            "prompt": ["--hops", "--budget", "--message", "--provider", "--model"],
            "intent": ["--hops", "--budget"],
            "config": ["--format", "--root"],
        }.get(command, [])
        sane = {
            "--format": ("json", "text", "markdown", "html", "sarif"),
            "--hops": ("0", "2"),
            "--fail-on": ("high", "note"),
        }
        made: list[str] = []
        for name in r.sample(any_, min(len(any_), r.choice((0, 0, 1, 1, 2)))):
            made += [name, r.choice(sane[name]) if name in sane and r.random() < 0.85 else self.word()]
        return made

    def case(self, kind: str) -> Case:
        """A case of one of the :data:`KINDS`."""
        return KINDS[kind](self)

    def of_source(self) -> Case:
        """Bytes of a source, for every command that reads one."""
        name, data = self.source()
        data = self.mutated(data)
        command = self.random.choice(("context", "context", "review", "lint", "prompt", "intent"))
        where = [name] if command == "lint" else [f"{name}:{self.place(data)}"]
        more = ["--provider", "none"] if command in ("review", "intent") else []
        other = self.source()
        return Case(
            "source", (command, *where, *more, *self.options(command)), ((name, data), (f"more/{other[0]}", other[1]))
        )

    def of_selection(self) -> Case:
        """Selections, as arguments, in a file and on standard input."""
        r = self.random
        name, data = self.source()
        good = [f"{name}:{self.place(data)}" for _ in range(4)]
        lines = b"\n".join(g.encode() for g in good)
        made = self.mutated(lines, 3)
        command = r.choice(("context", "review"))
        more = ["--provider", "none"] if command == "review" else []
        files = ((name, data), ("list.txt", made))
        if r.random() < 0.4:
            given = [os.fsdecode(line) for line in made.replace(b"\0", b"").split(b"\n")][:6]
            return Case("selection", (command, *more, *self.options(command), "--", *given), files)
        if r.random() < 0.5:
            return Case("selection", (command, "--selections", "-", *more, *self.options(command)), files, stdin=made)
        return Case("selection", (command, "--selections", "list.txt", *more, *self.options(command)), files)

    def of_diff(self) -> Case:
        """A diff between a source and a mutated one, and then mutated itself."""
        r = self.random
        name, data = self.source()
        before, after = (d.decode("utf-8", "replace").splitlines(keepends=True) for d in (data, self.mutated(data, 3)))
        head = r.choice((f"diff --git a/{name} b/{name}\nindex 1234567..89abcde 100644\n", ""))
        diff = head + "".join(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", n=r.choice((0, 3, 10))))
        text = diff.encode("utf-8", "replace")
        text = self.mutated(text, 4) if r.random() < 0.85 else text
        if r.random() < 0.3:
            text = b"Use this:\n\n```diff\n" + text + b"\n```\n"
        data = self.mutated(data, 1) if r.random() < 0.2 else data
        return self._guard("diff", name, data, text)

    def of_reply(self) -> Case:
        """A chat's answer."""
        path = self.random.choice(REPLIES)
        file = HERE / "replies/Stock.cs" if b"Stock" in path.read_bytes() else EXAMPLE
        name, data = file.name, file.read_bytes()
        return self._guard("reply", name, data, self.mutated(path.read_bytes()))

    def _guard(self, kind: str, name: str, data: bytes, text: bytes) -> Case:
        given = ("-",) if self.random.random() < 0.3 else ("answer",)
        args = ("guard", f"{name}:{self.place(data)}", "--suggestion", *given, *self.options("guard"))
        return Case(kind, args, ((name, data), ("answer", text)), stdin=text if given == ("-",) else b"")

    def of_server(self) -> Case:
        """What comes over the line from a provider's address."""
        r = self.random
        provider = r.choice(("openai", "anthropic", "local"))
        reply = (HERE / "replies/structured.json").read_text("utf-8")
        bodies = {
            "openai": events(delta(reply), response(text=reply, usage={"input_tokens": 7, "output_tokens": 5})),
            "anthropic": events(*message(reply)),
            "local": (*events(chunk(reply), chunk(finish="stop")), b"data: [DONE]\n\n"),
        }
        body = b"".join(bodies[provider])
        kind = "text/event-stream"
        if r.random() < 0.2:
            body, kind = b'{"error": {"message": "no", "type": "x", "code": 7}}', "application/json"
        body = self.mutated(body, 4) if r.random() < 0.8 else body
        status = r.choice(
            (
                "200 OK",
                "200 OK",
                "200 OK",
                "400 Bad",
                "401 No",
                "429 Slow",
                "500 Oops",
                "302 Found",
                "999 X",
                "204 None",
                "101 Switch",
            )
        )
        head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n".encode()
        head += b"location: /x\r\n" if status[0] == "3" else b""
        whole = head + b"\r\n" + body
        whole = self.mutated(whole, 3) if r.random() < 0.5 else whole
        where = f"http://127.0.0.1:{PORT}" + r.choice(("/v1", "", "/x/y?z#"))
        args = (
            "review",
            f"{EXAMPLE.name}:31-33",
            "--provider",
            provider,
            "--model",
            "m-1",
            "--base-url",
            where,
            *self.options("review"),
        )
        keys = (("OPENAI_API_KEY", "k"), ("ANTHROPIC_API_KEY", "k"), ("CTXREVIEW_CONNECT_SECONDS", "1"))
        times = (("CTXREVIEW_SILENCE_SECONDS", "2"), ("CTXREVIEW_TOTAL_SECONDS", "4"))
        return Case("server", args, ((EXAMPLE.name, EXAMPLE.read_bytes()),), server=whole, env=keys + times)

    def of_settings(self) -> Case:
        """What a repository, and its owner's own folder, may say."""
        r = self.random
        name, data = self.source()
        files = {name: data, **GIT_FOLDER} if r.random() < 0.7 else {name: data}
        for setting in r.sample(sorted(SETTINGS), r.choice((1, 1, 2))):
            files[setting] = self.mutated(SETTINGS[setting], 4)
        command = r.choice(("config", "lint", "lint", "context", "review", "doctor", "log"))
        args: Sequence[str] = {
            "context": (f"{name}:{self.place(data)}",),
            "review": (f"{name}:{self.place(data)}", "--provider", "none"),
            "lint": r.choice((("--diff", "HEAD"), (".",), ())),
            "doctor": ("--provider", "none"),
        }.get(command, ())
        return Case("settings", (command, *args, *self.options(command)), tuple(files.items()))


EXAMPLE = HERE.parent / "examples/record-service/src/RecordService.cs"
SOURCES = [EXAMPLE, HERE / "replies/Stock.cs", *sorted((HERE / "corpus").rglob("*.cs"))]
REPLIES = [p for p in sorted((HERE / "replies").iterdir()) if p.suffix in (".md", ".diff", ".json")]
KINDS: dict[str, Callable[[Maker], Case]] = {
    "source": Maker.of_source,
    "selection": Maker.of_selection,
    "diff": Maker.of_diff,
    "reply": Maker.of_reply,
    "server": Maker.of_server,
    "settings": Maker.of_settings,
}
SETTINGS: dict[str, bytes] = {
    ".ctxreview.toml": b'ignore = ["missing-intent"]\nbudget = 9000\n[scopes]\nlock = ["_gate.HoldAsync"]\ntransaction = ["_uow.Begin"]\n'
    b'[[checklist]]\nid = "mine"\nquestion = "Is it fine?"\n',
    "pyproject.toml": b'[project]\nname = "x"\n[tool.ctxreview]\nbudget = 7000\n[tool.ctxreview.scopes]\nlock = ["a.B"]\n',
    ".gitignore": b"bin/\n*.g.cs\n!keep.g.cs\n[a-c]*.cs\n**/obj/\n",
    "more/.gitignore": b"*\n!*.cs\n",
    ".gitattributes": b"*.cs text=auto eol=crlf diff=csharp\n*.bin binary\n",
    ".git/config": b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n[diff]\n\tnoprefix = true\n",
    ".git/info/exclude": b"*.tmp\n",
    ".git/HEAD": b"ref: refs/heads/main\n",
    ".xdg/CONFIG/ctxreview/config.toml": b'provider = "none"\nmodel = "m"\nbudget = 5000\nkeep_days = 3\n',
}


def _git_folder() -> dict[str, bytes]:
    """The files of an empty repository, as git makes them."""
    with tempfile.TemporaryDirectory() as made:
        env = {"PATH": os.environ["PATH"], "HOME": made}
        subprocess.run(["git", "init", "-q", "-b", "main", "--template=", "."], cwd=made, env=env, check=True)
        found = {str(p.relative_to(made)): p.read_bytes() for p in Path(made, ".git").rglob("*") if p.is_file()}
    return found | {".git/objects/.keep": b"", ".git/refs/.keep": b""}


GIT_FOLDER: dict[str, bytes] = {}


def _smaller(case: Case, mark: str, worker: Worker, seconds: float) -> Case:
    """A case that fails in the same way with less in it, as far as that is found in time."""
    until = time.monotonic() + seconds

    def fails(made: Case) -> bool:
        return time.monotonic() < until and fault(made, worker.run(made)) == mark

    for name in [n for n, _ in case.files]:
        made = case._replace(files=tuple(f for f in case.files if f[0] != name))
        case = made if fails(made) else case
    for i in reversed(range(1, len(case.args))):
        made = case._replace(args=case.args[:i] + case.args[i + 1 :])
        case = made if fails(made) else case
    parts: list[tuple[Callable[[Case], bytes], Callable[[Case, bytes], Case]]] = [
        (lambda c: c.stdin, lambda c, data: c._replace(stdin=data)),
        (lambda c: c.server, lambda c, data: c._replace(server=data)),
    ]
    for n in range(len(case.files)):
        parts.append(
            (
                lambda c, n=n: c.files[n][1],  # type: ignore[misc]
                lambda c, data, n=n: c._replace(  # type: ignore[misc]
                    files=(*c.files[:n], (c.files[n][0], data), *c.files[n + 1 :])
                ),
            )
        )
    for get, put in parts:
        size = len(get(case)) // 2
        while size and time.monotonic() < until:
            at = 0
            while at < len(get(case)) and time.monotonic() < until:
                data = get(case)
                made = put(case, data[:at] + data[at + size :])
                if fails(made):
                    case = made
                else:
                    at += size
            size //= 2
    return case


def _cases(seed: int, kinds: Sequence[str], first: int) -> Iterator[tuple[int, Case]]:
    n = first
    while True:
        yield n, Maker(f"{seed}:{n}").case(kinds[n % len(kinds)])
        n += 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run cases until the time is over; status 1 where one failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None, help="The same seed makes the same cases.")
    parser.add_argument("--only", choices=sorted(KINDS), help="Cases of one kind.")
    parser.add_argument("--case", type=int, help="Only the case of this number.")
    parser.add_argument("--keep", type=Path, default=Path(".fuzz"), help="Where cases that fail are kept.")
    parser.add_argument("--replay", type=Path, help="Run a kept case and show how it ends.")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.worker:
        work()
        return 0
    worker = Worker()
    try:
        if given.replay is not None:
            return _replayed(Case.loads(given.replay.read_text()), worker)
        return _fuzzed(given, worker)
    finally:
        worker.end()


def _replayed(case: Case, worker: Worker) -> int:
    ended = worker.run(case)
    mark = fault(case, ended)
    print(
        f"ctxreview {' '.join(map(repr, case.args))}\nstatus {ended.status} in {ended.seconds:.1f} s: {mark or 'as it should be'}"
    )
    print(ended.out[-2_000:], ended.err[-6_000:], sep="\n")
    return 1 if mark else 0


def _fuzzed(given: Any, worker: Worker) -> int:
    GIT_FOLDER.update(_git_folder())
    seed = int(time.time()) if given.seed is None else given.seed
    print(f"seed {seed}")
    kinds = [given.only] if given.only else list(KINDS)
    until = time.monotonic() + given.seconds
    done: Counter[tuple[str, int]] = Counter()
    known: set[str] = set()
    slowest = (0.0, 0)
    for n, case in _cases(seed, kinds, given.case or 0):
        if time.monotonic() > until:
            break
        ended = worker.run(case)
        mark = fault(case, ended)
        done[case.kind, ended.status] += 1
        slowest = max(slowest, (ended.seconds, n))
        if mark and mark not in known:
            known.add(mark)
            print(f"seed {seed} case {n} ({case.kind}): {mark}", flush=True)
            small = _smaller(case, mark, worker, 30.0)
            given.keep.mkdir(parents=True, exist_ok=True)
            kept = given.keep / f"{seed}-{n}.json"
            kept.write_text(small.dumps())
            print(f"  python -m tests.fuzz --replay {kept}", flush=True)
        if given.case is not None:
            break
    counts = ", ".join(f"{kind} with status {status}: {count}" for (kind, status), count in sorted(done.items()))
    print(
        f"{sum(done.values())} cases ({counts}); the slowest, {slowest[1]}, took {slowest[0]:.1f} s; {len(known)} faults."
    )
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
