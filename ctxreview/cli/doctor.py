"""What is set and where it comes from, and whether what a review needs is there."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ctxreview.config import PROJECT_FILE, USER_FILE, USER_KEYS, VARIABLE, project, prompt_file, user, user_folder
from ctxreview.errors import CtxreviewError
from ctxreview.llm import store, store_file
from ctxreview.llm.prices import FILE as PRICES
from ctxreview.llm.providers import KEY_VARIABLES, PROVIDERS, TIMEOUTS, Endpoint, ping, resolve_model, variables
from ctxreview.model.source import Source
from ctxreview.review import DEFAULT_BUDGET
from ctxreview.workspace import git

DEFAULTS: dict[str, Any] = {"budget": DEFAULT_BUDGET, "keep_days": store.KEEP_DAYS, **TIMEOUTS}
KNOCK_SECONDS = 5.0

_NAME_AND_PASSWORD = re.compile(r"\A((?:[a-z][a-z0-9+.-]*:)?//|)(?(1).*|[^/?#]*:.*)@", re.IGNORECASE | re.DOTALL)


class Setting(NamedTuple):
    """One setting; ``origin`` says where its value comes from."""

    name: str
    value: Any
    origin: str

    @property
    def shown(self) -> str:
        """The value for people."""
        if isinstance(self.value, list):
            return ", ".join(self.value) or "none"
        return "not set" if self.value is None else str(self.value)


def settings(root: Path) -> list[Setting]:
    """Every setting as a command without options would find it in ``root``. No key is among them."""
    own, mine = project(root), user()
    there = str(own.path) if own.path else "default"
    found = []
    for name in USER_KEYS:
        variable = VARIABLE.format(name.upper())
        if os.environ.get(variable):
            found.append(Setting(name, _hidden(os.environ[variable]), variable))
        elif name == "budget" and own.budget is not None:
            found.append(Setting(name, own.budget, there))
        elif name in mine:
            found.append(Setting(name, _hidden(mine[name]), str(user_folder() / USER_FILE)))
        else:
            found.append(Setting(name, DEFAULTS.get(name), "default"))
    for kind, names in own.scopes._asdict().items():
        found.append(Setting(f"scopes.{kind}", list(names), there if names else "default"))
    found.append(Setting("checklist", [i.id for i in own.checklist], there if own.checklist else "default"))
    found.append(Setting("ignore", list(own.ignore), there if own.ignore else "default"))
    template, listed = prompt_file("review.md.j2"), prompt_file("checklists/concurrency.toml")
    found.append(Setting("template", str(template), _whose(template)))
    found.append(Setting("checklist file", str(listed), _whose(listed)))
    found.append(Setting("store", str(store_file.path()), _from(store_file.FOLDER_VARIABLE)))
    for what, file in (("user settings", USER_FILE), ("user prices", PRICES)):
        found.append(Setting(what, str(user_folder() / file), _there(user_folder() / file)))
    found.append(
        Setting("project settings", str(own.path or root / PROJECT_FILE), "there" if own.path else "not there")
    )
    return found


def _hidden(value: Any) -> Any:
    """A value without the name and password that an address may have."""
    # Not urlsplit, which raises for what is no address. A password may hold a slash, and a model's name an at sign.
    return _NAME_AND_PASSWORD.sub(r"\1…@", value) if isinstance(value, str) else value


def _whose(path: Path) -> str:
    return "user" if path.is_relative_to(user_folder()) else "default"


def _from(variable: str) -> str:
    return variable if os.environ.get(variable) else "default"


def _there(path: Path) -> str:
    return "there" if path.is_file() else "not there"


class Check(NamedTuple):
    """One thing that was looked at. A ``note`` hinders nothing; a ``problem`` hinders reviews."""

    name: str
    state: Literal["ok", "note", "problem"]
    what: str
    advice: str = ""


def checks(root: Path, endpoint: Callable[[], Endpoint | None]) -> Iterator[Check]:
    """What a review needs, one after the other; the model's address last, since it takes longest."""
    yield _interpreter()
    yield _grammar()
    yield _tokenizer()
    yield _git(root)
    yield _clipboard()
    yield _settings(root)
    yield _store()
    yield from _keys()
    yield from _address(endpoint)


