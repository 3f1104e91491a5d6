"""A pasted fragment as a selection: found in a file or a repository whatever became of it, or listed, or refused; never silently elsewhere."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ctxreview.guard.placing.likeness import nearest
from tests import ROOT
from tests.commands import Done, run_command
from tests.guard.test_versions import SERVICE, repo
from tests.samples import EXAMPLE
from tests.workspace.test_git import write

__all__ = ["repo"]
LINES = (EXAMPLE / SERVICE).read_text("utf-8").splitlines()
QUERY = LINES[30:33]
BODY = LINES[23:47]
METHOD = "\n".join(BODY)


def found(done: Done) -> tuple[str, int, int]:
    """Path, first and last line of what was selected."""
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["selection"]
    return told["path"], told["start_line"], told["end_line"]


def text(repo: Path, fragment: str, *given: str) -> Done:
    """The command with a fragment on standard input, in a file, without the repository around."""
    given = given or (SERVICE,)
    return run_command(
        "context", *given, "--text", "-", "--hops", "0", "--format", "json", cwd=repo, stdin=fragment.encode()
    )


@pytest.mark.parametrize(
    ("fragment", "first", "last"),
    [
        pytest.param("\n".join(QUERY), 31, 33, id="as it is"),
        pytest.param("\n".join(line.strip() for line in QUERY), 31, 33, id="no indentation"),
        pytest.param("\n".join("\t" + line for line in BODY), 24, 47, id="tabs"),
        pytest.param("\r\n".join(QUERY) + "\r\n\r\n", 31, 33, id="line ends"),
        pytest.param("\ufeff" + "\r".join(QUERY), 31, 33, id="mark and old line ends"),
        pytest.param(" ".join(line.strip() for line in QUERY), 31, 33, id="one line"),
        pytest.param("\n\n".join(QUERY).replace("(r =>", " ( r  =>\u00a0"), 31, 33, id="blanks"),
        pytest.param("```csharp\n" + "\n".join(QUERY) + "\n```\n", 31, 33, id="code fence"),
        pytest.param("worker;\n            record.ClaimedAtUtc = DateTime", 41, 42, id="parts of lines"),
        pytest.param("\n".join([*BODY[:3], "    // ... existing code ...", BODY[-1]]), 24, 47, id="lines left out"),
        pytest.param("...\n" + "\n".join(QUERY) + "\n// rest unchanged", 31, 33, id="ends left out"),
        pytest.param("_db.Records.Where(...).FirstOrDefault(r => r.Id == recordId);", 31, 33, id="arguments left out"),
        pytest.param("public bool UpdateRecord(Guid tenantId, Guid recordId, string worker) { ... }", 24, 47, id="body left out"),
    ],
)  # fmt: skip
def test_a_fragment_is_found(repo: Path, fragment: str, first: int, last: int) -> None:
    """Layout and what is left out do not matter, and nothing is said: it stands there."""
    done = text(repo, fragment)
    assert found(done) == (SERVICE, first, last)
    assert done.stderr == ""


def test_a_selection_that_cuts_words_is_found_beside_the_caret(repo: Path) -> None:
    """An editor's selection begins and ends where it likes; elsewhere such a fragment is none."""
    cut = f"{LINES[30][19:]}\n{LINES[31][:19]}"
    assert cut.startswith("ord = _db") and cut.endswith(".Wh")
    done = text(repo, cut, f"{SERVICE}:32")
    assert found(done) == (SERVICE, 31, 32) and done.stderr == ""
    assert found(text(repo, cut, f"{SERVICE}:31")) == (SERVICE, 31, 32)
    for given in (f"{SERVICE}:40", SERVICE):
        assert "The fragment stands nowhere" in text(repo, cut, given).stderr


@pytest.mark.parametrize(
    ("fragment", "first", "last"),
    [
        (METHOD.replace("Status = RecordStatus.Claimed", "State = RecordStatus.Taken"), 24, 47),
        (METHOD.replace("            record.ClaimedBy = worker;\n", ""), 24, 47),
        (METHOD.replace("scope.Complete();", "scope.Complete();\n            _log.Info(worker);"), 24, 47),
        ("\n".join(QUERY).replace("recordId", "otherId"), 31, 33),
        (METHOD.replace("string worker", "string by").replace("\n".join(BODY[7:16]), "// ..."), 24, 47),
        (LINES[39].replace("Claimed", "Taken"), 40, 40),
    ],
)
def test_unsaved_lines_are_seen_through(repo: Path, fragment: str, first: int, last: int) -> None:
    """Lines that changed, came or went do not hide the place, and how much differs is said."""
    done = text(repo, fragment)
    assert found(done) == (SERVICE, first, last)
    assert f"{SERVICE}:{first}" in done.stderr
    assert "is taken for the fragment" in done.stderr


