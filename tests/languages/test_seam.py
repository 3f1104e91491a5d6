"""The seam between the engine and its languages: what is a language's own stands in its folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctxreview import languages
from ctxreview.languages import PACKAGES, folder_of, load
from ctxreview.languages.syntax import Syntax

PACKAGE = Path(languages.__file__).parents[1]
LANGUAGES = sorted(PACKAGES)
ASKS = {"languages/syntax.py", "languages/patterns.py"}
"""The modules that may ask a node for a field."""


def engine() -> Iterator[tuple[str, ast.Module]]:
    """The modules outside every language's folder, by their paths in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if not any(folder_of(name) in path.parents for name in LANGUAGES):
            yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))


def texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """The string literals of a module, its docstrings aside."""
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node


def compared(tree: ast.Module) -> Iterator[str]:
    """The string literals that the type of a node is compared with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(
            isinstance(n, ast.Attribute) and n.attr == "type" for n in ast.walk(node.left)
        ):
            yield from (n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_node_type_stands_in_the_engine(language: str) -> None:
    """No string outside a language's folder is one of its grammar's named node types: roles say what they are."""
    grammar = load(language).grammar
    ids = range(grammar.node_kind_count)
    kinds = {grammar.node_kind_for_id(i) for i in ids if grammar.node_kind_is_named(i)}
    found = [
        f"{path}: {text}"
        for path, tree in engine()
        for text in [*(t.value for t in texts(tree) if "_" in t.value), *compared(tree)]
        if text in kinds
    ]
    assert found == []


def test_fields_are_asked_in_one_place() -> None:
    """No other module than the one that reads nodes asks them for their fields."""
    asking = {
        path
        for path, tree in engine()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.startswith(("child_by_field", "children_by_field"))
    }
    assert asking <= ASKS


@pytest.mark.parametrize(
    ("roles", "fields", "said"),
    [
        ({"cals": "invocation_expression"}, {}, "unknown role cals"),
        ({"calls": "method_call"}, {}, "role calls: the grammar has no node type method_call"),
        ({"statements": "*_sentence"}, {}, "role statements: the grammar has no node type *_sentence"),
        ({}, {"calee": "function"}, "unknown field calee"),
        ({}, {"callee": "functoin"}, "field callee: the grammar has no field functoin"),
    ],
)
def test_a_role_or_field_that_there_is_not_is_an_error(
    roles: dict[str, str], fields: dict[str, str], said: str
) -> None:
    """What a language's data names wrongly is said when it is loaded, and where it stands."""
    with pytest.raises(ValueError, match=r"^toy/language.toml: ") as error:
        Syntax(roles, fields, load("csharp").grammar, "toy/language.toml")
    assert str(error.value).endswith(said)
