"""Opening the database, and what SQLite needs to be told."""

from __future__ import annotations

import os
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Connection, Engine, Select, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from partnerhook.core.errors import ConfigurationInvalid, StoreUnavailable

BUSY_TIMEOUT_MS: Final = 2_000
"""How long a statement waits for another process's lock: well under the time Meta waits for an answer."""

PAGE_CACHE_KIB: Final = 65_536
"""Grows only as far as it is used. Holds the upper levels of every index of a log of many millions."""

CHECKPOINT_PAGES: Final = 8_000
"""32 MiB of write-ahead log between checkpoints: pages that change often are copied once, and recovery stays quick."""


def open_engine(database_url: str) -> Engine:
    """An engine for `database_url` (`sqlite:///path` for now). Raises ConfigurationInvalid."""
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise ConfigurationInvalid("database_url is not a URL such as sqlite:///partnerhook.db.") from None
    if url.get_backend_name() != "sqlite":
        raise ConfigurationInvalid(
            f"database_url names {url.get_backend_name()}; this version stores in SQLite only (sqlite:///file.db)."
        )
    if url.database in (None, "", ":memory:"):
        raise ConfigurationInvalid("database_url names no file; what is only in memory is not durable.")
    if not str(url.database).isprintable():
        raise ConfigurationInvalid("database_url has a letter in it that no name of a file has.")
    if url.query or url.host or url.username or url.password:
        raise ConfigurationInvalid(
            "database_url is more than a file: for SQLite it is sqlite:///FILE and nothing else."
        )
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def sqlite_file(engine: Engine) -> Path:
    """The file behind an SQLite engine."""
    return Path(str(engine.url.database))


def is_there(file: Path) -> bool:
    """Whether there is such a file."""
    try:
        return file.exists()
    except OSError:
        return False  # a name that no file can have


def could_be_written(file: Path) -> bool:
    """Whether SQLite may open `file`, or make it. SQLite keeps its log beside it, so that the folder counts too."""
    try:
        return os.access(file.parent, os.W_OK | os.X_OK) and (
            (file.is_file() and os.access(file, os.W_OK)) or not file.exists()
        )
    except OSError:
        return False


def for_writing(connection: Connection) -> Connection:
    """Have this connection's transactions take SQLite's one write lock at their beginning."""
    return connection.execution_options(partnerhook_writes=True)


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    # FULL: a commit is on the disk before it returns. That is what a 200 promises. The write-ahead log is a lasting
    # property of the file, which `make_wal` gives it: whoever only looks changes nothing, least of all a foreign file.
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=FULL",
        f"cache_size=-{PAGE_CACHE_KIB}",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def make_wal(engine: Engine) -> None:
    """Have the file keep a write-ahead log from now on, so that looking never waits for writing."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("partnerhook_writes", False)
    # A deferred transaction that turns writer halfway fails at once where another one is writing.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def probe(engine: Engine) -> None:
    """Write something for real: finds a full disk, a read-only file and a lock. Raises StoreUnavailable."""
    try:
        with for_writing(engine.connect()) as conn, conn.begin():
            conn.execute(text("UPDATE alembic_version SET version_num = version_num"))
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The database cannot be written: {getattr(error, 'orig', error)}.") from None


JOB_FAULTS: Final = (DataError, IntegrityError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
"""What a single job can be at fault for: values that cannot be read or stored."""


def is_passing(error: BaseException) -> bool:
    """The world's fault, not the job's: locked, full, read-only, damaged, out of memory. May work later.

    Whatever is not surely the job's own fault counts as the world's: it is answered 503, and Meta sends it again.
    """
    return not isinstance(error, JOB_FAULTS)


Identity = tuple[int, int]
"""Device and inode of the database's file."""


def identity(engine: Engine) -> Identity:
    """Which file it is. Raises StoreUnavailable where there is none: SQLite would make an empty one."""
    try:
        found = sqlite_file(engine).stat()
    except OSError as error:
        raise StoreUnavailable(f"The database's file is gone: {error.strerror}.") from None
    return found.st_dev, found.st_ino


def is_locked(error: BaseException) -> bool:
    """Another process held SQLite's write lock for longer than the busy timeout."""
    code: int = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # the upper bits say which kind of busy


def reserve_ids(conn: Connection, column: Column[Any], count: int) -> range:
    """`count` unused ids. Safe because the transaction already holds SQLite's only write lock."""
    newest: int = conn.execute(_newest(column)).scalar_one()
    return range(newest + 1, newest + 1 + count)


@cache
def _newest(column: Column[Any]) -> Select[int]:
    return select(func.coalesce(func.max(column), 0))