def test_the_caret_decides_between_equals(repo: Path) -> None:
    """Several places are listed with their members, and status is 2; the caret's line, a range or a member decides, if it clearly does."""
    lock = "        lock (_gate)\n        {\n"
    write(repo, {"src/Cache.cs": (repo / "src/Cache.cs").read_text().replace("lock (_gate) { return _count; }", "lock (_gate)\n        {\n            return _count;\n        }")})  # fmt: skip
    done = text(repo, lock, "src/Cache.cs")
    assert (done.returncode, done.stdout) == (2, "")
    assert "stands at 2 places" in done.stderr
    assert "src/Cache.cs:10-11 in Put; src/Cache.cs:19-20 in Count" in done.stderr
    for caret, first in (
        ("10", 10),
        ("9", 10),
        ("19-20", 19),
        ("22", 19),
        ("Count", 19),
        ("Cache.Put", 10),
    ):
        assert found(text(repo, lock, f"src/Cache.cs:{caret}")) == ("src/Cache.cs", first, first + 1)
    assert text(repo, lock, "src/Cache.cs:15").returncode == 2


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        (
            "var order = await _orders.FindAsync(id);\norder.Ship(clock.Now);\n",
            "stands nowhere in src/RecordService.cs",
        ),
        ("{ } { } { } }", "stands nowhere in src/RecordService.cs"),
        ("record.Gone();", "stands nowhere in src/RecordService.cs"),
        ("\n  \n", "The fragment is empty"),
        ("// ...\n", "The fragment is empty"),
        ("x" * 10_001, "is not read. A line of it has 10,001 characters"),
        ("a b c d e f g h i j k\n" * 2_000, "up to 20,000 are read"),
    ],
)
def test_what_is_not_there_is_refused(repo: Path, fragment: str, said: str) -> None:
    """One sentence says so, and nothing is printed."""
    done = text(repo, fragment)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_everywhere_ends_soon(repo: Path) -> None:
    """Lines that are all alike, edited or left out between, and a line that is longer than any are told of in a few seconds."""
    rows = "    Foo(1, 2);\n" * 2_000
    write(repo, {"src/Same.cs": f"class Same\n{{\n    void M()\n    {{\n{rows}    }}\n}}\n"})
    for fragment in (
        rows[:1_500],
        f"{rows[:1_500]}Foo(1, 3);",
        "Foo(1, 2);\n// ...\nFoo(1, 2);",
        "Foo(1, 2);\n// ...\nBar(1, 2);",
    ):
        done = text(repo, fragment, "src/Same.cs")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "place" in done.stderr
        assert done.seconds < 10
    write(repo, {"src/Long.cs": f'class Long {{ string s = "{"ab, " * 30_000}"; }}\n'})
    done = text(repo, "ab, " * 1_000 + "x y", "src/Long.cs")
    assert "stands nowhere" in done.stderr
    assert done.seconds < 10


def test_a_member_is_where_it_is_looked_for(repo: Path) -> None:
    """With a member's name the code is found in that member; where it is in another one alone, that is said, and nothing is selected."""
    members = "".join(
        f"    public void {name}()\n    {{\n        lock (_gate) {{ {what}; }}\n    }}\n"
        for name, what in (("Add", "_a++"), ("Sub", "_b--"), ("Again", "_a++"))
    )
    write(repo, {"src/Two.cs": f"class Two\n{{\n    object _gate; int _a, _b;\n{members}}}\n"})
    assert found(text(repo, "lock (_gate) { _a++; }", "src/Two.cs:Again")) == ("src/Two.cs", 14, 14)
    done = text(repo, "lock (_gate) { _b--; }", "src/Two.cs:Add")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "src/Two.cs:Add: the code is not in this member, but is src/Two.cs:10; give that, or the path alone.\n"
    )


