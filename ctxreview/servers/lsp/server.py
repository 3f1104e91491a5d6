"""The server: what the client can ask for, and what it is told."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter
from pygls.uris import to_fs_path

from ctxreview import __version__
from ctxreview.model.source import Span
from ctxreview.servers.lsp import Served, asking, looking
from ctxreview.servers.lsp.buffers import Buffer, changed, opened
from ctxreview.servers.lsp.pages import Pages
from ctxreview.servers.lsp.positions import Units, lines_in, range_of
from ctxreview.servers.lsp.protocol import Protocol, Refused, asked, told
from ctxreview.servers.lsp.told import NAME, diagnostic, not_looked_at
from ctxreview.servers.lsp.watching import Watch, result_id
from ctxreview.servers.lsp.wire import Inbox, Outbox
from ctxreview.servers.lsp.work import Worker

T = TypeVar("T")
R = TypeVar("R")

REVIEW, PROMPT, CHECK, COMMENT = "ctxreview.review", "ctxreview.prompt", "ctxreview.check", "ctxreview.comment"
TITLES = {
    REVIEW: "Review with full context",
    PROMPT: "Copy complete prompt",
    CHECK: "Check the clipboard's answer",
    COMMENT: "Draft intent comment",
}
"""The commands, and what the code actions that run them are called."""


def run(served: Served) -> NoReturn:
    """Serve standard input and output, and end the process.

    What a library prints goes to standard error: a line on standard output would break the protocol.
    """
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    gc.enable()  # see __main__: this process lives long
    output = os.dup(1)
    os.dup2(2, 1)
    status = asyncio.run(_serve(served, os.dup(0), output))
    sys.stderr.flush()
    os._exit(
        status
    )  # nobody waits for what threads still do, and Python must not go while they are in a library's code


async def _serve(served: Served, source: int, target: int) -> int:
    server = Server(served)
    protocol, loop = server.lsp, asyncio.get_running_loop()
    over = protocol.over = loop.create_future()
    outbox = Outbox(target)
    protocol.set_writer(outbox)

    def read() -> None:
        inbox = Inbox(source)
        try:
            while (data := inbox.next()) is not None:
                loop.call_soon_threadsafe(protocol.take, data)
            loop.call_soon_threadsafe(protocol.lsp_exit)
        except RuntimeError:
            pass  # the loop is closed: it was over before

    threading.Thread(target=read, name="inbox", daemon=True).start()
    try:
        return int(await over)
    finally:
        server.pages.close()


class Server(LanguageServer):
    """One client's server."""

    def __init__(self, served: Served) -> None:
        super().__init__(NAME, __version__, protocol_cls=Protocol, converter_factory=default_converter)
        self.served = served
        self.pages = Pages()
        self.folders: dict[str, Path] = {}
        self.units: Units = types.PositionEncodingKind.Utf16
        self._pulls = False
        self._copies = False
        self._able = types.ClientCapabilities()
        self._running: dict[str | int, asyncio.Task[Any]] = {}
        self._at_hand, self._asked, self._modelled = Worker("at hand"), Worker("asked"), Worker("model")
        self.watch = Watch(self._tell)
        self._register()

    @property
    def lsp(self) -> Protocol:
        """The protocol with our own parts."""
        assert isinstance(self.protocol, Protocol)
        return self.protocol

    def _register(self) -> None:
        for method, handler in (
            (types.INITIALIZE, self._initialize),
            (types.TEXT_DOCUMENT_DID_OPEN, self._opened),
            (types.TEXT_DOCUMENT_DID_CHANGE, self._changed),
            (types.TEXT_DOCUMENT_DID_CLOSE, self._closed),
            (types.TEXT_DOCUMENT_DID_SAVE, self._saved),
            (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, self._moved),
            (types.WINDOW_WORK_DONE_PROGRESS_CANCEL, self._stopped),
        ):
            self.feature(method)(told(handler))
        self.feature(types.TEXT_DOCUMENT_HOVER)(asked(self._hover))
        self.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))(asked(self._lenses))
        self.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)(asked(self._symbols))
        self.feature(
            types.TEXT_DOCUMENT_CODE_ACTION,
            types.CodeActionOptions(code_action_kinds=list(TITLES), resolve_provider=False),
        )(asked(self._actions))
        for command, does in (
            (REVIEW, self._review),
            (PROMPT, self._prompt),
            (CHECK, self._check),
            (COMMENT, self._comment),
        ):
            self.command(command)(asked(partial(self._run, command, does)))

    # What the client tells

    def _initialize(self, params: types.InitializeParams) -> None:
        self._able = params.capabilities
        options = params.initialization_options
        self._copies = isinstance(options, dict) and options.get("clipboard") is True
        self.units = self.workspace.position_encoding or self.units
        folders = params.workspace_folders or []
        self._set_folders([folder.uri for folder in folders] or [params.root_uri or ""])
        text = self._able.text_document
        self._pulls = text is not None and text.diagnostic is not None
        if self._pulls:
            pull = types.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False, identifier=NAME)
            self.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, pull)(asked(self._pulled))

    def _set_folders(self, uris: list[str]) -> None:
        for uri in uris:
            if path := to_fs_path(uri):
                self.folders[uri] = Path(path)

    def _moved(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        for folder in params.event.removed:
            self.folders.pop(folder.uri, None)
        self._set_folders([folder.uri for folder in params.event.added])

    def _opened(self, params: types.DidOpenTextDocumentParams) -> None:
        buffer = opened(params.text_document, self.folders.values())
        if buffer is not None:
            self.watch.put(buffer)

    def _changed(self, params: types.DidChangeTextDocumentParams) -> None:
        buffer = self.watch.buffer(params.text_document.uri)
        if buffer is not None:
            self.watch.put(changed(buffer, params.text_document.version, params.content_changes, self.units))

    def _closed(self, params: types.DidCloseTextDocumentParams) -> None:
        buffer = self.watch.drop(params.text_document.uri)
        if buffer is not None and not self._pulls:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(buffer.uri, []))

    def _saved(self, params: types.DidSaveTextDocumentParams) -> None:
        self.watch.saved(params.text_document.uri)

    def _stopped(self, params: types.WorkDoneProgressCancelParams) -> None:
        if (task := self._running.get(params.token)) is not None:
            task.cancel()

    # Diagnostics

    def _tell(self, buffer: Buffer, again: bool) -> None:
        """Push what is known of a buffer; or, to a client that pulls, say that it is something else by now."""
        if not self._pulls:
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(buffer.uri, self._diagnostics(buffer.uri), version=buffer.version)
            )
            return
        workspace = self._able.workspace
        pulled = workspace.diagnostics if workspace is not None else None
        if again and pulled is not None and pulled.refresh_support:
            self.workspace_diagnostic_refresh(None)

    def _diagnostics(self, uri: str) -> list[types.Diagnostic]:
        units = self.units
        return self.watch.diagnostics(
            uri,
            lambda finding, buffer: diagnostic(finding, buffer, units, self.pages.of_rule),
            lambda sentence, buffer: not_looked_at(sentence, buffer, units),
        )

    async def _pulled(self, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        uri = params.text_document.uri
        await self.watch.known(uri)
        found = self._diagnostics(uri)
        known = result_id(found)
        if params.previous_result_id == known:
            return types.RelatedUnchangedDocumentDiagnosticReport(known)
        return types.RelatedFullDocumentDiagnosticReport(found, result_id=known)

    # What is there without a question

    async def _hover(self, params: types.HoverParams) -> types.Hover | None:
        buffer = self.watch.buffer(params.text_document.uri)
        if buffer is None or buffer.is_blank or params.position.line >= buffer.text.line_count:
            return None
        said = await self._asked.do(partial(looking.held, buffer, params.position.line + 1, self.served.hops))
        if not said:
            return None
        from ctxreview.reports.markdown import escaped

        hover = self._able.text_document.hover if self._able.text_document is not None else None
        kinds = (hover.content_format if hover is not None else None) or []
        if types.MarkupKind.Markdown in kinds:
            text = "\n".join(f"- {escaped(sentence)}" for sentence in said)
            return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text))
        return types.Hover(types.MarkupContent(types.MarkupKind.PlainText, "\n".join(said)))

    async def _lenses(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        buffer = self.watch.buffer(params.text_document.uri)
        if buffer is None or buffer.is_blank:
            return []
        return await self._at_hand.do(partial(looking.lenses, buffer, self.units, REVIEW))

    async def _symbols(self, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        buffer = self.watch.buffer(params.text_document.uri)
        if buffer is None or buffer.is_blank:
            return []
        return await self._at_hand.do(partial(looking.symbols, buffer, self.units))

    async def _actions(self, params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        buffer = self.watch.buffer(params.text_document.uri)
        if buffer is None or buffer.is_blank:
            return []
        wanted = params.context.only
        offered = [c for c in TITLES if wanted is None or any(c == w or c.startswith(f"{w}.") for w in wanted)]
        if COMMENT in offered:
            lines = lines_in(buffer.text, params.range)
            if not await self._at_hand.do(partial(looking.unexplained, buffer, *lines)):
                offered.remove(COMMENT)
        within = self.lsp._converter.unstructure(params.range)
        commands = [types.Command(TITLES[c], c, arguments=[buffer.uri, within]) for c in offered]
        text = self._able.text_document
        actions = text.code_action if text is not None else None
        if actions is None or actions.code_action_literal_support is None:
            return list(commands)
        return [types.CodeAction(c.title, kind=c.command, command=c) for c in commands]

    # What a person asks for

    async def _run(
        self,
        command: str,
        handler: Callable[..., Awaitable[Any]],
        arguments: list[Any],
        token: types.ProgressToken | None,
    ) -> Any:
        """Run a command on a selection: the file's address, the range, and for a check the answer where the client has it."""
        try:
            uri, given, *rest = arguments
            within = self.lsp._converter.structure(given, types.Range)
            answer = str(rest[0]) if rest else None
        except Exception:
            raise JsonRpcInvalidParams(f"{command}: give the address of an open file and a range of it.") from None
        buffer = self.watch.buffer(uri) if isinstance(uri, str) else None
        if buffer is None:
            raise Refused(
                f"{TITLES[command]}: the file is not open here, or is in a language that ctxreview does not know."
            )
        lines = lines_in(buffer.text, within)
        async with self._progress(token, TITLES[command]):
            return await handler(buffer, lines, answer)

    @asynccontextmanager
    async def _progress(self, token: types.ProgressToken | None, title: str) -> AsyncIterator[None]:
        """Show that something is being done, where the client can; the person can stop it there."""
        window = self._able.window
        if token is None and window is not None and window.work_done_progress:
            token = str(uuid.uuid4())
            await self.window_work_done_progress_create_async(types.WorkDoneProgressCreateParams(token))
        if token is None:
            yield
            return
        task = asyncio.current_task()
        assert task is not None
        self._running[token] = task
        begin = types.WorkDoneProgressBegin(title=f"ctxreview: {title}", cancellable=True)
        self.progress(types.ProgressParams(token, begin))
        try:
            yield
        finally:
            del self._running[token]
            self.progress(types.ProgressParams(token, types.WorkDoneProgressEnd()))

    async def _review(self, buffer: Buffer, lines: tuple[int, int], _: str | None) -> dict[str, Any]:
        loop = asyncio.get_running_loop()

        def say(sentence: str) -> None:
            message = types.LogMessageParams(types.MessageType.Info, sentence)
            loop.call_soon_threadsafe(self.window_log_message, message)

        made = await self._modelled.do(partial(asking.review, buffer, lines, self.served, say))
        return await self._shown("review", made)

    async def _prompt(self, buffer: Buffer, lines: tuple[int, int], _: str | None) -> dict[str, Any]:
        made = await self._asked.do(partial(asking.prompt, buffer, lines, self.served))
        if self._copies:
            return {"text": made.text, "sentence": made.sentence, "copied": False}
        if await self._asked.do(partial(asking.copied, made.text)):
            self._message(f"The prompt is on the clipboard: {made.sentence}")
            return {"text": made.text, "copied": True}
        return {**await self._shown("prompt", made), "copied": False}

    async def _check(self, buffer: Buffer, lines: tuple[int, int], answer: str | None) -> dict[str, Any]:
        if answer is None:
            answer = await self._asked.do(asking.on_clipboard)
        made = await self._asked.do(partial(asking.check, buffer, lines, answer, self.served))
        if not self.watch.check(buffer, made.findings):
            raise Refused("The file was changed meanwhile; check the answer again.")
        return {**await self._shown("check", made), "verdict": made.verdict, "findings": len(made.findings)}

    async def _comment(self, buffer: Buffer, lines: tuple[int, int], _: str | None) -> dict[str, Any]:
        before, after, sentence = await self._asked.do(partial(asking.comment, buffer, lines, self.served))
        line, new = asking.added(before, after)
        at = range_of(buffer.text, Span(before.starts[line - 1], before.starts[line - 1]), self.units)
        edit = types.TextDocumentEdit(
            types.OptionalVersionedTextDocumentIdentifier(buffer.uri, buffer.version),
            [types.TextEdit(at, "".join(new))],
        )
        workspace = self._able.workspace
        edits = workspace.workspace_edit if workspace is not None else None
        whole = (
            types.WorkspaceEdit(document_changes=[edit])
            if edits is not None and edits.document_changes
            else types.WorkspaceEdit(changes={buffer.uri: [types.TextEdit(at, "".join(new))]})
        )
        if (now := self.watch.buffer(buffer.uri)) is None or now.version != buffer.version:
            raise Refused("The file was changed meanwhile; draft the comment again.")
        label = TITLES[COMMENT]
        result = await self.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(whole, label=label))
        if not result.applied:
            raise Refused(f"The editor did not apply the comment ({result.failure_reason or 'without a reason'}).")
        self._message(f"A draft, made from facts, was written at {sentence}")
        return {"text": "".join(new)}

    async def _shown(self, kind: str, made: asking.Answered) -> dict[str, Any]:
        """Open a text beside the code, where the client can, and say it in one sentence; the client has both."""
        self._message(made.sentence)
        window = self._able.window
        uri = self.pages.add(kind, made.text)
        if window is not None and window.show_document is not None and window.show_document.support:
            await self.window_show_document_async(types.ShowDocumentParams(uri, take_focus=True))
        return {"text": made.text, "sentence": made.sentence, "uri": uri}

    def _message(self, sentence: str) -> None:
        self.window_show_message(types.ShowMessageParams(types.MessageType.Info, sentence))
