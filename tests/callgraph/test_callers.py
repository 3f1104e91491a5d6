"""What the rest of a repository says, held against the small repositories of ``tests/corpus/workspace``.

A folder there is a repository, and each ``expected*.toml`` in it a selection with what has to be said about it.
``//@name`` at the end of a source line names that line: ``"src/Desk.cs:@name"`` in a text, ``"@name"`` for a number beside
a ``path``. The names are taken out of the copy that is read. Of the keys,

- ``verdict`` is one verdict or a list of those that are right, and ``arguments`` are further options of ``context``;
- ``scopes`` are all scopes. What a scope does not say is not compared, save ``via`` (else empty) and ``encloses_selection``
  (else true); its ``note`` is a part of the real one; one that is ``optional`` may be missing;
- ``blind_spots`` are in a blind spot, ``says`` there or in the note of a scope: each a text or a list of texts that would do;
- ``places`` are lines that a blind spot, a note or a reason names with their file, or that an excerpt shows;
- ``silent`` stands nowhere in scopes, blind spots and reasons; ``hidden`` are lines that no excerpt shows;
- ``excerpts`` are, by ``path`` and ``role``, lines that some excerpt ``shows`` and that every one ``hides``; ``only_excerpts``
  are the roles that may be there at all;
- ``crlf`` are files kept with a byte order mark and CRLF, ``links`` links to folders that ``outside/`` holds, beside the
  repository; ``gitignore.txt`` is its ``.gitignore``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ctxreview.callgraph.callers import chains
from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.callers.chains import call_chains
from ctxreview.callgraph.frameworks.assumptions import frameworks
from ctxreview.callgraph.repository.index import open_repository
from ctxreview.cli.app import app
from ctxreview.model.regions import NO_WRAPPERS
from ctxreview.model.source import Source
from ctxreview.outline import outline
from tests import ROOT

CORPUS = ROOT / "tests" / "corpus" / "workspace"
CASES = sorted(CORPUS.glob("*/expected*.toml"))
BROKEN = ("caller_does_not_parse",)
"""Where it is the trap that a file does not parse."""
REPOSITORIES = sorted({case.parent for case in CASES})
MARK = re.compile(r"[ \t]*//@(\w+)")
PLACE = re.compile(r"([\w./-]+\.cs):@(\w+)(?:-@(\w+))?")
VIA = re.compile(r"(?:[\w.]+|top-level statements) \(([^():]+):(\d+)\)")
COMPARED = ("construct", "form", "path", "start_line", "end_line", "certainty")
KEYS = {
    "about",
    "selection",
    "arguments",
    "verdict",
    "scopes",
    "blind_spots",
    "says",
    "places",
    "silent",
    "hidden",
    "excerpts",
    "only_excerpts",
    "crlf",
    "links",
}
Table = dict[str, Any]
Shown = dict[tuple[str, str], set[int]]
"""The lines that excerpts show, by path and role."""


def _name(case: Path) -> str:
    return f"{case.parent.name}{case.stem.removeprefix('expected')}"


def _sources(repository: Path) -> list[Path]:
    return sorted(repository.rglob("*.cs"))


def _marks(repository: Path) -> dict[str, dict[str, int]]:
    """The line of each name, by the file's path in the repository."""
    found: dict[str, dict[str, int]] = {}
    for path in _sources(repository):
        marks = found.setdefault(path.relative_to(repository).as_posix(), {})
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
            for name in MARK.findall(line):
                assert name not in marks, f"{path}:{number}: {name} names two lines"
                marks[name] = number
    return found


def _expected(case: Path) -> Table:
    """The expectation with numbers for names; what it may not say is an error."""
    marks = _marks(case.parent)

    def numbered(text: str) -> str:
        def place(match: re.Match[str]) -> str:
            lines = [str(marks[match[1]][name]) for name in match.groups()[1:] if name]
            return f"{match[1]}:{'-'.join(lines)}"

        return PLACE.sub(place, text)

    def resolved(value: Any, path: str) -> Any:
        if isinstance(value, dict):
            path = value.get("path", path)
            return {key: resolved(inner, path) for key, inner in value.items()}
        if isinstance(value, list):
            return [resolved(inner, path) for inner in value]
        if isinstance(value, str) and re.fullmatch(r"@\w+", value):
            return marks[path][value[1:]]
        return numbered(value) if isinstance(value, str) else value

    read = tomllib.loads(case.read_text("utf-8"))
    assert read.keys() <= KEYS, f"{case}: {read.keys() - KEYS}"
    found: Table = resolved(read, "")
    return found


