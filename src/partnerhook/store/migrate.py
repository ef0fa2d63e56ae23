"""Bring the database to the schema of this program, or say that it is not there."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import SchemaMismatch, StoreUnavailable
from partnerhook.store.engine import for_writing, make_wal
from partnerhook.store.schema import HEAD


def version(conn: Connection) -> str | None:
    """The migration the database is at; None for an empty one. Raises SchemaMismatch: it is another program's."""
    if not inspect(conn).has_table("alembic_version"):
        if inspect(conn).get_table_names():
            raise SchemaMismatch("This database is not Partnerhook's: there are tables in it already. Name another.")
        return None
    found: str | None = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Run what is missing, in one transaction. Returns the versions before and after.

    Raises SchemaMismatch where a newer program has been here, StoreUnavailable where the database cannot be written.
    """
    try:
        with engine.connect() as conn, conn.begin():
            version(conn)  # before anything is changed
        make_wal(engine)
        return _migrate(engine)
    except SQLAlchemyError as error:
        raise StoreUnavailable(
            f"The database {engine.url.database} cannot be migrated: {getattr(error, 'orig', error)}."
        ) from None


def _migrate(engine: Engine) -> tuple[str | None, str]:
    with for_writing(engine.connect()) as conn, conn.begin():
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


def check(conn: Connection) -> None:
    """Raises SchemaMismatch unless the database is at the version of this program."""
    found = version(conn)
    if found is None:
        raise SchemaMismatch("The database is empty; run `partnerhook migrate`, or start `partnerhook serve`.")
    if found > HEAD:
        raise SchemaMismatch(_newer(found))
    if found < HEAD:
        raise SchemaMismatch(
            f"The database is at version {found}, this program needs {HEAD}; run `partnerhook migrate`."
        )


def _newer(found: str) -> str:
    return f"The database is at version {found}, this program knows {HEAD} at most; install a newer Partnerhook."
