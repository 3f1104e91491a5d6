"""The language server beside what editors say of themselves: pytest-lsp has what VS Code, Neovim and Emacs send, and holds answers against it."""

from __future__ import annotations

import asyncio
import warnings

import pytest
from lsprotocol import types
from pytest_lsp import LspSpecificationWarning, client_capabilities, make_test_lsp_client

from tests import ROOT
from tests.commands import SCRIPT
from tests.editors.client import PATIENCE

RECORDS = ROOT / "examples" / "record-service" / "src" / "RecordService.cs"


@pytest.mark.parametrize("editor", ["visual_studio_code", "neovim", "emacs"])
def test_an_editor_gets_what_it_says_that_it_understands(editor: str) -> None:
    """Findings come the way that the editor takes, hover, lens, symbols and actions too; no answer needs what it did not name."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", LspSpecificationWarning)
        asyncio.run(asyncio.wait_for(_session(client_capabilities(editor)), PATIENCE))


async def _session(capabilities: types.ClientCapabilities) -> None:
    client = make_test_lsp_client()
    await client.start_io(str(SCRIPT), "lsp")
    uri = RECORDS.as_uri()
    document = types.TextDocumentIdentifier(uri)
    try:
        folders = [types.WorkspaceFolder(ROOT.as_uri(), "root")]
        await client.initialize_session(types.InitializeParams(capabilities, workspace_folders=folders))
        client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "csharp", 1, RECORDS.read_text("utf-8")))
        )
        if capabilities.text_document is not None and capabilities.text_document.diagnostic is not None:
            report = await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(document))
            found = report.items if isinstance(report, types.RelatedFullDocumentDiagnosticReport) else ()
        else:
            await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
            found = client.diagnostics[uri]
        assert "missing-intent" in {d.code for d in found}
        place = types.Position(30, 20)
        hover = await client.text_document_hover_async(types.HoverParams(document, place))
        assert hover is not None
        assert "TransactionScope" in str(hover.contents)
        lenses = await client.text_document_code_lens_async(types.CodeLensParams(document))
        assert lenses
        assert await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
        actions = await client.text_document_code_action_async(
            types.CodeActionParams(document, types.Range(place, place), types.CodeActionContext([]))
        )
        assert "Review with full context" in {a.title for a in actions or ()}
    finally:
        await client.shutdown_session()
        await client.stop()
