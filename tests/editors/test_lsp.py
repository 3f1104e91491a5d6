"""The language server as an editor meets it: a real process, over its standard streams."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ctxreview.model.claims import claims
from ctxreview.model.source import Source
from ctxreview.servers.lsp.buffers import Buffer, changed, opened
from ctxreview.servers.lsp.positions import lines_in, offset_of, place_of
from tests import ROOT
from tests.commands import SCRIPT
from tests.editors.client import Client, able, at, serving
from tests.lint.test_elsewhere import CALLER, UNIT_OF_WORK
from tests.llm.providers.test_faults import whole
from tests.llm.test_store import KEY, UNSAFE
from tests.servers import Told
from tests.servers import serving as serving_model

EXAMPLE = ROOT / "examples" / "record-service"
RECORDS = EXAMPLE / "src" / "RecordService.cs"
LOCKED = """class Counter
{
    readonly object _gate = new();
    int _count;
    void Add() { lock (this) { _count++; } }
}
"""


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders that are open at once; the settings of the second one ignore a rule."""
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    (second / ".ctxreview.toml").write_text('ignore = ["lock-target", "missing-intent"]\n')
    return first, second


@pytest.fixture(scope="module")
def clipboard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with git and a program that has a clipboard, whose text is in the file ``kept``."""
    folder = tmp_path_factory.mktemp("clipboard")
    (folder / "git").symlink_to(shutil.which("git") or "git")
    tool = folder / "xclip"
    tool.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\nkept = pathlib.Path({str(folder / 'kept')!r})\n"
        "if '-o' in sys.argv:\n    sys.stdout.buffer.write(kept.read_bytes() if kept.exists() else b'')\n"
        "else:\n    kept.write_bytes(sys.stdin.buffer.read())\n"
    )
    tool.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def pushed(roots: tuple[Path, Path], clipboard: Path) -> Iterator[Client]:
    """A server whose client is told diagnostics, with a clipboard."""
    env = {**without_display(), "PATH": str(clipboard), "DISPLAY": ":0"}
    with serving(able(), *roots, env=env) as client:
        yield client


@pytest.fixture(scope="module")
def model() -> Iterator[Told]:
    """A model's server, which proposes what is not safe."""
    with serving_model() as told:
        told.answers["/v1/responses"] = [whole("responses", UNSAFE)]
        yield told


@pytest.fixture(scope="module")
def pulling(roots: tuple[Path, Path], model: Told) -> Iterator[Client]:
    """A server whose client asks for diagnostics, counts in bytes and shows no documents, and has the clipboard itself; there is a model."""
    capabilities = able(pulls=True, encodings=["utf-8", "utf-16"], shows=False, progress=False)
    arguments = ("--stdio", "--provider", "openai", "--base-url", f"{model.url}/v1", "--model", "m-1")
    env = {**without_display(), "OPENAI_API_KEY": KEY}
    with serving(capabilities, *roots, arguments=arguments, env=env, options={"clipboard": True}) as client:
        yield client


def without_display() -> dict[str, str]:
    """This environment without a display, which has a clipboard, and without keys."""
    ours = ("DISPLAY", "WAYLAND_DISPLAY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")
    return {name: value for name, value in os.environ.items() if name not in ours}


def codes(found: list[types.Diagnostic]) -> list[str]:
    """The rules of some diagnostics, in order."""
    return [str(d.code) for d in found if d.code != "missing-intent"]


def file_of(uri: str) -> Path:
    """The file that an address names."""
    return Path(url2pathname(urlparse(uri).path))


def test_what_is_typed_is_looked_at_before_it_is_saved(pushed: Client, roots: tuple[Path, Path]) -> None:
    """A finding has its rule, severity, place, and an explanation to open; it goes with what it is about, and with the file."""
    assert pushed.result.capabilities.diagnostic_provider is None
    uri = pushed.open(roots[0] / "Counter.cs", LOCKED)
    (found,) = (d for d in pushed.diagnostics(uri) if d.code == "lock-target")
    assert (found.severity, found.source) == (types.DiagnosticSeverity.Information, "ctxreview")
    assert found.range == at(5, 4, 44)
    assert "Does anyone outside lock this object?" in found.message
    assert found.code_description is not None
    assert "lock-target" in file_of(found.code_description.href).read_text("utf-8")
    pushed.edit(uri, 2, (at(5, 23, 27), "_gate"))
    assert codes(pushed.diagnostics(uri, 2)) == []
    pushed.edit(uri, 3, (at(1), "// 😀\n"), (at(6, 23, 28), "this"))
    (again,) = (d for d in pushed.diagnostics(uri, 3) if d.code == "lock-target")
    assert again.range.start.line == 5
    pushed.close(uri)
    pushed.until(lambda: pushed.published[uri][-1].diagnostics == ())
    assert not (roots[0] / "Counter.cs").exists()


