"""Whether what a review needs is there."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ctxreview.config import project, user
from ctxreview.errors import CtxreviewError
from ctxreview.llm import store, store_file
from ctxreview.llm.providers import KEY_VARIABLES, PROVIDERS, Endpoint, ping, resolve_model, variables
from ctxreview.model.source import Source
from ctxreview.workspace import git

KNOCK_SECONDS = 5.0


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
        return Check("grammar", "ok", "parses C#, and finds a lock in it")
    return Check("grammar", "problem", "does not find a lock in C#", "Install ctxreview again.")


def _tokenizer() -> Check:
    from ctxreview.tokens import tokenizer

    name = tokenizer(None).name
    if name != "estimate":
        return Check("tokenizer", "ok", f"the ranks of {name} are in tiktoken's cache")
    return Check(
        "tokenizer",
        "note",
        "tiktoken's cache has no ranks; tokens are estimated",
        "To count them exactly, run once with a network: python -c \"import tiktoken; tiktoken.get_encoding('o200k_base')\"",
    )


def _git(root: Path) -> Check:
    found = git.git_program(root)
    if found is None:
        return Check(
            "git", "note", "not found", "Install git: lint --diff needs it, and it says which files are tracked."
        )
    said = git.git_version(found)
    if said is None:
        return Check("git", "note", f"{found} does not run", "Install git again.")
    return Check("git", "ok", f"{said} at {found}")


def _clipboard() -> Check:
    import pyperclip

    copy: Any = pyperclip.determine_clipboard()[0]  # false where there is none
    if copy:
        return Check("clipboard", "ok", "a clipboard program is installed")
    return Check(
        "clipboard",
        "note",
        "no clipboard program is installed; prompt --copy prints instead",
        "On Linux, install xclip or wl-clipboard and start it in a graphical session.",
    )


def _settings(root: Path) -> Check:
    try:
        found = project(root).path
        user()
    except CtxreviewError as error:
        return Check("settings", "problem", str(error), "ctxreview config --help says which settings may be set where.")
    return Check("settings", "ok", f"{found} is valid" if found else f"none in {root}")


def _store() -> Check:
    try:
        kept = store.stored_review(None)
    except CtxreviewError as error:
        return Check("store", "note", str(error), "Reviews still work, but are not stored.")
    return Check(
        "store", "ok", f"{store_file.store_path()}, " + (f"last review {kept.id}" if kept else "nothing stored yet")
    )


def _keys() -> Iterator[Check]:
    for name, variable in KEY_VARIABLES.items():
        if os.environ.get(variable):
            yield Check(f"key for {name}", "ok", f"{variable} is set")
        else:
            yield Check(f"key for {name}", "note", f"{variable} is not set", f"Set it to ask {name}'s models.")


def _address(endpoint: Callable[[], Endpoint | None]) -> Iterator[Check]:
    try:
        found = endpoint()
        if found is None:
            yield Check(
                "endpoint",
                "note",
                "no model is configured",
                f"Set {' or '.join(KEY_VARIABLES.values())}, or give --provider ({', '.join(PROVIDERS)}) "
                "and --base-url.",
            )
            return
        yield _variables(found)
        ping(found, KNOCK_SECONDS)
        found = resolve_model(found)
    except CtxreviewError as error:
        yield Check("endpoint", "problem", "the model cannot be reached", str(error))
    else:
        yield Check("endpoint", "ok", f"{found.provider} answers; the model is {found.model}")


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
        "Credentials that an SDK reads from its environment are sent only to its vendor's own address.",
    )
