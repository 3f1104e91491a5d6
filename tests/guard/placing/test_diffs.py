"""Diffs that git and diff make, of every kind: applied exactly as git applies them, or refused with a sentence."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ctxreview.cli.inputs import decoded_text
from ctxreview.guard.check import apply, guard
from ctxreview.guard.placing.answers import suggestions
from ctxreview.guard.placing.refusals import Instead
from ctxreview.model.review import Context, GuardResult
from ctxreview.workspace.decoding import decode
from tests.commands import run_command
from tests.samples import context_at
from tests.samples import options as chosen

MARK = b"\xef\xbb\xbf"
CODE = """\
using System.Collections.Generic;
using System.Threading;

namespace Parcels.Routing
{
    public sealed class DepotIndex
    {
        private readonly object _gate = new();
        private readonly Dictionary<string, int> _byCode = new();

        public int Resolve(string code)
        {
            lock (_gate)
            {
                if (_byCode.TryGetValue(code, out var found))
                {
                    return found;
                }

                var id = _byCode.Count + 1;
                _byCode[code] = id;
                return id;
            }
        }

        public int Count()
        {
            lock (_gate)
            {
                return _byCode.Count;
            }
        }

        public string Name => "dépôt";
    }
}
"""
EDITS: dict[str, tuple[str, str]] = {
    "a line at the head": (CODE, f"using System.Linq;\n{CODE}"),
    "the first line": (
        CODE,
        CODE.replace("using System.Collections.Generic;", "using System.Collections.Concurrent;", 1),
    ),
    "a lock removed": (CODE, CODE.replace("            lock (_gate)\n", "", 1)),
    "two places": (CODE, CODE.replace("Count + 1", "Count + 2").replace("return _byCode.Count;", "return 0;")),
    "lines that stand twice": (
        CODE,
        CODE.replace(
            "                return _byCode.Count;\n            }\n",
            "                return _byCode.Count;\n            }\n            // Count\n",
        ),
    ),
    "a comment like an elision": (
        CODE,
        CODE.replace(
            "                var id", "                // The rest of the code remains as it is\n                var id"
        ),
    ),
    "dots in a comment": (
        CODE,
        CODE.replace("                var id", "                // ... existing code ...\n                var id"),
    ),
    "a comment with a word of elisions removed": (
        CODE.replace(
            "                var id", "                // Take the same lock as Start\n                var id"
        ),
        CODE,
    ),
    "blank lines with blanks": (CODE.replace("\n\n", "\n        \n"), CODE.replace("\n\n", "\n  \t\n\n")),
    "a line added at the end": (CODE, f"{CODE}// end\n"),
    "the last line": (CODE, CODE.removesuffix("}\n") + "} // end\n"),
    "all of it": (CODE, "class A { }\n"),
    "no line end before": (CODE.rstrip("\n"), f"{CODE}// end\n"),
    "no line end after": (CODE, CODE.rstrip("\n")),
    "no line end before and after": (CODE.rstrip("\n"), f"{CODE}// end"),
    "no line end, a change at the head": (CODE.rstrip("\n"), f"using System.Linq;\n{CODE}".rstrip("\n")),
    "signs in the code": (
        CODE.replace("                return id;", "                --id;\n                return id;"),
        CODE.replace("                return id;", "++ id;\n-- id;\n                return id;"),
    ),
    "a form feed and a line separator": (
        CODE.replace("        public int Count", "\f        // a\u2028b\n        public int Count"),
        CODE.replace("        public int Count", "\f        // a\u2028c\n        public int Count"),
    ),
}
"""The text before and after; a file of each is made in several encodings and with several line ends."""


KINDS: dict[str, Callable[[str], bytes]] = {
    "LF": lambda text: text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "byte order mark": lambda text: MARK + text.encode(),
    "byte order mark and CRLF": lambda text: MARK + text.replace("\n", "\r\n").encode(),
    "both line ends": lambda text: text.replace("{\n", "{\r\n").encode(),
    "Windows-1252": lambda text: text.replace("\u2028", "-").encode("cp1252"),
}
OPTIONS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "U0": ("-U0",),
    "U10": ("-U10",),
    "whole": ("-U999",),
    "no-prefix": ("--no-prefix",),
    "mnemonic": ("-c", "diff.mnemonicPrefix=true"),
    "noprefix by setting": ("-c", "diff.noprefix=true"),
    "other prefixes": ("--src-prefix=old/", "--dst-prefix=new/"),
    "colours": ("--color=always",),
    "function context": ("-W",),
    "reversed minimal": ("--minimal", "--full-index"),
}


def git(folder: Path, *args: str, where: str = ".") -> bytes:
    """What git prints; without the settings of whoever runs the tests."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    ident = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "core.autocrlf=false")
    done = subprocess.run(["git", *ident, *args], cwd=folder / where, env=env, capture_output=True, check=True)
    return done.stdout


