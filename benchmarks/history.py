"""The guard on every edit of a repository's history: what raises, and what takes long.

usage: python benchmarks/history.py GIT_DIR [--commits N] [--skip K] [--limit S]

Goes back through N commits that change C# files, merges left out, after the K newest of them. Each file that a commit changes
is one comparison in this process: the lines from the first to the last one that differ are the selection, and their new text is
the answer. Printed are each comparison that ended with another error than the documented ones or that took more than S seconds of processor time,
how many were refused (a selection outside every type, say), and how many had which verdict.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from ctxreview import CtxreviewError, guard


class Change(NamedTuple):
    """A file that a commit changes, with the names of both its blobs."""

    commit: str
    path: str
    old: str
    new: str


def changes(git: list[str], commits: int, skip: int) -> Iterator[Change]:
    """The C# files that each commit changes, newest commit first."""
    told = [
        "log",
        "--no-merges",
        f"-n{commits}",
        f"--skip={skip}",
        "--raw",
        "--no-abbrev",
        "--diff-filter=MR",
        "--format=%H",
    ]
    commit = ""
    for line in (
        subprocess.run([*git, *told, "--", "*.cs"], capture_output=True, check=True)
        .stdout.decode("utf-8", "replace")
        .splitlines()
    ):
        if line.startswith(":"):
            fields, *paths = line.split("\t")
            _, _, old, new, _ = fields.split()
            yield Change(commit, paths[-1], old, new)
        elif line:
            commit = line


def blob(store: subprocess.Popen[bytes], name: str) -> str | None:
    """A blob's text, without what is no UTF-8; ``None`` where the repository does not have it."""
    asked, answers = pipe(store.stdin), pipe(store.stdout)
    asked.write(name.encode() + b"\n")
    asked.flush()
    words = answers.readline().split()
    if words[-1] == b"missing":
        return None
    return answers.read(int(words[-1]) + 1)[:-1].decode("utf-8", "replace")


def pipe(end: IO[bytes] | None) -> IO[bytes]:
    """An end of a process that was started with it."""
    assert end is not None
    return end


def differing(old: list[str], new: list[str]) -> tuple[int, int, str] | None:
    """The first and last line (1-based) that differ in ``old``, and their text in ``new``; ``None`` where nothing does."""
    if old == new or not old:
        return None
    first = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    same = 0
    while same < min(len(old), len(new)) - first and old[-1 - same] == new[-1 - same]:
        same += 1
    if first == len(old) - same:  # nothing but new lines: with the one before them, or after
        first, same = (first - 1, same) if first else (first, same - 1)
    return first + 1, len(old) - same, "".join(new[first : len(new) - same])


def main() -> None:
    """Compare, and print what is worth a look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("git_dir", type=Path)
    parser.add_argument("--commits", type=int, default=3000)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--limit", type=float, default=5.0)
    options = parser.parse_args()
    git = ["git", f"--git-dir={options.git_dir}"]
    store = subprocess.Popen([*git, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    count: Counter[str] = Counter()
    seen: set[str] = set()
    with tempfile.TemporaryDirectory() as root:
        for change in changes(git, options.commits, options.skip):
            seen.add(change.commit)
            old, new = blob(store, change.old), blob(store, change.new)
            part = differing(old.splitlines(keepends=True), new.splitlines(keepends=True)) if old and new else None
            if old is None or part is None:
                count["nothing to compare"] += 1
                continue
            first, last, text = part
            began = time.process_time()
            try:
                results = guard(
                    f"Code.cs:{first}-{last}", text, replace=True, text=old, root=root, hops=0, budget=10**9
                )
                count[results[0].verdict if results else "no change"] += 1
            except CtxreviewError as error:
                count[f"refused: {type(error).__name__}"] += 1
            except Exception:
                count["RAISED"] += 1
                print(
                    f"raised  {change.commit[:12]} {change.path}:{first}-{last}\n{traceback.format_exc()}", flush=True
                )
            took = time.process_time() - began
            if took > options.limit:
                count["SLOW"] += 1
                print(
                    f"{took:6.1f} s {change.commit[:12]} {change.path}:{first}-{last} of {old.count(chr(10))}",
                    flush=True,
                )
    print(f"{len(seen)} commits, {sum(count.values()) - count['SLOW']} files: {dict(count.most_common())}")


if __name__ == "__main__":
    main()
