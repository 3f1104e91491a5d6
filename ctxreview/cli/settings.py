"""What is set, and where it comes from."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from ctxreview.config import PROJECT_FILE, USER_FILE, USER_KEYS, VARIABLE, project, prompt_file, user, user_folder
from ctxreview.llm import store, store_file
from ctxreview.llm.prices import FILE as PRICES
from ctxreview.llm.providers import TIMEOUTS
from ctxreview.regex import regex
from ctxreview.review import DEFAULT_BUDGET

DEFAULTS: dict[str, Any] = {"budget": DEFAULT_BUDGET, "keep_days": store.KEEP_DAYS, **TIMEOUTS}

_NAME_AND_PASSWORD = regex(r"\A((?:[a-z][a-z0-9+.-]*:)?//|)(?(1).*|[^/?#]*:.*)@", re.IGNORECASE | re.DOTALL)


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


def settings_in(root: Path) -> list[Setting]:
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
    for kind, names in (("lock", own.scopes.lock), ("transaction", own.scopes.transaction)):
        found.append(Setting(f"scopes.{kind}", list(names), there if names else "default"))
    found.append(Setting("checklist", [i.id for i in own.checklist], there if own.checklist else "default"))
    found.append(Setting("ignore", list(own.ignore), there if own.ignore else "default"))
    template, listed = prompt_file("review.md.j2"), prompt_file("checklists/concurrency.toml")
    found.append(Setting("template", str(template), _of_user(template)))
    found.append(Setting("checklist file", str(listed), _of_user(listed)))
    found.append(Setting("store", str(store_file.store_path()), _set_by(store_file.FOLDER_VARIABLE)))
    for what, file in (("user settings", USER_FILE), ("user prices", PRICES)):
        found.append(Setting(what, str(user_folder() / file), _is_there(user_folder() / file)))
    found.append(
        Setting("project settings", str(own.path or root / PROJECT_FILE), "there" if own.path else "not there")
    )
    return found


def _hidden(value: Any) -> Any:
    """A value without the name and password that an address may have."""
    # Not urlsplit, which raises for what is not an address. A password may hold a slash, and a model's name an at sign.
    return _NAME_AND_PASSWORD.sub(r"\1…@", value) if isinstance(value, str) else value


def _of_user(path: Path) -> str:
    return "user" if path.is_relative_to(user_folder()) else "default"


def _set_by(variable: str) -> str:
    return variable if os.environ.get(variable) else "default"


def _is_there(path: Path) -> str:
    return "there" if path.is_file() else "not there"
