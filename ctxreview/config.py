"""Where settings and texts come from."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path

PACKAGE = Path(__file__).parent


def prompt_folders() -> tuple[Path, ...]:
    """Folders with templates and checklists, the first that has a file wins: the user's, then the shipped one.

    The shipped folder lies inside the installed package, and beside it in a source tree.
    """
    shipped = PACKAGE / "prompts"
    if not shipped.is_dir():
        shipped = PACKAGE.parent / "prompts"
    return user_config_path("ctxreview", appauthor=False) / "prompts", shipped


def prompt_file(name: str) -> Path:
    """The file called ``name`` in the first prompt folder that has it."""
    folders = prompt_folders()
    return next((f / name for f in folders if (f / name).is_file()), folders[-1] / name)
