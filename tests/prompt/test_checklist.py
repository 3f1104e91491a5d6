"""The checklist's file: items with an id and a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxreview.errors import ConfigError
from ctxreview.prompt.checklist import Item, load


def test_a_checklist_is_a_list_of_questions(tmp_path: Path) -> None:
    """The items are in the order of the file."""
    path = tmp_path / "concurrency.toml"
    path.write_text("[[item]]\nid = 'b'\nquestion = 'B?'\n[[item]]\nid = 'a'\nquestion = 'A?'\n", "utf-8")
    assert load(path) == (Item("b", "B?"), Item("a", "A?"))


@pytest.mark.parametrize(
    "text", ["", "item = 1", "[[item]]\nid = 'a'\n", "[[item]]\nid='a'\nquestion='b'\nsize=1\n", "[["]
)
def test_what_is_no_checklist_is_one_sentence(tmp_path: Path, text: str) -> None:
    """A broken checklist names its file and what it needs."""
    path = tmp_path / "concurrency.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"concurrency\.toml: is not a valid checklist"):
        load(path)
