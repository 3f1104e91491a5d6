"""The protocol as pygls has it, with what the server here does in another way.

Open files are kept by :mod:`ctxreview.servers.lsp.buffers`: pygls ends lines where no editor does. A command may be cancelled, and may
be asked with a token for its progress. What is broken is answered before pygls sees it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from ctxreview.errors import CtxreviewError
from ctxreview.servers.lsp.wire import INVALID_REQUEST, Fault

R = TypeVar("R")

METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL, NOT_INITIALIZED = -32601, -32602, -32603, -32002


class Protocol(LanguageServerProtocol):
    """What comes in, one message after the other."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.over: asyncio.Future[int] | None = None
        self._begun = False

    def take(self, data: dict[str, Any] | Fault) -> None:
        """Do what a message asks for; each that is no message, and each request that cannot be met, gets an error."""
        if isinstance(data, Fault):
            self._refuse(None, *data)
            return
        known = data.get("id")
        known = known if isinstance(known, int | str) and not isinstance(known, bool) else None
        method = data.get("method")
        if ("id" in data and known is None) or ("method" in data and not isinstance(method, str)):
            self._refuse(known, INVALID_REQUEST, "The id or the method of a message is of a wrong type.")
            return
        if isinstance(method, str):
            self._called(data, known, method)
        elif known is None:
            self._refuse(None, INVALID_REQUEST, "A message has neither a method nor an id.")
        elif known in self._request_futures:
            self._pass_on(data, known)

    def _called(self, data: dict[str, Any], known: int | str | None, method: str) -> None:
        refusal = self._refusal(method)
        if refusal is None:
            self._pass_on(data, known)
        elif known is not None:
            self._refuse(known, *refusal)

    def _refusal(self, method: str) -> Fault | None:
        """Why a method is not called now."""
        if method == types.EXIT:
            return None
        if self._shutdown:
            return Fault(INVALID_REQUEST, "The server was shut down.")
        if (method == types.INITIALIZE) == self._begun:
            if self._begun:
                return Fault(INVALID_REQUEST, "The server is initialized already.")
            return Fault(NOT_INITIALIZED, "The server is not initialized.")
        if method not in (types.CANCEL_REQUEST, *self.fm.builtin_features, *self.fm.features):
            return Fault(METHOD_NOT_FOUND, "There is no such method.")
        return None

    def _pass_on(self, data: dict[str, Any], known: int | str | None) -> None:
        try:
            message = self.structure_message(data)
        except Exception:
            self._refuse(known, INVALID_PARAMS, "The message does not have the form that its method asks for.")
            return
        try:
            self._begun = self._begun or data.get("method") == types.INITIALIZE
            self.handle_message(message)
        except Exception:
            logging.getLogger(__name__).exception("A message could not be handled.")
            self._refuse(known, INTERNAL, "The message could not be handled.")

    def _refuse(self, known: int | str | None, code: int, sentence: str) -> None:
        self._send_data(types.ResponseErrorMessage(jsonrpc="2.0", id=known, error=types.ResponseError(code, sentence)))

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: object) -> None:  # type: ignore[override]
        """The client is gone; the status says whether it asked for that first."""
        if self.over is not None and not self.over.done():
            self.over.set_result(0 if self._shutdown or not self._begun else 1)

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """A file was opened."""
        self.fm.features[types.TEXT_DOCUMENT_DID_OPEN](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """A file was edited."""
        self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """A file was closed."""
        self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE](params)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """Run a command; it is cancelled as its request is."""
        if (handler := self.fm.commands.get(params.command)) is None:
            raise JsonRpcInvalidParams(f"There is no command {params.command!r}.")
        return await handler(params.arguments or [], params.work_done_token)

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        """The person pressed cancel where progress is shown."""
        self.fm.features[types.WINDOW_WORK_DONE_PROGRESS_CANCEL](params)


class Refused(JsonRpcException):
    """What a request asks for cannot be done, in one sentence for the person."""

    CODE = -32803  # RequestFailed


def told(handler: Callable[[Any], None]) -> Callable[[Any], None]:
    """A handler of what is told: nobody waits for an answer, so that a failure is only logged."""

    def take(params: Any) -> None:
        try:
            handler(params)
        except Exception as error:
            print(f"ctxreview lsp: {type(error).__name__}: {error}", file=sys.stderr)

    return take


def asked(handler: Callable[..., Awaitable[R]]) -> Callable[..., Awaitable[R]]:
    """A handler whose failures are one sentence for the person, and never a traceback."""

    async def answer(*given: Any) -> R:
        try:
            return await handler(*given)
        except CtxreviewError as error:
            raise Refused(str(error)) from None
        except JsonRpcException:
            raise
        except Exception as error:
            print(f"ctxreview lsp: {type(error).__name__}: {error}", file=sys.stderr)
            raise Refused(f"An error of ctxreview's own ({type(error).__name__}).") from None

    return answer
