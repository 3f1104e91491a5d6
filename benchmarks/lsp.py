"""Time from the start of ``ctxreview lsp`` to its first diagnostic, and from a keystroke to the diagnostics of that version, in one run.

usage: python benchmarks/lsp.py [--lines N] [--rounds N]

The file is made here: methods that take locks and transactions. Beside the start stands a process that imports tree-sitter and the C#
grammar and parses the file, beside a keystroke the parse alone: what anything of this kind has to pay. Keystrokes are those of some statements in the middle
of the file, most of them incomplete, one at a time, each when the one before was told; the pause that the server makes before it looks is in what is printed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_c_sharp
from context_start import BARE, source

TYPED = "var open = _claimed.Where(n => n > 3).ToList(); if (open.Any()) { _db.SaveChanges(); }"


class Server:
    """A server process, asked over its pipes with as little around it as can be."""

    def __init__(self, folder: Path) -> None:
        command = shutil.which("ctxreview", path=str(Path(sys.executable).parent)) or "ctxreview"
        self._process = subprocess.Popen(
            [command, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self.send("initialized", {})

    def send(self, method: str, params: Any, known: int | None = None) -> None:
        """Send a request or notification."""
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        data = json.dumps(message if known is None else {**message, "id": known}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._process.stdin.flush()

    def ask(self, method: str, params: Any) -> Any:
        """The result of a request."""
        self.send(method, params, 1)
        while (message := self._next()).get("id") != 1:
            pass
        return message["result"]

    def told(self, version: int) -> int:
        """Wait for the diagnostics of a version; how many there are."""
        while True:
            params = self._next().get("params") or {}
            if params.get("version") == version and "diagnostics" in params:
                return len(params["diagnostics"])

    def _next(self) -> Any:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.startswith(b"Content-Length:"):
                length = int(line.split(b":")[1])
        return json.loads(self._process.stdout.read(length))

    def close(self) -> None:
        """End it."""
        self.ask("shutdown", None)
        self.send("exit", None)
        self._process.wait()


def first(folder: Path, file: Path, text: str) -> tuple[float, Server]:
    """Seconds from the start of a server to its first diagnostics, and the server."""
    began = time.perf_counter()
    server = Server(folder)
    document = {"uri": file.as_uri(), "languageId": "csharp", "version": 1, "text": text}
    server.send("textDocument/didOpen", {"textDocument": document})
    server.told(1)
    return time.perf_counter() - began, server


def keystroke(server: Server, file: Path, at: tuple[int, int], key: str, version: int) -> float:
    """Seconds from an edit to the diagnostics of the version that it makes."""
    place = {"line": at[0], "character": at[1]}
    change = {"range": {"start": place, "end": place}, "text": key}
    began = time.perf_counter()
    document = {"uri": file.as_uri(), "version": version}
    server.send("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    server.told(version)
    return time.perf_counter() - began


def bare(file: Path) -> float:
    """Seconds of a process that parses the file and does no more."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE, str(file)], check=True, capture_output=True)
    return time.perf_counter() - began


def parse(data: bytes) -> float:
    """Seconds of a parse in a process that runs already."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c_sharp.language()))
    began = time.perf_counter()
    parser.parse(data)
    return time.perf_counter() - began


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    text = source(given.lines)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        file = folder / "Service.cs"
        file.write_text(text, "utf-8")
        starts, bares, keys, parses = [], [], [], []
        for round_ in range(given.rounds + 1):
            alone = bare(file)
            seconds, server = first(folder, file, text)
            if round_:  # the first one compiles and fills caches
                starts.append(seconds)
                bares.append(alone)
            if round_ == given.rounds:
                line = next(n for n in range(given.lines // 2, given.lines) if "_db.SaveChanges" in text.split("\n")[n])
                for number, key in enumerate(TYPED):
                    keys.append(keystroke(server, file, (line, number), key, number + 2))
                    parses.append(parse(text.encode()))
                    time.sleep(0.05)
            server.close()
    rows = (("start to first diagnostic", starts, bares), ("keystroke to diagnostics", keys, parses))
    print(f"{text.count(chr(10)):,} lines")
    for said, ours, theirs in rows:
        a, b = statistics.median(ours), statistics.median(theirs)
        print(
            f"{said}: median {a * 1000:,.0f} ms, worst {max(ours) * 1000:,.0f}; bare parse {b * 1000:,.0f}: {a / b:.1f}"
        )


if __name__ == "__main__":
    main()
