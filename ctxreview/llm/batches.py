"""Batches that were submitted to a provider's engine, as the store has them: what was asked there, and whether it was fetched.

A row is written before the batch is made, since what is made has to be paid. A process that dies in between leaves a row that is
``sending``; :mod:`ctxreview.review.fetching` finds out what became of it. Of an address there is a digest: it may have a password in it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import urlsplit

from ctxreview.errors import StoreError
from ctxreview.llm.store import clean
from ctxreview.llm.store_file import Change, open_to_read

STATES = ("sending", "open", "ended", "none")
OPEN = ("sending", "open")
"""The states in which a batch's questions are not asked otherwise."""


class Submitted(NamedTuple):
    """A batch; the fields are columns. Times are UTC, ISO 8601 with seconds."""

    id: str
    at: str
    provider: str
    host: str
    address: str
    model: str
    batch: str
    state: str
    until: str
    size: int
    questions: str

    @property
    def selections(self) -> dict[str, str]:
        """The selection of each question, by its key."""
        return {str(key): str(selection) for key, selection in json.loads(self.questions).items()}

    @property
    def named(self) -> str:
        """What people call it: by the provider's id, or by ours as long as there is none."""
        return self.batch or self.id


def begun(name: str, provider: str, address: str, model: str, seconds: float, asked: Mapping[str, str]) -> Submitted:
    """A batch that is about to be made, by a request that takes some ``seconds`` at the most; ``asked`` has the selection of each key."""
    now = datetime.now(UTC)
    try:
        until = now + timedelta(seconds=seconds)
    except OverflowError:
        until = datetime.max.replace(tzinfo=UTC)
    questions = json.dumps({key: clean(selection) for key, selection in asked.items()})
    host = urlsplit(address).hostname or ""
    times = [moment.isoformat(timespec="seconds") for moment in (now, until)]
    return Submitted(
        name, times[0], provider, host, address_digest(address), clean(model), "", "sending", times[1], len(asked), questions
    )  # fmt: skip


def address_digest(address: str) -> str:
    """By what an address is known again."""
    return sha256(address.encode()).hexdigest()


def written(row: Submitted) -> Change:
    """Keep a batch that is about to be made; gives the batches that have one of its questions already, and then keeps nothing.

    What is kept of a failure of a question does not count any more.
    """

    def change(db: sqlite3.Connection) -> list[str]:
        asked = row.selections
        others = [other for other in _rows(db, OPEN) if not asked.keys().isdisjoint(other.selections)]
        if not others:
            marks = ", ".join("?" * len(row))
            db.execute(f"INSERT INTO batch ({', '.join(row._fields)}) VALUES ({marks})", row)
            db.executemany("DELETE FROM answer WHERE key = ? AND fault <> ''", [(key,) for key in asked])
        return [other.named for other in others]

    return change


def became(row: Submitted, state: str, batch: str = "") -> Change:
    """Keep what became of a batch, and its id where that is known now."""
    return lambda db: (
        db.execute("UPDATE batch SET state = ?, batch = ? WHERE id = ?", (state, batch or row.batch, row.id)).rowcount
    )


def submitted(states: Sequence[str] = OPEN) -> list[Submitted]:
    """The batches in some states, oldest first. Raises :class:`StoreError` when the file cannot be read, or one of them is damaged."""
    with open_to_read() as db:
        return _rows(db, states)


def waiting() -> dict[str, Submitted]:
    """The batch in which each question is that is in one."""
    return {key: row for row in submitted() for key in row.selections}


def _rows(db: sqlite3.Connection, states: Sequence[str]) -> list[Submitted]:
    marks = ", ".join("?" * len(states))
    found = db.execute(
        f"SELECT {', '.join(Submitted._fields)} FROM batch WHERE state IN ({marks}) ORDER BY at, rowid", tuple(states)
    )
    return [_sound(Submitted(*row)) for row in found]


def _sound(row: Submitted) -> Submitted:
    texts = (*row[:9], row.questions)
    try:
        if not all(isinstance(text, str) for text in texts) or not isinstance(json.loads(row.questions), dict):
            raise ValueError("a column")
        for time in (row.at, row.until):
            if datetime.fromisoformat(time).tzinfo is None:
                raise ValueError("a time")
    except ValueError:
        raise StoreError(
            "A submitted batch is damaged in the store; ctxreview log --purge deletes all that is stored."
        ) from None
    return row
