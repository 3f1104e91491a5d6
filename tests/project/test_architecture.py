"""The map of the house is the house: ARCHITECTURE.md names the packages and modules that there are."""

from __future__ import annotations

import re
from statistics import median

from tests import ROOT

ROWS = re.compile(r"^\| ((?:`[\w/]+` ?)+)\| ((?:`\w+` ?)*)\|", re.MULTILINE)
LONGEST, MEDIAN = 400, 120
"""Lines of a module: fewer than that in each, and in the one in the middle."""
ENTRIES = 12
"""Modules directly in the package, at most: what has a room is in it."""


def named(cell: str) -> list[str]:
    """The names in a cell of the table."""
    return re.findall(r"`([\w/]+)`", cell)


def test_the_map_names_what_there_is() -> None:
    """Each package is a row, and its row names its modules; of the families of rules only the package is named."""
    told: dict[str, set[str]] = {}
    for rooms, modules in ROWS.findall((ROOT / "ARCHITECTURE.md").read_text("utf-8")):
        told |= {room: set(named(modules)) for room in named(rooms)}
    there: dict[str, set[str]] = {}
    package = ROOT / "ctxreview"
    for module in package.rglob("*.py"):
        room = module.parent.relative_to(package).as_posix()
        there.setdefault(room, set()).update({module.stem} - {"__init__"})
    families = {room for room in there if room.startswith("rules/")}
    assert set(told) == set(there) - {"."}
    assert {room: told[room] for room in set(told) - families} == {
        room: modules for room, modules in there.items() if room not in families | {"."}
    }


def test_few_modules_have_no_room() -> None:
    """What is directly in the package is little, and the map names it."""
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    alone = [path for path in (ROOT / "ctxreview").iterdir() if path.is_file()]
    assert len(alone) <= ENTRIES
    missing = [path.stem for path in alone if path.suffix == ".py" and f"`{path.stem}`" not in page]
    assert [name for name in missing if not name.startswith("__")] == []


def test_modules_are_short() -> None:
    """A module that grows past the limit has parts with names of their own: they become modules, split by sense."""
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in (ROOT / "ctxreview").rglob("*.py")
    }
    assert [f"{path}: {n}" for path, n in lines.items() if n >= LONGEST] == []
    assert median(lines.values()) < MEDIAN
