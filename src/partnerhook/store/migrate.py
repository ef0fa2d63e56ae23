"""Bring the database to the schema of this program, or say that it is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from weakref import WeakSet

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import SchemaMismatch, StoreUnavailable
from partnerhook.store import locks, sqlite
from partnerhook.store.engine import for_writing, is_postgresql, place, words_of
from partnerhook.store.schema import HEAD, schema_versions
from partnerhook.store.sql import upsert

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

    `on_wait` is called before another process's migration is waited for. A newer schema is left as it is. Raises
    SchemaMismatch where this program cannot work with it, StoreUnavailable where the database cannot be written.
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
        if before is not None and before >= HEAD:
            _check_newer(conn, before)
            return before, before
        # Alembic is only needed on the rare start that has something to do, and costs memory for ever.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415
        from alembic.script import ScriptDirectory  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", "partnerhook.store:migrations")
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
        newest = ScriptDirectory.from_config(config).get_revision(HEAD).module
        upsert(conn, schema_versions, ["version"], version=HEAD, works_with=newest.works_with)
    return before, HEAD


def require(engine: Engine) -> None:
    """Raises SchemaMismatch unless this program can work with the schema of the database, StoreUnavailable."""
    try:
        with engine.connect() as conn, conn.begin():
            check(conn)
            if conn.execute(text("SELECT 1 FROM requests WHERE name = 'move'")).first() is not None:
                raise SchemaMismatch("A move into this database has not ended; run `partnerhook move` again.")
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The database {place(engine)} cannot be used: {words_of(error)}.") from None


def check(conn: Connection) -> None:
    """Raises SchemaMismatch unless this program can work with the schema: its own, or a newer one that says so."""
    if conn.engine in _checked:
        return
    found = version(conn)
    if found is None:
        raise SchemaMismatch("The database is empty; run `partnerhook migrate`.")
    if found < HEAD:
        raise SchemaMismatch(
            f"The database is at version {found}, this program needs {HEAD}; run `partnerhook migrate`."
        )
    _check_newer(conn, found)
    if is_postgresql(conn.engine):
        _checked.add(conn.engine)


def _check_newer(conn: Connection, found: str) -> None:
    """Raises SchemaMismatch where the schema is newer than this program, and does not say that it works with it."""
    if found == HEAD:
        return
    # Every program since 0005 asks this of whatever comes after it: the table and these two columns stay for good.
    oldest = conn.execute(select(schema_versions.c.works_with).where(schema_versions.c.version == found)).scalar()
    if oldest is None or oldest > HEAD:
        raise SchemaMismatch(
            f"The database is at version {found}, which needs a program that knows {oldest or found}; this one knows "
            f"{HEAD} at most. Install a newer Partnerhook."
        )
