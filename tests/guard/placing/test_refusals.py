"""Whatever has no certain place is refused with two sentences: why, and what to give instead."""

from __future__ import annotations

import ast
import re

import pytest

from ctxreview.guard.placing.refusals import Instead, UnplacedError
from tests import ROOT

MODULES = sorted((ROOT / "ctxreview" / "guard").rglob("*.py"))
REFUSALS = [
    (f"{module.name}:{node.lineno}", node)
    for module in MODULES
    for node in ast.walk(ast.parse(module.read_text("utf-8")))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == UnplacedError.__name__
]


def test_all_are_found() -> None:
    """There are refusals in most modules of placing, so that a test over all of them looks at something."""
    assert len(REFUSALS) > 50


@pytest.mark.parametrize(("where", "refusal"), REFUSALS, ids=[where for where, _ in REFUSALS])
def test_each_refusal(where: str, refusal: ast.Call) -> None:
    """Each refusal in the code names one of the things to do instead, and its own sentence ends as one."""
    why, instead = refusal.args
    assert isinstance(instead, ast.Attribute), where
    assert ast.unparse(instead.value) == "Instead", where
    assert instead.attr in Instead.__members__, where
    texts = [why.body, why.orelse] if isinstance(why, ast.IfExp) else [why]
    for text in texts:
        if isinstance(text, ast.Constant | ast.JoinedStr):
            assert re.search(r"""[.`]['"]*\Z""", ast.unparse(text)), where


@pytest.mark.parametrize("instead", Instead)
def test_what_to_do(instead: Instead) -> None:
    """What to do is one sentence that begins with a verb, and somebody is told it."""
    assert re.fullmatch(r"(?:Give|Select|Quote|Break|Name) [^.]*(?:\.(?! )[^.]*)*\.", instead)
    assert any(isinstance(r.args[1], ast.Attribute) and r.args[1].attr == instead.name for _, r in REFUSALS)


def test_both_sentences() -> None:
    """A refusal says why first, then what to do."""
    assert str(UnplacedError("Its edits overlap.", Instead.METHOD)) == f"Its edits overlap. {Instead.METHOD}"
