"""A context across a repository, beside a bare parse and a structural search of all its files.

usage: python benchmarks/workspace.py FOLDER SELECTION... [--many N] [--copies]

For each SELECTION (``path/in/FOLDER.cs:LINE``) one whole process of ``ctxreview context`` with one and with three hops, beside
one process that parses every C# file of FOLDER and, where ``ast-grep`` is installed, one that searches the same call. ``--many``
takes N lines of random files as one batch; ``--copies`` repeats the first selection in 1, 2, 4 and 8 copies of the folder.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = (
    "import sys, tree_sitter, tree_sitter_c_sharp\n"
    "parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c_sharp.language()))\n"
    "for path in sys.stdin.read().splitlines():\n"
    "    parser.parse(open(path, 'rb').read())\n"
)
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def timed(command: list[str], folder: Path, given: str = "") -> tuple[float, str]:
    """Seconds that a process took, and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(
        command, input=given, text=True, cwd=folder, env=ENVIRONMENT, check=False, capture_output=True
    )
    return time.perf_counter() - began, done.stdout


def context(folder: Path, selection: str, hops: int) -> tuple[float, str]:
    """One selection in a process of its own."""
    ours = [sys.executable, "-m", "ctxreview", "context", selection, "--hops", str(hops), "--format", "json"]
    return timed([*ours, "--root", "."], folder)


def searched(folder: Path, name: str) -> float | None:
    """Seconds of a structural search of the same call; ``None`` where there is no ``ast-grep``."""
    if shutil.which("ast-grep") is None:
        return None
    return min(timed(["ast-grep", "run", "-p", f"$A.{name}($$$)", "-l", "cs", "."], folder)[0] for _ in range(2))


def many(folder: Path, files: list[str], count: int) -> None:
    """A batch of selections beside one of them."""
    rng = random.Random(1)
    chosen = []
    while len(chosen) < count:
        path = rng.choice(files)
        lines = (folder / path).read_bytes().count(b"\n")
        if lines > 20:
            chosen.append(f"{path}:{rng.randint(10, lines)}")
    alone = sorted(context(folder, one, 3)[0] for one in chosen[:5])
    ours = [sys.executable, "-m", "ctxreview", "context", "--selections", "-", "--root", "."]
    took, _ = timed(ours, folder, "\n".join(chosen))
    median = alone[len(alone) // 2]
    print(
        f"{count} selections together {took:.1f} s, one alone {median:.2f} s: {count * median / took:.1f} times less than each"
    )


def copies(folder: Path, selection: str) -> None:
    """The same selection in growing trees."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        for number in (1, 2, 4, 8):
            while len(list(tree.iterdir())) < number:
                shutil.copytree(
                    folder, tree / f"copy{len(list(tree.iterdir()))}", ignore=shutil.ignore_patterns(".git")
                )
            took, _ = context(tree, f"copy0/{selection}", 1)
            size = sum(p.stat().st_size for p in tree.rglob("*.cs"))
            print(f"{number} copies, {size / 1e6:.0f} MB: one hop {took:.2f} s")


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("selection", nargs="+")
    parser.add_argument("--many", type=int, default=0)
    parser.add_argument("--copies", action="store_true")
    options = parser.parse_args()
    folder: Path = options.folder
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.cs") if p.is_file())
    bare, _ = timed([sys.executable, "-c", BARE], folder, "\n".join(files))
    print(f"bare parse of {len(files)} files: {bare:.1f} s")
    for selection in options.selection:
        one, printed = context(folder, selection, 1)
        three, _ = context(folder, selection, 3)
        name = json.loads(printed)["functions"][-1]["name"]
        stands = sum(name.encode() in (folder / path).read_bytes() for path in files)
        found = searched(folder, name)
        beside = f", {one / found:.2f} of ast-grep ({found:.1f} s)" if found is not None else ""
        print(
            f"{name} in {stands} files: one hop {one:.2f} s, {one / bare:.2f} of the parse{beside}; "
            f"three hops {three:.2f} s, {three / bare:.2f} of the parse"
        )
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"largest process: {memory / 1024:.0f} MB")
    if options.many:
        many(folder, files, options.many)
    if options.copies:
        copies(folder, options.selection[0])


if __name__ == "__main__":
    main()
