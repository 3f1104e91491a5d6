"""The set-ups of Neovim and Vim in a real Neovim, without a screen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.commands import SCRIPT

NEOVIM = shutil.which("nvim")
pytestmark = pytest.mark.skipif(NEOVIM is None, reason="Neovim is not on this machine")

RESULT = """
local result = {}
local function wait(what, holds)
  if not vim.wait(60000, holds, 20) then error('waited in vain for ' .. what) end
end
local function done()
  vim.fn.writefile({ vim.fn.json_encode(result) }, 'result.json')
  vim.cmd('qa!')
end
"""

SERVER = """
vim.cmd('edit src/RecordService.cs')
local buffer = vim.api.nvim_get_current_buf()
local function codes()
  return vim.tbl_map(function(d) return { d.lnum, d.code, d.source } end, vim.diagnostic.get(buffer))
end
wait('a diagnostic', function() return #codes() > 0 end)
result.opened = codes()
vim.api.nvim_buf_set_lines(buffer, 30, 30, false, { '            lock (this) { }' })
wait('the typed one', function()
  return #vim.tbl_filter(function(d) return d[2] == 'lock-target' end, codes()) > 0
end)
result.typed = codes()
vim.cmd('undo')
vim.api.nvim_win_set_cursor(0, { 32, 10 })
local params = vim.lsp.util.make_range_params()
params.context = { diagnostics = {} }
local answers = vim.lsp.buf_request_sync(buffer, 'textDocument/codeAction', params, 60000)
result.actions = {}
for client, answer in pairs(answers) do
  for _, action in ipairs(answer.result) do
    table.insert(result.actions, action.title)
    if action.title == 'Review with full context' then
      vim.lsp.commands[action.command.command](action.command, { client_id = client, bufnr = buffer })
    end
  end
end
wait('the review', function() return vim.bo.filetype == 'markdown' end)
result.review = vim.api.nvim_buf_get_lines(0, 0, -1, false)
vim.cmd('bwipeout!')
local lines = vim.api.nvim_buf_line_count(buffer)
vim.cmd('31,33CtxComment')
wait('the comment', function() return vim.api.nvim_buf_line_count(buffer) > lines end)
result.comment = vim.api.nvim_buf_get_lines(buffer, 27, 29, false)
vim.cmd('undo')
result.undone = vim.api.nvim_buf_line_count(buffer) == lines
"""

COMMANDS = """
vim.cmd('edit src/RecordService.cs')
vim.api.nvim_buf_set_lines(0, 0, 0, false, { '// not saved', 'class Mine { void M() { lock (this) { } } }' })
vim.cmd('CtxFindings')
result.findings = vim.tbl_map(function(f) return { f.lnum, f.text } end, vim.fn.getqflist())
vim.cmd('cclose')
vim.cmd('33,35CtxReview')
result.review = vim.api.nvim_buf_get_lines(0, 0, -1, false)
"""


def run(tmp_path: Path, editor: str, script: str) -> dict[str, Any]:
    """What a script found in Neovim, with the set-up of an editor in its place."""
    folder = tmp_path / "my work"
    shutil.copytree(ROOT / "examples" / "record-service", folder)
    env = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    env |= {"HOME": str(tmp_path), "PATH": f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"}
    env |= {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    subprocess.run([SCRIPT, "init", editor], cwd=folder, env=env, check=True, capture_output=True)
    (tmp_path / "script.lua").write_text(f"{RESULT}{script}\ndone()\n")
    more = ["--cmd", "set rtp^=~/.vim"] if editor == "vim" else []
    command = [str(NEOVIM), "--headless", *more, "-c", "set noswapfile", "-c", f"luafile {tmp_path / 'script.lua'}"]
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=240, check=False, input=""
    )
    assert (folder / "result.json").exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
    return found


def test_neovim_is_served(tmp_path: Path) -> None:
    """Diagnostics on opening and on typing, the actions, a review in a window of its own, and a comment that undo takes back."""
    found = run(tmp_path, "neovim", SERVER)
    assert found["opened"] == [[27, "missing-intent", "ctxreview"]]
    assert [30, "lock-target", "ctxreview"] in found["typed"]
    assert found["actions"] == [
        "Review with full context", "Copy complete prompt", "Check the clipboard's answer", "Draft intent comment"
    ]  # fmt: skip
    assert "in-scope" in "\n".join(found["review"])
    assert found["comment"][0].startswith("        // Belongs together") and found["undone"]


def test_vims_commands_work_on_the_buffer(tmp_path: Path) -> None:
    """Vim's plugin, which Neovim runs too: findings in the quickfix list and a review, of what was not saved."""
    found = run(tmp_path, "vim", COMMANDS)
    assert any(line == 2 and text.startswith("low lock-target: ") for line, text in found["findings"])
    assert "RecordService.cs:33-35" in " ".join(" ".join(found["review"]).split())
