"""What the documents for contributors name is there: paths, names in the code, dates."""

from __future__ import annotations

import datetime
import re
from pkgutil import resolve_name

import pytest

from ctxreview import __version__
from tests import ROOT

IN_THE_WHEEL = {"ctxreview/prompts"}
PATHS = re.compile(r"[\w.-]+/[\w./-]*|[\w.-]+\.(?:md|toml|py|scm|lock)")
NAMES = re.findall(r"^\|.*\| `(ctxreview\.[\w.]+)` \|$", (ROOT / "docs/glossary.md").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md"])
def test_each_path_is_there(document: str) -> None:
    """What is written as a path in code, from the repository's root, or as a link leads to something."""
    text = (ROOT / document).read_text("utf-8")
    named = {word for code in re.findall(r"`([^`\n]+)`", text) for word in code.split() if PATHS.fullmatch(word)}
    linked = set(re.findall(r"\]\(([^)#:]+)\)", text))
    paths = {
        path
        for path in named
        if "/" in path and path.split("/")[0] in ("ctxreview", "tests", "docs", "prompts", "examples")
    }
    assert len(paths | linked) > 3
    assert [path for path in sorted((paths | linked) - IN_THE_WHEEL) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_each_word_is_in_the_code(name: str) -> None:
    """What the glossary says a word is called in the code can be imported."""
    assert resolve_name(name) is not None


def test_the_glossary_has_every_value() -> None:
    """What a review is made of has its word: each class of the values' module."""
    from ctxreview.model import review

    ours = {n for n, value in vars(review).items() if isinstance(value, type) and value.__module__ == review.__name__}
    told = {name.rpartition(".")[2] for name in NAMES}
    assert ours - told == set()


def test_versions_are_dated() -> None:
    """Each version of the changelog has its day, newest first, and the program's own is among them."""
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    versions = [re.fullmatch(r"(\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)", head) for head in heads if head != "Unreleased"]
    assert all(versions)
    found = [(match[1], datetime.date.fromisoformat(match[2])) for match in versions if match]
    assert __version__ in [version for version, _ in found]
    assert [day for _, day in found] == sorted((day for _, day in found), reverse=True)
