"""SQLite: one file, one writer at a time, and what it needs to be told."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from partnerhook.core.errors import ConfigurationInvalid, StoreUnavailable

BUSY_TIMEOUT_MS: Final = 2_000
"""How long a statement waits for another process's lock: well under the time Meta waits for an answer."""

PAGE_CACHE_KIB: Final = 65_536
"""Grows only as far as it is used. Holds the upper levels of every index of a log of many millions."""

CHECKPOINT_PAGES: Final = 8_000
"""32 MiB of write-ahead log between checkpoints: pages that change often are copied once, and recovery stays quick."""

Identity = tuple[int, int]
"""Device and inode of the database's file."""


def open_file(url: URL) -> Engine:
    """An engine for a file. Raises ConfigurationInvalid."""
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
        hide_parameters=True,  # of statements in errors: they hold payloads
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def file_of(engine: Engine) -> Path:
    """The file behind an engine."""
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


def make_wal(engine: Engine) -> None:
    """Have the file keep a write-ahead log from now on, so that looking never waits for writing."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def identity(engine: Engine) -> Identity:
    """Which file it is. Raises StoreUnavailable where there is none: SQLite would make an empty one."""
    try:
        found = file_of(engine).stat()
    except OSError as error:
        raise StoreUnavailable(f"The database's file is gone: {error.strerror}.") from None
    return found.st_dev, found.st_ino


def is_locked(error: BaseException) -> bool:
    """Another process held the write lock for longer than the busy timeout."""
    code: int = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # the upper bits say which kind of busy


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


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("partnerhook_writes", False)
    # A deferred transaction that turns writer halfway fails at once where another one is writing.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
