"""Opening the database, SQLite or PostgreSQL, and what its errors mean."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, SQLAlchemyError

from partnerhook.core.errors import ConfigurationInvalid, StoreUnavailable
from partnerhook.store import postgresql, sqlite
from partnerhook.store.sql import POSTGRESQL

FORMS: Final = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"


def open_engine(database_url: str) -> Engine:
    """An engine for `database_url`. Nothing is opened yet. Raises ConfigurationInvalid."""
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise ConfigurationInvalid(f"database_url is not a URL such as {FORMS}.") from None
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        return sqlite.open_file(url)
    if kind in {POSTGRESQL, "postgres"}:
        return postgresql.open_server(url)
    raise ConfigurationInvalid(f"database_url names {kind}; there are {FORMS}.")


def is_postgresql(engine: Engine) -> bool:
    """Whether this is an engine for PostgreSQL; else it is one for SQLite."""
    return engine.dialect.name == POSTGRESQL


def place(engine: Engine) -> str:
    """Where the database is, for messages: the file, or host and name; never a password."""
    url = engine.url
    if not is_postgresql(engine):
        return str(sqlite.file_of(engine))
    port = f":{url.port}" if url.port else ""
    return f"{url.host or url.query.get('host', 'the local socket')}{port}/{url.database}"


def for_writing(connection: Connection) -> Connection:
    """Have this connection's transactions write: in SQLite they take its one write lock at their beginning."""
    return connection.execution_options(partnerhook_writes=True)


def devote(connection: Connection) -> None:
    """Have this connection do nothing else but write all the time: on PostgreSQL it waits as seldom as it can."""
    if connection.dialect.name == POSTGRESQL:
        postgresql.devote(connection)


def probe(engine: Engine) -> None:
    """Write something for real: finds a full disk, a read-only file and a lock. Raises StoreUnavailable."""
    try:
        with for_writing(engine.connect()) as conn, conn.begin():
            conn.execute(text("UPDATE alembic_version SET version_num = version_num"))
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The database cannot be written: {words_of(error)}.") from None


JOB_FAULTS: Final = (DataError, IntegrityError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
"""What a single job can be at fault for: values that cannot be read or stored."""


def is_passing(error: BaseException) -> bool:
    """The world's fault, not the job's: locked, full, read-only, damaged, out of memory. May work later.

    Whatever is not surely the job's own fault counts as the world's: it is answered 503, and Meta sends it again.
    """
    return not isinstance(error, JOB_FAULTS)


def is_locked(error: BaseException) -> bool:
    """Another process was in the way: what was refused will work soon."""
    return sqlite.is_locked(error) or postgresql.is_locked(error)


def words_of(error: BaseException) -> str:
    """The driver's own words, without the statement and its parameters: these hold payloads."""
    cause = getattr(error, "orig", None) or error
    return (str(cause).splitlines() or [type(cause).__name__])[0].rstrip(".")
