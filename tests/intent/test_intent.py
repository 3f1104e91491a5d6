"""The intent comment: which scope is meant, what is drafted from facts or a model, and how it gets into the file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ctxreview.errors import ReplyError, SourceError
from ctxreview.intent.answer import sentences_from_answer
from ctxreview.intent.comment import MOST_LINES, comment_lines
from ctxreview.intent.draft import Draft, draft, scope_of
from ctxreview.model.claims import claims
from ctxreview.model.review import Completion, Prompt, Usage
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.rules.scopes import missing_intent
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.rewrite import rewrite
from tests import samples
from tests.commands import run_command, run_on_terminal
from tests.review.test_review import KEY, environment
from tests.samples import EXAMPLE, QUERY, TOKENIZER, context_of, shop
from tests.servers import Answer, Told, delta, events, response, serving

DRAFTED = """\
        // Belongs together: reading _db.Records, changing record.Status, record.ClaimedBy and
        // record.ClaimedAtUtc, and calling SaveChanges. Do not move any of it out of the
        // transaction or lower the isolation level (RepeatableRead). Keep record tracked (no
        // AsNoTracking): SaveChanges sends only changes of what its context tracks.
"""
WHY = "Two workers must not claim the same record. The row that is read here has to stay as it is until the commit."
PLACE = "src/RecordService.cs"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example that is a repository of its own."""
    home = tmp_path / "record-service"
    shutil.copytree(EXAMPLE, home)
    (home / ".git").mkdir()
    return home


