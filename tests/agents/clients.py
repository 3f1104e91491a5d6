"""The SDK's own client, connected to a server that runs as a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult

SCRIPT = Path(sys.executable).parent / "ctxreview"
WAIT = 60
"""Seconds that a test waits for an answer: much more than any takes."""

PRIVATE = re.compile(r"\b(?:safe|pass|passed|approved|looks good)\b", re.IGNORECASE)
"""What no tool says."""


def environment(**more: str) -> dict[str, str]:
    """The environment, without a person's settings."""
    return {**os.environ, "XDG_CONFIG_HOME": "/nonexistent", **more}


class Connected:
    """A client; its answers are checked against the schemas that the server has given."""

    def __init__(self, client: Client, portal: BlockingPortal) -> None:
        self.client = client
        self.portal = portal
        self.tools = {tool.name: tool for tool in portal.call(client.list_tools).tools}

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """What a tool answers, of the shape that it promised."""
        made = self.portal.call(partial(self.client.call_tool, tool, arguments, read_timeout_seconds=WAIT))
        assert isinstance(made, CallToolResult)
        if not made.is_error:
            jsonschema.validate(made.structured_content, self.tools[tool].output_schema or {})
            assert not PRIVATE.search(text_of(made)), text_of(made)
        return made

    def found(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The document that a tool returns."""
        made = self.call(tool, **arguments)
        assert not made.is_error, text_of(made)
        assert made.structured_content is not None
        return made.structured_content

    def refused(self, tool: str, **arguments: Any) -> str:
        """The one sentence that a tool answers where it cannot."""
        made = self.call(tool, **arguments)
        assert made.is_error, text_of(made)
        assert made.structured_content is None
        said = text_of(made)
        assert "\n" not in said
        assert "Traceback" not in said
        assert len(said) < 2_000
        return said

    def ask(self, method: str, *given: Any) -> Any:
        """What another method of the client returns."""
        return self.portal.call(partial(getattr(self.client, method), *given))


def text_of(made: CallToolResult) -> str:
    """The text of an answer."""
    return "".join(part.text for part in made.content if part.type == "text")


@contextlib.contextmanager
def connected(server: StdioServerParameters | str) -> Iterator[Connected]:
    """A client of a server that is started, or that has an address."""
    with start_blocking_portal() as portal:
        opened = portal.wrap_async_context_manager(Client(server, read_timeout_seconds=WAIT))
        with opened as client:
            yield Connected(client, portal)


def on_stdio(*roots: Path) -> StdioServerParameters:
    """How a server for these roots is started."""
    named = [word for root in roots for word in ("--root", str(root))]
    return StdioServerParameters(command=str(SCRIPT), args=["mcp", *named], env=environment())


@contextlib.contextmanager
def on_http(*roots: Path) -> Iterator[str]:
    """The address of a server for these roots."""
    named = [word for root in roots for word in ("--root", str(root))]
    command = [str(SCRIPT), "mcp", "--http", "0", *named]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment()) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert said.startswith("ctxreview mcp: http://127.0.0.1:"), said
            yield said.split(": ", 1)[1].strip()
        finally:
            process.terminate()


def working_for(root: Path) -> list[int]:
    """The processes that do calls for a root, where the system lists its processes in ``/proc``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"ctxreview.servers.mcp.work" in words and os.fsencode(root) in words:
                found.append(int(process.name))
    return found


__all__ = ["Connected", "MCPError", "connected", "on_http", "on_stdio", "text_of", "working_for"]
