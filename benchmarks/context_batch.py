"""Many selections in one process, beside a bare parse of the files they are in.

usage: python benchmarks/context_batch.py FOLDER [--selections N] [--seed S]

Picks N lines in random C# files of FOLDER, runs ``ctxreview context --selections -`` on them and prints the ratio to one
Python process that imports tree-sitter and the grammar and parses each of these files once.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

BARE = (
    "import sys, tree_sitter, tree_sitter_c_sharp\n"
    "parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c_sharp.language()))\n"
    "for path in sys.stdin.read().splitlines():\n"
    "    parser.parse(open(path, 'rb').read())\n"
)


def timed(command: list[str], given: str, folder: Path, environment: dict[str, str]) -> tuple[float, str]:
    """Seconds that a process took, and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(
        command, input=given, text=True, cwd=folder, env=environment, check=False, capture_output=True
    )
    return time.perf_counter() - began, done.stdout


def main() -> None:
    """Print three rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--selections", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    files = sorted(p.relative_to(options.folder).as_posix() for p in options.folder.rglob("*.cs") if p.is_file())
    chosen: list[tuple[str, int]] = []
    while len(chosen) < options.selections:
        path = rng.choice(files)
        lines = (options.folder / path).read_bytes().count(b"\n")
        if lines > 10:
            chosen.append((path, rng.randint(10, lines)))
    named = "\n".join(sorted({path for path, _ in chosen}))
    given = "\n".join(f"{path}:{line}" for path, line in chosen)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    ours = [sys.executable, "-m", "ctxreview", "context", "--selections", "-", "--hops", "0", "--format", "json"]
    for _ in range(3):
        bare, _ = timed([sys.executable, "-c", BARE], named, options.folder, environment)
        took, printed = timed(ours, given, options.folder, environment)
        failed = printed.count('"schema": "ctxreview.error/1"')
        files_read = named.count("\n") + 1
        print(
            f"{len(chosen)} selections in {files_read} files: bare parse {bare:.2f} s, ctxreview {took:.2f} s, "
            f"ratio {took / bare:.2f} ({failed} refused: lines outside every type)"
        )


if __name__ == "__main__":
    main()