def run(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """``ctxreview intent`` without a terminal; it never prints the key or a traceback."""
    done = run_command("intent", *arguments, cwd=project, env=environment(project.parent, **variables))
    assert KEY not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def added(diff: str) -> str:
    """The lines that a diff adds, which takes none away."""
    assert [line for line in diff.splitlines() if line.startswith("-")] == diff.splitlines()[:1]
    return "".join(f"{line[1:]}\n" for line in diff.splitlines()[2:] if line.startswith("+"))


def drafted(code: str) -> Draft:
    """The comment from facts for the scope at the selection."""
    about = context_of(code)
    return draft(about, scope_of(about), TOKENIZER, None)


def text_of(made: Draft) -> str:
    """A comment's sentences on one line."""
    return " ".join(line.removeprefix("// ") for line in made.comment)


def untold(data: bytes) -> list[str]:
    """The constructs that the rule misses an intent comment at."""
    return [f.at.what for f in missing_intent.check(outline(Source(PLACE, data)))]


# --- from facts --------------------------------------------------------------------------------------------


def test_the_incident_from_facts(project: Path) -> None:
    """Without a model the draft says what belongs together and what must not be changed; nothing is written."""
    before = (project / PLACE).read_bytes()
    done = run(project, QUERY)
    assert done.returncode == 0
    assert done.stdout.startswith(f"--- a/{PLACE}\n+++ b/{PLACE}\n@@ ")
    assert added(done.stdout) == DRAFTED
    assert done.stderr == (
        "No model was asked: this is what the source proves. Check that it is really why the TransactionScope is there.\n"
    )
    assert (project / PLACE).read_bytes() == before


def test_the_diff_can_be_applied(project: Path) -> None:
    """What is printed is a patch that git takes, with the same result as --write."""
    done = run(project, QUERY)
    subprocess.run(["git", "apply", "-"], cwd=project, input=done.stdout, text=True, check=True)
    patched = (project / PLACE).read_bytes()
    shutil.copy2(EXAMPLE / PLACE, project / PLACE)
    assert run(project, QUERY, "--write").returncode == 0
    assert (project / PLACE).read_bytes() == patched


FACTS = {
    "state under a lock": (
        "lock (_gate)\n{\n    _count = id;\n    «_total++;»\n}",
        "Belongs together: reading and changing _total, and changing _count. Do not move any of it out of the lock.",
    ),
    "a collection in a readonly field": (
        "lock (_gate)\n{\n    «return _cache.Count;»\n}",
        "Belongs together: reading _cache. Do not move any of it out of the lock.",
    ),
    "only calls": (
        "lock (_gate)\n{\n    Load();\n    «Store();»\n}",
        "Belongs together: calling Load and Store. Do not move any of it out of the lock.",
    ),
    "calls on something": (
        "lock (_gate)\n{\n    «_steps.Step(id);»\n    this._steps.Last().ConfigureAwait(false);\n}",
        "Belongs together: calling _steps.Step and _steps.Last. Do not move any of it out of the lock.",
    ),
    "a query of a connection": (
        """
        using var tx = _connection.BeginTransaction();
        «var order = _connection.QuerySingle<Order>("SELECT 1", tx);»
        tx.Commit();
        """,
        "Belongs together: calling _connection.QuerySingle. Do not move any of it out of the transaction.",
    ),
    "a lock hint": (
        """
        using var tx = _db.Database.BeginTransaction();
        «var order = _db.Orders.FromSqlRaw("SELECT * FROM Orders WITH (UPDLOCK) WHERE Id = {0}", id).Single();»
        tx.Commit();
        """,
        "Belongs together: reading _db.Orders. Do not move any of it out of the transaction or drop UPDLOCK.",
    ),
    "a level and a flow": (
        """
        using (var scope = new TransactionScope(TransactionScopeOption.Required,
            new TransactionOptions { IsolationLevel = IsolationLevel.Serializable }, TransactionScopeAsyncFlowOption.Enabled))
        {
            «await _db.SaveChangesAsync();»
            scope.Complete();
        }
        """,
        "Belongs together: calling SaveChangesAsync. Do not move any of it out of the transaction, "
        "lower the isolation level (Serializable) or drop the async flow.",
    ),
    "a read that is untracked already": (
        """
        using var tx = _db.Database.BeginTransaction();
        «var order = _db.Orders.AsNoTracking().Single(o => o.Id == id);»
        order.State = 1;
        _db.Update(order);
        _db.SaveChanges();
        tx.Commit();
        """,
        None,
    ),
    "a read whose result is not changed": (
        """
        using var tx = _db.Database.BeginTransaction();
        «var order = _db.Orders.Single(o => o.Id == id);»
        _count = order.State;
        _db.SaveChanges();
        tx.Commit();
        """,
        None,
    ),
}


def test_a_draft_says_what_the_lock_protects_elsewhere_too() -> None:
    """Where other members use the same state under the lock, what it protects is a sentence of its own."""
    code = shop("lock (_gate)\n{\n    _count = id;\n    «_total++;»\n}")
    other = "    public void Undo()\n    {\n        lock (_gate)\n        {\n            _count--;\n            _total--;\n        }\n    }\n}\n"
    said = text_of(drafted(code.rstrip().removesuffix("}") + other))
    assert said == (
        "Belongs together: reading and changing _total, and changing _count. The lock protects _count and _total, written "
        "together in Ship and Undo. Undo takes the same lock. Do not move any of it out of the lock."
    )


@pytest.mark.parametrize("case", FACTS)
def test_a_draft_says_what_the_source_proves(case: str) -> None:
    """Each sentence has its evidence: what is read, changed and called, the level, the hint, the flow; tracking only where a
    tracked result is changed and saved."""
    body, expected = FACTS[case]
    said = text_of(drafted(shop(body)))
    if expected is None:
        assert "tracked" not in said
    else:
        assert said == expected


def test_who_shares_the_lock_is_named() -> None:
    """Other members of the type that take the same lock are named, those that take another one, or are elsewhere, are not."""
    others = """\
    public void Add() { lock (_gate) { _count++; } }
    public void Reset() { lock (this._gate) { _count = 0; } }
    public void Other() { lock (_other) { _total = 0; } }
"""
    code = shop("lock (_gate)\n{\n    «_count--;»\n}").replace("    public async", f"{others}\n    public async")
    elsewhere = "class B\n{\n    object _gate = new();\n    void Clear() { lock (_gate) { } }\n}\n"
    said = text_of(drafted(code + elsewhere))
    assert "Add and Reset take the same lock." in said
    assert not re.search(r"\b(Other|Clear|Ship)\b", said)


def test_who_shares_the_lock_in_another_file_is_named(project: Path) -> None:
    """A member of another part of the type that takes the same lock is named, too."""
    (project / "src/Jobs.cs").write_text(
        "partial class Jobs\n{\n    int _n;\n    readonly object _gate = new();\n    void Run()\n    {\n"
        "        lock (_gate)\n        {\n            _n++;\n        }\n    }\n}\n"
    )
    (project / "src/Jobs.Stop.cs").write_text(
        "partial class Jobs\n{\n    void Stop()\n    {\n        lock (_gate)\n        {\n            _n = 0;\n        }\n    }\n}\n"
    )
    assert "Stop takes the same lock." in added(run(project, "src/Jobs.cs:9").stdout)
    assert "Stop" not in run(project, "src/Jobs.cs:9", "--hops", "0").stdout


def test_a_scope_of_a_caller_is_named(project: Path) -> None:
    """A caller that holds a transaction around the call is named with it."""
    (project / "src/Jobs.cs").write_text(
        "class Jobs\n{\n    int _n;\n    readonly object _gate = new();\n    void Run()\n    {\n"
        "        using (var scope = new TransactionScope())\n        {\n            Step();\n            scope.Complete();\n"
        "        }\n    }\n    private void Step()\n    {\n        lock (_gate)\n        {\n            _n++;\n        }\n    }\n}\n"
    )
    assert "Jobs.Run calls it under a TransactionScope." in " ".join(
        added(run(project, "src/Jobs.cs:17").stdout).replace("//", "").split()
    )


def test_nothing_to_say() -> None:
    """Where nothing is found under the scope, no comment is made up."""
    with pytest.raises(SourceError, match=r"nothing under the BeginTransaction .* write the comment by hand"):
        drafted(shop("«using var tx = _db.Database.BeginTransaction();»\ntx.Commit();"))


# --- which scope -------------------------------------------------------------------------------------------

TWO = """
lock (_gate)
{
    _count++;
    lock (_other)
    {
        _total++;
    }
}
_slots.Wait();
_cache.Clear();
_slots.Release();
"""


@pytest.mark.parametrize(
    ("selected", "above"),
    [
        ("_total++;", "lock (_other)"),
        ("_count++;", "lock (_gate)"),
        ("lock (_other)", "lock (_other)"),
        ("_cache.Clear();", "_slots.Wait();"),
        ("_slots.Release();\n    }\n", "_slots.Wait();"),
    ],
)
def test_the_innermost_scope_around_the_selection_is_meant(selected: str, above: str) -> None:
    """Of several scopes the innermost that holds the selection gets the comment, directly above its statement."""
    lines = drafted(shop(TWO).replace(selected, f"«{selected}»")).after.data.decode().splitlines()
    (at,) = [n for n, line in enumerate(lines) if "Belongs together" in line]
    following = next(line for line in lines[at:] if not line.strip().startswith("//"))
    assert following.strip() == above
    assert lines[at].index("//") == len(following) - len(following.lstrip())


def test_otherwise_the_nearest_in_the_function_is_meant() -> None:
    """A selection that no scope holds means the scope of its function that is nearest to it."""
    made = drafted(shop(f"Before();\n{TWO}\n«After();»"))
    assert "_cache" in text_of(made)
    made = drafted(shop(f"«Before();»\n{TWO}\nAfter();"))
    assert "_count" in text_of(made)


def test_a_scope_that_is_told_is_left_alone(project: Path) -> None:
    """Where a comment says why already, that is said, with status 0, and the file stays as it is."""
    before = (project / "src/DocumentedRecordService.cs").read_bytes()
    done = run(project, "src/DocumentedRecordService.cs:28", "--write")
    assert (done.returncode, done.stdout) == (0, "")
    assert "a comment already says why the TransactionScope is there; nothing was drafted.\n" in done.stderr
    assert (project / "src/DocumentedRecordService.cs").read_bytes() == before


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        ("src/RecordService.cs:51-53", "neither these lines nor their function are under a transaction or lock"),
        ("src/Record.cs:15", "neither these lines nor their function are under a transaction or lock"),
        ("src/Missing.cs:1", "cannot be read"),
        ("src/RecordService.cs", "is not a selection"),
    ],
)
def test_nothing_to_say_why_of(project: Path, selection: str, says: str) -> None:
    """A selection without any scope is one sentence and status 2, since what was asked for cannot be done."""
    done = run(project, selection)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_scope_that_a_caller_opens_is_pointed_at(project: Path) -> None:
    """The comment belongs to the caller; the sentence says which selection drafts it, and that one works."""
    (project / "src/Jobs.cs").write_text(
        "class Jobs\n{\n    int _n;\n    void Run()\n    {\n        lock (this)\n        {\n            Step();\n        }\n    }\n"
        "    private void Step()\n    {\n        _n++;\n    }\n}\n"
    )
    done = run(project, "src/Jobs.cs:13")
    assert (done.returncode, done.stdout) == (2, "")
    pointed = re.search(r"ctxreview intent (\S+:\d+)\.", done.stderr)
    assert pointed is not None
    assert "calling Step" in run(project, pointed[1]).stdout


