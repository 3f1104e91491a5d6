"""Finished reviews, kept in one SQLite file in the user's state folder: a log, and a cache of answers.

A row is written once, whole, when a review is finished, and never changed; so there is no state between "not there"
and "finished", and a process that dies leaves the rows of those before it. Every text goes through
:func:`ctxreview.redact.redact` on its way in. The file may be read by its owner only.

Each function opens the file and closes it again (3 ms), so that processes and threads share nothing but SQLite's own
locks. It runs in write-ahead mode (https://www.sqlite.org/wal.html), where readers and one writer do not wait for
each other, and with ``synchronous=FULL``, so that a written row also survives a loss of power.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ctxreview.errors import StoreError
from ctxreview.model.review import Completion, Prompt, Usage
from ctxreview.redact import redact

FOLDER_VARIABLE = "CTXREVIEW_STATE_DIR"
FILE = "reviews.sqlite3"
KEEP_DAYS = 180
"""Days after which a row is deleted, where nobody set another number."""

WAIT = 10.0
"""Seconds to wait for another process that writes."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE review (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice, also after a purge
        at TEXT NOT NULL,                      -- UTC, ISO 8601 with seconds
        key TEXT NOT NULL,                     -- see key()
        repository TEXT NOT NULL,              -- the root's path
        selection TEXT NOT NULL,               -- PATH:START-END, the path relative to the root
        question TEXT NOT NULL,
        context_digest TEXT NOT NULL,          -- SHA-256 of the context as JSON
        provider TEXT NOT NULL,
        model TEXT NOT NULL,                   -- the one that answered, by its own account
        system TEXT NOT NULL,
        user TEXT NOT NULL,
        reply TEXT NOT NULL,                   -- the structured reply as JSON
        document TEXT NOT NULL,                -- ctxreview.review/1, findings included
        verdict TEXT NOT NULL,                 -- the guard's worst, '' where nothing was suggested
        prompt_tokens INTEGER,                 -- NULL where the provider did not say
        reply_tokens INTEGER,
        cost REAL,                             -- US dollars, NULL where unknown
        answered_from INTEGER                  -- the row whose reply was used again, NULL where the model was asked
    );
    CREATE INDEX review_key ON review (key);
    CREATE INDEX review_at ON review (at);
    """,
    # SHA-256 of the reviewed file as it was, NULL in rows from before
    "ALTER TABLE review ADD COLUMN source_digest TEXT",
)
"""What leads from one schema version to the next; the version is how many of them were run."""


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


class Sum(NamedTuple):
    """The reviews of one model in one month (``2026-11``).

    ``asked`` are those for which the model was asked; tokens and cost are theirs alone. ``unpriced`` counts those of
    unknown cost, which ``cost`` leaves out; it is ``None`` where none is known.
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


