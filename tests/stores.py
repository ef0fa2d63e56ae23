"""A real store in a folder of its own, and POSTs put into it in commits, without a socket in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

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


def new_store(folder: Path) -> Engine:
    """A migrated SQLite file."""
    engine = open_engine(f"sqlite:///{folder / 'partnerhook.db'}")
    migrate(engine)
    return engine


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
