"""docs/scopes.md: its tables are made of the language's data, and its examples are outlined."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

import ctxreview
from ctxreview.callgraph.wrappers.bodies import MAX_LEVELS
from ctxreview.languages import Construct, load
from ctxreview.model.kinds import Form
from tests import ROOT

FILE = ROOT / "docs/scopes.md"
TABLE = re.compile(r"(?<=<!-- )(made of \w+\.toml: \w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)
CSHARP = load("csharp")
FORMS = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", FILE.read_text("utf-8"), re.MULTILINE)


def code(names: tuple[str, ...]) -> str:
    """Names as Markdown has code."""
    return ", ".join(f"`{name}`" for name in names)


def begun(one: Construct) -> Iterator[str]:
    """How a scope begins, a part for each form."""
    if one.creates:
        yield f"`new` {code(one.creates)}"
    if one.opens:
        yield f"what {code(one.opens)} {'give' if len(one.opens) > 1 else 'gives'}"
    if one.acquires:
        yield code(one.acquires)
    if one.runs:
        yield f"the delegate of {code(one.runs)}"
    if one.attributes:
        yield ", ".join(f"`[{name}]`" for name in one.attributes)
    if not (one.creates or one.opens or one.acquires or one.runs or one.attributes):
        yield "the statement of that name"


def told(one: Construct) -> Iterator[str]:
    """What else is known of a scope, or asked of it."""
    if one.mode not in ("", "exclusive"):
        yield f"{one.mode}."
    if one.types:
        yield f"On {code(one.types)}" + (
            ", or where the receiver's name tells it." if one.on not in ("", "(?!)") else "."
        )
    elif one.on:
        yield "Where the receiver's name tells it."
    if one.given:
        yield "Where its arguments tell it."
    if one.isolation is not None and one.isolation.level:
        yield f"Isolation {one.isolation.level}{' by default' if one.isolation.default else ''}."
    if one.async_flow:
        yield f"Flows over `await` with `{one.async_flow}`."
    if one.note:
        yield one.note


def cell(text: str) -> str:
    """A cell of a table."""
    return text[:1].upper() + text[1:].replace("|", "\\|")


def constructs(kind: str) -> Iterator[str]:
    """The table of transactions or locks."""
    yield "| scope | begins | completed or released | |"
    yield "|---|---|---|---|"
    for one in CSHARP.constructs:
        if one.kind == kind:
            ends = code((*one.completes, *one.releases))
            yield f"| {one.construct} | {cell('; '.join(begun(one)))} | {ends} | {cell(' '.join(told(one)))} |"


def sql(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """The table of SQL texts."""
    yield "| in a text that is SQL | is | |"
    yield "|---|---|---|"
    for row in rows:
        what = " ".join(filter(None, (row.get("mode", ""), row.get("kind", "no scope, but told"))))
        yield f"| {row['name']} | {what} | {row.get('held', '')} |"


def entries(frameworks: Mapping[str, Any]) -> Iterator[str]:
    """The table of what calls code."""
    yield "| who | calls | |"
    yield "|---|---|---|"
    for row in frameworks["entry"]:
        parts = [", ".join(f"`[{mark}]`" for mark in row["marks"])] if "marks" in row else []
        parts += [f"members of {code(tuple(row['bases']))}"] if "bases" in row else []
        parts += [f"members that take {code(tuple(row['takes']))}"] if "takes" in row else []
        plain = re.fullmatch(r"\^(\w+)\$", row.get("members", ""))
        named = f", if they are named `{plain[1] if plain else row['members']}`" if "members" in row else ""
        yield f"| {row['framework']} | {cell(('; '.join(parts) or 'members') + named)} | {row['how']} |"


def turns(frameworks: Mapping[str, Any]) -> Iterator[str]:
    """The table of what runs calls one at a time."""
    yield "| base type | |"
    yield "|---|---|"
    for base, what in frameworks["turns"].items():
        yield f"| `{base}` | {cell(what)} |"


MADE: Mapping[str, Callable[[], Iterator[str]]] = {
    "made of constructs.toml: lock": lambda: constructs("lock"),
    "made of constructs.toml: transaction": lambda: constructs("transaction"),
    "made of constructs.toml: sql": lambda: sql(CSHARP.data("constructs.toml")["sql"]),
    "made of frameworks.toml: entry": lambda: entries(CSHARP.data("frameworks.toml")),
    "made of frameworks.toml: turns": lambda: turns(CSHARP.data("frameworks.toml")),
}


def test_the_tables_are_the_catalogues(expect: Callable[[Path, str], None]) -> None:
    """Each table is what the language's data says now."""
    text = FILE.read_text("utf-8")
    assert sorted(name for name, _ in TABLE.findall(text)) == sorted(MADE)
    expect(FILE, TABLE.sub(lambda m: f"{m[1]}{m[2]}" + "".join(f"{line}\n" for line in MADE[m[1]]()), text))


def test_names_alone_are_assumed(tmp_path: Path) -> None:
    """Each example of the section is a scope of its kind, and only assumed; as many wrappers in a row are read as the page says."""
    text = FILE.read_text("utf-8")
    section = text[text.index("## By name alone") : text.index("## Who calls")]
    examples = re.findall(r"^\| (transaction|lock) \| `([^`]+)` \|$", section, re.MULTILINE)
    assert len(examples) == section.count("\n| ") - 1
    for kind, shown in examples:
        code = (
            f"class C\n{{\n    void M() {{ {shown} {{ }} }}\n}}\n"
            if shown[0] == "u"
            else f"class C {{ void M() {{ {shown} }} }}"
        )
        (scope,) = ctxreview.scopes("C.cs", text=code, root=tmp_path).regions
        assert (scope.kind, scope.certainty) == (kind, "assumed"), shown
    assert MAX_LEVELS == 3 and "up to three in a row" in text


def test_every_form_is_shown() -> None:
    """The page has an example of each."""
    assert {form for form, _ in FORMS} == set(get_args(Form)) - {"returned"}  # which is its callers'


@pytest.mark.parametrize(("form", "shown"), FORMS, ids=[form for form, _ in FORMS])
def test_each_example_is_of_its_form(form: str, shown: str, tmp_path: Path) -> None:
    """The example's last member is held by a scope of the form."""
    (tmp_path / ".git").mkdir()
    body = "\n    ".join(re.findall(r"`([^`]+)`", shown))
    text = f"class C\n{{\n    readonly object _gate = new();\n    int _n;\n    {body}\n}}\n"
    (tmp_path / "C.cs").write_text(text, "utf-8")
    context = ctxreview.context(f"C.cs:{text.count(chr(10)) - 1}", root=tmp_path)
    assert form in [scope.form for scope in context.scopes]