@pytest.mark.parametrize(
    "body",
    [
        'var text = @"\n  x"; lock (_gate) { «_count++;» }',
        'var text = """\n    x\n    """; lock (_gate) { «_count++;» }',
    ],
)
def test_a_statement_without_a_line_of_its_own(body: str) -> None:
    """Where a text of several lines ends on the statement's line, a comment would become part of it: none is made."""
    with pytest.raises(SourceError, match="does not start its own line, so no comment fits above it"):
        drafted(shop(body))


def test_an_if_branch_that_is_not_compiled_by_default() -> None:
    """A scope in a branch that was chosen because the selection is in it gets its comment, too."""
    body = "#if NET\nlock (_gate) {\n#else\nlock (_other) {\n#endif\n    «_count++;»\n}"
    assert "_count" in text_of(drafted(shop(body)))


# --- into the file -----------------------------------------------------------------------------------------


def test_write(project: Path) -> None:
    """--write shows the diff and adds its lines and nothing else; the rule is quiet then, and a second time nothing is done."""
    before = (project / PLACE).read_text("utf-8")
    done = run(project, QUERY, "--write")
    assert (done.returncode, added(done.stdout)) == (0, DRAFTED)
    assert done.stderr.endswith(f"{PLACE}:28: the comment was written.\n")
    after = (project / PLACE).read_text("utf-8")
    assert after.replace(DRAFTED, "") == before
    assert after.count(DRAFTED) == 1
    assert untold(before.encode()) == ["TransactionScope", "lock", "lock", "SemaphoreSlim"]
    assert untold(after.encode()) == ["lock", "lock", "SemaphoreSlim"]
    again = run(project, "src/RecordService.cs:35", "--write")
    assert (again.returncode, again.stdout) == (0, "")
    assert (project / PLACE).read_text("utf-8") == after
    assert [p.name for p in (project / "src").iterdir() if p.suffix == ".part"] == []


