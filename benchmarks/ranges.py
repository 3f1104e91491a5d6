"""Whether ``guard --diff A..B`` says of each file what the guard says of that file's own diff, and how long both take.

usage: python benchmarks/ranges.py GIT_DIR [--commits N] [--skip K] [--hops H]

Goes back through N commits that change C# files, merges left out, after the K newest of them. Each commit is compared with its
parent as a range, from git's objects alone. Then the parent's files are written to a folder, and each file that the commit changes is
compared on its own: the lines from the first to the last that differ are the selection, and their new text is the answer. Printed are
the files of which the two say different things, with what only one of them says, and the seconds of processor time that each took.
In a commit that changes one file the two have to agree; in others they may differ, where files bear on each other.
"""

from __future__ import annotations

import argparse
import subprocess
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from history import differing

from ctxreview import CtxreviewError, guard
from ctxreview.model.review import ComparedFile, Finding
from ctxreview.review.versions import change_of_range, compare

Said = Counter[tuple[str, str, str, int, str]]


def said(findings: Iterable[Finding]) -> Said:
    """What findings say, with their lines; how many files were read beyond the changed ones is left out."""
    return Counter(
        (f.severity, f.rule, f.certainty, f.at.start_line, f.message) for f in findings if f.rule != "unread-files"
    )


def alone(file: ComparedFile, root: Path, hops: int) -> Said | None:
    """What the guard says of one file's change in the folder of the version before; ``None`` where it was refused."""
    text = file.before.data.decode("utf-8", "replace")
    new = file.after.data.decode("utf-8", "replace")
    part = differing(text.splitlines(keepends=True), new.splitlines(keepends=True))
    if part is None:
        return Counter()
    first, last, lines = part
    try:
        results = guard(f"{root / file.was}:{first}-{last}", lines, replace=True, root=root, hops=hops, budget=10**9)
    except CtxreviewError:
        return None
    return said(f for result in results for f in result.findings) if all(r.applied for r in results) else None


def main() -> None:
    """Compare, and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("git_dir", type=Path)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--hops", type=int, default=3)
    options = parser.parse_args()
    git = ["git", f"--git-dir={options.git_dir}"]
    told = ["log", "--no-merges", f"-n{options.commits}", f"--skip={options.skip}", "--format=%H", "--", "*.cs"]
    commits = subprocess.run([*git, *told], capture_output=True, check=True, text=True).stdout.split()
    count: Counter[str] = Counter()
    took = [0.0, 0.0]
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder, "checkout")
        checkout.mkdir()
        Path(checkout, ".git").write_text(f"gitdir: {options.git_dir.resolve()}\n")
        for number, commit in enumerate(commits):
            began = time.process_time()
            try:
                together = compare(change_of_range(f"{commit}^..{commit}", checkout.resolve()), options.hops)
            except CtxreviewError as error:
                count["not a range"] += 1
                print(f"{commit[:12]} {error}", flush=True)
                continue
            seconds = time.process_time() - began
            took[0] += seconds
            slowest = max(slowest, (seconds, f"{commit[:12]} with {len(together.files)} files"))
            count["commits"] += 1
            for sentence in together.failed:
                print(f"{commit[:12]} {sentence}")
            parent = Path(folder, f"{number}").resolve()
            tar = subprocess.run([*git, "archive", f"{commit}^", "--", "*.cs"], capture_output=True, check=False).stdout
            with tarfile.open(fileobj=BytesIO(tar)) as files:
                files.extractall(parent, filter="data")
            for file in together.files:
                if not file.was or file.gone:
                    count["new or gone"] += 1
                    continue
                began = time.process_time()
                own = alone(file, parent, options.hops)
                took[1] += time.process_time() - began
                if own is None:
                    count["refused alone"] += 1
                    continue
                its = said(file.result.findings)
                kind = "same" if its == own else "differ"
                count[f"{kind}, of {'one file' if len(together.files) == 1 else 'several files'}"] += 1
                if its != own:
                    print(f"{commit[:12]} {file.after.path}, of {len(together.files)} files")
                    for one in (its - own).elements():
                        print(f"    only in the range: {one}")
                    for one in (own - its).elements():
                        print(f"    only alone:        {one}")
    print(
        f"{dict(count)}; {took[0]:.0f} s as ranges, {took[1]:.0f} s alone; the longest {slowest[0]:.1f} s: {slowest[1]}"
    )


if __name__ == "__main__":
    main()