def path() -> Path:
    """The file. Its folder is the user's state folder, or the one in the environment variable."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given) / FILE
    from platformdirs import user_state_path

    return user_state_path("ctxreview", appauthor=False) / FILE


def key(prompt: Prompt, provider: str, address: str, model: str) -> str:
    """What has to be the same for an answer to be used again: who was asked, and every word of what was sent."""
    sent = [provider, address, model, prompt.system, prompt.user, prompt.schema]
    return sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()


def answering(
    ask: Callable[[Prompt], Completion], provider: str, address: str, model: str, say: Callable[[str], None]
) -> Callable[[Prompt], Completion]:
    """``ask``, unless the same prompt was answered by the same model before: then that answer, and a word about it.

    A store that cannot be read is told and done without.
    """

    def asked(prompt: Prompt) -> Completion:
        try:
            kept = find(key(prompt, provider, address, model))
        except StoreError as error:
            say(str(error))
            kept = None
        if kept is None:
            return ask(prompt)
        say(f"Answered from the store: {kept.model} was asked the same on {kept.at[:10]}. Ask again with --fresh.")
        usage = Usage(kept.prompt_tokens, kept.reply_tokens, kept.cost)
        return Completion(kept.reply, kept.provider, kept.model, usage, kept.answered_from or kept.id)

    return asked


def find(wanted: str) -> Stored | None:
    """The review for which the model was last asked with this :func:`key`, or one that used its answer again.

    Raises :class:`StoreError` when the file cannot be read.
    """
    with _reading() as db:
        return _first(db, "WHERE key = ? ORDER BY answered_from IS NOT NULL, id DESC LIMIT 1", wanted)


def get(number: int | None) -> Stored | None:
    """The review with this id, the last one for ``None``."""
    with _reading() as db:
        if number is None:
            return _first(db, "ORDER BY id DESC LIMIT 1")
        return _first(db, "WHERE id = ?", number)


def search(text: str, limit: int, damaged: Callable[[int], None] = lambda _: None) -> list[Stored]:
    """The last ``limit`` reviews in which ``text`` stands, newest first: in place, question, prompt, reply or result.

    Those that cannot be read are left out, and ``damaged`` is told their numbers.
    """
    where = " OR ".join(
        f"instr(lower({column}), lower(?))"
        for column in ("selection", "question", "model", "user", "reply", "document")
    )
    with _reading() as db:
        found = db.execute(
            f"SELECT {', '.join(Stored._fields)} FROM review WHERE ? = '' OR {where} ORDER BY id DESC LIMIT ?",
            (*[text] * 7, limit),
        ).fetchall()
    kept = [Stored(*row) for row in found]
    for row in kept:
        if not _is_sound(row):
            damaged(row.id)
    return [row for row in kept if _is_sound(row)]


def sums() -> list[Sum]:
    """Tokens, cost and verdicts by month and model, newest month first."""
    with _reading() as db:
        found = db.execute(
            """
            SELECT coalesce(CAST(substr(at, 1, 7) AS TEXT), '') AS month, coalesce(CAST(model AS TEXT), '') AS name,
                   count(*), sum(answered_from IS NULL),
                   coalesce(sum(prompt_tokens) FILTER (WHERE answered_from IS NULL), 0),
                   coalesce(sum(reply_tokens) FILTER (WHERE answered_from IS NULL), 0),
                   sum(cost) FILTER (WHERE answered_from IS NULL),
                   sum(answered_from IS NULL AND cost IS NULL),
                   coalesce(sum(verdict = 'conflicts'), 0), coalesce(sum(verdict = 'needs-human'), 0),
                   coalesce(sum(verdict = 'no-known-conflict'), 0)
            FROM review GROUP BY month, name ORDER BY month DESC, name
            """
        )
        plain = ([v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in row] for row in found)
        return [Sum._make(row) for row in plain]


def record(values: dict[str, Any], keep_days: int = KEEP_DAYS) -> int:
    """Keep a finished review, delete those older than ``keep_days``, and give the new one's id.

    ``values`` are the columns but for ``id`` and ``at``; ``reply`` and ``document`` are JSON values. Raises
    :class:`StoreError` when it cannot be kept.
    """
    now = datetime.now(UTC)
    row: dict[str, Any] = {
        "at": now.isoformat(timespec="seconds"),
        **{name: json.dumps(_clean(v)) if name in ("reply", "document") else _clean(v) for name, v in values.items()},
    }
    with _writing() as db:
        db.execute("DELETE FROM review WHERE at < ?", (_before(now, keep_days),))
        marks = ", ".join(f":{name}" for name in row)
        written = db.execute(f"INSERT INTO review ({', '.join(row)}) VALUES ({marks})", row)
        return int(written.lastrowid or 0)


class _NoRoomError(StoreError):
    """SQLite could not write a byte more."""


def purge(older_than_days: int | None) -> int:
    """Delete all reviews, or those older than some days, and give their number; nothing of them stays in the file."""
    if not path().exists():
        return 0
    which = ("1", ()) if older_than_days is None else ("at < ?", (_before(datetime.now(UTC), older_than_days),))
    try:
        with _writing() as db:
            gone = db.execute(f"DELETE FROM review WHERE {which[0]}", which[1]).rowcount
        with _open() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except _NoRoomError:
        # There is no room for a log of changes either, and room is what is wanted.
        return _purged_in_place(*which)
    return gone


def _purged_in_place(where: str, values: tuple[str, ...]) -> int:
    """Delete without any further byte on the disk: what SQLite would write beside the file is kept in memory.

    A process that dies here leaves a broken file, so this comes second. Raises :class:`StoreError`.
    """
    file = path()
    try:
        with closing(sqlite3.connect(file, timeout=WAIT, isolation_level=None)) as db:
            for setting in (
                "locking_mode = EXCLUSIVE",
                "temp_store = MEMORY",
                "secure_delete = ON",
                "journal_mode = MEMORY",
            ):
                db.execute(f"PRAGMA {setting}")
            gone = db.execute(f"DELETE FROM review WHERE {where}", values).rowcount
            db.execute("VACUUM")
            return gone
    except sqlite3.Error as error:
        raise StoreError(
            f"{file}: nothing could be deleted ({error}); delete the file and those beside it ({FILE}-wal, {FILE}-shm)."
        ) from None


def _before(now: datetime, days: int) -> str:
    try:
        return (now - timedelta(days=days)).isoformat(timespec="seconds")
    except OverflowError:  # longer than there are years
        return ""


def _clean(value: Any) -> Any:
    """A value with the secrets replaced in every text of it, and what no file can hold as question marks."""
    if isinstance(value, str):
        return redact(value).text.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _clean(inner) for name, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


def _first(db: sqlite3.Connection, rest: str, *values: object) -> Stored | None:
    row = db.execute(f"SELECT {', '.join(Stored._fields)} FROM review {rest}", values).fetchone()
    if row is None:
        return None
    found = Stored(*row)
    if not _is_sound(found):
        raise damage(found.id)
    return found


def damage(number: int) -> StoreError:
    """That a review cannot be read: others wrote into the file, or the disk is broken."""
    return StoreError(
        f"{path()}: review {number} is damaged and cannot be shown; the others can. "
        "ctxreview log --purge deletes all that is kept."
    )


def _is_sound(row: Stored) -> bool:
    """Whether each column has a value of its type; SQLite itself would take any."""
    return all(isinstance(getattr(row, name), types) for name, types in _TYPES.items())


_NUMBERS = ("prompt_tokens", "reply_tokens", "answered_from")
_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(Stored._fields, str),
    **dict.fromkeys(_NUMBERS, (int, type(None))),
    "id": int,
    "cost": (int, float, type(None)),
    "source_digest": (str, type(None)),
}


def _text(data: bytes) -> str | bytes:
    """A text of the file; one that is no UTF-8 stays bytes, which no column may have."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