def test_each_open_folder_has_its_own_settings(pushed: Client, roots: tuple[Path, Path]) -> None:
    """What the settings of one folder ignore is told in the other."""
    one, other = (pushed.open(root / "Same.cs", LOCKED) for root in roots)
    assert codes(pushed.diagnostics(one)) == ["lock-target"]
    assert pushed.diagnostics(other) == []


def test_a_file_that_was_never_saved_is_looked_at_and_other_languages_are_not(pushed: Client) -> None:
    """An untitled buffer counts by its language; a text in another one is nobody's."""
    pushed.open("untitled:Untitled-2", "lock (this)", language="plaintext")
    uri = pushed.open("untitled:Untitled-1", LOCKED)
    assert codes(pushed.diagnostics(uri)) == ["lock-target"]
    assert "untitled:Untitled-2" not in pushed.published


def test_what_is_not_looked_at_is_said(pushed: Client, roots: tuple[Path, Path]) -> None:
    """A file that is too large has one diagnostic that says so: without it, it would look like one without findings."""
    uri = pushed.open(roots[0] / "Large.cs", f"{LOCKED}//{'x' * 2**21}")
    (found,) = pushed.diagnostics(uri)
    assert (found.code, found.severity) == ("not-checked", types.DiagnosticSeverity.Information)
    assert "files over 2,097,152 are not read" in found.message
    pushed.close(uri)


def test_methods_of_other_files_count_when_nobody_types(pushed: Client, roots: tuple[Path, Path]) -> None:
    """A lock that a method of another file holds is found as well, a moment later, and stays while one types on."""
    (roots[0] / "Unit.cs").write_text(UNIT_OF_WORK)
    text = CALLER.format(method="InTransaction")
    uri = pushed.open(roots[0] / "Pay.cs", text)
    pushed.until(lambda: any(codes(list(p.diagnostics)) for p in pushed.published.get(uri, [])))
    pushed.edit(uri, 2, (None, f"\n{text}"))
    assert codes(pushed.diagnostics(uri, 2)) == ["external-call"]


def test_diagnostics_are_pulled_where_the_client_can(pulling: Client, roots: tuple[Path, Path]) -> None:
    """Nothing is pushed then; what was told before is not told again, and what is there beside it makes the client ask."""
    provider = pulling.result.capabilities.diagnostic_provider
    assert provider is not None and not provider.workspace_diagnostics
    uri = pulling.open(roots[0] / "Pulled.cs", LOCKED)
    first = pulling.pull(uri)
    assert codes(list(first.items)) == ["lock-target"]
    assert pulling.pull(uri, first.result_id).kind == types.DocumentDiagnosticReportKind.Unchanged
    pulling.edit(uri, 2, (at(5, 23, 27), "_gate"))
    assert codes(list(pulling.pull(uri, first.result_id).items)) == []
    answer = "```csharp\nvoid Add() { _count++; }\n```\n"
    made = pulling.run("ctxreview.check", uri, at(5), answer)
    assert made["verdict"] in ("conflicts", "needs-human")
    pulling.until(lambda: pulling.refreshed)
    assert len(codes(list(pulling.pull(uri).items))) == made["findings"]
    assert pulling.published == {}


def test_the_client_says_how_characters_are_counted(pulling: Client, pushed: Client, roots: tuple[Path, Path]) -> None:
    """The same place is given in the units that were agreed on."""
    text = LOCKED.replace("void Add()", "/* 😀é */ void Add()")
    starts = {}
    for name, client in (("utf-8", pulling), ("utf-16", pushed)):
        assert client.result.capabilities.position_encoding == name
        uri = client.open(roots[0] / f"Counted-{name}.cs", text)
        found = list(client.pull(uri).items) if client is pulling else client.diagnostics(uri)
        starts[name] = next(d.range.end.character for d in found if d.code == "lock-target")
    assert starts["utf-8"] - starts["utf-16"] == 3


