"""Messages on standard input and output, a line each. What is no message is answered too, as the SDK's own transport does not do."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator

import anyio
from anyio.abc import ObjectSendStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from anyio.to_thread import run_sync
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, RequestId
from mcp_types.jsonrpc import JSONRPCNotification, JSONRPCRequest, JSONRPCResponse, jsonrpc_message_adapter
from pydantic import ValidationError
from pydantic_core import from_json

LONGEST = 4 * 1024 * 1024
"""Bytes of a message."""
LINGER = 5.0
"""Seconds for which a client that sends no more is still answered."""
CANCELLED = "notifications/cancelled"
_CHUNK = 65_536
_LARGEST_ID = 2**63
_LONGEST_ID = 1_000

Reading = MemoryObjectReceiveStream[SessionMessage | Exception]
Writing = MemoryObjectSendStream[SessionMessage]


@contextlib.asynccontextmanager
async def stdio() -> AsyncIterator[tuple[Reading, Writing]]:
    """The two streams that a server reads and writes. Whatever else prints meanwhile prints to standard error."""
    wire_in, wire_out = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    received, reading = anyio.create_memory_object_stream[SessionMessage | Exception]()
    writing, to_send = anyio.create_memory_object_stream[SessionMessage]()
    refused = writing.clone()
    open_: set[RequestId] = set()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_read, wire_in, received, refused, open_)
        tasks.start_soon(_write, wire_out, to_send, open_)
        yield reading, writing


async def _read(
    wire: int,
    received: ObjectSendStream[SessionMessage | Exception],
    refused: Writing,
    open_: set[RequestId],
) -> None:
    """Pass on what comes; ``open_`` are the requests that wait for an answer."""
    async with received, refused:
        async for line in _lines(wire):
            made = _refused(f"A message has more than {LONGEST:,} bytes.") if line is None else _message(line)
            with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                if isinstance(made, JSONRPCError):
                    await refused.send(SessionMessage(made))
                elif made is not None:
                    if isinstance(made.message, JSONRPCRequest):
                        open_.add(made.message.id)
                    elif isinstance(made.message, JSONRPCNotification) and made.message.method == CANCELLED:
                        named = (made.message.params or {}).get("requestId")
                        if isinstance(named, str | int):
                            open_.discard(named)
                    await received.send(made)
        with anyio.move_on_after(LINGER):
            while open_:
                await anyio.sleep(0.02)


async def _lines(wire: int) -> AsyncIterator[bytes | None]:
    """The lines that come, to the end; ``None`` for one that is too long, of which nothing is kept."""
    # Not by a file: one that a thread waits in cannot be closed when the process ends.
    kept, too_long = bytearray(), False
    while part := await run_sync(_taken, wire, abandon_on_cancel=True):
        *ended, rest = part.split(b"\n")
        for piece in ended:
            kept += piece
            yield None if too_long or len(kept) > LONGEST else bytes(kept)
            kept, too_long = bytearray(), False
        kept += rest
        if len(kept) > LONGEST:
            kept, too_long = bytearray(), True
    if kept or too_long:
        yield None if too_long else bytes(kept)


def _taken(wire: int) -> bytes:
    try:
        return os.read(wire, _CHUNK)
    except OSError:
        return b""


def _message(line: bytes) -> SessionMessage | JSONRPCError | None:
    """The message in a line; what is wrong with it in its place, and nothing for a blank line."""
    if not line.strip():
        return None
    try:
        given = from_json(line, allow_inf_nan=False)
    except (ValueError, RecursionError):
        return _refused("A line has to be one message as JSON.", PARSE_ERROR)
    named = given.get("id") if isinstance(given, dict) else None
    about = named if _is_id(named) else None
    try:
        message = jsonrpc_message_adapter.validate_python(given, by_name=False)
    except (ValidationError, RecursionError):
        return _refused("It is not a message of JSON-RPC 2.0.", about=about)
    # To the SDK a request whose id is none is a notification, which nobody answers.
    is_asked = isinstance(message, JSONRPCRequest) or (isinstance(message, JSONRPCNotification) and "id" in given)
    if is_asked and about is None:
        return _refused("The id of a request has to be a short text, or a number of 64 bits.")
    return SessionMessage(message)


def _is_id(given: object) -> bool:
    if isinstance(given, str):
        return len(given) <= _LONGEST_ID
    return isinstance(given, int) and not isinstance(given, bool) and abs(given) < _LARGEST_ID


def _refused(said: str, code: int = INVALID_REQUEST, about: RequestId | None = None) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=about, error=ErrorData(code=code, message=said))


async def _write(wire: int, to_send: MemoryObjectReceiveStream[SessionMessage], open_: set[RequestId]) -> None:
    async with to_send:
        async for sent in to_send:
            line = sent.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
            there = await run_sync(_put, wire, line, abandon_on_cancel=True)
            if isinstance(sent.message, JSONRPCResponse | JSONRPCError) and sent.message.id is not None:
                open_.discard(sent.message.id)
            if not there:  # nobody reads any more
                open_.clear()
                return


def _put(wire: int, line: bytes) -> bool:
    left = memoryview(line)
    try:
        while left:
            left = left[os.write(wire, left) :]
    except OSError:
        return False
    return True
