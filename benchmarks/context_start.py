"""Whole-process time of ``ctxreview context``, and of ``guard`` on one edit, beside a bare parse of the same file, in one run.

usage: python benchmarks/context_start.py [--rounds N]

The bare process imports tree-sitter and the C# grammar and parses the file; it is what any tool of this kind has to
pay. Prints medians and the ratio of the two for files of 300 and of 5,000 lines, for ``guard`` of 1,000, all made here. Runs are
interleaved, since machines are noisy. Tokens are estimated; with ranks in tiktoken's cache a start takes some
0.2 s more for loading them, which is shown when they are there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = (
    "import sys, tree_sitter, tree_sitter_c_sharp\n"
    "parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c_sharp.language()))\n"
    "print(parser.parse(open(sys.argv[1], 'rb').read()).root_node.has_error)\n"
)

METHOD = """
    public bool Claim{n}(int tenant, string worker)
    {{
        if (worker is null) throw new ArgumentNullException(nameof(worker));
        using (var scope = new TransactionScope(TransactionScopeOption.Required))
        {{
            var record = _db.Records
                .Where(r => r.Tenant == tenant && r.Kind == {n})
                .OrderBy(r => r.Created)
                .FirstOrDefault(r => r.State == State.Pending);
            if (record == null)
            {{
                _logger.LogInformation("Nothing to claim for {{Tenant}}", tenant);
                return false;
            }}
            record.State = State.Claimed; // the row stays locked until Complete
            record.Worker = worker;
            lock (_gate) {{ _claimed[{n}]++; }}
            _db.SaveChanges();
            scope.Complete();
        }}
        return true;
    }}
"""

EDITED = "                .OrderBy(r => r.Created)"
"""A line of it that an edit replaces."""


def source(lines: int) -> str:
    """C# of about that many lines."""
    head = "using System;\n\nnamespace Bench;\n\npublic class Service\n{\n    private readonly object _gate = new();\n"
    methods = [METHOD.format(n=n) for n in range((lines - 8) // METHOD.count("\n"))]
    return head + "".join(methods) + "}\n"


def timed(command: list[str], environment: dict[str, str]) -> float:
    """Seconds that a process took, from start to end."""
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    installed = shutil.which("ctxreview", path=str(Path(sys.executable).parent))
    command = [installed] if installed else [sys.executable, "-m", "ctxreview"]
    with tempfile.TemporaryDirectory() as folder:
        # As a person's Python runs: with its byte code kept, and without ranks.
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
            "TIKTOKEN_CACHE_DIR": folder
        }
        answer = Path(folder) / "answer.txt"
        answer.write_text(EDITED.replace("Created", "Tenant"), "utf-8")
        for name, lines, hops in (
            *(("context", n, h) for h in "03" for n in (300, 5_000)),
            *(("guard", 1_000, h) for h in "03"),
        ):
            file = Path(folder) / name / f"Service{lines}.cs"
            file.parent.mkdir(exist_ok=True)
            file.write_text(source(lines), "utf-8")
            bare = [sys.executable, "-c", BARE, str(file)]
            at = next(
                n for n, line in enumerate(source(lines).splitlines(), 1) if n > lines // 2 and EDITED.strip() in line
            )
            edit = ["--suggestion", str(answer), "--replace"] if name == "guard" else []
            ours = [*command, name, f"{file}:{at}", *edit, "--hops", hops, "--format", "json"]
            timed(ours, environment)
            pairs = [(timed(bare, environment), timed(ours, environment)) for _ in range(rounds)]
            a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(y / x for x, y in pairs)
            print(
                f"{lines:5} lines, {hops} hops: bare parse {a * 1000:6.1f} ms, ctxreview {name} {b * 1000:6.1f} ms, ratio {ratio:.2f}"
            )


if __name__ == "__main__":
    main()
