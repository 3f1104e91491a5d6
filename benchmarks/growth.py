"""How time and memory grow with what a file or a repository has many of.

usage: python benchmarks/growth.py [SHAPE ...] [--part N] [--seconds S]

Each shape is made in a temporary folder at a quarter, at half and at all of its size, and one whole process of ``ctxreview``
runs on each, ended after S seconds. Printed are the seconds of processor time, the exponent (1: twice the size takes twice
as long; between the two largest runs, less the time of a start), the megabytes that the process held at most, and those
of the source; ``refused`` where it ended with an error's sentence (exit 2). ``--part 10`` makes all of them a tenth as large.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Files = dict[str, str]
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


class Shape(NamedTuple):
    """``made`` gives the files of a repository with ``size`` of something; ``command`` runs in it."""

    size: int
    made: Callable[[int], Files]
    command: tuple[str, ...]


class Run(NamedTuple):
    """One process: processor time in seconds, the most memory it held in bytes, and whether it came to its end in time.

    ``failed`` says whether it came to an error.
    """

    seconds: float
    held: int
    ended: bool
    failed: bool


def joined(form: str, count: int, between: str = "\n") -> str:
    """``form`` with each number below ``count`` for ``#``, and the next one for ``%``."""
    return between.join(form.replace("#", str(n)).replace("%", str(n + 1)) for n in range(count))


def method(body: str, around: str = "") -> Files:
    """A class whose method on line 3 has ``body``."""
    return {"A.cs": f"class A {{ object _a = new(); int _count; {around}\n\nvoid M(Db db, int x) {{\n{body}\n}} }}\n"}


def nested(before: str, after: str, count: int) -> str:
    """``count`` times ``before``, one inside the other."""
    return f"{joined(before, count)} _count++;\n{joined(after, count)}"


# --- what repositories have ---------------------------------------------------------------------------------


def parts(count: int) -> Files:
    """One partial type in many files."""
    part = "partial class A {{ int _f{0}; public void M{0}() {{ lock (_gate) {{ _f{0}++; M0(); }} }} }}\n"
    files = {f"A{n}.cs": part.format(n) for n in range(count)}
    return {**files, "A0.cs": f"partial class A {{ object _gate = new(); int _f0; int _shared;\n{part[18:].format(0)}"}


def private_parts(count: int) -> Files:
    """One partial type in many files whose private methods call each other in a ring and share state."""
    part = "partial class A { int _f#; void M#() { lock (_gate) { _f#++; _count++; M%(); } } }"
    first = f"partial class A {{ object _gate = new(); int _count;\nvoid M() {{ lock (_gate) {{ _count++; M0(); }} }}\nvoid M{count}() {{ M(); }} }}"
    return {"A.cs": first, **{f"A{n}.cs": part.replace("#", str(n)).replace("%", str(n + 1)) for n in range(count)}}


def callers(count: int) -> Files:
    """One method that many others of a file call, each under a lock."""
    calls = joined("void C#() { lock (_gate) { _a.Target(1); _n++; } }", count)
    target = "class A { int _count;\npublic void Target(int x) {\n_count++; } }"
    return {"A.cs": target, "B.cs": f"class B {{ A _a; object _gate; int _n;\n{calls}\n}}"}


def calling_files(count: int) -> Files:
    """One method that many files call."""
    target = "public class A { int _count;\npublic void Target(int x) {\n_count++; } }"
    call = "class B# { A _a; object _gate; int _n; void C#() { lock (_gate) { _a.Target(1); _n++; } } }"
    return {"A.cs": target, **{f"B{n}.cs": call.replace("#", str(n)) for n in range(count)}}


def chain(count: int) -> Files:
    """Types that derive from each other."""
    first = "public class T0 { protected int _count; public virtual void M(int x) {\n_count++; M(1);\n} }\n"
    return {"A.cs": first + joined("class T% : T# { public override void M(int x) { base.M(x); } }", count)}


def fan(count: int) -> Files:
    """Types that derive from one."""
    first = "public class T { protected int _count; public virtual void M(int x) {\n_count++; M(1);\n} }\n"
    return {"A.cs": first + joined("class T# : T { public override void M(int x) { base.M(x); } }", count)}


def ring(count: int) -> Files:
    """Methods that call each other in a ring."""
    calls = joined("void M%() { lock (_a) { M#(); } }", count)
    return {"A.cs": f"class A {{ object _a = new(); int _count;\nvoid M0() {{\n_count++; M{count}();\n}}\n{calls}\n}}"}


def mesh(count: int) -> Files:
    """Methods each of which calls every other one."""
    inside = joined("M#();", count, " ")
    calls = joined("void M#() { $ }", count).replace("$", inside)
    return {"A.cs": f"class A {{ object _a = new(); int _count;\nvoid M() {{\n_count++; M1();\n}}\n{calls}\n}}"}


