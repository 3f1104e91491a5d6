"""Lint of a folder, beside a bare parse of all its files.

usage: python benchmarks/lint.py FOLDER [--runs N]

Whole processes, the fastest of N runs in turn: one that parses every C# file of FOLDER on one core, ``ctxreview lint`` held to
one core, and ``ctxreview lint`` on two.
"""

from __future__ import annotations

import argparse
import os
import resource
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
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def timed(command: list[str], folder: Path, cores: int, given: str = "") -> tuple[float, str]:
    """Seconds that a process took on so many cores, and the last line it printed."""
    some = sorted(os.sched_getaffinity(0))[:cores]

    def held() -> None:
        os.sched_setaffinity(0, some)

    began = time.perf_counter()
    done = subprocess.run(
        command,
        input=given,
        text=True,
        cwd=folder,
        env=ENVIRONMENT,
        check=False,
        capture_output=True,
        preexec_fn=held,
    )
    took = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(done.stderr)
    return took, done.stdout.rpartition("\n")[0].rpartition("\n")[2]


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    files = "\n".join(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.cs") if p.is_file()))
    ours = [sys.executable, "-m", "ctxreview", "lint", str(folder)]
    bare, one, two = [], [], []
    for _ in range(options.runs):  # in turn, so that a noisy minute is everybody's
        bare.append(timed([sys.executable, "-c", BARE], folder, 1, files)[0])
        took, said = timed(ours, folder, 1)
        one.append(took)
        two.append(timed(ours, folder, 2)[0])
    print(f"bare parse of {files.count(chr(10)) + 1} files on one core: {min(bare):.2f} s")
    print(f"lint on one core: {min(one):.2f} s, {min(one) / min(bare):.2f} of the parse")
    print(f"lint on two cores: {min(two):.2f} s, {min(two) / min(bare):.2f} of the parse")
    print(f"largest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
    print(said)


if __name__ == "__main__":
    main()
