"""docs/limits.md: each number is the code's."""

from __future__ import annotations

import re
from pkgutil import resolve_name

import pytest

from tests import ROOT

PAGE = (ROOT / "docs/limits.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+?) \| ([\d,]+(?: MiB)?) \|(?: .+ \|)? `(ctxreview\.[\w.]+)` \|$", PAGE, re.MULTILINE)


def test_every_row_names_its_constant() -> None:
    """No row of a table is without one, and none is there twice."""
    assert len(ROWS) == len({name for _, _, name in ROWS}) == PAGE.count("| `ctxreview.")
    assert PAGE.count("\n| ") - PAGE.count("\n| limit ") == len(ROWS)


@pytest.mark.parametrize(("what", "shown", "name"), ROWS, ids=[name for _, _, name in ROWS])
def test_the_number_is_the_codes(what: str, shown: str, name: str) -> None:
    """Bytes that are whole MiB are shown as these."""
    value = resolve_name(name)
    in_mebibytes = what.startswith("size") and value % 2**20 == 0
    assert shown == (f"{value // 2**20} MiB" if in_mebibytes else f"{value:,}")
