"""Where settings and texts come from."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from ctxreview.errors import ConfigError
from ctxreview.model import Wrappers

PROJECT_FILE = ".ctxreview.toml"
PACKAGE = Path(__file__).parent


def user_folder() -> Path:
    """Where the user's own settings, templates and prices are."""
    return user_config_path("ctxreview", appauthor=False)


def prompt_folders() -> tuple[Path, ...]:
    """Folders with templates and checklists, the first that has a file wins: the user's, then the shipped one.

    The shipped folder lies inside the installed package, and beside it in a source tree.
    """
    shipped = PACKAGE / "prompts"
    if not shipped.is_dir():
        shipped = PACKAGE.parent / "prompts"
    return user_folder() / "prompts", shipped


def prompt_file(name: str) -> Path:
    """The file called ``name`` in the first prompt folder that has it."""
    folders = prompt_folders()
    return next((f / name for f in folders if (f / name).is_file()), folders[-1] / name)


@lru_cache(maxsize=64)
def wrappers(root: Path) -> Wrappers:
    """What the project file of a repository calls locks and transactions: ``[scopes]`` with lists of names.

    Raises :class:`ConfigError` when the file cannot be read, or has anything else in it.
    """
    path = root / PROJECT_FILE
    try:
        given: dict[str, Any] = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return Wrappers()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML ({error}); mend it.") from None
    _known(path, "", given, ("scopes",))
    scopes = given.get("scopes", {})
    if not isinstance(scopes, dict):
        raise ConfigError(f"{path}: scopes must be a table, [scopes].")
    _known(path, "scopes.", scopes, Wrappers._fields)
    for key, names in scopes.items():
        if not isinstance(names, list) or not all(isinstance(n, str) and _is_name(n) for n in names):
            raise ConfigError(f'{path}: scopes.{key} must be a list of names such as "HoldAsync" or "_gate.HoldAsync".')
    return Wrappers(**{key: tuple(names) for key, names in scopes.items()})


def _is_name(name: str) -> bool:
    parts = name.split(".")
    return len(parts) <= 2 and all(p.isidentifier() for p in parts)


def _known(path: Path, prefix: str, given: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = (
                f"did you mean {prefix}{near[0]}?" if near else f"it may have {', '.join(prefix + k for k in known)}."
            )
            raise ConfigError(f"{path}: there is no setting {prefix}{key}; {hint}")
