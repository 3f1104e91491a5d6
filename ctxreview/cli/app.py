"""The command line: which commands there are, and how each ends.

A command reads options, calls one function and prints what it returns. Results go to standard output, everything else to
standard error. Exit status 0, 1 for findings at or above ``--fail-on``, 2 for wrong usage and for work that could not be
finished.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from ctxreview import __version__
from ctxreview.cli import console
from ctxreview.errors import CtxreviewError, StoppedError

MODULES = {
    "context": "context",
    "prompt": "prompt",
    "review": "review",
    "batch": "review",
    "batch submit": "submitted",
    "batch status": "submitted",
    "batch fetch": "submitted",
    "batch cancel": "submitted",
    "guard": "guard",
    "log": "kept",
    "show": "kept",
    "comment": "kept",
    "config": "setup",
    "doctor": "setup",
    "explain": "explain",
    "intent": "intents",
    "lint": "lint",
    "init": "editor",
    "lsp": "editor",
    "mcp": "agent",
}
"""The commands in the order of the help, with the module of :mod:`ctxreview.cli.commands` that has each."""


class _Commands(TyperGroup):
    """The commands, each read and built only when it is asked for: all of them would cost a context 15 ms."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, ``None`` where there is none."""
        if cmd_name not in self.commands and cmd_name in MODULES:
            family = import_module(f"ctxreview.cli.commands.{MODULES[cmd_name]}").app
            self.commands = {**self.commands, **typer.main.get_group(family).commands}
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first words name: two where there is one of that name, so that ``batch`` is one by itself."""
        two = " ".join(args[:2])
        return super().resolve_command(ctx, [two, *args[2:]] if two in MODULES else args)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in the order of the help."""
        return list(MODULES)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C anywhere in it ends with one sentence and a status of its own."""
        try:
            with _quoting():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise StoppedError("Stopped.") from None

    def make_context(self, *given: Any, **extra: Any) -> Any:
        """Read the options that are before the command."""
        with _quoting():
            return super().make_context(*given, **extra)


@contextmanager
def _quoting() -> Iterator[None]:
    """What typer says of a wrong option, command or value quotes it: nothing in it acts on the terminal."""
    try:
        yield
    except TyperException as error:
        from ctxreview.context.visible import visible

        for name in ("message", "param_hint", "option_name"):
            if isinstance(said := getattr(error, name, None), str):
                setattr(error, name, visible(said))
        raise


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Never a fragment: completes the context of AI code-review prompts, and checks what comes back.",
)


def main() -> None:
    """The console script: every failure is one sentence, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or pipe may have a code page that cannot say what the source says.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if stream.encoding.lower().startswith("utf") else "backslashreplace")
    try:
        app()
    except CtxreviewError as error:
        console.say(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        console.say(f"{error.filename or 'output'}: {error.strerror or error}; nothing more was written.")
        sys.exit(2)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"ctxreview {__version__}")
        raise typer.Exit
