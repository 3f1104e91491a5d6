"""Where settings and texts come from."""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from platformdirs import user_config_path

from ctxreview.errors import ConfigError, did_you_mean
from ctxreview.file_access import contents
from ctxreview.model.regions import NO_WRAPPERS, Wrappers

PROJECT_FILE = ".ctxreview.toml"
USER_FILE = "config.toml"
VARIABLE = "CTXREVIEW_{}"
PACKAGE = Path(__file__).parent


def user_folder() -> Path:
    """Where the user's own settings, templates and prices are."""
    return user_config_path("ctxreview", appauthor=False)


def prompt_folders() -> tuple[Path, ...]:
    """Folders with templates and checklists, the first that has a file wins: the user's, then the shipped one.

    The shipped folder is inside the installed package, and beside it in a source tree.
    """
    shipped = PACKAGE / "prompts"
    if not shipped.is_dir():
        shipped = PACKAGE.parent / "prompts"
    return user_folder() / "prompts", shipped


def prompt_file(name: str) -> Path:
    """The file called ``name`` in the first prompt folder that has it."""
    folders = prompt_folders()
    return next((f / name for f in folders if (f / name).is_file()), folders[-1] / name)


class Question(NamedTuple):
    """A checklist item that a project adds."""

    id: str
    question: str


class Project(NamedTuple):
    """What a repository may set: names of its scopes, questions of its own, rules it has no use for, and the budget.

    ``path`` is the file it is in, ``None`` where there is none. A repository is not trusted: whom is asked, with
    which key, what runs and where results go are never its to say.
    """

    scopes: Wrappers = NO_WRAPPERS
    checklist: tuple[Question, ...] = ()
    ignore: tuple[str, ...] = ()
    budget: int | None = None
    path: Path | None = None


PROJECT_KEYS = Project._fields[:-1]
USER_KEYS: dict[str, type] = {
    "provider": str,
    "model": str,
    "base_url": str,
    "budget": int,
    "max_cost": float,
    "max_tokens": int,
    "keep_days": int,
    "connect_seconds": float,
    "read_seconds": float,
    "total_seconds": float,
    "retries": int,
}
"""What a user may set in ``config.toml`` of :func:`user_folder`, and in ``CTXREVIEW_`` variables. Keys are in neither."""

LARGEST = 1_000_000
"""Bytes of a settings file."""

_MAY_BE_0 = ("keep_days", "retries")

MOST_QUESTIONS, LONGEST_QUESTION = 20, 300
"""A project's questions go into every prompt."""


def project(root: Path) -> Project:
    """The settings of a repository: ``.ctxreview.toml`` at its root, or ``[tool.ctxreview]`` of its ``pyproject.toml``.

    Raises :class:`ConfigError` when the file cannot be read, or has anything else in it.
    """
    path, given = root / PROJECT_FILE, _toml(root / PROJECT_FILE, root)
    if given is None:
        path = root / "pyproject.toml"
        given = _tool_table(path, root)
    if given is None:
        return Project()
    for key in given:
        if key in USER_KEYS and key not in PROJECT_KEYS:
            raise ConfigError(
                f"{path}: a repository cannot set {key}; it belongs in {user_folder() / USER_FILE}, the environment "
                "or an option."
            )
    _known(path, "", given, PROJECT_KEYS)
    budget = given.get("budget")
    if budget is not None:
        _checked(path, "budget", budget, int)
    ignore = given.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(rule, str) for rule in ignore):
        raise ConfigError(f'{path}: ignore must be a list of rules such as "missing-intent".')
    return Project(_scopes(path, given.get("scopes", {})), _questions(path, given), tuple(ignore), budget, path)


def _toml(path: Path, root: Path | None = None) -> dict[str, Any] | None:
    data = _bytes(path, root)
    return None if data is None else _parsed(path, data)


def _bytes(path: Path, root: Path | None) -> bytes | None:
    """The bytes of a settings file, which has to be in ``root``; ``None`` where there is none."""
    try:
        return contents(path, LARGEST, root)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); fix it.") from None


def _parsed(path: Path, data: bytes) -> dict[str, Any]:
    """The TOML of a settings file. An error tells the place, and quotes nothing: what is there may not be settings."""
    if re.search(rb"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){64}""", data):
        raise ConfigError(f"{path}: is not valid TOML (a key of more than 64 parts); fix it.")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except RecursionError:
        what = "values nested too deeply"
    except UnicodeError:
        what = "it is not UTF-8"
    except ValueError as error:
        where = re.search(r"at (?:line \d+, column \d+|end of document)", str(error))
        what = f"an error {where[0]}" if where else "an error in it"
    raise ConfigError(f"{path}: is not valid TOML ({what}); fix it.")