def repository(folder: Path, files: dict[str, bytes]) -> Path:
    """A repository in which ``files`` are committed."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    written(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "before")
    return folder


def written(folder: Path, files: dict[str, bytes]) -> None:
    """Files are written into a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def diffed(folder: Path, files: dict[str, bytes], *options: str, where: str = ".") -> str:
    """The diff that git makes when the committed files become ``files``; afterwards they are as they were."""
    before = {name: (folder / name).read_bytes() for name in files if (folder / name).exists()}
    written(folder, files)
    settings, rest = (options, ()) if options[:1] == ("-c",) else ((), options)
    made = git(folder, *settings, "diff", *rest, where=where)
    written(folder, before)
    return decoded_text(made)


def about(file: Path, root: Path | None = None) -> Context:
    """The context of a line of the code above."""
    return context_at(f"{file}:8", chosen("", root=root))


def judged(value: Context, diff: str) -> GuardResult:
    """What the guard says of a diff."""
    (found,) = suggestions(diff, value)
    return guard(value, found)


def exactly(value: Context, diff: str, after: bytes) -> None:
    """Holds that the diff gives the bytes ``after``, save for the mark and the encoding, which a source does not have."""
    source = value.selection.source
    (found,) = suggestions(diff, value)
    assert not found.unplaced
    mine = found._replace(edits=tuple(e for e in found.edits if e.path == source.path))
    assert apply(mine, source).data == decode(after, "after").data


def sentence(value: Context, diff: str) -> str:
    """Why a diff is not applied, or not wholly."""
    return judged(value, diff).reason


@pytest.mark.parametrize("edit", EDITS)
def test_what_git_makes(edit: str, tmp_path: Path) -> None:
    """A diff of git, with whatever options, gives the very bytes that git has: alone, in a fence, in a list."""
    root = repository(tmp_path, {f"src/{kind} Index.cs": make(EDITS[edit][0]) for kind, make in KINDS.items()})
    for kind, make in KINDS.items():
        name, after = f"src/{kind} Index.cs", make(EDITS[edit][1])
        value = about(root / name)
        for options in OPTIONS.values():
            exactly(value, diffed(root, {name: after}, *options), after)
        plain = diffed(root, {name: after})
        exactly(value, f"Use this:\n\n```diff\n{plain}```\nIt is better.\n", after)
        listed = "".join(f"   {line}\n" for line in plain.split("\n"))
        exactly(value, f"1. This:\n   ```diff\n{listed}   ```\n", after)
        assert judged(value, plain).applied


@pytest.mark.parametrize("edit", [e for e in EDITS if e != "a form feed and a line separator"])
def test_what_a_clipboard_makes_of_it(edit: str, tmp_path: Path) -> None:
    """A diff with Windows line ends of a file without, and the reverse, gives the file with the line ends it has."""
    before, after = EDITS[edit]
    root = repository(tmp_path, {"a.cs": before.encode(), "b.cs": before.replace("\n", "\r\n").encode()})
    unix = diffed(root, {"a.cs": after.encode()})
    windows = diffed(root, {"b.cs": after.replace("\n", "\r\n").encode()})
    exactly(about(root / "a.cs"), unix.replace("\n", "\r\n"), after.encode())
    all_of_it = windows.replace("\r\n", "\n").replace("\n", "\r\n")
    for diff in (all_of_it, windows.replace("\r\n", "\n"), f"See:\r\n```diff\r\n{all_of_it}```\r\n"):
        exactly(about(root / "b.cs"), diff, after.replace("\n", "\r\n").encode())