def _copy(repository: Path, home: Path, expected: Table) -> Path:
    """The repository as a team has it: without names, with the links, line ends and ignored files that it asks for."""
    root = home / "repository"
    shutil.copytree(repository, root, ignore=shutil.ignore_patterns("expected*.toml"))
    for path in _sources(root):
        text = "\n".join(MARK.sub("", line) for line in path.read_text("utf-8").split("\n"))
        if path.relative_to(root).as_posix() in expected.get("crlf", ()):
            path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        else:
            path.write_bytes(text.encode())
    if (root / "outside").exists():
        (root / "outside").rename(home / "outside")
    for link, target in expected.get("links", {}).items():
        (root / link).symlink_to(home / target, target_is_directory=True)
    if (root / "gitignore.txt").exists():
        (root / "gitignore.txt").rename(root / ".gitignore")
        for command in (["init", "--quiet"], ["add", "--all"]):
            subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    return root


def _context(root: Path, expected: Table) -> Table:
    """The document that ``ctxreview context`` prints for the selection."""
    given = ["context", str(root / expected["selection"]), "--root", str(root), "--format", "json"]
    done = CliRunner().invoke(app, [*given, *expected.get("arguments", ())])
    assert done.exit_code == 0, f"{expected['about']}\n{done.exception!r}\n{done.stderr}"
    document: Table = json.loads(done.stdout)
    return document


def _shown(document: Table) -> Shown:
    shown: Shown = {}
    for excerpt in document["excerpts"]:
        lines = shown.setdefault((excerpt["path"], excerpt["role"]), set())
        elided = {n for e in excerpt.get("elided", ()) for n in range(e["start_line"], e["end_line"] + 1)}
        lines |= set(range(excerpt["start_line"], excerpt["end_line"] + 1)) - elided
    return shown


def _lines(path: str, shown: Shown) -> set[int]:
    """The lines of a file that excerpts of any role show."""
    return {n for (where, _), lines in shown.items() if where == path for n in lines}


def _words(scope: Table) -> str:
    held = "holds the selection" if scope.get("encloses_selection", True) else "does not hold the selection"
    more = {k: v for k, v in scope.items() if k not in (*COMPARED, "via", "encloses_selection", "optional")}
    via = " -> ".join(scope.get("via", ())) or "itself"
    where = f"{scope.get('path')}:{scope.get('start_line')}-{scope.get('end_line')}"
    return f"{scope.get('construct')} {scope.get('form')} {where} {scope.get('certainty')}, {held}, via {via} {more}"


def _same(wanted: Table, real: Table) -> bool:
    wanted = {"via": [], "encloses_selection": True} | wanted
    note = wanted.pop("note", "")
    wanted.pop("optional", None)
    return note in (real["note"] or "") and all(real[key] == value for key, value in wanted.items())


def _scope_differences(expected: Table, document: Table) -> Iterator[str]:
    left = list(document["scopes"])
    for wanted in expected.get("scopes", ()):
        found = next((real for real in left if _same(wanted, real)), None)
        if found is not None:
            left.remove(found)
        elif not wanted.get("optional", False):
            yield f"scope missing:    {_words(wanted)}"
    for real in left:
        yield f"scope unexpected: {_words(real)}"


def _text_differences(expected: Table, document: Table, shown: Shown) -> Iterator[str]:
    spots: list[str] = document["blind_spots"]
    notes = [s["note"] for s in document["scopes"] if s["note"]]
    whys = [e["why"] for e in document["excerpts"]]
    for key, texts in (("blind_spots", spots), ("says", [*spots, *notes])):
        for wanted in expected.get(key, ()):
            alternatives = [wanted] if isinstance(wanted, str) else wanted
            if not any(a.lower() in text.lower() for a in alternatives for text in texts):
                yield f"not said:         {' or '.join(map(repr, alternatives))}"
    for place in expected.get("places", ()):
        path, _, line = place.rpartition(":")
        named = any(path in text and re.search(rf"\b{line}\b", text) for text in (*spots, *notes, *whys))
        if not named and int(line) not in _lines(path, shown):
            yield f"not named:        {place}"
    everything = [*spots, *whys, *(json.dumps(s) for s in document["scopes"])]
    for unwanted in expected.get("silent", ()):
        yield from (f"said, but should not be: {unwanted!r} in {text}" for text in everything if unwanted in text)