def _tool_table(path: Path, root: Path) -> dict[str, Any] | None:
    """The table for this tool in a project file that is others' too: broken, it is theirs to complain about."""
    data = _bytes(path, root)
    if data is None or b"ctxreview" not in data:
        return None
    tools = _parsed(path, data).get("tool", {})
    found = tools.get("ctxreview") if isinstance(tools, dict) else None
    if found is not None and not isinstance(found, dict):
        raise ConfigError(f"{path}: tool.ctxreview must be a table, [tool.ctxreview].")
    return found


def _scopes(path: Path, scopes: Any) -> Wrappers:
    if not isinstance(scopes, dict):
        raise ConfigError(f"{path}: scopes must be a table, [scopes].")
    _known(path, "scopes.", scopes, ("lock", "transaction"))
    for key, names in scopes.items():
        if not isinstance(names, list) or not all(isinstance(n, str) and _is_name(n) for n in names):
            raise ConfigError(f'{path}: scopes.{key} must be a list of names such as "HoldAsync" or "_gate.HoldAsync".')
    return Wrappers(**{key: tuple(names) for key, names in scopes.items()})


def _questions(path: Path, given: dict[str, Any]) -> tuple[Question, ...]:
    rows = given.get("checklist", [])
    sound = isinstance(rows, list) and all(
        isinstance(row, dict) and all(isinstance(value, str) for value in row.values()) for row in rows
    )
    if not sound:
        raise ConfigError(f"{path}: checklist must be [[checklist]] tables with an id and a question.")
    for row in rows:
        _known(path, "checklist.", row, Question._fields)
    found = tuple(Question(row.get("id", ""), " ".join(row.get("question", "").split())) for row in rows)
    for item in found:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", item.id):
            raise ConfigError(
                f"{path}: a checklist item's id must be a short name such as audit-log, not {item.id[:60]!r}."
            )
        if not 1 <= len(item.question) <= LONGEST_QUESTION or not item.question.isprintable():
            raise ConfigError(
                f"{path}: the question of {item.id} must be one line of at most {LONGEST_QUESTION} characters."
            )
    if len(found) > MOST_QUESTIONS or len({i.id for i in found}) < len(found):
        raise ConfigError(f"{path}: checklist may have at most {MOST_QUESTIONS} items, each with a unique id.")
    return found


def user() -> dict[str, Any]:
    """The user's own settings, some of :data:`USER_KEYS`. Raises :class:`ConfigError` when they are wrong."""
    path = user_folder() / USER_FILE
    try:
        seen = path.stat()
    except OSError:
        return _user(path, 0, 0)
    return _user(path, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=4)
def _user(path: Path, _changed: int, _size: int) -> dict[str, Any]:
    given = _toml(path) or {}
    _known(path, "", given, tuple(USER_KEYS))
    for key, value in given.items():
        _checked(path, key, value, USER_KEYS[key])
    return given


def number(key: str) -> Any:
    """One of the numbers in :data:`USER_KEYS`: from the environment or else the user's file, ``None`` where in neither.

    Raises :class:`ConfigError` when it is not such a number.
    """
    variable = VARIABLE.format(key.upper())
    text = os.environ.get(variable)
    if not text:
        return user().get(key)
    value: Any = text
    with contextlib.suppress(ValueError):
        value = USER_KEYS[key](text)
    _checked(variable, key, value, USER_KEYS[key])
    return value


def _checked(where: Path | str, key: str, value: Any, wanted: type) -> None:
    if wanted is str:
        sound = isinstance(value, str) and bool(value)
    else:
        sound = isinstance(value, int if wanted is int else int | float) and not isinstance(value, bool)
        sound = sound and (0 < value < float("inf") or (value == 0 and key in _MAY_BE_0))
    if not sound:
        what = {str: "a text", int: "a whole number above 0", float: "a number above 0"}[wanted]
        raise ConfigError(f"{where}: {key} must be {what}{', or 0' if key in _MAY_BE_0 else ''}.")


def _is_name(name: str) -> bool:
    parts = name.split(".")
    return len(parts) <= 2 and all(p.isidentifier() for p in parts)


def _known(path: Path, prefix: str, given: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            hint = did_you_mean(key, known, f"the known settings are {', '.join(prefix + k for k in known)}.", prefix)
            # A name is told; what is none may be somebody else's text.
            is_name = re.fullmatch(r"[A-Za-z][\w-]{0,30}", key) is not None
            named = f"setting {prefix}{key}" if is_name else "setting of that name"
            raise ConfigError(f"{path}: there is no {named}; {hint}")
