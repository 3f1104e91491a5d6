"""Seconds that each tool of ``ctxreview mcp`` takes on a checkout, for members all over it, by the SDK's client.

usage: python benchmarks/agents.py ROOT [--members N] [--other-files]

Members are those whose functions hold a transaction or lock, from files all over the checkout. The first call of each tool is told by
itself: it loads what the tool needs. A change is the member as it is with a comment at its end, and the same as a diff. With ``--other-files``
the other files are read for each call.
"""

from __future__ import annotations

import argparse
import difflib
import random
import shutil
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters

import ctxreview


def members(root: Path, most: int) -> list[tuple[str, int, int, str]]:
    """Members that hold a scope: path, first and last line, text; the same ones in each run."""
    files = sorted(path for path in root.rglob("*.cs") if path.is_file() and path.stat().st_size < 300_000)
    random.Random(7).shuffle(files)
    found = []
    for path in files:
        if len(found) >= most:
            break
        try:
            made = ctxreview.scopes(path, root=root)
        except ctxreview.CtxreviewError:
            continue
        around = [member for region in made.regions if (member := made.member_of(region.opening)) is not None]
        if around:
            first, last = made.source.lines_of(around[0].span)
            text = "\n".join(made.source.line(n) for n in range(first, last + 1))
            found.append((made.source.path, first, last, text))
    return found


def diff_of(path: str, first: int, text: str) -> str:
    """A diff that adds a comment at the end of some lines."""
    old = [f"{line}\n" for line in text.split("\n")]
    new = [*old[:-1], old[-1].replace("\n", " // x\n")]
    lines = [*difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")]
    return "".join([*lines[:2], _shifted(lines[2], first - 1), *lines[3:]])


def _shifted(hunk: str, by: int) -> str:
    """The head of a hunk, so many lines further down."""
    marks = hunk.split(" ")
    for at in (1, 2):
        start, _, count = marks[at][1:].partition(",")
        marks[at] = f"{marks[at][0]}{int(start) + by}" + (f",{count}" if count else "")
    return " ".join(marks)


async def measured(root: Path, chosen: list[tuple[str, int, int, str]], others: bool) -> None:
    """Print what the calls take."""
    command = shutil.which("ctxreview", path=str(Path(sys.executable).parent)) or "ctxreview"
    took: dict[str, list[float]] = defaultdict(list)
    failed = 0

    async def timed(tool: str, call: Awaitable[Any]) -> None:
        nonlocal failed
        began = time.perf_counter()
        made = await call
        took[tool].append(time.perf_counter() - began)
        failed += made.is_error

    async with Client(StdioServerParameters(command=command, args=["mcp", "--root", str(root)])) as client:
        more = {"other_files": True} if others else {}
        for path, first, last, text in chosen:
            lines = {"path": path, "start_line": first, "end_line": last}
            calls: dict[str, dict[str, Any]] = {
                "expand_selection": {**lines, **more},
                "find_scopes": {"path": path},
                "check_suggestion": {**lines, **more, "replacement": f"{text} // x"},
                "check_diff": {**more, "patch": diff_of(path, first, text)},
                "list_hazards": {"path": path, **more},
            }
            for tool, given in calls.items():
                await timed(tool, client.call_tool(tool, given))
    print(f"{len(chosen)} members of {root}, {failed} calls refused")
    print(f"{'tool':18} {'first':>6} {'median':>7} {'most':>6}  seconds")
    for tool, (begun, *rest) in took.items():
        print(f"{tool:18} {begun:6.2f} {statistics.median(rest):7.2f} {max(rest):6.2f}")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--members", type=int, default=30)
    parser.add_argument("--other-files", action="store_true")
    given = parser.parse_args()
    root = given.root.resolve()
    anyio.run(measured, root, members(root, given.members), given.other_files)


if __name__ == "__main__":
    main()
