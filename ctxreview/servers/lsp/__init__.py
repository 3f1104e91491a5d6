"""The language server: diagnostics as one types, what holds a line, and the commands at hand where the code is.

Nothing here is imported by another command: pygls takes longer to import than a context takes to make.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple, NoReturn

from ctxreview.errors import ConfigError
from ctxreview.review import DEFAULT_HOPS


class Served(NamedTuple):
    """How a server works: how far callers are followed, and the model that a review asks, as the options of ``review`` name it."""

    hops: int = DEFAULT_HOPS
    provider: str | None = None
    model: str | None = None
    base_url: str | None = None


def serve(served: Served) -> NoReturn:
    """Speak the protocol on standard input and output until the client says that it is over, and end the process.

    Raises :class:`ConfigError` where pygls is not installed.
    """
    if find_spec("pygls") is None or find_spec("lsprotocol") is None:
        raise ConfigError("ctxreview lsp needs pygls, which is not installed; run: pip install 'ctxreview[lsp]'.")
    from ctxreview.servers.lsp.server import run

    run(served)
