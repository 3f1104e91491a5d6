"""How far a run is: a progress bar on a terminal."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, Self

from ctxreview.cli import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.progress import Progress

    from ctxreview.lint.run import Linted
    from ctxreview.llm.prices import Account


BAR_SECONDS = 0.1
"""The progress bar is drawn again after that."""
LINE_SECONDS = 10.0
"""Where there is no bar, a line tells how far it is after that."""


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


class Tally:
    """What has become of ``count`` questions so far: a bar on standard error where it is ``live``, otherwise a line from time to time.

    Called with each result as it comes, and with ``None`` while none comes.
    """

    def __init__(
        self, count: int, account: Account, tell: Callable[[str], None], *, live: bool, doing: str = "Reviewing"
    ) -> None:
        self._count = count
        self._doing = doing
        self._account = account
        self._tell = tell
        self._done = self._failed = 0
        self._began = self._told = time.monotonic()
        self._bar = self._drawn() if live else None

    def _drawn(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        words = TextColumn("{task.fields[failed]} failed"), TextColumn("${task.fields[cost]:.2f}")
        columns = TextColumn(self._doing), BarColumn(), MofNCompleteColumn(), *words, TextColumn("{task.fields[left]}")
        # Without a thread of its own, which processes that fork could not copy.
        bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
        bar.add_task("", total=self._count, failed=0, cost=0.0, left="")
        return bar

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, made: object) -> None:
        """Count a result; tell, where it is time for that."""
        if made is not None:
            self._done += 1
            self._failed += isinstance(made, Exception)
        now = time.monotonic()
        if now - self._told < (LINE_SECONDS if self._bar is None else BAR_SECONDS) and self._done < self._count:
            return
        self._told = now
        left = self._left(now)
        if self._bar is not None:
            told: dict[str, Any] = {"failed": self._failed, "cost": self._account.cost, "left": left}
            self._bar.update(self._bar.task_ids[0], completed=self._done, refresh=True, **told)
        elif self._done < self._count:
            failed = f", {self._failed:,} failed" if self._failed else ""
            cost = f", ${self._account.cost:.2f}" if self._account.cost else ""
            self._tell(f"{self._done:,} of {self._count:,} done{failed}{cost}{left and '; '}{left}.")

    def _left(self, now: float) -> str:
        """About how long it takes yet, by how long it took so far; ``""`` where nothing is done."""
        if not self._done:
            return ""
        seconds = (self._count - self._done) * (now - self._began) / self._done
        if seconds < 90:
            return f"about {seconds:.0f} s left"
        minutes = seconds / 60
        return f"about {minutes:.0f} min left" if minutes < 90 else f"about {minutes / 60:.1f} h left"
