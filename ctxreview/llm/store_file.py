"""The SQLite file in which reviews are kept: where it is, how it is opened, and its versions.

It may be read by its owner only. Each opening is closed again, so that processes and threads share nothing but
SQLite's own locks. That takes 3 ms and, for the last one that has it open, as long as the disk takes to write four times:
a run that keeps many reviews has it open all the while (:class:`ctxreview.review.keeping.Keeper`). It runs in write-ahead mode (https://www.sqlite.org/wal.html), where readers and one writer do not
wait for each other, and with ``synchronous=FULL``, so that a written row also survives a loss of power.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ctxreview.errors import StoreError

FOLDER_VARIABLE = "CTXREVIEW_STATE_DIR"
FILE = "reviews.sqlite3"

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
    # the code that a page shows and what is said of it, as JSON; NULL in rows from before
    "ALTER TABLE review ADD COLUMN shown TEXT",
    # answers whose reviews are not kept yet, and questions that failed in a way that would be the same again (llm/answers.py)
    """
    CREATE TABLE answer (
        key TEXT PRIMARY KEY,
        at TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        reply TEXT NOT NULL,
        prompt_tokens INTEGER,
        reply_tokens INTEGER,
        cost REAL,
        fault TEXT NOT NULL,
        sentence TEXT NOT NULL
    );
    CREATE INDEX answer_at ON answer (at);
    """,
    # batches that were submitted to a provider's engine (llm/batches.py)
    """
    CREATE TABLE batch (
        id TEXT PRIMARY KEY,                   -- ours
        at TEXT NOT NULL,                      -- when it was written down, which is before it was made
        provider TEXT NOT NULL,
        host TEXT NOT NULL,
        address TEXT NOT NULL,                 -- SHA-256 of the address, which may have a password in it
        model TEXT NOT NULL,
        batch TEXT NOT NULL,                   -- the provider's id, '' until it is known
        state TEXT NOT NULL,                   -- sending, open, ended, none
        until TEXT NOT NULL,                   -- when the request that makes it is over, whatever became of this process
        size INTEGER NOT NULL,                 -- how many questions
        questions TEXT NOT NULL                -- JSON: the key of each with its selection
    );
    """,
)
"""What leads from one schema version to the next; the version is how many of them were run."""

_FETCHED = "state NOT IN ('sending', 'open')"
TABLES = {"review": "at < ?", "answer": "at < ?", "batch": f"at < ? AND {_FETCHED}"}
"""The tables, and what of each is deleted after a time. A batch that is not fetched yet is paid."""

PURGED = {"review": "1", "answer": "1", "batch": f"{_FETCHED} OR at <> CAST(at AS TEXT) OR NOT json_valid(questions)"}
"""What of each table is deleted when somebody wants nothing to be kept."""

Change = Callable[[sqlite3.Connection], object]
"""A change of the store within a transaction."""


class Purged(NamedTuple):
    """What was deleted and what was not: a number of reviews, and what people call the batches that are not fetched yet."""

    reviews: int
    batches: tuple[str, ...]


def store_path() -> Path:
    """The file. Its folder is the user's state folder, or the one in the environment variable."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given) / FILE
    from platformdirs import user_state_path

    return user_state_path("ctxreview", appauthor=False) / FILE


@contextmanager
def open_to_read() -> Iterator[sqlite3.Connection]:
    """The store, or an empty one where there is none: looking for something makes no file."""
    if store_path().exists():
        with open_store() as db:
            yield db
        return
    empty = sqlite3.connect(":memory:")
    try:
        _migrated(empty)
        yield empty
    finally:
        empty.close()


@contextmanager
def open_to_write() -> Iterator[sqlite3.Connection]:
    """The store in a transaction of its own: all of it is written, or nothing."""
    with open_store() as db:
        db.execute("BEGIN IMMEDIATE")  # takes the lock first, so that it waits instead of failing half-way
        yield db
        db.execute("COMMIT")


