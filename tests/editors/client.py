"""pygls's own client with a server process over stdio, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.commands import SCRIPT

PATIENCE = 60
"""Seconds until a test gives up waiting: far more than anything takes."""


class Client:
    """A client as an editor is one: it keeps what it was told, and does what it is asked."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.client = LanguageClient("test", "1")
        self.result: types.InitializeResult
        self.published: dict[str, list[types.PublishDiagnosticsParams]] = {}
        self.messages: list[str] = []
        self.shown: list[str] = []
        self.edits: list[types.ApplyWorkspaceEditParams] = []
        self.progress: list[types.ProgressParams] = []
        self.refreshed = 0
        self.changed = threading.Condition()
        self._listen()

    def _listen(self) -> None:
        feature = self.client.feature

        @feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self._note(lambda: self.published.setdefault(params.uri, []).append(params))

        @feature(types.WINDOW_SHOW_MESSAGE)
        def message(params: types.ShowMessageParams) -> None:
            self._note(lambda: self.messages.append(params.message))

        @feature(types.WINDOW_SHOW_DOCUMENT)
        def show(params: types.ShowDocumentParams) -> types.ShowDocumentResult:
            self._note(lambda: self.shown.append(params.uri))
            return types.ShowDocumentResult(success=True)

        @feature(types.WORKSPACE_APPLY_EDIT)
        def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self._note(lambda: self.edits.append(params))
            return types.ApplyWorkspaceEditResult(applied=True)

        @feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def create(params: types.WorkDoneProgressCreateParams) -> None:
            return None

        @feature(types.PROGRESS)
        def progress(params: types.ProgressParams) -> None:
            self._note(lambda: self.progress.append(params))

        @feature(types.WORKSPACE_DIAGNOSTIC_REFRESH)
        def refresh(*_: object) -> None:
            self._note(lambda: setattr(self, "refreshed", self.refreshed + 1))

    def _note(self, do: Callable[[], object]) -> None:
        with self.changed:
            do()
            self.changed.notify_all()

    def until(self, holds: Callable[[], Any]) -> Any:
        """What ``holds`` gives, when that is something."""
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while not (found := holds()):
                left = deadline - time.monotonic()
                assert left > 0, (self.published, self.messages)
                self.changed.wait(left)
        return found

    def do(self, coroutine: Any) -> Any:
        """The result of a coroutine in the client's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def ask(self, method: str, params: Any) -> Any:
        """The answer to a request. Raises what the server says in its place."""
        return self.begin(method, params).result(PATIENCE)

    def begin(self, method: str, params: Any, known: str | None = None) -> Any:
        """The future answer to a request."""

        async def send() -> Any:
            return self.client.protocol.send_request(method, params, msg_id=known)

        return self.do(send())

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""

        async def send() -> None:
            self.client.protocol.notify(method, params)

        self.do(send())

    def raw(self, data: bytes) -> None:
        """Write bytes to the server as they are."""

        async def send() -> None:
            process = self.client._server
            assert process is not None and process.stdin is not None
            process.stdin.write(data)
            await process.stdin.drain()

        self.do(send())

    # Files

    def open(self, path: Path | str, text: str, version: int = 1, language: str = "csharp") -> str:
        """Open a file with some text; its address."""
        uri = path.as_uri() if isinstance(path, Path) else path
        item = types.TextDocumentItem(uri, language, version, text)
        self.tell(types.TEXT_DOCUMENT_DID_OPEN, types.DidOpenTextDocumentParams(item))
        return uri

    def edit(self, uri: str, version: int, *changes: tuple[types.Range | None, str]) -> None:
        """Edit an open file: ranges become texts, one after the other; without a range the whole of it."""
        made = [
            types.TextDocumentContentChangePartial(range=within, text=text)
            if within is not None
            else types.TextDocumentContentChangeWholeDocument(text)
            for within, text in changes
        ]
        document = types.VersionedTextDocumentIdentifier(uri=uri, version=version)
        self.tell(types.TEXT_DOCUMENT_DID_CHANGE, types.DidChangeTextDocumentParams(document, made))

    def close(self, uri: str) -> None:
        """Close an open file."""
        identifier = types.TextDocumentIdentifier(uri)
        self.tell(types.TEXT_DOCUMENT_DID_CLOSE, types.DidCloseTextDocumentParams(identifier))

    def diagnostics(self, uri: str, version: int | None = None) -> list[types.Diagnostic]:
        """What is told of a file, of one version or of any, as soon as something is."""

        def told() -> types.PublishDiagnosticsParams | None:
            of = [p for p in self.published.get(uri, []) if version is None or p.version == version]
            return of[-1] if of else None

        found: types.PublishDiagnosticsParams = self.until(told)
        return list(found.diagnostics)

    def pull(self, uri: str, known: str | None = None) -> Any:
        """The diagnostics of a file, as a client asks for them that can."""
        identifier = types.TextDocumentIdentifier(uri)
        return self.ask(
            types.TEXT_DOCUMENT_DIAGNOSTIC, types.DocumentDiagnosticParams(identifier, previous_result_id=known)
        )

    def run(self, command: str, uri: str, within: types.Range, *more: str) -> Any:
        """The result of a command on a selection."""
        arguments = [uri, self.client.protocol._converter.unstructure(within), *more]
        return self.ask(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(command, arguments))


def able(
    *, pulls: bool = False, encodings: list[str] | None = None, shows: bool = True, progress: bool = True
) -> types.ClientCapabilities:
    """What an editor can do."""
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=encodings),
        text_document=types.TextDocumentClientCapabilities(
            diagnostic=types.DiagnosticClientCapabilities() if pulls else None,
            hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.PlainText]),
        ),
        window=types.WindowClientCapabilities(
            work_done_progress=progress, show_document=types.ShowDocumentClientCapabilities(support=shows)
        ),
        workspace=types.WorkspaceClientCapabilities(
            workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
            diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True) if pulls else None,
        ),
    )


@contextmanager
def serving(
    capabilities: types.ClientCapabilities,
    *folders: Path,
    env: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    options: dict[str, Any] | None = None,
) -> Iterator[Client]:
    """A server process that was initialized, with a client's own options; it is asked to end, and has to."""
    made = Client()
    made.do(made.client.start_io(str(SCRIPT), "lsp", *arguments, env=env, limit=1 << 24))
    params = types.InitializeParams(
        capabilities,
        initialization_options=options,
        root_uri=folders[0].as_uri() if folders else None,
        workspace_folders=[types.WorkspaceFolder(f.as_uri(), f.name) for f in folders],
    )
    made.result = made.ask(types.INITIALIZE, params)
    made.tell(types.INITIALIZED, types.InitializedParams())
    process = made.client._server
    assert process is not None
    try:
        yield made
        made.ask(types.SHUTDOWN, None)
        made.tell(types.EXIT, None)
        assert made.do(asyncio.wait_for(process.wait(), PATIENCE)) == 0
    finally:
        if process.returncode is None:
            process.kill()
        made._loop.call_soon_threadsafe(made._loop.stop)


def at(line: int, start: int = 0, end: int | None = None) -> types.Range:
    """A range in one line, which is counted from 1 as people do."""
    return types.Range(types.Position(line - 1, start), types.Position(line - 1, start if end is None else end))
