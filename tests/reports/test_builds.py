"""The forms for builds and forges: as their readers read them, from each command, and with nothing in them that acts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from markdown_it import MarkdownIt

from ctxreview.guard import check as guards
from ctxreview.model.review import Finding, Problem
from ctxreview.model.source import Lines, Source
from ctxreview.reports.ci import FORMS, build_text
from ctxreview.reports.ci.gathered import REPORTED, of_guard, of_reviews
from ctxreview.reports.ci.markdown import MOST
from ctxreview.reports.ci.rows import Found, Note, merged, rows_of
from tests import ROOT
from tests.commands import Done, run_command
from tests.guard.test_versions import INCIDENT, SERVICE, commit, edit, repo
from tests.reports.test_forges import REFERENCES, TRICKS, leaves, quick_actions
from tests.reports.test_reports import HOSTILE, PLAIN, reviewed
from tests.reports.test_sarif import validator
from tests.samples import EXAMPLE, PATH, QUERY, context_of, shop
from tests.workspace.test_git import write

__all__ = ["repo"]

RDJSON = json.loads((ROOT / "tests" / "data" / "rdjson-schema.json").read_text("utf-8"))
GITHUB = {
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path", "notice",
    "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning",
}  # fmt: skip
"""The commands that a runner knows."""


class Command(NamedTuple):
    """A command as a build takes it from a line."""

    name: str
    properties: dict[str, str]
    data: str


def github_commands(log: str) -> Iterator[Command]:
    """What GitHub's runner makes of a log (``ActionCommand.cs``): ``::`` where a line begins, or ``##[`` anywhere."""
    for line in re.split(r"\r\n|\r|\n", log):
        begun = line.lstrip()
        end = begun.find("::", 2)
        if begun.startswith("::") and end >= 0 and (name := begun[2:end].split(" ")[0]) in GITHUB:
            given = begun[2:end].partition(" ")[2].strip().split(",")
            properties = dict(pair.split("=", 1) for pair in given if "=" in pair)
            yield Command(name, {k: back(v, "3A:", "2C,") for k, v in properties.items()}, back(begun[end + 2 :]))
        elif (found := re.search(r"##\[([^\] ]*)[^\]]*\](.*)", line)) and found[1] in GITHUB:
            yield Command(found[1], {}, found[2])


def azure_commands(log: str) -> Iterator[Command]:
    """What the agent of Azure Pipelines makes of a log (``Command.cs``): the first ``##vso[`` of a line, up to the next ``]``."""
    for line in re.split(r"\r\n|\r|\n", log):
        if found := re.search(r"##vso\[([^\]]*)\](.*)", line):
            name, _, given = found[1].partition(" ")
            properties = dict(pair.split("=", 1) for pair in given.split(";") if "=" in pair)
            read = {k: back(v, "3B;", "5D]").replace("%AZP25", "%") for k, v in properties.items()}
            yield Command(name, read, back(found[2]).replace("%AZP25", "%"))


def back(text: str, *more: str) -> str:
    """An escaped text read back; ``%`` is the last."""
    for code in ("0D\r", "0A\n", *more, "25%"):
        text = text.replace(f"%{code[:2]}", code[2:])
    return text


def checked(form: str, text: str) -> list[tuple[str, int, str]]:
    """Path, line and rule of each finding as the reader of a form finds them, after the form was held against its definition."""
    if form == "sarif":
        document = json.loads(text)
        assert [e.message for e in validator().iter_errors(document)] == []
        (run,) = document["runs"]
        kinds = [d["id"] for d in run["tool"]["driver"]["notifications"]]
        for note in run.get("invocations", [{"toolExecutionNotifications": []}])[0]["toolExecutionNotifications"]:
            assert kinds[note["descriptor"]["index"]] == note["descriptor"]["id"]
        return [
            (at["artifactLocation"]["uri"], at["region"]["startLine"], r["ruleId"])
            for r in run["results"]
            for at in [r["locations"][0]["physicalLocation"]]
        ]
    if form == "rdjson":
        document = json.loads(text)
        jsonschema.Draft4Validator(RDJSON).validate(document)
        return [
            (d["location"]["path"], d["location"]["range"]["start"]["line"], d["code"]["value"])
            for d in document["diagnostics"]
        ]
    if form == "gitlab":
        issues = json.loads(text)
        assert len({i["fingerprint"] for i in issues}) == len(issues)
        assert {i["severity"] for i in issues} <= {"info", "minor", "major", "critical", "blocker"}
        assert all(i["description"] for i in issues)
        return [(i["location"]["path"], i["location"]["lines"]["begin"], i["check_name"]) for i in issues]
    if form == "markdown":
        found = []
        for part in re.split(r"(?=<details)", text):
            path = re.search(r"<summary><code>(.*)</code>", part)
            lines = re.findall(r"(?m)^- \*\*\w+\*\* `?([\w-]+)`?, lines? (\d+)", part)
            found += [(unescape(path[1]), int(line), rule) for rule, line in lines] if path else []
        return found
    read = {"github": github_commands, "azure": azure_commands}[form]
    commands = list(read(text))
    assert len(commands) == len(text.split("\n")) if text else not commands
    names = {"file": "file", "line": "line", "rule": "title"}
    if form == "azure":
        names = {"file": "sourcepath", "line": "linenumber", "rule": "code"}
    assert {c.name for c in commands} <= {"error", "warning", "notice", "task.logissue"}
    told = [{key: c.properties.get(name, "") for key, name in names.items()} for c in commands]
    return [(t["file"], int(t["line"]), t["rule"].removeprefix("ctxreview ")) for t in told if t["file"]]