PLAIN = EDITS["a lock removed"]


def test_the_byte_order_mark(tmp_path: Path) -> None:
    """A diff may quote the byte order mark, add it, take it away, or leave it out."""
    before, after = (text.encode() for text in EDITS["the first line"])
    files = {"without.cs": before, "with.cs": MARK + before}
    root = repository(tmp_path, files)
    for name, new in (("without.cs", MARK + after), ("with.cs", after), ("with.cs", MARK + after)):
        diff = diffed(root, {name: new})
        assert "\ufeff" in diff
        exactly(about(root / name), diff, new)
        exactly(about(root / name), diff.replace("\ufeff", ""), new)
        exactly(about(root / "with.cs"), diff.replace("without.cs", "with.cs"), new)
        exactly(about(root / "without.cs"), diff.replace("with.cs", "without.cs"), new)
    for name, new in (("without.cs", MARK + before), ("with.cs", before)):
        assert suggestions(diffed(root, {name: new}), about(root / name)) == ()


def test_other_shapes_with_a_byte_order_mark(tmp_path: Path) -> None:
    """SEARCH/REPLACE blocks, hunks without numbers and fenced code may have copied the mark of the file too."""
    (tmp_path / "a.cs").write_bytes(MARK + CODE.encode())
    value = about(tmp_path / "a.cs")
    after = CODE.replace("using System.Collections.Generic;", "using System.Linq;", 1).encode()
    old, new = (
        "\ufeffusing System.Collections.Generic;\nusing System.Threading;",
        "using System.Linq;\nusing System.Threading;",
    )
    for text in (
        f"<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n",
        "```diff\n-\ufeffusing System.Collections.Generic;\n+\ufeffusing System.Linq;\n using System.Threading;\n```\n",
        f"```csharp\n\ufeff{after.decode()}```\n",
    ):
        exactly(value, text, after)


@pytest.mark.parametrize("encoding", ["UTF-16LE-BOM", "UTF-16"])
def test_utf_16(encoding: str, tmp_path: Path) -> None:
    """A UTF-16 source, which git shows as UTF-8 where its attributes say what it is, or where it takes all as text."""
    before, after = (text.encode("utf-16") for text in EDITS["the first line"])
    root = repository(tmp_path, {"a.cs": before, ".gitattributes": f"*.cs working-tree-encoding={encoding}\n".encode()})
    diff = diffed(root, {"a.cs": after})
    exactly(about(root / "a.cs"), diff, after)
    exactly(about(root / "a.cs"), decoded_text(diff.encode("utf-16")), after)


def test_a_diff_that_powershell_wrote(tmp_path: Path) -> None:
    """`git diff > x.diff` of Windows PowerShell is UTF-16; the command reads it."""
    before, after = (text.encode() for text in PLAIN)
    root = repository(tmp_path, {"a.cs": before})
    (root / "x.diff").write_bytes(diffed(root, {"a.cs": after}).replace("\n", "\r\n").encode("utf-16"))
    done = run_command("guard", "a.cs:13", "--suggestion", "x.diff", cwd=root)
    assert (done.returncode, done.stderr) == (0, "")
    assert "removes the lock on `_gate`" in done.stdout


def test_renames_modes_and_other_files(tmp_path: Path) -> None:
    """A file that is renamed goes by its old name or the new; modes, binaries and other files beside it are reported."""
    before, after = (text.encode() for text in PLAIN)
    root = repository(tmp_path, {"src/Old.cs": before, "src/B.cs": b"class B { }\n", "logo.png": b"\x89PNG\0\1"})
    (root / "src/Old.cs").unlink()
    written(
        root,
        {"src/New.cs": after, "src/B.cs": b"class B2 { }\n", "logo.png": b"\x89PNG\0\2", "src/C.cs": b"class C { }\n"},
    )
    git(root, "add", "-A")
    diff = decoded_text(git(root, "diff", "--cached", "-M"))
    binary = decoded_text(git(root, "diff", "--cached", "-M", "--binary"))
    git(root, "reset", "-q", "--hard")
    assert "rename from src/Old.cs" in diff
    for text in (diff, binary):
        value = about(root / "src/Old.cs")
        exactly(value, text, after)
        assert (
            sentence(value, text)
            == "It also changes logo.png, src/B.cs, src/C.cs, which was not checked: give the lines as this checkout has them, or look at that part yourself."
        )
    git(root, "mv", "src/Old.cs", "src/New.cs")
    exactly(about(root / "src/New.cs"), diff, after)


