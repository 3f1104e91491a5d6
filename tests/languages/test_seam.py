"""The seam between the engine and its languages: what is a language's own is in its folder."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ctxreview import languages
from ctxreview.languages import PACKAGES, data, folder_of, load
from ctxreview.languages.syntax import Syntax
from ctxreview.model.notation import AWAIT, SELF

PACKAGE = Path(languages.__file__).parents[1]
LANGUAGES = sorted(PACKAGES)
KEYWORDS = {
    "csharp": {
        "foreach",
        "readonly",
        "nameof",
        "stackalloc",
        "typeof",
        "sizeof",
        "internal",
        "unsafe",
        "partial",
        "sealed",
        "sbyte",
        "ushort",
        "uint",
        "ulong",
        "nint",
        "nuint",
        "params",
        "virtual",
        "override",
        "unmanaged",
        "notnull",
        "unchecked",
    }
}
"""Keywords that few other languages have, and that are not words of sentences here."""
TELLING = frozenset(
    [
        "Async",
        "Attribute",
        "Abort",
        "Complete",
        "Dictionary",
        "Dispose",
        "Exception",
        "Hashtable",
        "Lock",
        "Monitor",
        "Mutex",
        "Queue",
        "Rollback",
        "Semaphore",
        "Stack",
        "Task",
    ]
)
"""Names of the library with one capital that stand in no text for people here."""
WORDS_OF_PATTERNS = re.compile(r"(?:\\[bs]|\(\?[:=!]|\(|\||^)\+?\*?([a-z]+(?:\|[a-z]+)*)\)?(?:[+*] )?(?=\\[bs]|\$| \))")
"""Words of a regular expression that stand in it as they are: ``new`` of ``\\bnew\\s+``."""
ANY_TEXT = ("redact/", "intent/answer", "guard/placing/prose")
"""The modules that read text of any kind."""
ASKS = {"languages/syntax.py", "languages/patterns.py"}
"""The modules that may ask a node for a field."""


@cache
def engine() -> tuple[tuple[str, ast.Module], ...]:
    """The modules outside every language's folder, by their paths in the package."""
    return tuple(
        (path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8")))
        for path in sorted(PACKAGE.rglob("*.py"))
        if not any(folder_of(name) in path.parents for name in LANGUAGES)
    )


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


def names_of(language: str) -> set[str]:
    """The names of a language's library that its data lists, as far as they can be nothing else, and its own keywords."""
    found = set(KEYWORDS[language])
    for path in folder_of(language).glob("*.toml"):
        told = data(language, path.name)
        about = told["words"].values() if path.name == "language.toml" else listed(told)
        found |= {word for text in about for word in re.findall(r"[A-Za-z]\w+", text)}
    return {word for word in found if re.search(r"[a-z][A-Z]", word) or word in KEYWORDS[language] | TELLING}


def listed(told: object) -> Iterator[str]:
    """The names in lists of some data, and the keys of tables of sentences."""
    if isinstance(told, dict):
        for key, inner in told.items():
            yield from [key] if isinstance(inner, str) and " " in inner else listed(inner)
    elif isinstance(told, list):
        yield from (inner for inner in told if isinstance(inner, str))
        yield from (text for inner in told if isinstance(inner, dict) for text in listed(inner))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_a_language_stands_in_the_engine(language: str) -> None:
    """Outside its folder no string has a name of a language's library or one of its own keywords, but in rules that say that they are
    about it.
    """
    names = names_of(language)
    found = {
        f"{path}: {word}"
        for path, tree in engine()
        if language not in declared(tree)
        for text in said(tree)
        for word in names.intersection(re.findall(r"[A-Za-z]\w+", text))
    }
    assert found == set()


def declared(tree: ast.Module, word: str = "LANGUAGES") -> tuple[str, ...]:
    """The languages that a rule says that it is about, or the hooks that it needs."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == word for t in node.targets):
            return tuple(ast.literal_eval(node.value))
    return ()


def said(tree: ast.Module) -> Iterator[str]:
    """The strings and bytes of a module, its docstrings aside."""
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docs:
            if isinstance(node.value, str):
                yield node.value
            elif isinstance(node.value, bytes):
                yield node.value.decode("latin-1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_pattern_of_the_engine_has_a_word_of_code(language: str) -> None:
    """Strings that are patterns or code have no receiver, wait or directive written out, but where texts of any kind are read."""
    words = load(language).words
    written = "|".join(
        (
            rf"\b{words.self}(?=\s*\\?[.\[]|\\s| $)",
            *(rf"\b{word}(?:\\s| ?$)" for word in words.awaiting),
            r"#\\?[a-z]*(?:if|else|endif)\b",
            r"#\[ ",
        )
    )
    found = {
        f"{path}: {text}"
        for path, tree in engine()
        if language not in declared(tree) and not path.startswith((*ANY_TEXT, "model/notation", "behaviour/printer"))
        for text in said(tree)
        if re.search(written, text)
        and not re.fullmatch(r"[a-z]+(?:[.-][a-z]+)*", text)
        and not re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", text)
    }
    assert found == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_pattern_of_the_engine_has_a_keyword(language: str) -> None:
    """Patterns of code have the language's words put in: none asks for the keyword of a creation, an exit, a handler or an arm.

    What reads text of any kind, such as a secret's surroundings or an answer's prose, has words of its own.
    """
    words = load(language).words
    keywords = (
        words.creating
        | words.nothing
        | words.comparing
        | words.otherwise
        | words.enumerations
        | words.trying
        | words.catching
        | words.returning
        | words.leaving
        | words.labelled
    )
    found = {
        f"{path}: {text}"
        for path, tree in engine()
        if language not in declared(tree) and not path.startswith(ANY_TEXT)
        for text in said(tree)
        for alternatives in WORDS_OF_PATTERNS.findall(text)
        if keywords.issuperset(alternatives.split("|"))
    }
    assert found == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_outlines_write_the_language_s_own_words(language: str) -> None:
    """The words of texts in outlines are those of the language."""
    words = load(language).words
    assert words.self in ("", SELF)
    assert words.awaiting <= {AWAIT}


def test_fields_are_asked_in_one_place() -> None:
    """No other module than the one that reads nodes asks them for their fields."""
    asking = {
        path
        for path, tree in engine()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.startswith(("child_by_field", "children_by_field"))
    }
    assert asking <= ASKS


def test_a_rule_that_asks_what_functions_do_and_nothing_else_says_what_it_needs() -> None:
    """A rule for every language that only compares traces finds nothing where functions are not lowered: it declares that hook."""
    silent = [
        path
        for path, tree in engine()
        if path.startswith("rules/") and not declared(tree) and not declared(tree, "HOOKS")
        for asked in [{n.module.rpartition(".")[2] for n in tree.body if isinstance(n, ast.ImportFrom) and n.module}]
        if "comparison" in asked and asked.isdisjoint(("body", "boundary", "lock_usage", "pairing"))
    ]
    assert silent == []


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
    """What a language's data names wrongly is said when it is loaded, and where it is."""
    with pytest.raises(ValueError, match=r"^toy/language.toml: ") as error:
        Syntax(roles, fields, load("csharp").grammar, "toy/language.toml")
    assert str(error.value).endswith(said)
