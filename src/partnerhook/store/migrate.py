"""Bring the database to the schema of this program, or say that it is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from weakref import WeakSet

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import SchemaMismatch, StoreUnavailable
from partnerhook.store import locks, sqlite
from partnerhook.store.engine import for_writing, is_postgresql, place, words_of
from partnerhook.store.schema import HEAD

_checked: Final[WeakSet[Engine]] = WeakSet()
"""PostgreSQL: engines whose schema was right once. A newer one is made so that older programs go on with it."""


def version(conn: Connection) -> str | None:
    """The migration the database is at; None for an empty one. Raises SchemaMismatch: it is another program's."""
    if not inspect(conn).has_table("alembic_version"):
        if inspect(conn).get_table_names():
            raise SchemaMismatch("This database is not Partnerhook's: there are tables in it already. Name another.")
        return None
    found: str | None = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def migrate(engine: Engine, on_wait: Callable[[], None] = lambda: None) -> tuple[str | None, str]:
    """Run what is missing, in one transaction. Returns the versions before and after.

    `on_wait` is called before another process's migration is waited for. Raises SchemaMismatch where a newer program
    has been here, StoreUnavailable where the database cannot be written.
    """
    try:
        with engine.connect() as conn, conn.begin():
            version(conn)  # before anything is changed
        if not is_postgresql(engine):
            sqlite.make_wal(engine)
        return _migrate(engine, on_wait)
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The database {place(engine)} cannot be migrated: {words_of(error)}.") from None


def _migrate(engine: Engine, on_wait: Callable[[], None]) -> tuple[str | None, str]:
    with for_writing(engine.connect()) as conn, conn.begin():
        if not locks.migration_is_free(conn):
            on_wait()
        locks.migration(conn)
        before = version(conn)
        if before == HEAD:
            return before, HEAD
        if before is not None and before > HEAD:
            raise SchemaMismatch(_newer(before))
        # Alembic is only needed on the rare start that has something to do, and costs memory for ever.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", "partnerhook.store:migrations")
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
    return before, HEAD


def require(engine: Engine) -> None:
    """Raises SchemaMismatch unless the database is at the version of this program, StoreUnavailable."""
    try:
        with engine.connect() as conn, conn.begin():
            check(conn)
            if conn.execute(text("SELECT 1 FROM requests WHERE name = 'move'")).first() is not None:
                raise SchemaMismatch("A move into this database has not ended; run `partnerhook move` again.")
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The database {place(engine)} cannot be used: {words_of(error)}.") from None


def check(conn: Connection) -> None:
    """Raises SchemaMismatch unless the database is at the version of this program."""
    if conn.engine in _checked:
        return
    found = version(conn)
    if found is None:
        raise SchemaMismatch("The database is empty; run `partnerhook migrate`.")
    if found > HEAD:
        raise SchemaMismatch(_newer(found))
    if found < HEAD:
        raise SchemaMismatch(
            f"The database is at version {found}, this program needs {HEAD}; run `partnerhook migrate`."
        )
    if is_postgresql(conn.engine):
        _checked.add(conn.engine)


def _newer(found: str) -> str:
    return f"The database is at version {found}, this program knows {HEAD} at most; install a newer Partnerhook."