def test_paste_finds_it_in_the_repository(repo: Path, tmp_path: Path) -> None:
    """Without a file's name: the clipboard comes before standard input, what stands in several files is listed, and --in says where to look."""
    clipboard = tmp_path / "bin"
    clipboard.mkdir()
    tool = clipboard / "xclip"
    tool.write_text(f"#!{sys.executable}\nprint({QUERY!r}[1].strip(), {QUERY!r}[2].strip())\n")
    tool.chmod(0o755)
    given = ("--paste", "--hops", "0")
    with_one = {"PATH": str(clipboard), "DISPLAY": ":0"}
    done = run_command("context", *given, "--in", SERVICE, cwd=repo, env=with_one, stdin="lock (_gate)")
    assert "src/RecordService.cs:32-33" in done.stdout, done.stderr
    assert done.stderr == f"The copied code is {SERVICE}:32-33.\n"
    without = {"PATH": str(tmp_path / "none")}
    fragment = "if (late)\n{\n    _count--;\n    return 1;\n}\n"
    write(
        repo,
        {
            "src/Other.cs": f"class Other\n{{\n    int _count;\n    int Take(bool late)\n    {{\n{fragment}return 2;\n    }}\n}}\n"
        },
    )
    for command in (("context",), ("prompt", "-q"), ("review", "-q", "--provider", "none")):
        done = run_command(*command, *given, cwd=repo, env=without, stdin=fragment)
        assert (done.returncode, "src/Other.cs" in done.stdout) == (0, True), done.stderr
        assert done.stderr == ("The copied code is src/Other.cs:6-10.\n" if command == ("context",) else "")
    nowhere = run_command("context", *given, "--in", "nowhere", cwd=repo, env=without, stdin=fragment)
    assert (nowhere.returncode, nowhere.stderr.count("\n"), nowhere.stderr.startswith("nowhere: ")) == (2, 1, True)
    edited = run_command("context", *given, cwd=repo / "src", env=without, stdin=fragment.replace("late", "early"))
    assert edited.stderr == "src/Other.cs:6-10 is taken for the fragment: 1 of its 13 words and marks differ.\n"
    write(repo, {"lib/Other.cs": (repo / "src/Other.cs").read_text()})
    several = run_command("context", *given, cwd=repo, env=without, stdin=fragment)
    assert (several.returncode, several.stdout) == (2, "")
    assert "lib/Other.cs:6-10 in Take; src/Other.cs:6-10 in Take." in several.stderr
    assert "src/Other.cs:6-10" in run_command("context", *given, "--in", "src", cwd=repo, env=without, stdin=fragment).stderr  # fmt: skip
    for nothing in ("var nothing = ofThe(kind, there);", "{ }"):
        gone = run_command("context", *given, cwd=repo, env=without, stdin=nothing)
        assert (gone.returncode, gone.stdout, gone.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("context", "--text", "-"), "--text: give the file that the copied code is from"),
        (("context", "a.cs", "b.cs", "--text", "-"), "--text: give the file that the copied code is from"),
        (("context", "a.cs", "--text", "-"), "a.cs: cannot be read"),
        (("context", SERVICE, "--text", "-", "--stdin"), "--text is copied code of one file; give it without --stdin"),
        (("context", SERVICE, "--paste"), "--paste finds the copied code anywhere; give it without"),
        (("context", "--paste", "--text", "-"), "--paste finds the copied code anywhere; give it without --text"),
        (("context", SERVICE, "--in", "src"), "--in says where --paste looks; give both."),
        (("context", "--paste", "--in", "nowhere"), "nowhere: cannot be read"),
        (("review", SERVICE, "--text", "-", "--reply", "-"), "--text reads standard input, so that --reply needs a file"),
        (("prompt", "--diff", "HEAD", "--paste"), "--diff selects what changed; give it without --paste"),
        (("review", "--scopes", "src", "--text", "-"), "--scopes selects functions; give it without --text"),
    ],
)  # fmt: skip
def test_a_fragment_beside_other_things(repo: Path, given: tuple[str, ...], said: str) -> None:
    """What does not go together is one sentence."""
    done = run_command(*given, cwd=repo, stdin="code", env={"PATH": ""})
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_fewest_differences_are_counted() -> None:
    """The bit-parallel search finds the least edit distance to any part of a text, as the table of Wagner and Fischer has it."""
    rng = random.Random(5)
    for _ in range(300):
        row = [rng.choice("abc") for _ in range(rng.randint(1, 9))]
        there = [rng.choice("abc") for _ in range(rng.randint(1, 30))]
        before = list(range(len(row) + 1))
        least = len(row)
        for token in there:
            now = [0]
            for i, own in enumerate(row, 1):
                now.append(min(before[i - 1] + (own != token), before[i] + 1, now[i - 1] + 1))
            before = now
            least = min(least, now[-1])
        got = nearest(row, there, len(row) - 1)
        assert min((near.cost for near in got), default=len(row)) == least
        assert all(near.start < near.end for near in got)


def test_real_fragments_are_found_or_listed() -> None:
    """The benchmark on the files of this repository: no disturbed fragment is refused, or found elsewhere than it was cut from."""
    script = ROOT / "benchmarks" / "fragments.py"
    folders = [str(ROOT / "examples"), str(ROOT / "tests/corpus/csharp"), str(ROOT / "tests/corpus/workspace")]
    kinds = ["indentation", "line ends", "blanks", "broken lines", "elided", "edited", "part of lines"]
    given = [part for kind in kinds for part in ("--kind", kind)]
    done = subprocess.run(
        [sys.executable, script, *folders, "--count", "40", "--seed", "2", *given],
        capture_output=True,
        text=True,
        check=True,
    )
    counted = done.stdout.splitlines()[-len(kinds) :]
    assert [line.partition(":")[0] for line in counted] == kinds, done.stdout
    assert not re.search("WRONG|refused", done.stdout), done.stdout
