"""A real store in a folder or database of its own, and POSTs put into it in commits, without a socket in between.

Tests that take `database` (see `conftest`) run twice: on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

import postgres
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.receipts import Receipt, Stored
from partnerhook.core.signature import sign, verify
from partnerhook.services import ingest
from partnerhook.services.ingest import Post
from partnerhook.services.notify import NOBODY, Routes
from partnerhook.store import receipts
from partnerhook.store.engine import for_writing, open_engine
from partnerhook.store.migrate import migrate
from strategies import NOON_S, SECRET

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
DEBIANS_POSTGRESQL = "debian's postgresql"
DATABASES = (SQLITE, POSTGRESQL, DEBIANS_POSTGRESQL)
FILE = "partnerhook.db"


def new_store(folder: Path, database: str = SQLITE) -> Engine:
    """A migrated store: a file in `folder`, or a new database on the test server."""
    engine = open_engine(new_url(folder, database))
    _opened.append(engine)
    migrate(engine)
    return engine


_opened: list[Engine] = []


def close_all() -> None:
    """Let go of every connection to a store that was made here, and remove their databases."""
    for engine in _opened:
        engine.dispose()
        if engine.dialect.name == POSTGRESQL:
            postgres.drop_database(engine.url.set(drivername=POSTGRESQL).render_as_string(hide_password=False))
    _opened.clear()


def new_url(folder: Path, database: str) -> str:
    """Where there is no store yet."""
    if database == SQLITE:
        return f"sqlite:///{folder / FILE}"
    return postgres.new_database(postgres.server_url(debians=database == DEBIANS_POSTGRESQL))


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes."""
    with for_writing(engine.connect()) as conn, conn.begin():
        yield conn


def arrive(raw: bytes, *, app: str = "default", received_at: int = NOON_S * MICROSECONDS) -> Post:
    """A POST, signed and verified."""
    return Post(verify(raw, sign(raw, SECRET), [SECRET]), app, received_at)


def deliver(engine: Engine, *posts: Post, routes: Routes = NOBODY) -> list[Stored]:
    """All of them in one commit."""
    with writing(engine) as conn:
        return [one for one in ingest.commit(conn, posts, routes) if isinstance(one, Stored)]


def receipts_of(engine: Engine, stored: Sequence[Stored]) -> list[Receipt]:
    """What is on the disk of what `deliver` returned."""
    with engine.connect() as conn, conn.begin():
        found = [receipts.find(conn, one.receipt_id) for one in stored]
    return [receipt for receipt in found if receipt is not None]
