"""Finished reviews, kept in one SQLite file in the user's state folder: a log, and a cache of answers.

A row is written once, whole, when a review is finished, and never changed; so there is no state between "not there"
and "finished", and a process that dies leaves the rows of those before it. What a run of many questions was answered meanwhile
waits beside them (:mod:`ctxreview.llm.answers`). Every text goes through
:func:`ctxreview.redact.redact` on its way in.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from ctxreview.errors import StoreError
from ctxreview.llm.store_file import (
    PURGED,
    TABLES,
    Change,
    NoRoomError,
    Purged,
    open_store,
    open_to_read,
    open_to_write,
    purged,
    purged_in_place,
    store_path,
)
from ctxreview.model.kinds import CHAT
from ctxreview.model.review import Prompt
from ctxreview.redact import redact
from ctxreview.regex import regex

KEEP_DAYS = 180
"""Days after which a row is deleted, where nobody set another number."""


class Stored(NamedTuple):
    """One kept review; the fields are the columns of the table above."""

    id: int
    at: str
    key: str
    repository: str
    selection: str
    question: str
    context_digest: str
    provider: str
    model: str
    system: str
    user: str
    reply: str
    document: str
    verdict: str
    prompt_tokens: int | None
    reply_tokens: int | None
    cost: float | None
    answered_from: int | None
    source_digest: str | None
    shown: str | None


class MonthlyTotal(NamedTuple):
    """The reviews of one model in one month (``2026-11``).

    A review that used a stored answer again counts as one with the review whose answer it is. ``asked`` are those for which
    a model was asked, and not those of a chat's reply; tokens and cost are theirs alone. ``unpriced`` counts those of unknown cost, which ``cost`` leaves
    out; it is ``None`` where none is known.
    """

    month: str
    model: str
    reviews: int
    asked: int
    prompt_tokens: int
    reply_tokens: int
    cost: float | None
    unpriced: int
    conflicts: int
    needs_human: int
    no_known_conflict: int


def answer_key(prompt: Prompt, provider: str, address: str, model: str) -> str:
    """What has to be the same for an answer to be used again: who was asked, and every word of what was sent."""
    sent = [provider, address, model, prompt.system, prompt.user, prompt.schema]
    return sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()


def stored_answer(wanted: str) -> Stored | None:
    """The review for which the model was last asked with this :func:`key`, or one that used its answer again.

    Raises :class:`StoreError` when the file cannot be read.
    """
    with open_to_read() as db:
        return _first(db, "WHERE key = ? ORDER BY answered_from IS NOT NULL, id DESC LIMIT 1", wanted)


def stored_review(number: int | None) -> Stored | None:
    """The review with this id, the last one for ``None``."""
    with open_to_read() as db:
        if number is None:
            return _first(db, "ORDER BY id DESC LIMIT 1")
        return _first(db, "WHERE id = ?", number)


def search_reviews(text: str, limit: int, damaged: Callable[[int], None] = lambda _: None) -> list[Stored]:
    """The last ``limit`` reviews in which ``text`` stands, newest first: in place, question, prompt, reply or result.

    Those that cannot be read are left out, and ``damaged`` is told their numbers.
    """
    where = " OR ".join(
        f"instr(lower({column}), lower(?))"
        for column in ("selection", "question", "model", "user", "reply", "document")
    )
    with open_to_read() as db:
        found = db.execute(
            f"SELECT {', '.join(Stored._fields)} FROM review WHERE ? = '' OR {where} ORDER BY id DESC LIMIT ?",
            (*[text] * 7, limit),
        ).fetchall()
    kept = [Stored(*row) for row in found]
    for row in kept:
        if not _is_sound(row):
            damaged(row.id)
    return [row for row in kept if _is_sound(row)]


def monthly_totals() -> list[MonthlyTotal]:
    """Tokens, cost and verdicts by month and model, newest month first."""
    with open_to_read() as db:
        found = db.execute(
            """
            SELECT CASE WHEN at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-*' THEN substr(at, 1, 7) ELSE '' END AS month,
                   coalesce(CAST(model AS TEXT), '') AS name,
                   count(DISTINCT coalesce(answered_from, id)), sum(answered_from IS NULL AND coalesce(provider, '') <> :chat),
                   coalesce(sum(prompt_tokens) FILTER (WHERE answered_from IS NULL), 0),
                   coalesce(sum(reply_tokens) FILTER (WHERE answered_from IS NULL), 0),
                   sum(cost) FILTER (WHERE answered_from IS NULL),
                   sum(answered_from IS NULL AND cost IS NULL AND coalesce(provider, '') <> :chat),
                   count(DISTINCT CASE WHEN verdict = 'conflicts' THEN coalesce(answered_from, id) END),
                   count(DISTINCT CASE WHEN verdict = 'needs-human' THEN coalesce(answered_from, id) END),
                   count(DISTINCT CASE WHEN verdict = 'no-known-conflict' THEN coalesce(answered_from, id) END)
            FROM review GROUP BY month, name ORDER BY month DESC, name
            """,
            {"chat": CHAT},
        )
        plain = ([v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in row] for row in found)
        return [MonthlyTotal._make(row) for row in plain]


Row = dict[str, Any]
"""A review as it is written: the columns but for ``id``."""


def row_of(values: dict[str, Any]) -> Row:
    """The row of a finished review, without any secret.

    ``values`` are the columns but for ``id`` and ``at``; ``reply``, ``document`` and ``shown`` are JSON values.
    """
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **{
            name: json.dumps(clean(v)) if name in ("reply", "document", "shown") else clean(v)
            for name, v in values.items()
        },
    }


def record(changes: Sequence[Change], keep_days: int = KEEP_DAYS) -> list[Any]:
    """Make some changes, all of them or none, delete what is older than ``keep_days``, and give what each returns.

    Raises :class:`StoreError` when they cannot be made.
    """
    with open_to_write() as db:
        for table, old in TABLES.items():
            db.execute(f"DELETE FROM {table} WHERE {old}", (_before(datetime.now(UTC), keep_days),))
        return [change(db) for change in changes]


def kept(row: Row) -> Change:
    """Keep a finished review, and nothing any more of what waited for it; gives its id."""

    def change(db: sqlite3.Connection) -> int:
        db.execute("DELETE FROM answer WHERE key = ?", (row["key"],))
        marks = ", ".join(f":{name}" for name in row)
        return int(db.execute(f"INSERT INTO review ({', '.join(row)}) VALUES ({marks})", row).lastrowid or 0)

    return change


def record_review(values: dict[str, Any], keep_days: int = KEEP_DAYS) -> int:
    """Keep a finished review, and give its id. Raises :class:`StoreError` when it cannot be kept."""
    made: int = record([kept(row_of(values))], keep_days)[0]
    return made


def purge_reviews(older_than_days: int | None) -> Purged:
    """Delete all reviews, or those older than some days; nothing of them stays in the file."""
    if not store_path().exists():
        return Purged(0, ())
    old = TABLES, (_before(datetime.now(UTC), older_than_days or 0),)
    which = (PURGED, ()) if older_than_days is None else old
    try:
        with open_to_write() as db:
            done = purged(db, *which)
        with open_store() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except NoRoomError:
        # There is no room for a log of changes either, and room is what is wanted.
        return purged_in_place(*which)
    return done


def _before(now: datetime, days: int) -> str:
    try:
        return (now - timedelta(days=days)).isoformat(timespec="seconds")
    except OverflowError:  # longer than there are years
        return ""


def clean(value: Any) -> Any:
    """A value with the secrets replaced in every text of it, and what no file can hold as question marks."""
    if isinstance(value, str):
        return _clean_text(value) if len(value) < _REPEATED else _clean_text.__wrapped__(value)
    if isinstance(value, dict):
        return {name: clean(inner) for name, inner in value.items()}
    return [clean(inner) for inner in value] if isinstance(value, list) else value


@lru_cache(2_000)
def _clean_text(text: str) -> str:
    return redact(text).text.encode("utf-8", "replace").decode()


_REPEATED = 500
"""Characters of a text that other rows have too: questions of the checklist, sentences on rules, paths. Looking for secrets in them is a fifth of a short review."""


def _first(db: sqlite3.Connection, rest: str, *values: object) -> Stored | None:
    row = db.execute(f"SELECT {', '.join(Stored._fields)} FROM review {rest}", values).fetchone()
    if row is None:
        return None
    found = Stored(*row)
    if not _is_sound(found):
        raise damaged_review(found.id)
    return found


def damaged_review(number: int) -> StoreError:
    """That a review cannot be read: others wrote into the file, or the disk is broken."""
    return StoreError(
        f"{store_path()}: review {number} is damaged and cannot be shown; the others are intact. "
        "ctxreview log --purge deletes all stored reviews."
    )


def _is_sound(row: Stored) -> bool:
    """Whether each column has a value of its type, and the time is one; SQLite itself would take any."""
    return (
        all(isinstance(getattr(row, name), types) for name, types in _TYPES.items())
        and _TIME.fullmatch(row.at) is not None
    )


_TIME = regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+.:\d]{0,32}")
"""As :meth:`~datetime.datetime.isoformat` writes it. It is printed as it is."""


_NUMBERS = ("prompt_tokens", "reply_tokens", "answered_from")
_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(Stored._fields, str),
    **dict.fromkeys(_NUMBERS, (int, type(None))),
    "id": int,
    "cost": (int, float, type(None)),
    "source_digest": (str, type(None)),
    "shown": (str, type(None)),
}