@pytest.mark.parametrize("units", list(types.PositionEncodingKind), ids=str)
def test_edits_come_to_what_the_editor_has(units: types.PositionEncodingKind) -> None:
    """Places and edits are those of an editor that ends lines at LF, CRLF and CR alone, in all three encodings."""
    chosen = random.Random(7)
    pieces = ["a", "é", "😀", "\r\n", "\n", "\r", "\u2028", "\x0c", "\x85", "xyz"]
    for _ in range(150):
        text = "".join(chosen.choices(pieces, k=12))
        source = Source("", text.encode())
        places = []
        for cut in sorted(chosen.sample(range(len(text) + 1), 2)):
            before = text[: cut + (text[max(0, cut - 1) : cut + 1] == "\r\n")]
            offset = len(before.encode())
            places.append(place_of(source, offset, units))
            assert offset_of(source, places[-1], units) == offset
            lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[units.value]
            codec = "utf-8" if size == 1 else f"{units.value}-le"
            assert places[-1] == types.Position(len(lines) - 1, len(lines[-1].encode(codec)) // size)
        start, end = (offset_of(source, place, units) for place in places)
        item = types.TextDocumentItem("file:///x/A.cs", "csharp", 1, text)
        change = types.TextDocumentContentChangePartial(range=types.Range(*places), text="+😀")
        buffer = opened(item, [])
        assert isinstance(buffer, Buffer)
        assert changed(buffer, 2, [change], units).text.data == source.data[:start] + "+😀".encode() + source.data[end:]
    whole = types.Range(types.Position(0, 3), types.Position(2, 0))
    assert lines_in(Source("", b"a\nb\nc\n"), whole) == (1, 2)


def test_a_line_says_what_holds_it(pushed: Client) -> None:
    """Hover has the scope, its first line and what it protects; lens and symbols have each scope of the file."""
    uri = pushed.open(RECORDS, RECORDS.read_text("utf-8"))
    document = types.TextDocumentIdentifier(uri)

    def hover(line: int) -> types.Hover | None:
        found: types.Hover | None = pushed.ask(
            types.TEXT_DOCUMENT_HOVER, types.HoverParams(document, types.Position(line - 1, 20))
        )
        return found

    held = hover(32)
    assert held is not None and isinstance(held.contents, types.MarkupContent)
    assert held.contents.value.startswith("Since line 28: transaction TransactionScope")
    assert "keeps together" in held.contents.value
    assert hover(1) is None and hover(18) is None
    lenses = pushed.ask(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensParams(document))
    titles = [lens.command.title for lens in lenses]
    assert titles[0] == "transaction TransactionScope, lines 28-46 · review with full context"
    assert len(titles) == 4
    symbols = pushed.ask(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, types.DocumentSymbolParams(document))
    assert [s.name for s in symbols][:2] == ["RecordService.UpdateRecord", "RecordService.CountAttempt"]
    assert [c.name for c in symbols[1].children] == ["lock on _statsLock, lines 71-81"]


def test_what_can_be_asked_is_offered_where_the_code_is(pushed: Client, clipboard: Path) -> None:
    """The four actions; the comment only where a scope has none. Each is done on the buffer, and tells what came of it."""
    uri = pushed.open(RECORDS, "\n" + RECORDS.read_text("utf-8").replace("\r\n", "\n").replace("\n", "\r\n"), version=5)

    def offered(line: int, *only: str) -> list[str]:
        context = types.CodeActionContext([], only=list(only) or None)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), at(line), context)
        return [action.title for action in pushed.ask(types.TEXT_DOCUMENT_CODE_ACTION, params)]

    actions = ["Review with full context", "Copy complete prompt", "Check the clipboard's answer"]
    assert offered(33) == [*actions, "Draft intent comment"]
    assert offered(5) == actions
    assert offered(33, "quickfix") == [] and offered(33, "ctxreview.review") == actions[:1]

    review = pushed.run("ctxreview.review", uri, at(33))
    assert review["sentence"].startswith("in-scope: method UpdateRecord of RecordService")
    assert file_of(review["uri"]).read_text("utf-8") == review["text"]
    assert pushed.until(lambda: review["uri"] in pushed.shown)

    prompt = pushed.run("ctxreview.prompt", uri, at(33))
    assert "TransactionScope" in prompt["text"] and prompt["copied"]
    assert (clipboard / "kept").read_text("utf-8") == prompt["text"]

    (clipboard / "kept").write_bytes((EXAMPLE / "answers" / "unsafe-answer.md").read_bytes())
    check = pushed.run("ctxreview.check", uri, at(33))
    assert (check["verdict"], check["findings"]) == ("conflicts", 1)
    found = pushed.until(lambda: [d for d in pushed.published[uri][-1].diagnostics if d.code == "no-tracking-write"])
    assert found[0].range.start.line == 31
    assert claims(" ".join(pushed.messages)) is None

    pushed.run("ctxreview.comment", uri, at(33))
    (edit,) = pushed.edits[-1].edit.document_changes
    (new,) = edit.edits
    assert (new.range.start, edit.text_document.version) == (types.Position(28, 0), 5)
    assert new.new_text.startswith("        // Belongs together:") and new.new_text.count("\r\n") >= 3
    pushed.edit(uri, 6, (new.range, new.new_text))
    assert pushed.diagnostics(uri, 6)[0].range.start.line > 40  # the next scope without a comment
    assert offered(34) == actions
    with pytest.raises(JsonRpcException, match="a comment already says why"):
        pushed.run("ctxreview.comment", uri, at(37))
    kinds = [p.value["kind"] for p in pushed.progress]
    assert kinds.count("begin") == kinds.count("end") >= 4