def test_modes_and_names_alone(tmp_path: Path) -> None:
    """A diff that only renames the file or changes its mode changes no code: nothing is suggested; one that deletes it is applied."""
    before, after = (text.encode() for text in PLAIN)
    root = repository(tmp_path, {"a.cs": before})
    (root / "a.cs").chmod(0o755)
    exactly(about(root / "a.cs"), diffed(root, {"a.cs": after}), after)
    mode = decoded_text(git(root, "diff"))
    assert "new mode 100755" in mode
    assert suggestions(mode, about(root / "a.cs")) == ()
    git(root, "reset", "-q", "--hard")
    git(root, "rm", "-q", "a.cs")
    gone = decoded_text(git(root, "diff", "--cached"))
    git(root, "reset", "-q", "--hard")
    said = judged(about(root / "a.cs"), gone)
    assert (said.applied, said.verdict) == (True, "needs-human")
    again = "diff --git a/a.cs b/a.cs\nnew file mode 100644\n--- /dev/null\n+++ b/a.cs\n@@ -0,0 +1 @@\n+class A { }\n"
    assert sentence(about(root / "a.cs"), again) == f"It creates a.cs, which is there already. {Instead.EXISTING}"


NAMES = [
    "src/naïve Größe.cs",
    "src/a\tb.cs",
    'src/say "x".cs',
    "src/ lead.cs",
    "src/lead.cs ",
    "src/日本.cs",
    "b/a/w.cs",
    "a/x.cs",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_git_quotes(name: str, tmp_path: Path) -> None:
    """Names with blanks, tabs, quotes and letters beyond ASCII are read as git writes them, octal or not."""
    before, after = (text.encode() for text in PLAIN)
    root = repository(tmp_path, {name: before, f"other/{Path(name).name}.cs": b"class Other { }\n"})
    value = about(root / name)
    for options in ((), ("-c", "core.quotePath=false"), ("--no-prefix",), ("-c", "diff.mnemonicPrefix=true")):
        exactly(value, diffed(root, {name: after}, *options), after)
        both = diffed(root, {name: after, f"other/{Path(name).name}.cs": b"class Other2 { }\n"}, *options)
        assert (
            sentence(value, both)
            == f"It also changes other/{Path(name).name}.cs, which was not checked: give the lines as this checkout has them, or look at that part yourself."
        )


def test_the_working_folder_and_the_root(tmp_path: Path) -> None:
    """A diff may name the file from the root, from a folder in it, from one around it, or with the slashes of Windows."""
    before, after = (text.encode() for text in PLAIN)
    root = repository(tmp_path / "shop", {"lib/src/Orders.cs": before})
    new = {"lib/src/Orders.cs": after}
    below = diffed(root, new, "--relative", where="lib/src")
    plain = diffed(root, new)
    assert "--- a/Orders.cs\n" in below
    windows = plain.replace("lib/src/", "lib\\src\\")
    around = plain.replace("lib/src", "shop/lib/src")
    drive = plain.replace("a/lib/src", r"C:\work\shop\lib\src").replace("b/lib/src", r"C:\work\shop\lib\src")
    up = plain.replace("a/lib", "../lib").replace("b/lib", "../lib")
    absolute = plain.replace("a/lib", f"{root}/lib").replace("b/lib", f"{root}/lib")
    for within in (None, root, root / "lib", root / "lib/src"):
        value = about(root / "lib/src/Orders.cs", within)
        for diff in (plain, below, windows, around, drive, up, absolute):
            exactly(value, diff, after)
    for another in ("lib/Orders.cs", "src/lib/Orders.cs", "lib/src/MoreOrders.cs", "lib/src/Orders.cs/x"):
        said = sentence(about(root / "lib/src/Orders.cs"), plain.replace("lib/src/Orders.cs", another))
        assert said == f"It changes {another}, which is not the file of the selection. {Instead.FILE}"


def test_two_files_that_match(tmp_path: Path) -> None:
    """Of several files of one name that is meant which agrees with most of the path; where two agree as well, both are named."""
    before, after = (text.encode() for text in PLAIN)
    root = repository(tmp_path / "shop", {"a/Orders.cs": before, "b/src/Orders.cs": before, "Orders.cs": before})
    diff = diffed(root, dict.fromkeys(("a/Orders.cs", "b/src/Orders.cs", "Orders.cs"), after))
    for name in ("a/Orders.cs", "b/src/Orders.cs", "Orders.cs"):
        value = about(root / name)
        exactly(value, diff, after)
        others = [n for n in ("Orders.cs", "a/Orders.cs", "b/src/Orders.cs") if n != name]
        assert (
            sentence(value, diff)
            == f"It also changes {', '.join(others)}, which was not checked: give the lines as this checkout has them, or look at that part yourself."
        )
    elsewhere = diff.replace("a/Orders.cs", "x/Orders.cs", 99).replace("b/src/Orders.cs", "y/Orders.cs")
    value = about(root / "b/src/Orders.cs", root / "b/src")
    two = "".join(
        f"--- {n}\n+++ {n}\n@@ -12,2 +12 @@\n         {{\n-            lock (_gate)\n"
        for n in ("x/Orders.cs", "y/Orders.cs")
    )
    assert "which may each be the file of the selection." in sentence(value, two)
    assert "x/Orders.cs and y/Orders.cs" in sentence(value, two)
    assert elsewhere


def test_a_series_of_patches(tmp_path: Path) -> None:
    """The mails of `git format-patch`, each on what the one before leaves, come to what the last commit has."""
    texts = [CODE, CODE.replace("Count + 1", "Count + 2"), CODE.replace("Count + 1", "Count + 3"), PLAIN[1]]
    root = repository(tmp_path, {"a.cs": texts[0].encode()})
    for text in texts[1:]:
        written(root, {"a.cs": text.encode()})
        git(root, "commit", "-qam", "more\n\n--- a/x\n\n- item")
    mails = decoded_text(git(root, "format-patch", "--stdout", "HEAD~3"))
    git(root, "checkout", "-q", "HEAD~3")
    exactly(about(root / "a.cs"), mails, texts[-1].encode())


def test_diff_of_diffutils(tmp_path: Path) -> None:
    """`diff -u` writes times after a tab, and the old file may have another name."""
    before, after = (text.encode() for text in PLAIN)
    written(tmp_path, {"my orders.cs": before, "my orders.cs.new": after})
    body = diffed(repository(tmp_path / "r", {"x.cs": before}), {"x.cs": after}).split("\n", 4)[4]
    for times in ("\t2024-03-01 10:00:00.000000000 +0100", "  2024-03-01 10:00:00", ""):
        head = f"--- my orders.cs.orig{times}\n+++ my orders.cs{times}\n"
        exactly(about(tmp_path / "my orders.cs"), head + body, after)


def test_lines_that_have_moved(tmp_path: Path) -> None:
    """A diff of an older version is applied where its lines stand now, if they stand nowhere else."""
    before, after = PLAIN
    root = repository(tmp_path, {"a.cs": before.encode()})
    diff = diffed(root, {"a.cs": after.encode()})
    bare = diffed(
        root,
        {
            "a.cs": before.replace(
                "                return id;", "                // new\n                return id;"
            ).encode()
        },
        "-U0",
    )
    written(root, {"a.cs": b"// one\n// two\n" + before.encode()})
    exactly(about(root / "a.cs"), diff, b"// one\n// two\n" + after.encode())
    # Only a number says where a line of `-U0` goes, and this one is of another version.
    assert (
        sentence(about(root / "a.cs"), bare)
        == f"It has a hunk that does not quote the lines it changes. {Instead.CONTEXT}"
    )


COMMENTS = [
    "// The task may remain here for ever when nobody starts it.",
    "// Keep the original as it is",
    "// Other threads may be here as well",
    "// ... existing code ...",
    "// rest of the method unchanged",
    "/* ... */",
]


@pytest.mark.parametrize("comment", COMMENTS)
def test_a_comment_is_a_comment(comment: str, tmp_path: Path) -> None:
    """In a diff that applies as it is written no comment stands for other code, added, quoted or removed."""
    added = CODE.replace("                var id", f"                {comment}\n                var id")
    changed = added.replace("Count + 1", "Count + 2")
    for before, after in ((CODE, added), (added, changed), (added, CODE)):
        root = repository(tmp_path / str(len(after)) / str(len(before)) / str(hash(after)), {"a.cs": before.encode()})
        exactly(about(root / "a.cs"), diffed(root, {"a.cs": after.encode()}), after.encode())


def test_comments_in_diffs_with_wrong_numbers(tmp_path: Path) -> None:
    """Where the numbers are a model's, an ordinary comment is one still, and a placeholder is not taken for code."""
    (tmp_path / "a.cs").write_text(CODE)
    value = about(tmp_path / "a.cs")
    loose = "--- a.cs\n+++ a.cs\n@@ -7,9 +7,9 @@\n                 }}\n\n+                {}\n                 var id = _byCode.Count + 1;\n"
    for comment in COMMENTS[:3]:
        said = judged(value, loose.format(comment))
        assert said.applied
        assert f"+                {comment}\n" in said.diff
    for comment in COMMENTS[3:]:
        assert (
            sentence(value, loose.format(comment))
            == f"It adds a line that stands for other code: `{comment}`. {Instead.METHOD}"
        )


def test_forms_that_are_refused(tmp_path: Path) -> None:
    """Diffs of words, of merges and in the old format are refused with a sentence that says what to give instead."""
    before, after = (text.encode() for text in EDITS["two places"])
    root = repository(tmp_path, {"a.cs": before})
    value = about(root / "a.cs")
    for mode in ("plain", "porcelain"):
        assert (
            sentence(value, diffed(root, {"a.cs": after}, f"--word-diff={mode}"))
            == f"It is a diff of words. {Instead.UNIFIED}"
        )
    git(root, "checkout", "-qb", "side")
    for branch, text in (("side", b"Count + 5"), ("master", b"Count + 6")):
        git(root, "checkout", "-q", "-B", branch, "HEAD" if branch == "side" else "HEAD~1")
        written(root, {"a.cs": before.replace(b"Count + 1", text)})
        git(root, "commit", "-qam", branch)
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "merge", "-q", "side"],
        check=False,
        cwd=root,
        capture_output=True,
    )
    combined = decoded_text(git(root, "diff"))
    assert "@@@ " in combined
    written(root, {"a.cs": before})
    assert sentence(about(root / "a.cs"), combined) == (f"It is a combined diff, of a merge. {Instead.PARENT}")
    context = "*** a.cs\t2024-03-01\n--- a.cs\t2024-03-02\n***************\n*** 1,2 ****\n  using System.Linq;\n--- 1,2 ----\n"
    assert sentence(about(root / "a.cs"), context) == f"It is a context diff. {Instead.UNIFIED}"


@pytest.mark.parametrize("run", [" ", "\t", "\r", "-", "*", "[-", "{+", "@@ ", "a "])
def test_long_runs_in_a_diff(run: str, tmp_path: Path) -> None:
    """A line with thousands of blanks, or of signs of a diff, is examined in the time of its length."""
    (tmp_path / "a.cs").write_text(CODE)
    value = about(tmp_path / "a.cs")
    line = f"// {run * 20_000}x"
    loose = f"--- a.cs {line}\n+++ a.cs\n@@ -7,9 +7,9 @@\n                 }}\n\n+                {line}\n                 var id = 1;\n"
    started = time.perf_counter()
    for text in (loose, f"{line}\n```diff\n{loose}```\n"):
        assert sentence(value, text).startswith("A hunk quotes a line that is not in the file")
    assert time.perf_counter() - started < 10