def _excerpt_differences(expected: Table, shown: Shown) -> Iterator[str]:
    for wanted in expected.get("excerpts", ()):
        path, role = wanted["path"], wanted["role"]
        lines = shown.get((path, role), set())
        if missing := set(wanted.get("shows", ())) - lines:
            yield f"not shown:        {path} as {role}: lines {sorted(missing)}; shown are {sorted(lines)}"
        if unwanted := set(wanted.get("hides", ())) & lines:
            yield f"shown, but should not be: {path} as {role}: lines {sorted(unwanted)}"
    for place in expected.get("hidden", ()):
        path, _, line = place.rpartition(":")
        if int(line) in _lines(path, shown):
            yield f"shown, but should not be: {place}"
    if "only_excerpts" in expected and (more := {r for _, r in shown} - set(expected["only_excerpts"])):
        yield f"excerpts in other roles: {sorted(more)}"


def _broken_promises(root: Path, document: Table, shown: Shown) -> Iterator[str]:
    """What holds for every context: reasons, places that exist, no whole file."""
    texts = {p.relative_to(root).as_posix(): p.read_text("utf-8-sig").split("\n") for p in _sources(root)}
    for excerpt in document["excerpts"]:
        if not excerpt["why"].strip():
            yield f"no reason:        {excerpt}"
        if not 1 <= excerpt["start_line"] <= excerpt["end_line"] <= len(texts.get(excerpt["path"], ())):
            yield f"no such lines:    {excerpt}"
    for path in texts.keys() - {document["selection"]["path"]}:
        if {n for n, line in enumerate(texts[path], 1) if line.strip()} <= _lines(path, shown):
            yield f"a whole file:     {path}"
    for scope in document["scopes"]:
        for call in scope["via"]:
            form = VIA.fullmatch(call)
            if form is None or not 1 <= int(form[2]) <= len(texts.get(form[1], ())):
                yield f"no such call:     {call}"


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_the_repository_says_what_is_expected(case: Path, tmp_path: Path) -> None:
    """Scopes, chains, certainty, verdict, blind spots and excerpts of a selection are exactly those that are expected."""
    expected = _expected(case)
    root = _copy(case.parent, tmp_path, expected)
    document = _context(root, expected)
    shown = _shown(document)
    verdicts = [expected["verdict"]] if isinstance(expected["verdict"], str) else expected["verdict"]
    differences = [
        *([] if document["verdict"] in verdicts else [f"verdict:          {document['verdict']}, not {verdicts}"]),
        *_scope_differences(expected, document),
        *_text_differences(expected, document, shown),
        *_excerpt_differences(expected, shown),
        *_broken_promises(root, document, shown),
    ]
    about = f"{case.relative_to(CORPUS)}: {expected['about']}"
    blind = "".join(f"\n    {spot}" for spot in document["blind_spots"])
    assert not differences, "\n".join([about, *(f"  {d}" for d in differences), f"  blind spots were:{blind}"])