COMMANDS: dict[str, Callable[[Path, str], Done]] = {
    "lint": lambda root, form: run_command("lint", "--diff", "main...HEAD", "--format", form, cwd=root),
    "guard": lambda root, form: run_command("guard", "--diff", "main...HEAD", "--format", form, cwd=root),
    "review": lambda root, form: run_command("review", "--diff", "main...HEAD", "--format", form, "-q", cwd=root),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_command_prints_it(repo: Path, form: str) -> None:
    """lint, guard and review of a branch that loses a lock say so at the same place; where nothing was found the form still is one."""
    name, *pairs = INCIDENT["lock"]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    commit(repo)
    for command, run in COMMANDS.items():
        done = run(repo, form)
        assert done.returncode == 0, done.stderr
        assert (name, "scope-change") in {(path, rule) for path, _, rule in checked(form, done.stdout.rstrip("\n"))}, (
            command
        )
    nothing = run_command("guard", "--diff", "HEAD..HEAD", "--format", form, cwd=repo)
    assert (nothing.returncode, checked(form, nothing.stdout.rstrip("\n"))) == (0, [])


@pytest.mark.parametrize("form", FORMS)
def test_what_was_found_on_an_answer_has_the_lines_that_are_there(form: str) -> None:
    """A suggestion is in no file, so its findings are at the lines before it; the exit status is as ever."""
    given = ("guard", QUERY, "--suggestion", "answers/unsafe-answer.md", "--format", form, "--root", ".")
    done = run_command(*given, "--fail-on", "high", cwd=EXAMPLE)
    assert done.returncode == 1
    assert checked(form, done.stdout.rstrip("\n")) == [(SERVICE, 31, "no-tracking-write")]


def test_lines_of_an_edit_are_those_before_it() -> None:
    """A line after the edit is where it was, a new one where the one stands whose place it takes, or before it."""
    about = context_of(shop("_count++;\n_total++;\nlock (_gate)\n{\n    _count++;\n}"))
    text = about.selection.source.data.decode()
    first = text[: text.index("_count++;")].count("\n") + 1
    moved = text.replace("        _count++;\n", "        _a();\n        _b();\n        _c();\n", 1)
    assert moved != text
    after = Source(PATH, moved.encode())
    changes = tuple(guards.changes_of(about.selection.source, after))
    found = [finding(at=Lines(PATH, first + n, first + n)) for n in range(5)]
    (result, *_) = PLAIN.suggestions
    made = of_guard([result._replace(findings=tuple(found), changes=changes, reason="")], about)
    assert [row.finding.at.start_line for row in made.rows] == [first, first + 1, first + 2]
    assert [row.lines[row.finding.at.start_line].strip() for row in made.rows] == [
        "_count++;",
        "_total++;",
        "lock (_gate)",
    ]


def test_what_was_not_seen_is_told() -> None:
    """What could not be looked at fails the run and is an error; what a review did not see is a warning with the place it is about."""
    done = run_command("review", QUERY, "src/Nope.cs:3", "--format", "sarif", "--root", ".", cwd=EXAMPLE)
    assert done.returncode == 2
    assert checked("sarif", done.stdout)
    (told,) = json.loads(done.stdout)["runs"][0]["invocations"]
    assert not told["executionSuccessful"]
    kinds = {n["descriptor"]["id"]: n for n in told["toolExecutionNotifications"]}
    levels = {kind: note["level"] for kind, note in kinds.items()}
    assert levels == {"not-checked": "error", "not-seen": "warning", "said": "note"}
    assert "src/Nope.cs" in kinds["not-checked"]["message"]["text"]
    at = kinds["not-seen"]["locations"][0]["physicalLocation"]
    assert (at["artifactLocation"]["uri"], at["region"]["startLine"]) == (SERVICE, 31)
    assert "No model was asked" in kinds["said"]["message"]["text"]
    alone = json.loads(run_command("review", QUERY, "--format", "sarif", cwd=EXAMPLE).stdout)
    assert alone["runs"][0]["invocations"][0]["executionSuccessful"]
    for form in ("github", "azure"):
        log = run_command("review", QUERY, "src/Nope.cs:3", "--format", form, cwd=EXAMPLE).stdout.rstrip("\n")
        assert checked(form, log)
        assert "src/Nope.cs" in log.split("\n")[0], "the worst is the first"


def test_what_a_model_reports() -> None:
    """A problem that a model reports is told as its word, without words that say more than a tool can know."""
    problem = Problem(PATH, 14, "high", "This is approved and safe: it races.", shown=False)
    made = of_reviews([PLAIN._replace(problems=(problem,), suggestions=())], "in-scope: it")
    (row,) = [row for row in made.rows if row.finding.rule == REPORTED]
    assert (
        row.finding.message
        == f"{PLAIN.model} reports: This is […] and […]: it races. The model was not shown that line."
    )
    for form in FORMS:
        checked(form, build_text(form, made))


def test_a_path_that_is_not_text() -> None:
    """Bytes of a path that no JSON can hold are U+FFFD, as in all our documents; a character that acts is written out."""
    one = finding(at=Lines("caf\udce9\x1b.cs", 1, 1), related=(Lines("b\udcff.cs", 2, 2, "there"),))
    found = Found(tuple(rows_of(Source("x.cs", b""), [one])))
    assert [path for path, _, _ in checked("gitlab", build_text("gitlab", found))] == ["caf\ufffd\\x1b.cs"]
    told = build_text("rdjson", found)
    assert [path for path, _, _ in checked("rdjson", told)] == ["caf\ufffd\\x1b.cs"]
    assert json.loads(told)["diagnostics"][0]["related_locations"][0]["location"]["path"] == "b\ufffd.cs"


def test_show_has_no_form_for_builds() -> None:
    """What is stored has not the lines that such a form needs: it is refused, and not printed as something else."""
    for form in ("sarif", "github"):
        done = run_command("show", "last", "--format", form, cwd=EXAMPLE)
        assert (done.returncode, done.stdout) == (2, "")
        assert form in done.stderr


def test_a_finding_is_told_once() -> None:
    """Selections of one function have the same hazards; together each is told once, and no two have the same fingerprint."""
    source = Source(PATH, b"lock (this) { }\nlock (this) { }\n")
    first, second = (finding(at=Lines(PATH, n, n)) for n in (1, 2))
    parts = [Found(tuple(rows_of(source, [f]))) for f in (first, second, first)]
    made = merged(parts)
    assert [row.finding for row in made.rows] == [first, second]
    assert [row.mark.split(":")[1] for row in made.rows] == ["1", "2"]


def finding(**given: Any) -> Finding:
    """A finding with a place and a question."""
    plain = Finding("lock-target", "high", "syntactic", "A lock.", "Why?", Lines(PATH, 1, 1))
    return plain._replace(**given)


ESCAPES = [
    "::error::x", "\n::set-output name=a::b", "\r::stop-commands::x", "a::warning file=b::c", "##[add-path]/evil", "x ##[group]y",
    "##vso[task.setvariable variable=PATH]/evil", "]##vso[task.complete result=Succeeded;]done", "a;code=x]y", "100%0A::debug::x",
    "%25,line=7:file=b", "\u2028::error::x", "\x85##vso[task.debug]x", "%AZP25;sourcepath=b", "###[debug]x", "\x1b[0m::error::x",
]  # fmt: skip


@pytest.mark.parametrize("words", [*ESCAPES, *HOSTILE.values()], ids=range(len(ESCAPES) + len(HOSTILE)))
def test_nothing_starts_another_command(words: str) -> None:
    """Whatever a path, message, question or reply has: each line is one command of ours, for the other build it is none, and the path is the path."""
    name = words.replace("\0", "") or "x"
    at = Lines(name, 3, 4, words)
    about = finding(message=words, question=words, at=at, related=(at,))
    found = Found(
        tuple(rows_of(Source(name, b"a\nb\nc\nd\n"), [about])), (Note("not-checked", words), Note("said", words))
    )
    for form, read, other in (("github", github_commands, azure_commands), ("azure", azure_commands, github_commands)):
        text = build_text(form, found)
        commands = list(read(text))
        assert [c.name for c in commands] == {"github": ["error", "error"], "azure": ["task.logissue"] * 2}[form]
        assert list(other(text)) == []
        shown = commands[1].properties[{"github": "file", "azure": "sourcepath"}[form]]
        if name.isprintable() and "##" not in name:
            assert shown == name
        assert set(commands[1].properties) == {
            "github": {"file", "line", "endLine", "title"},
            "azure": {"type", "sourcepath", "linenumber", "columnnumber", "code"},
        }[form]  # fmt: skip
    for form in ("sarif", "gitlab", "rdjson"):
        text = build_text(form, found)
        assert len(checked(form, text)) == 1
        assert list(github_commands(text)) == list(azure_commands(text)) == []


def test_no_report_in_a_log_is_a_command(repo: Path) -> None:
    """In a build text, Markdown, JSON and messages are no commands, whatever the code and its paths say; elsewhere text is as it is."""
    evil = (
        'class A { void M() { lock (this) { Log("##vso[task.setvariable variable=A]b"); Log("##[add-path]x"); } } }\n'
    )
    write(repo, {"src/##[add-path]x.cs": evil, "src/A.cs": evil})
    given = "src/A.cs:1"
    for build in ({"GITHUB_ACTIONS": "true"}, {"TF_BUILD": "True"}):
        for form in ("text", "markdown", "json", "html"):
            done = run_command("review", given, "--format", form, cwd=repo, env=build)
            assert list(github_commands(done.stdout + done.stderr)) == [], form
            assert list(azure_commands(done.stdout + done.stderr)) == [], form
        done = run_command(
            "context", "src/##[add-path]x.cs:9", "::add-path::x.cs:1", "##vso[task.debug]:1", cwd=repo, env=build
        )
        assert done.returncode == 2
        assert "add-path" in done.stderr
        assert list(github_commands(done.stdout + done.stderr)) == list(azure_commands(done.stdout + done.stderr)) == []
    assert "##vso[task.setvariable" in run_command("review", given, cwd=repo).stdout
    assert (
        json.loads(run_command("context", given, "--format", "json", cwd=repo).stdout)["selection"]["path"]
        == "src/A.cs"
    )


HTML = re.compile(r"<details(?: open)?><summary>(?:<code>[^<>]*</code>|[\w ]+): [\w ,]+</summary>\n?|</details>\n?")
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@pytest.mark.parametrize("words", TRICKS, ids=range(len(TRICKS)))
def test_nothing_acts_in_a_comment(words: str) -> None:
    """In the Markdown no mention, reference, address, quick action or markup of others' text acts; the only HTML is what folds."""
    at = Lines(words, 3, 3, words)
    about = finding(message=words, question=words, at=at, related=(at,))
    found = Found(
        tuple(rows_of(Source(words, b""), [about])), (Note("said", words), Note("not-seen", words, at)), (words,)
    )
    source = build_text("markdown", found)
    for token in leaves(PARSER.parse(source)):
        assert token.type not in {"html_inline", "image", "link_open", "s_open", "code_block", "fence"}
        if token.type == "html_block":
            assert HTML.fullmatch(token.content), token.content
        elif token.type == "text":
            assert not [kind for kind, rule in REFERENCES.items() if re.search(rule, token.content)], token.content
    assert quick_actions(source) == []


def test_a_comment_has_a_size() -> None:
    """Of more than a forge takes the worst files are listed, and the rest is counted; one with a hostile review is read as well."""
    many = [finding(severity="low", message="It waits. " * 20, at=Lines(f"src/F{n}.cs", 1, 1)) for n in range(3_000)]
    worst = finding(at=Lines("src/Z.cs", 1, 1))
    rows = [row for f in (*many, worst) for row in rows_of(Source(f.at.path, b"x\n"), [f])]
    text = build_text("markdown", Found(tuple(rows), tuple(Note("not-seen", f"s{n}") for n in range(200))))
    assert MOST / 2 < len(text) <= MOST
    assert text.startswith("### ctxreview\n\n**3,001 findings** (1 high, 3,000 low) in 3,001 files.")
    assert text.index("src/Z.cs") < text.index("src/F0.cs")
    assert re.search(r"\n[\d,]+ more findings in [\d,]+ files: too many for a comment\.\n", text)
    for words in HOSTILE.values():
        build_text("markdown", of_reviews([reviewed(words)], words))
