"""docs/configuration.md: it has every key, and every example on it is read by what reads the real file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ctxreview import config
from ctxreview.cli.settings import DEFAULTS
from ctxreview.config import MOST_QUESTIONS, PROJECT_KEYS, USER_KEYS, Question
from ctxreview.llm.prices import Price, table
from ctxreview.prompt.checklist import Item, load
from ctxreview.review.hazards import split_ignored
from tests import ROOT

PAGE = (ROOT / "docs/configuration.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"^```toml\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
ROWS = [[cell.strip() for cell in row.split("|")] for row in re.findall(r"^\| (`.*) \|$", PAGE, re.MULTILINE)]
NAMED = {name for row in ROWS for name in re.findall(r"`([^`]+)`", row[0])}


def written(folder: Path, name: str) -> Path:
    """An example as a file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EXAMPLES[name], "utf-8")
    return path


def test_a_repositorys_settings_are_all_there(tmp_path: Path) -> None:
    """The example sets each key that a repository may set, and rules that there are; the limits are the code's."""
    written(tmp_path, ".ctxreview.toml")
    made = config.project(tmp_path)
    assert all(made[:-1]) and made.scopes.lock and made.scopes.transaction
    split_ignored((), made)
    keys = {"scopes.lock", "scopes.transaction", *(f"checklist.{field}" for field in Question._fields)}
    assert {key for key in NAMED if "." in key and not key.endswith((".toml", ".j2"))} == keys
    assert set(PROJECT_KEYS) == {key.partition(".")[0] for key in keys} | {"budget", "ignore"}
    assert f"at most {MOST_QUESTIONS}, each of one line of at most {config.LONGEST_QUESTION} characters" in PAGE


def test_a_users_settings_are_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example sets each key; the table has its variable and its default. No other variable is read."""
    monkeypatch.setattr(config, "user_folder", lambda: tmp_path)
    written(tmp_path, "config.toml")
    assert list(config.user()) == list(USER_KEYS)
    rows = {row[0].strip("`"): row for row in ROWS if len(row) == 4}
    assert list(rows) == list(USER_KEYS)
    for key, row in rows.items():
        assert row[1] == f"`{config.VARIABLE.format(key.upper())}`"
        assert row[2] == f"{DEFAULTS[key]:,.0f}" if key in DEFAULTS else not row[2].isdigit()
    read = {
        name
        for path in (ROOT / "ctxreview").rglob("*.py")
        for name in re.findall(r"\"(CTXREVIEW_[A-Z_]*[A-Z])\"", path.read_text("utf-8"))
    }
    assert read | {config.VARIABLE.format(key.upper()) for key in USER_KEYS} == set(
        re.findall(r"CTXREVIEW_[A-Z_]*[A-Z]", PAGE)
    )


def test_prices_and_checklists_are_read(tmp_path: Path) -> None:
    """Each key of a price is in the example, and each file of the prompts in the table; ids on the page are the shipped ones."""
    (row,) = table(written(tmp_path, "prices.toml"))
    assert set(tomllib.loads(EXAMPLES["prices.toml"])["price"][0]) == set(Price._fields)
    assert row.cost(100_000, 0) == 0.18 and row.cost(200_001, 0) is None
    shipped = load(ROOT / "prompts/checklists/concurrency.toml")
    items = load(written(tmp_path, "prompts/checklists/concurrency.toml"))
    assert items and set(items) <= set(shipped)
    assert set(tomllib.loads(EXAMPLES["prompts/checklists/concurrency.toml"])["item"][0]) == set(Item._fields)
    files = {str(path.relative_to(ROOT / "prompts")) for path in (ROOT / "prompts").rglob("*.*")}
    assert files == {name for name in NAMED if name.endswith((".j2", ".toml"))}
    assert set(EXAMPLES) == {".ctxreview.toml", "config.toml", "prices.toml", "prompts/checklists/concurrency.toml"}