def test_a_model_is_asked_where_one_is_configured(pulling: Client, model: Told) -> None:
    """The review has its answer, checked, of the text as it is in the editor; nothing else asks anybody."""
    assert model.asked == []
    uri = pulling.open(RECORDS, "\n" + RECORDS.read_text("utf-8"))
    made = pulling.run("ctxreview.review", uri, at(33))
    assert [path for path, _ in model.asked] == ["/v1/responses"]
    assert "m-1" in made["text"] and "no-tracking-write" in made["text"]
    assert "1 conflict" in made["sentence"], made["sentence"]


def test_a_client_that_has_the_clipboard_copies_and_pastes_itself(pulling: Client) -> None:
    """It gets the prompt and its size, and gives the answer; nothing else is shown of the prompt."""
    uri, said = pulling.open(RECORDS, RECORDS.read_text("utf-8"), version=7), len(pulling.messages)
    prompt = pulling.run("ctxreview.prompt", uri, at(32))
    assert "TransactionScope" in prompt["text"] and prompt["sentence"].endswith(" tokens.") and not prompt["copied"]
    assert len(pulling.messages) == said
    answer = (EXAMPLE / "answers" / "unsafe-answer.md").read_text("utf-8")
    assert pulling.run("ctxreview.check", uri, at(32), answer)["verdict"] == "conflicts"


def test_the_clipboard_that_cannot_be_read_is_one_sentence(pulling: Client, roots: tuple[Path, Path]) -> None:
    """So are a file that is not open, arguments that are none and a client that applies no edit."""
    uri = pulling.open(roots[0] / "Asked.cs", LOCKED)
    with pytest.raises(JsonRpcException, match="The clipboard cannot be read here"):
        pulling.run("ctxreview.check", uri, at(5))
    with pytest.raises(JsonRpcException, match="the file is not open here"):
        pulling.run("ctxreview.review", "file:///nowhere/A.cs", at(1))
    with pytest.raises(JsonRpcException, match="give the address of an open file and a range"):
        pulling.ask(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams("ctxreview.review", ["a"]))


def many_scopes() -> str:
    """A file that takes a while, whatever the machine."""
    method = "    void M{0}() {{ lock (_gate) {{ _count += {0}; }} if (_count > {0}) {{ _count = 0; }} }}\n"
    return (
        "class Counter\n{\n    readonly object _gate = new();\n    int _count;\n"
        + "".join(map(method.format, range(16_000)))
        + "}\n"
    )


def test_what_nobody_waits_for_is_stopped(pushed: Client, roots: tuple[Path, Path]) -> None:
    """A request that is cancelled, by itself or where its progress is shown, ends at once, and the next one is answered."""
    uri = pushed.open(roots[0] / "Many.cs", many_scopes())
    document = types.TextDocumentIdentifier(uri)
    asked = pushed.begin(types.TEXT_DOCUMENT_HOVER, types.HoverParams(document, types.Position(9, 25)), "hover-1")
    pushed.tell(types.CANCEL_REQUEST, types.CancelParams("hover-1"))
    with pytest.raises(JsonRpcException) as cancelled:
        asked.result(60)
    assert cancelled.value.code == -32800
    within = pushed.client.protocol._converter.unstructure(at(9))
    begun = len(pushed.progress)
    params = types.ExecuteCommandParams("ctxreview.prompt", [uri, within])
    running = pushed.begin(types.WORKSPACE_EXECUTE_COMMAND, params)
    token = pushed.until(lambda: pushed.progress[begun:])[0].token
    pushed.tell(types.WINDOW_WORK_DONE_PROGRESS_CANCEL, types.WorkDoneProgressCancelParams(token))
    with pytest.raises(JsonRpcException) as stopped:
        running.result(60)
    assert stopped.value.code == -32800
    pushed.edit(uri, 2, (None, LOCKED))
    assert codes(pushed.diagnostics(uri, 2)) == ["lock-target"]
    assert pushed.published[uri][-1].version == 2


