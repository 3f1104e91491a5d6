"""A progress bar on a terminal."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from ctxreview.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ctxreview.cli.results import Result
    from ctxreview.errors import CtxreviewError
    from ctxreview.lint.run import Linted
    from ctxreview.llm.prices import Account


BAR_SECONDS = 0.1
"""The progress bar is drawn again after that."""


def with_bar(results: Iterable[Linted], count: int, quiet: bool) -> Iterator[Linted]:
    """The results, counted by a bar on standard error where that is a terminal for people."""
    if quiet or os.environ.get("NO_COLOR") or not console.is_live(sys.stderr):
        yield from results
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("Linting"), BarColumn(), MofNCompleteColumn(), TextColumn("files")
    # Without a thread of its own, which processes that fork could not copy.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task("", total=count)
        shown = 0.0
        for result in results:
            if not progress.finished:  # files that are linted once more are counted already
                progress.advance(task)
            if (now := time.monotonic()) - shown > BAR_SECONDS:
                shown = now
                progress.refresh()
            yield result


def with_answers(
    results: Iterable[Result | CtxreviewError], count: int, account: Account
) -> Iterator[Result | CtxreviewError]:
    """The results, counted by a bar on standard error, with what failed, what it costs and the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    words = TextColumn("{task.fields[failed]} failed"), TextColumn("${task.fields[cost]:.2f}"), TimeRemainingColumn()
    columns = TextColumn("Reviewing"), BarColumn(), MofNCompleteColumn(), *words
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task("", total=count, failed=0, cost=0.0)
        failed = 0
        for result in results:
            failed += isinstance(result, Exception)
            progress.update(task, advance=1, failed=failed, cost=account.cost, refresh=True)
            yield result