CODE = "class C\n{\n\tint _n; // é\n\tvoid M()\n\t{\n\t\tlock (this)\n\t\t{\n\t\t\t_n++;\n\t\t}\n\t}\n}"
ENCODINGS = {
    "utf-8": (b"", "utf-8"),
    "utf-8 with mark": (b"\xef\xbb\xbf", "utf-8"),
    "utf-16-le with mark": (b"\xff\xfe", "utf-16-le"),
    "utf-16-be with mark": (b"\xfe\xff", "utf-16-be"),
    "utf-16-le without": (b"", "utf-16-le"),
    "utf-32-le": (b"\xff\xfe\0\0", "utf-32-le"),
    "cp1252": (b"", "cp1252"),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_file_keeps_what_it_is_written_in(tmp_path: Path, encoding: str, newline: str) -> None:
    """Mark, encoding, line ends, tabs and mode stay, and no other byte changes."""
    mark, codec = ENCODINGS[encoding]
    text = CODE.replace("é", "e") if encoding == "utf-16-le without" else CODE
    file = tmp_path / "C.cs"
    file.write_bytes(mark + text.replace("\n", newline).encode(codec))
    file.chmod(0o640)
    done = run(tmp_path, "C.cs:8", "--write")
    assert done.returncode == 0, done.stderr
    comment = "\t\t// Belongs together: reading and changing _n. Do not move any of it out of the lock.\n"
    expected = text.replace("\t\tlock", f"{comment}\t\tlock").replace("\n", newline)
    assert file.read_bytes() == mark + expected.encode(codec)
    assert file.stat().st_mode & 0o777 == 0o640


def test_what_the_encoding_does_not_have() -> None:
    """A character of a model's that the file cannot hold is replaced, in the diff as in the file."""
    about = context_of(CODE.replace("_n++;", "«_n++;»"))
    narrow = Source(about.path, about.selection.source.data, "cp1252")
    about = about._replace(selection=about.selection._replace(source=narrow), outline=outline(narrow))
    made = draft(about, scope_of(about), TOKENIZER, lambda prompt: completion("Zähler → Summe has to add up."))
    assert made.comment == ("// Zähler ? Summe has to add up.",)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Of a link the file that it names is changed."""
    (tmp_path / "real").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "real" / "C.cs").write_text(CODE)
    (tmp_path / "C.cs").symlink_to("real/C.cs")
    assert run(tmp_path, "C.cs:8", "--write").returncode == 0
    assert (tmp_path / "C.cs").is_symlink()
    assert "Belongs together" in (tmp_path / "real" / "C.cs").read_text()


def sources(file: Path) -> tuple[Source, Source]:
    """A file as it was read, and what it is to become."""
    before = decode(file.read_bytes(), file.name)
    before = Source(before.path, before.data, before.encoding, file.parent)
    return before, Source(before.path, b"// new\n" + before.data, before.encoding, file.parent)


def test_a_file_that_was_changed_meanwhile(tmp_path: Path) -> None:
    """What somebody else wrote since the file was read is not overwritten."""
    file = tmp_path / "C.cs"
    file.write_text(CODE)
    before, after = sources(file)
    file.write_text(CODE + "\n// mine\n")
    with pytest.raises(SourceError, match=r"C.cs: was changed since it was read; nothing was written"):
        rewrite(before, after)
    assert file.read_text() == CODE + "\n// mine\n"
    file.unlink()
    with pytest.raises(SourceError, match=r"C.cs: cannot be written \(No such file or directory\)"):
        rewrite(before, after)


def test_bytes_that_would_be_lost(tmp_path: Path) -> None:
    """A file with half a character in it, which reading replaces, is not written."""
    file = tmp_path / "C.cs"
    raw = b"\xff\xfe" + CODE.encode("utf-16-le")
    file.write_bytes(raw)
    before, after = sources(file)
    broken = Source(before.path, before.data.replace("é".encode(), "�".encode()), before.encoding, tmp_path)
    file.write_bytes(raw.replace("é".encode("utf-16-le"), b"\x00\xd8"))
    with pytest.raises(SourceError):
        rewrite(broken, after)
    assert b"\x00\xd8" in file.read_bytes()


def test_never_half_written(tmp_path: Path) -> None:
    """Where the new file cannot be written beside the old one, the old one stays, and nothing is left over."""
    resource = pytest.importorskip("resource")
    file = tmp_path / f"{'C' * 245}.cs"  # no longer name than that is possible beside it
    file.write_text(CODE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CODE) // 2, before[1]))
    try:
        with pytest.raises(SourceError, match=r"cannot be written \(File too large\); nothing was written"):
            rewrite(*sources(file))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [p.read_text() for p in tmp_path.iterdir()] == [CODE]
    rewrite(*sources(file))
    assert file.read_text() == f"// new\n{CODE}"


@pytest.mark.parametrize(
    ("answer", "status", "written"), [("y\n", 0, True), ("n\n", 0, False), ("\n", 0, False), ("\x04", 130, False)]
)
def test_on_a_terminal_it_asks(project: Path, answer: str, status: int, written: bool) -> None:
    """After the diff a person is asked; only a yes writes, and an end of input stops."""
    before = (project / PLACE).read_bytes()
    code, shown, _ = run_on_terminal(
        "intent", QUERY, "--write", cwd=project, env=environment(project.parent), typed=(("[y/N]", answer),)
    )
    assert code == status
    assert shown.index("Belongs together") < shown.index(f"Write it into {PLACE}? [y/N]")
    assert ((project / PLACE).read_bytes() != before) is written
    assert ("the comment was written." in shown) is written


# --- from a model ------------------------------------------------------------------------------------------


@pytest.fixture
def told() -> Iterator[Told]:
    """A server that answers as it is told."""
    with serving() as server:
        yield server


def answers(told: Told, *texts: str) -> None:
    """Have the server answer with these texts, one after the other; the last repeats."""
    told.answers["/v1/responses"] = [Answer(events(delta(t), response(text=t, usage=USED))) for t in texts]


USED: dict[str, Any] = {
    "input_tokens": 900,
    "output_tokens": 40,
    "total_tokens": 940,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}


def asked(project: Path, told: Told, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``ctxreview intent`` with the server as its model."""
    where = ("--provider", "openai", "--base-url", f"{told.url}/v1", "--model", "m-1")
    return run(project, *where, *arguments, OPENAI_API_KEY=KEY)


def test_a_model_drafts_from_the_whole_context(project: Path, told: Told) -> None:
    """The whole method, what is proven and what is not seen go out, without secrets; the answer is wrapped as a comment."""
    secret = "Server=db;User Id=sa;Password=h7Kq2vLx9Tz"
    text = (project / PLACE).read_text("utf-8")
    (project / PLACE).write_text(
        text.replace("var record =", f'var connection = "{secret}";\n            var record =', 1)
    )
    answers(told, json.dumps({"comment": WHY}))
    done = asked(project, told, "src/RecordService.cs:31-34")
    assert done.returncode == 0, done.stderr
    assert added(done.stdout) == (
        "        // Two workers must not claim the same record. The row that is read here has to stay as it\n"
        "        // is until the commit.\n"
    )
    assert "A model drafted this." in done.stderr
    ((path, body),) = told.asked
    sent = json.dumps(body)
    assert path == "/v1/responses"
    assert "h7Kq2vLx9Tz" not in sent
    for part in (
        "public bool UpdateRecord",
        "scope.Complete();",
        "isolation RepeatableRead",
        "Belongs together",
        "no caller was found",
    ):
        assert part in sent
    assert body["text"]["format"]["schema"]["required"] == ["comment"]


def test_an_answer_is_kept_and_used_again(project: Path, told: Told) -> None:
    """The same question is answered from the store; --fresh asks again; the log has both."""
    answers(told, json.dumps({"comment": WHY}))
    first = asked(project, told, QUERY)
    second = asked(project, told, QUERY)
    assert (len(told.asked), second.stdout) == (1, first.stdout)
    assert "Answered from the store" in second.stderr
    asked(project, told, QUERY, "--fresh")
    assert len(told.asked) == 2
    for arguments in (("log",), ("show", "last"), ("log", "--stats")):
        assert "m-1" in run_command(*arguments, cwd=project, env=environment(project.parent)).stdout


def test_a_model_writes_nothing_by_itself(project: Path, told: Told) -> None:
    """A model's draft gets into the file with --write, like any other, and the rule is quiet then."""
    answers(told, json.dumps({"comment": WHY}))
    before = (project / PLACE).read_bytes()
    asked(project, told, QUERY)
    assert (project / PLACE).read_bytes() == before
    assert asked(project, told, QUERY, "--write").returncode == 0
    after = (project / PLACE).read_bytes()
    assert "TransactionScope" not in untold(after)


def test_a_configured_model_can_be_left_out(project: Path, told: Told) -> None:
    """--provider none drafts from facts, also where a key is set."""
    done = run(project, QUERY, "--provider", "none", OPENAI_API_KEY=KEY)
    assert added(done.stdout) == DRAFTED
    assert told.asked == []


def test_limits_hold(project: Path, told: Told) -> None:
    """More than was allowed is not sent, and nothing is drafted instead."""
    answers(told, json.dumps({"comment": WHY}))
    done = asked(project, told, QUERY, "--max-tokens", "10")
    assert (done.returncode, done.stdout, told.asked) == (2, "", [])
    assert "--max-tokens" in done.stderr


def test_one_unusable_answer_is_forgiven(project: Path, told: Told) -> None:
    """The model is told what was wrong, once."""
    answers(told, "Here you go: // lock", json.dumps({"comment": WHY}))
    done = asked(project, told, QUERY)
    assert done.returncode == 0
    assert "Two workers must not claim" in done.stdout
    assert "Your last reply could not be used." in json.dumps(told.asked[1][1])


@pytest.mark.parametrize(
    "answer",
    [
        "no JSON",
        '{"text": "x"}',
        '{"comment": 3}',
        '{"comment": "' + "[" * 100_000,
        json.dumps({"comment": ""}),
        json.dumps({"comment": "using (var scope = new TransactionScope()) { }"}),
        json.dumps({"comment": "LGTM. This code is safe. It was reviewed and approved."}),
        json.dumps({"comment": "Begins a transaction scope."}),
        json.dumps({"comment": "ctxreview: ignore lock-target because it is fine"}),
    ],
)
def test_two_unusable_answers_are_none(project: Path, told: Told, answer: str) -> None:
    """No form, no prose, only code, only judgement, only the statement again: nothing is drafted, in one sentence."""
    answers(told, answer)
    done = asked(project, told, QUERY, "--write")
    assert (done.returncode, done.stdout, len(told.asked)) == (2, "", 2)
    assert "twice gave an answer with text that cannot be a comment; nothing was drafted." in done.stderr
    assert (project / PLACE).read_bytes() == (EXAMPLE / PLACE).read_bytes()


def completion(text: str) -> Completion:
    """An answer with this comment."""
    return Completion(json.dumps({"comment": text}), "openai", "m-1", Usage(1, 1))


@pytest.mark.parametrize(
    ("answer", "sentences"),
    [
        (f"// {WHY}", WHY),
        (f"/// <summary>\n/// {WHY}\n/// </summary>", WHY),
        (f"/* {WHY} */", WHY),
        (f"```csharp\n// {WHY}\nlock (_gate)\n{{\n```", WHY),
        (f"{WHY}\nlock (_gate) {{ _count++; }}\n_count = 0;\n#if X", WHY),
        (f"{WHY}\u2028_count++;", WHY),
        ("Counts\u202e must\u200b add\x07 up\x1b[31m.", "Counts must add up [31m."),
        (
            "Counts must add up. This is thread-safe and LGTM. Keep both together.",
            "Counts must add up. Keep both together.",
        ),
        ("Counts must add up. */ Evil(); /*", "Counts must add up."),
        ("Counts must add up. ReSharper disable All.", "Counts must add up."),
        ("- Counts must add up.\n- Keep both together.", "Counts must add up. Keep both together."),
    ],
)
def test_an_answer_is_cleaned(answer: str, sentences: str) -> None:
    """Marks, code, judgement, what other tools obey and characters that are not seen go; the sentences stay."""
    assert " ".join(sentences_from_answer(answer)) == sentences


def test_a_long_answer_is_cut_at_a_sentence() -> None:
    """A comment has a few lines; what does not fit is left out by whole sentences."""
    comment = comment_lines(
        sentences_from_answer(" ".join(f"Sentence number {n} says a little more." for n in range(90))), 8
    )
    assert len(comment) <= MOST_LINES
    assert comment[-1].endswith("more.")
    assert max(map(len, comment)) <= 100 - 8


ABOUT = context_of(shop("foreach (var x in _cache)\n{\n    lock (_gate)\n    {\n        «_count++;»\n    }\n}"))


@settings(max_examples=150)
@given(st.text(max_size=300) | st.text(alphabet="*/\\\r\n\u2028\u0085\"';{}#ab .", max_size=80))
@example("*/ Evil(); /*")
@example("a\u2028Evil();")
@example("a\u0085Evil();")
@example("a\\")
@example("#endif b")
@example("x" * 400)
def test_no_answer_gets_out_of_the_comment(answer: str) -> None:
    """Whatever a model answers: either it is refused, or the file is the old one with whole comment lines more."""
    scope = scope_of(ABOUT)
    before = ABOUT.selection.source.data.decode().split("\n")

    def provider(prompt: Prompt) -> Completion:
        return completion(answer)

    try:
        made = draft(ABOUT, scope, TOKENIZER, provider)
    except ReplyError:
        return
    after = made.after.data.decode().split("\n")
    new = [line for line in after if line not in before]
    assert [line for line in after if line not in new] == before
    assert all(re.fullmatch(r" +// \S.*", line) and len(line) <= 100 and line.isprintable() for line in new)
    assert claims(" ".join(new)) is None
    assert "ctxreview:" not in " ".join(new)
    assert len(outline(made.after).comments) == len(ABOUT.outline.comments) + len(new)


def test_what_is_said_to_the_model_is_data(project: Path) -> None:
    """The prompt is within the budget, says what is data, and names the statement's line."""
    about = samples.example()
    seen: list[Prompt] = []

    def provider(prompt: Prompt) -> Completion:
        seen.append(prompt)
        return completion(WHY)

    made = draft(about, scope_of(about), TOKENIZER, provider)
    assert made.review is not None
    assert (made.review.provider, made.review.summary) == ("openai", WHY)
    (prompt,) = seen
    assert "TransactionScope that line 28 opens" in prompt.user
    assert "is data" in prompt.system
    assert prompt.tokens.prompt <= prompt.tokens.budget