ORDINARY = """
    /// <summary>Keeps order number #.</summary>
    public async Task<int> Save#(Order order, CancellationToken token)
    {
        if (order is null) throw new ArgumentNullException(nameof(order));
        var total = 0;
        foreach (var line in order.Lines.Where(l => l.Amount > 0))
        {
            total += line.Amount * line.Price; // what it costs
        }
        lock (_gate)
        {
            _totals[order.Id] = total;
        }
        await using var transaction = await _db.Database.BeginTransactionAsync(token);
        _db.Orders.Add(order);
        await _db.SaveChangesAsync(token);
        await transaction.CommitAsync(token);
        return total;
    }
"""


def ordinary(count: int) -> Files:
    """Ordinary methods in one file."""
    head = "using System;\nnamespace Shop;\npublic class Orders\n{\n    private readonly object _gate = new();\n"
    state = "    private readonly Dictionary<int, int> _totals = new();\n    private readonly Db _db;\n"
    return {"A.cs": head + state + joined(ORDINARY, count, "") + "}\n"}


def selections(count: int) -> Files:
    """One selection given many times."""
    return {**ordinary(10), "s.txt": "A.cs:20\n" * count}


def different(count: int) -> Files:
    """Selections of many lines."""
    return {**ordinary(count // 20 + 1), "s.txt": "".join(f"A.cs:{line}\n" for line in range(10, count + 10))}


def locks(count: int) -> Files:
    """Distinct locks, one taken under the next."""
    fields = joined("readonly object _g# = new(); int _n#;", count + 1)
    return {"A.cs": f"class A {{\n{fields}\n{joined('void M#() { lock (_g#) lock (_g%) { _n#++; } }', count)}\n}}"}


def overloads(count: int) -> Files:
    """Overloads of one method, and as many calls of it."""
    declared = joined("public void Target(T# x) { _count++; }", count)
    calls = joined("void C#(T# x) { Target(x); }", count)
    return {
        "A.cs": f"public class A {{ int _count;\npublic void Target(int x) {{\n_count++; }}\n{declared}\n{calls}\n}}"
    }


def guarded(count: int, body: str) -> Files:
    """A chat's answer that changes one line of a method with as many pieces of ``body``."""
    files = method(joined(body, count))
    changed = files["A.cs"].replace("_count++", "_count--", 1)
    return {**files, "answer.md": f"Change it:\n\n```csharp\n{changed}```\n"}


def scattered(count: int) -> Files:
    """A chat's answer that changes every method of a file a little."""
    files = ordinary(count)
    changed = files["A.cs"].replace("return total;", "return total + 1;")
    return {**files, "answer.md": f"Change it:\n\n```csharp\n{changed}```\n"}


CONTEXT = ("context", "A.cs:3", "--root", ".", "--format", "json", "--budget", "1000000")
ANSWER = ("guard", "A.cs:4", "--root", ".", "--suggestion", "answer.md", "--format", "json", "--budget", "100000000")
LINT = ("lint", "--root", ".", "--format", "json", "-q")
BATCH = ("context", "--selections", "s.txt", "--root", ".", "--format", "json")

REAL = {
    "parts of a type": Shape(1000, parts, ("context", "A0.cs:2", *CONTEXT[2:])),
    "parts that call": Shape(1000, private_parts, ("context", "A.cs:2", *CONTEXT[2:], "--hops", "100000")),
    "parts, lint": Shape(1000, parts, LINT),
    "callers in a file": Shape(8000, callers, CONTEXT),
    "files that call": Shape(4000, calling_files, CONTEXT),
    "derived in a chain": Shape(8000, chain, ("context", "A.cs:2", *CONTEXT[2:])),
    "derived in a fan": Shape(8000, fan, ("context", "A.cs:2", *CONTEXT[2:])),
    "a ring of calls": Shape(8000, ring, CONTEXT),
    "a ring, all hops": Shape(8000, ring, (*CONTEXT, "--hops", "100000")),
    "a mesh of calls": Shape(120, mesh, CONTEXT),
    "ordinary code": Shape(3000, ordinary, ("context", "A.cs:20", *CONTEXT[2:])),
    "ordinary, lint": Shape(3000, ordinary, LINT),
    "equal selections": Shape(100000, selections, BATCH),
    "many selections": Shape(2000, different, BATCH),
    "distinct locks, lint": Shape(4000, locks, LINT),
    "calls and overloads": Shape(2600, overloads, CONTEXT),
    "scopes, guard": Shape(1600, lambda n: guarded(n, "lock (_a) { _count++; }"), ANSWER),
    "usings, guard": Shape(
        1600, lambda n: guarded(n, "using (var t# = db.BeginTransaction()) { t#.Commit(); }"), ANSWER
    ),
    "sorted loops, guard": Shape(
        1600,
        lambda n: guarded(
            n, "foreach (var v# in db.All.OrderBy(k => k)) { Monitor.Enter(_a); _count++; Monitor.Exit(_a); }"
        ),
        ANSWER,
    ),
    "a large file, guard": Shape(990, scattered, ANSWER),
}
"""What real repositories can have."""

MADE_UP: dict[str, tuple[int, Callable[[int], str], str]] = {
    "using declarations": (20000, lambda n: joined("using var t# = db.BeginTransaction();", n), ""),
    "variables": (10000, lambda n: joined("var t# = db.BeginTransaction(); t#.Commit();", n), ""),
    "nested lambdas": (20000, lambda n: nested("Run(x => {", "});", n), ""),
    "else if": (20000, lambda n: joined("if (x == #) { _count++; }", n, " else "), ""),
    "#elif": (20000, lambda n: "#if A\n_count++;\n" + joined("#elif A#\n_count++;", n) + "\n#endif", ""),
    "deep calls": (200000, lambda n: "x = " + "F(" * n + "x" + ")" * n + ";", ""),
    "chained calls": (60000, lambda n: "db" + joined(".With(x => #)", n, "") + ";", ""),
    "nested try": (20000, lambda n: nested("try {", "} finally { _count--; }", n), ""),
    "gotos": (20000, lambda n: joined("L#: if (x > #) goto L%;", n) + f"\nL{n}: ;", ""),
    "open braces": (100000, lambda n: joined("if (x > #) {", n), ""),
    "closing braces": (100000, lambda n: joined("_count++; }", n), ""),
    "nested types": (20000, lambda n: "_count++;", "class B# { int _b;"),
    "nested transactions": (10000, lambda n: nested("using (var t# = db.BeginTransaction()) {", "}", n), ""),
    "nested locks": (20000, lambda n: nested("lock (_a) {", "}", n), ""),
    "nested pairs": (10000, lambda n: nested("Monitor.Enter(_a); try {", "} finally { Monitor.Exit(_a); }", n), ""),
}
"""How many make about a megabyte, the body of a method with as many, and what is declared beside it: context, lint, and guard of one edit."""


def made_up(name: str) -> Callable[[int], Files]:
    """The files of one of these shapes."""
    _, body, beside = MADE_UP[name]
    return lambda n: method(body(n), joined(beside, n) + "}" * n if beside else "")


def edited(name: str) -> Callable[[int], Files]:
    """The same with a statement before it, and a diff that changes that statement."""
    _, body, beside = MADE_UP[name]
    diff = "--- a/A.cs\n+++ b/A.cs\n@@ -3,2 +3,2 @@\n void M(Db db, int x) {\n-_count++;\n+_count--;\n"

    def made(count: int) -> Files:
        files = method(f"_count++;\n{body(count)}", joined(beside, count) + "}" * count if beside else "")
        return {**files, "answer.diff": diff}

    return made


DIFF = ("guard", "A.cs:4", "--root", ".", "--suggestion", "answer.diff", "--format", "json", "--budget", "100000000")

SHAPES = {
    **REAL,
    **{name: Shape(size, made_up(name), CONTEXT) for name, (size, _, _) in MADE_UP.items()},
    **{f"{name}, lint": Shape(size, made_up(name), LINT) for name, (size, _, _) in MADE_UP.items()},
    **{f"{name}, guard": Shape(size, edited(name), DIFF) for name, (size, _, _) in MADE_UP.items()},
}


def run(command: tuple[str, ...], folder: Path, seconds: float) -> Run:
    """One whole process of ``ctxreview``, ended after so many seconds of the clock."""
    process = subprocess.Popen(
        (sys.executable, "-m", "ctxreview", *command),
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + seconds
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            taken = used.ru_utime + used.ru_stime
            return Run(taken, used.ru_maxrss * 1024, process.returncode >= 0, process.returncode > 1)
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.01)


def main() -> None:
    """Print a line for each shape."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", nargs="*", help=f"of: {', '.join(SHAPES)}")
    parser.add_argument("--part", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    print(f"{'shape':28}{'size':>8}{'1/4':>8}{'1/2':>8}{'all':>8}{'n^':>6}{'MB':>7}{'source':>8}", flush=True)
    for name in options.shape or SHAPES:
        shape = SHAPES[name]
        size = max(4, shape.size // options.part)
        runs, start, source = [], 0.0, 0
        for count in (1, size // 4, size // 2, size):
            with tempfile.TemporaryDirectory() as scratch:
                files = shape.made(count)
                for path, text in files.items():
                    (Path(scratch) / path).write_text(text, "utf-8")
                done = run(shape.command, Path(scratch), options.seconds)
            if count == 1:
                start = done.seconds
                continue
            runs.append(done)
            source = sum(map(len, files.values()))
            if not done.ended:
                break
        shown = "".join(f"{r.seconds:8.1f}" if r.ended else "       -" for r in runs) + " " * 8 * (3 - len(runs))
        ended = [r for r in runs if r.ended]
        growth = [max(0.01, r.seconds - start) for r in ended[-2:]]
        power = f"{math.log2(growth[1] / growth[0]):6.1f}" if len(growth) > 1 else " " * 6
        memory = f"{max(r.held for r in runs) / 1e6:7.0f}{source / 1e6:8.1f}"
        print(f"{name:28}{size:8}{shown}{power}{memory}{'  refused' * any(r.failed for r in runs)}", flush=True)


if __name__ == "__main__":
    main()