def _interpreter() -> Check:
    said = f"Python {platform.python_version()} at {sys.executable}"
    return Check("interpreter", "ok", said)  # an older one than 3.11 has not come this far


def _grammar() -> Check:
    from ctxreview.outline import outline

    try:
        found = outline(Source("A.cs", b"class A { void M() { lock (_g) { _n++; } } }\n"))
    except (ImportError, OSError, ValueError, CtxreviewError) as error:
        return Check("grammar", "problem", f"C# cannot be parsed ({error})", "Install ctxreview again.")
    if [s.kind for s in found.regions] == ["lock"]:
        return Check("grammar", "ok", "C# is parsed, and a lock is found in it")
    return Check("grammar", "problem", "a lock in C# is not found", "Install ctxreview again.")


def _tokenizer() -> Check:
    from ctxreview.tokens import tokenizer

    name = tokenizer(None).name
    if name != "estimate":
        return Check("tokenizer", "ok", f"the ranks of {name} are in tiktoken's cache")
    return Check(
        "tokenizer",
        "note",
        "tiktoken's cache has no ranks; tokens are estimated",
        "To count them, once with a network: python -c \"import tiktoken; tiktoken.get_encoding('o200k_base')\"",
    )


def _git(root: Path) -> Check:
    found = git.program(root)
    if found is None:
        return Check(
            "git", "note", "not found", "Install git: lint --diff needs it, and which files are tracked is asked of it."
        )
    said = git.version(found)
    if said is None:
        return Check("git", "note", f"{found} does not run", "Install git again.")
    return Check("git", "ok", f"{said} at {found}")


def _clipboard() -> Check:
    import pyperclip

    copy: Any = pyperclip.determine_clipboard()[0]  # false where there is none
    if copy:
        return Check("clipboard", "ok", "there is a program for it")
    return Check(
        "clipboard",
        "note",
        "there is none here; prompt --copy prints instead",
        "On Linux, install xclip or wl-clipboard and start it in a graphical session.",
    )


def _settings(root: Path) -> Check:
    try:
        found = project(root).path
        user()
    except CtxreviewError as error:
        return Check("settings", "problem", str(error), "ctxreview config --help says what may stand where.")
    return Check("settings", "ok", f"{found} is sound" if found else f"none in {root}")


def _store() -> Check:
    try:
        kept = store.get(None)
    except CtxreviewError as error:
        return Check("store", "note", str(error), "Reviews are made all the same, and not kept.")
    return Check("store", "ok", f"{store_file.path()}, " + (f"last review {kept.id}" if kept else "nothing kept yet"))


def _keys() -> Iterator[Check]:
    for name, variable in KEY_VARIABLES.items():
        if os.environ.get(variable):
            yield Check(f"key for {name}", "ok", f"{variable} is set")
        else:
            yield Check(f"key for {name}", "note", f"{variable} is not set", f"Set it to ask models of {name}.")


def _address(endpoint: Callable[[], Endpoint | None]) -> Iterator[Check]:
    try:
        found = endpoint()
        if found is None:
            yield Check(
                "endpoint",
                "note",
                "no model would be asked",
                f"Set {' or '.join(KEY_VARIABLES.values())}, or give --provider ({', '.join(PROVIDERS)}) "
                "and --base-url.",
            )
            return
        yield _variables(found)
        ping(found, KNOCK_SECONDS)
        found = resolve_model(found)
    except CtxreviewError as error:
        yield Check("endpoint", "problem", "the model cannot be asked", str(error))
    else:
        yield Check("endpoint", "ok", f"{found.provider} answers; {found.model} would be asked")


def _variables(endpoint: Endpoint) -> Check:
    """Which variables have a say in the request: their names, never what is in them."""
    used, kept_back = variables(endpoint)
    said = f"used for {endpoint.provider}: {', '.join(used) or 'none'}"
    if not kept_back:
        return Check("variables", "ok", said)
    return Check(
        "variables",
        "note",
        f"{said}; not sent: {', '.join(kept_back)}",
        "What an SDK takes from its environment goes to its maker's own address and to no other.",
    )