@contextmanager
def open_store() -> Iterator[sqlite3.Connection]:
    """The file, made where it is missing and brought to this version. Raises :class:`StoreError` where it cannot be used."""
    file = store_path()
    db: sqlite3.Connection | None = None
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made here and not by SQLite, which would let the umask decide; its other files copy this one's mode. A file that is there
        # is left to SQLite alone: to close any descriptor of it gives up the locks that this process has on it by another
        # connection, and another process would then take a log that is in use away (https://www.sqlite.org/howtocorrupt.html).
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        _own(file)
        db = sqlite3.connect(file, timeout=WAIT, isolation_level=None, check_same_thread=False)
        db.text_factory = _text
        db.execute("PRAGMA secure_delete = ON")
        _write_ahead(db)
        db.execute("PRAGMA synchronous = FULL")
        _migrated(db)
        yield db
    except OSError as error:
        raise StoreError(
            f"{file}: the store of reviews cannot be opened ({error.strerror}); fix that, or name another folder "
            f"in {FOLDER_VARIABLE}."
        ) from None
    except sqlite3.Error as error:
        full = (getattr(error, "sqlite_errorname", None) or "").startswith(("SQLITE_FULL", "SQLITE_IOERR"))
        raise (NoRoomError if full else StoreError)(
            f"{file}: the store of reviews cannot be opened ({error}); fix that, move the file away, or name "
            f"another folder in {FOLDER_VARIABLE}."
        ) from None
    finally:
        if db is not None:
            db.close()


class NoRoomError(StoreError):
    """SQLite could not write a byte more."""


def purged(db: sqlite3.Connection, where: Mapping[str, str], values: tuple[str, ...]) -> Purged:
    """Delete of each table what ``where`` says with these ``values``."""
    gone, *_ = (db.execute(f"DELETE FROM {table} WHERE {where[table]}", values).rowcount for table in TABLES)
    waiting = (
        f"SELECT CAST(coalesce(nullif(batch, ''), id) AS TEXT) FROM batch WHERE NOT ({_FETCHED}) ORDER BY at, rowid"
    )
    return Purged(gone, tuple(str(name) for (name,) in db.execute(waiting)))


def purged_in_place(where: Mapping[str, str], values: tuple[str, ...]) -> Purged:
    """Delete without any further byte on the disk: what stays is made in memory, and written over what was there.

    A log of changes that SQLite could not bring into the file any more is a part of what was there. A process that dies
    here leaves a broken file, so this comes second. Raises :class:`StoreError`.
    """
    file = store_path()
    log, index = (file.parent / f"{FILE}{end}" for end in ("-wal", "-shm"))
    try:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as kept:
            with closing(sqlite3.connect(file, timeout=WAIT, isolation_level=None)) as db:
                db.execute("PRAGMA locking_mode = EXCLUSIVE")  # needs no index of the log on the disk
                db.backup(kept)
            done = purged(kept, where, values)
            kept.execute("VACUUM")
            data = kept.serialize()
        _overwrite(log, b"")
        log.unlink(missing_ok=True)
        index.unlink(missing_ok=True)
        _overwrite(file, data)
        return done
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"{file}: nothing could be deleted ({error}); delete the file, {FILE}-wal and {FILE}-shm."
        ) from None


def _overwrite(file: Path, data: bytes) -> None:
    """``data`` in place of all that the file had, of which nothing stays on the disk."""
    with suppress(FileNotFoundError), file.open("r+b") as out:
        length = out.seek(0, os.SEEK_END)
        out.seek(0)
        out.write(data.ljust(length, b"\0"))
        out.flush()
        os.fsync(out.fileno())
        out.truncate(len(data))


def _text(data: bytes) -> str | bytes:
    """A text of the file; one that is not UTF-8 stays bytes, which no column may have."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _own(file: Path) -> None:
    """See to it that nobody else can read the file or change what is beside it, also where it was so before.

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
        from ctxreview.context.visible import on_a_line

        named = on_a_line(", ".join(map(str, mended)))
        print(
            f"{named}: other users of this machine could read or change it; now only you can read the reviews and change what is there.",
            file=sys.stderr,
            flush=True,
        )


def _write_ahead(db: sqlite3.Connection) -> None:
    """Write-ahead mode. The change needs the file alone for a moment, and does not wait for that on its own."""
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
            f"{store_path()}: was written by a newer ctxreview (version {there}, this one knows {len(MIGRATIONS)}); update, "
            f"or name another folder in {FOLDER_VARIABLE}."
        )
    for migration in MIGRATIONS[there:]:
        for statement in migration.split(";\n"):  # executescript() would commit in between
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