@contextmanager
def _reading() -> Iterator[sqlite3.Connection]:
    """The store, or an empty one where there is none: looking for something makes no file."""
    if path().exists():
        with _open() as db:
            yield db
        return
    empty = sqlite3.connect(":memory:")
    try:
        _migrated(empty)
        yield empty
    finally:
        empty.close()


@contextmanager
def _writing() -> Iterator[sqlite3.Connection]:
    """The store in a transaction of its own: all of it is written, or nothing."""
    with _open() as db:
        db.execute("BEGIN IMMEDIATE")  # takes the lock first, so that it waits instead of failing half-way
        yield db
        db.execute("COMMIT")


@contextmanager
def _open() -> Iterator[sqlite3.Connection]:
    file = path()
    db: sqlite3.Connection | None = None
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made here and not by SQLite, which would let the umask decide; its other files copy this one's mode.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        _own(file)
        db = sqlite3.connect(file, timeout=WAIT, isolation_level=None)
        db.text_factory = _text
        db.execute("PRAGMA secure_delete = ON")
        _write_ahead(db)
        db.execute("PRAGMA synchronous = FULL")
        _migrated(db)
        yield db
    except OSError as error:
        raise StoreError(
            f"{file}: the record of reviews cannot be used ({error.strerror}); mend that, or name another folder "
            f"in {FOLDER_VARIABLE}."
        ) from None
    except sqlite3.Error as error:
        full = (getattr(error, "sqlite_errorname", None) or "").startswith(("SQLITE_FULL", "SQLITE_IOERR"))
        raise (_NoRoomError if full else StoreError)(
            f"{file}: the record of reviews cannot be used ({error}); mend that, move the file away, or name "
            f"another folder in {FOLDER_VARIABLE}."
        ) from None
    finally:
        if db is not None:
            db.close()


def _own(file: Path) -> None:
    """See to it that nobody else can read the file or change what lies beside it, also where it was so before.

    Raises :class:`OSError` where it is somebody else's. What is mended is told on standard error.
    """
    if os.name != "posix":
        return
    mended = []
    for one, theirs in (
        *((file.parent / f"{FILE}{end}", 0o077) for end in ("", "-wal", "-shm")),
        (file.parent, 0o002),
    ):
        with suppress(FileNotFoundError):
            mode = one.stat().st_mode
            if mode & theirs and not mode & stat.S_ISVTX:  # a shared folder, where each has files of their own
                one.chmod(stat.S_IMODE(mode) & ~theirs)
                mended.append(one)
    if mended and sys.stderr is not None:
        from ctxreview.context.listing import on_a_line

        named = on_a_line(", ".join(map(str, mended)))
        print(f"{named}: was open to others of this machine, and is yours alone now.", file=sys.stderr, flush=True)


def _write_ahead(db: sqlite3.Connection) -> None:
    """Write-ahead mode. The change needs the file alone for a moment, and does not wait for that by itself."""
    end = time.monotonic() + WAIT
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)


def _migrated(db: sqlite3.Connection) -> None:
    """Bring the file to the version of this program. Raises :class:`StoreError` when it is a newer one's."""
    if _version(db) == len(MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    there = _version(db)  # another process may have been faster
    if there > len(MIGRATIONS):
        raise StoreError(
            f"{path()}: was written by a newer ctxreview (version {there}, this one knows {len(MIGRATIONS)}); update, "
            f"or name another folder in {FOLDER_VARIABLE}."
        )
    for migration in MIGRATIONS[there:]:
        for statement in migration.split(";\n"):  # executescript() would commit in between
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
