"""Edits of real kinds, as chats answer them, and whether a person has to look: ``corpus/edits``.

They were written by somebody who had not read the rules. A file there is a source, with others beside it in some, and edits of it. A heading has the edit's name, its
label and the selected lines; then come why, and the answer: Markdown, a diff, or the new text of the selection. A *loud* edit
changes what happens across a transaction or lock, or adds a hazard. A *quiet* one is legitimate, and often the twin of a loud one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from ctxreview import GuardResult, guard
from tests import CORPUS

MISSED = frozenset((CORPUS / "edits" / "missed.txt").read_text("utf-8").split())
"""The loud edits that are not caught yet and the quiet ones that are asked about: to be mended, and then taken out of the file."""


class Edit(NamedTuple):
    """An edit of ``source``, which has the files ``beside`` it; ``answer`` is what a chat says of lines ``first`` to ``last``, or with ``replaces`` their new text."""

    name: str
    loud: bool
    first: int
    last: int
    source: str
    beside: dict[str, str]
    answer: str
    replaces: bool


_SOURCE = re.compile(r"\A# [\w-]+\n\n````csharp\n(.*?)````\n", re.DOTALL)
_BESIDE = re.compile(r"^Beside it, `([^`]+)`:\n\n````csharp\n(.*?)````\n", re.DOTALL | re.MULTILINE)
_EDIT = re.compile(
    r"^## ([\w-]+) \((loud|quiet), lines (\d+)-(\d+)\)\n\n[^\n]+\n\n````(markdown|diff|csharp)\n(.*?)````$",
    re.DOTALL | re.MULTILINE,
)


def edits(path: Path) -> list[Edit]:
    """The edits of a file."""
    text = path.read_text("utf-8")
    source = _SOURCE.match(text)
    assert source, path
    beside = dict(_BESIDE.findall(text))
    found = [
        Edit(e[1], e[2] == "loud", int(e[3]), int(e[4]), source[1], beside, e[6], e[5] == "csharp")
        for e in _EDIT.finditer(text)
    ]
    assert len(found) == len(re.findall("^## ", text, re.MULTILINE)), path
    return found


EDITS = [edit for path in sorted((CORPUS / "edits").glob("*.md")) for edit in edits(path)]


def right(edit: Edit, results: tuple[GuardResult, ...]) -> bool:
    """Whether a person is sent to a loud edit by a finding, and not to a quiet one."""
    verdicts = {result.verdict for result in results}
    if not edit.loud:
        return verdicts == {"no-known-conflict"}
    seen = all(result.applied for result in results) and any(result.findings for result in results)
    return "conflicts" in verdicts or ("needs-human" in verdicts and seen)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_edit(edit: Edit, tmp_path: Path) -> None:
    """What has to be said of the edit is said; one of those that are still missed is still missed."""
    file = tmp_path / "before.cs"
    file.write_text(edit.source, "utf-8", newline="")
    for name, code in edit.beside.items():
        (tmp_path / name).write_text(code, "utf-8", newline="")
    results = guard(f"{file}:{edit.first}-{edit.last}", edit.answer, replace=edit.replaces, root=tmp_path)
    assert right(edit, results) == (edit.name not in MISSED), results


def test_the_names_are_unique_and_the_missed_ones_exist() -> None:
    """No edit hides another, and the list of what is missed has only edits of the corpus."""
    names = [edit.name for edit in EDITS]
    assert len(set(names)) == len(names)
    assert set(names) >= MISSED