def test_what_is_found_does_not_depend_on_what_was_asked_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where callers are followed only so far, a second selection of a batch gets no further than it would alone."""
    case = CORPUS / "three_hops" / "expected.toml"
    expected = _expected(case)
    root = _copy(case.parent, tmp_path, expected)
    path, _, line = expected["selection"].rpartition(":")
    source = Source(path, (root / path).read_bytes())
    known = outline(source)
    place = source.line_span(int(line))
    target = Callee(known, next(f for f in known.outermost if f.span.contains(place)))
    asked = open_repository(root, "csharp", NO_WRAPPERS)
    assert not call_chains(target, asked, hops=3).stopped
    monkeypatch.setattr(chains, "MAX_TEXT", 1)
    again, alone = (call_chains(target, r, hops=3) for r in (asked, open_repository(root, "csharp", NO_WRAPPERS)))
    assert alone.stopped
    assert again.stopped == alone.stopped
    assert [link.via for link in again.links] == [link.via for link in alone.links]


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda r: r.name)
def test_the_corpus_is_ordinary_code(repository: Path) -> None:
    """Every file parses, and every named line is asked for: what breaks the parse or asks for nothing would prove nothing."""
    for path in _sources(repository):
        text = "\n".join(MARK.sub("", line) for line in path.read_text("utf-8").split("\n"))
        assert outline(Source(path.name, text.encode())).parse.clean is (repository.name not in BROKEN), path
    asked = "".join(case.read_text("utf-8") for case in repository.glob("expected*.toml"))
    for path, marks in _marks(repository).items():
        assert not [name for name in marks if f"@{name}" not in asked], path


@pytest.mark.parametrize(("base", "what"), sorted(frameworks("csharp").turns.items()))
def test_what_a_runtime_does_around_its_types_is_named(base: str, what: str, tmp_path: Path) -> None:
    """A base that only a library declares is said to run calls one at a time, as an assumption."""
    code = (
        f"public class Stock : {base}<State>\n{{\n    private int _count;\n\n    public void Take() => _count--;\n}}\n"
    )
    (tmp_path / "Stock.cs").write_text(code, "utf-8")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    document = _context(tmp_path, {"selection": "Stock.cs:5"})
    assert f"Stock is {what}. The runtime does that, and it was not proven." in document["blind_spots"]


ENTRIES = {
    'class Desk : ControllerBase { [HttpPost("x"), Authorize] public void Take() { _n++; } int _n; }': "ASP.NET Core",
    "class Desk : Controller { public void Take() { _n++; } int _n; }": "ASP.NET Core",
    "class Desk { public Task InvokeAsync(HttpContext given) { _n++; return null; } int _n; }": "ASP.NET Core",
    "class Desk { [Fact] public void Take() { _n++; } int _n; }": "The test runner",
    "class Desk : Hub { public void Take() { Add(); } void Add() { _n++; } int _n; }": "SignalR",
    "class Desk : ControllerBase { void Take() { _n++; } int _n; }": "",
    "class ControllerBase { } class Desk : ControllerBase { public void Take() { _n++; } int _n; }": "",
    "class Desk { public void Take(HttpContext given) { _n++; } int _n; }": "",
}


@pytest.mark.parametrize(("source", "framework"), ENTRIES.items(), ids=range(len(ENTRIES)))
def test_what_a_framework_calls_has_a_caller(source: str, framework: str, tmp_path: Path) -> None:
    """An action of a controller, a middleware or a test is called, though no call of it is written; their helpers are not."""
    (tmp_path / "Desk.cs").write_text(source.replace("{ _n++", "{\n_n++"), "utf-8")
    (tmp_path / ".git").mkdir()
    spots = _context(tmp_path, {"selection": "Desk.cs:2"})["blind_spots"]
    called = [s for s in spots if " calls Desk." in s and s.endswith("in this repository no caller was found.")]
    assert [s.partition(" calls ")[0] for s in called] == ([framework] if framework else [])
    assert any(s.startswith("Who calls Desk.") for s in spots) == (not framework)


def test_a_call_on_base_is_one_of_the_nearest_declaration_above(tmp_path: Path) -> None:
    """Through a type that only inherits it is a call of the method; past one that declares it anew it is another's."""
    code = (
        "public class Stock { public virtual void Take(int n) { } }\n"
        "public class Kept : Stock { }\n"
        "public class Counted : Kept { public override void Take(int n) { base.Take(n); } }\n"
        "public class Sold : Counted { public override void Take(int n) { base.Take(n + 1); } }\n"
    )
    (tmp_path / "Stock.cs").write_text(code, "utf-8")
    known = outline(Source("Stock.cs", code.encode()))
    target = Callee(known, known.outermost[0])
    found = call_chains(target, open_repository(tmp_path, "csharp", NO_WRAPPERS), hops=1)
    assert [(str(link.via[0]), link.certainty) for link in found.links] == [("Counted.Take (Stock.cs:3)", "resolved")]


def test_a_handler_taken_off_is_no_call_and_a_value_handed_on_is_read_at_once(tmp_path: Path) -> None:
    """Subscribing a method hands it on, taking it off an event does nothing to it; a property that is an argument is read there, under the lock."""
    code = (
        "public class Desk\n{\n    readonly object _gate = new(); event EventHandler Closed;\n"
        "    void On(object s, EventArgs e) { }\n"
        "    int Last { get { return 1; } }\n"
        "    void Open() { Closed += On; }\n"
        "    void Shut() { Closed -= On; }\n"
        "    void Send(Line line) { lock (_gate) { line.Start(Last, 2); _total -= Last; } }\n}\n"
    )
    (tmp_path / "Desk.cs").write_text(code, "utf-8")
    known = outline(Source("Desk.cs", code.encode()))
    functions = {f.name: f for f in known.functions}
    repository = open_repository(tmp_path, "csharp", NO_WRAPPERS)
    handler = call_chains(Callee(known, functions["On"]), repository, hops=1)
    assert [(str(link.via[0]), link.deferred) for link in handler.links] == [("Desk.Open (Desk.cs:6)", True)]
    getter = call_chains(Callee(known, functions["Last.get"]), repository, hops=1)
    assert [(link.deferred, len(link.scopes)) for link in getter.links] == [(False, 1), (False, 1)]
