"""The database, for commands that look, mend and migrate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from partnerhook.config import Settings
    from partnerhook.services.move import Moved
    from partnerhook.services.query import Queries
    from partnerhook.services.rebuild import Rebuilt


def open_store(settings: Settings) -> Engine:
    """The engine for the configured database. Nothing is opened yet."""
    from partnerhook.store.engine import open_engine

    return open_engine(settings.database_url.get_secret_value())


def queries(settings: Settings) -> Queries:
    """What people and scripts look things up with. Raises StoreUnavailable where there is no database."""
    from partnerhook.services.query import Queries

    return Queries(existing_store(settings))


def existing_store(settings: Settings) -> Engine:
    """The engine for a database that is there: looking must not create an empty one."""
    from partnerhook.core.errors import StoreUnavailable
    from partnerhook.store.engine import is_postgresql, place
    from partnerhook.store.sqlite import file_of, is_there

    engine = open_store(settings)
    if not is_postgresql(engine) and not is_there(file_of(engine)):
        raise StoreUnavailable(
            f"There is no database at {place(engine)}; start `partnerhook serve`, or run `partnerhook migrate`."
        )
    return engine


def check_store(settings: Settings) -> None:
    """Raises ConfigurationInvalid where the configured database cannot be: looks, and writes nothing."""
    from partnerhook.core.errors import ConfigurationInvalid
    from partnerhook.store.engine import is_postgresql
    from partnerhook.store.sqlite import could_be_written, file_of

    engine = open_store(settings)
    if not is_postgresql(engine) and not could_be_written(file_of(engine)):
        raise ConfigurationInvalid("database_url names a file that cannot be written, or a folder that is not there.")


def rebuild(settings: Settings, *, check: bool, on_progress: Callable[[int, int], None]) -> Rebuilt:
    """Fold every solution anew. Raises StoreUnavailable where there is no database."""
    from partnerhook.services.rebuild import rebuild

    return rebuild(existing_store(settings), check=check, on_progress=on_progress)


def find_bodies(settings: Settings, text: str, on_progress: Callable[[int, int], None]) -> list[int]:
    """The receipts whose raw bodies hold a text."""
    from partnerhook.services.erase import find

    return find(existing_store(settings), text, on_progress)


def erase_bodies(settings: Settings, ids: Sequence[int]) -> int:
    """Erase the raw bodies of receipts; how many there were."""
    from partnerhook.services.erase import erase

    return erase(existing_store(settings), ids)


def move(source_url: str, target_url: str, on_progress: Callable[[int, int], None]) -> Moved:
    """Move an SQLite file to PostgreSQL. Raises ConfigurationInvalid, StoreUnavailable, SchemaMismatch, NotMoved."""
    from partnerhook.core.errors import ConfigurationInvalid, StoreUnavailable
    from partnerhook.services.move import move
    from partnerhook.store.engine import is_postgresql, open_engine, place
    from partnerhook.store.sqlite import file_of, is_there

    source, target = open_engine(source_url), open_engine(target_url)
    if is_postgresql(source) or not is_postgresql(target):
        raise ConfigurationInvalid("--from is sqlite:///FILE and --to postgresql://...; no other way is known.")
    if not is_there(file_of(source)):
        raise StoreUnavailable(f"There is no database at {place(source)}.")
    return move(source, target, on_progress)


def migrate(settings: Settings) -> tuple[str | None, str]:
    """Create the database or bring it up to date; returns the versions before (None: empty) and after."""
    from partnerhook.store.migrate import migrate

    return migrate(open_store(settings))