def framed(body: bytes) -> bytes:
    """A message with its header."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def broken(number: int) -> bytes:
    """Bytes to each of which a server has to say that something is wrong with them."""
    forms = (
        framed(b"{"), framed(b"[]"), framed(b"\xff\xfe"), framed(b"[" * 5000), framed(b'{"jsonrpc": "1.0"}'),
        framed(b'{"jsonrpc": "2.0", "id": {}, "method": "x"}'), framed(b'{"jsonrpc": "2.0", "id": 1, "method": 7}'),
        framed(b'{"jsonrpc": "2.0", "id": 2, "method": "nothing/there"}'), framed(b'{"jsonrpc": "2.0"}'),
        framed(b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": []}'),
        framed(b'{"jsonrpc": "2.0", "id": 3, "method": "textDocument/hover", "params": {"textDocument": 1}}'),
        framed(b'{"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": {"capabilities": {}}}'),
        framed(b'{"jsonrpc": "2.0", "id": 5, "method": "workspace/executeCommand", "params": {"command": "rm"}}'),
        framed(b'{"jsonrpc": "2.0", "id": 6, "method": "workspace/executeCommand", "params": {"command": "ctxreview.review", "arguments": [7, {}]}}'),
        framed(b'{"jsonrpc": "2.0", "id": 7, "method": "textDocument/hover", "params": {"textDocument": {"uri": ""}, "position": {"line": -1, "character": 0}}}'),
        b"Content-Length: none\r\n\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"Content-Length: 3\r\n\r\n{}}", b"noise" + framed(b"{"),
    )  # fmt: skip
    return forms[number % len(forms)]


def test_a_thousand_broken_messages_are_answered_and_survived(tmp_path: Path) -> None:
    """Each gets an error, the last request its answer, and nothing a traceback; the end of the input is the end."""
    begin = {"jsonrpc": "2.0", "id": "begin", "method": "initialize", "params": {"capabilities": {}}}
    document = {
        "textDocument": {"uri": (tmp_path / "A.cs").as_uri(), "languageId": "csharp", "version": 1, "text": LOCKED}
    }
    bad_edit = {
        "textDocument": {"uri": document["textDocument"]["uri"], "version": 2},
        "contentChanges": [
            {
                "range": {"start": {"line": 99, "character": 9}, "end": {"line": 0, "character": 2**31 - 1}},
                "text": "\ud800",
            }
        ],
    }
    lens = {"textDocument": {"uri": document["textDocument"]["uri"]}}
    sent = [
        framed(json.dumps(begin).encode()),
        *(broken(number) for number in range(1000)),
        framed(json.dumps({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": document}).encode()),
        framed(json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": bad_edit}).encode()),
        framed(
            json.dumps({"jsonrpc": "2.0", "id": "last", "method": "textDocument/codeLens", "params": lens}).encode()
        ),
    ]
    process = subprocess.Popen(
        [SCRIPT, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdin.write(b"".join(sent))
    process.stdin.flush()
    answers = []
    while not answers or answers[-1].get("id") != "last":
        length = 0
        while line := process.stdout.readline().strip():
            length = int(line.partition(b":")[2]) if line.startswith(b"Content-Length") else length
        answers.append(json.loads(process.stdout.read(length)))
    errors = [a for a in answers if "error" in a]
    assert len(errors) >= 1000 and len(answers[-1]["result"]) >= 0
    assert {e["error"]["code"] for e in errors} == {-32700, -32600, -32601, -32602}
    process.stdin.close()
    process.stdout.read()
    assert process.stderr.read() == b""
    assert process.wait(60) == 1  # it was not asked to shut down


def test_without_pygls_it_is_said_in_one_sentence() -> None:
    """What is missing, and how to get it; status 2."""
    script = "import sys; sys.modules['pygls'] = None; sys.argv = ['ctxreview', 'lsp']; from ctxreview.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ctxreview lsp needs pygls, which is not installed; run: pip install 'ctxreview[lsp]'.\n"
