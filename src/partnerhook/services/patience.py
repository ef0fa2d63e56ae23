"""Transactions beside a busy receiver, which can hold SQLite's one write lock for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import StoreUnavailable
from partnerhook.store import migrate
from partnerhook.store.engine import for_writing, is_locked, words_of

Result = TypeVar("Result")


class Locked(StoreUnavailable):
    """Another process writes to the database."""


PAUSE_S: Final = 0.005
"""Between two tries to get the lock, and after having had it: a receiver that waits for it gets it."""

LOCK_PATIENCE_S: Final = 30.0
"""SQLite's lock is not handed out in turn, so a busy receiver can keep it from us for a while."""


def transact(
    engine: Engine, work: Callable[[Connection], Result], *, writes: bool, patience_s: float = LOCK_PATIENCE_S
) -> Result:
    """What `work` returns, done in one transaction. Raises StoreUnavailable, SchemaMismatch."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            result = _once(engine, work, writes=writes)
        except Locked:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)
        else:
            if writes:
                time.sleep(PAUSE_S)
            return result


async def transaction(
    engine: Engine, work: Callable[[Connection], Result], *, writes: bool, patience_s: float = LOCK_PATIENCE_S
) -> Result:
    """The same, in another thread. It waits outside of that: a process that is to end does not wait for the lock."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return await asyncio.to_thread(_once, engine, work, writes=writes)
        except Locked:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(PAUSE_S)


def _once(engine: Engine, work: Callable[[Connection], Result], *, writes: bool) -> Result:
    try:
        connection = for_writing(engine.connect()) if writes else engine.connect()
        with connection as conn, conn.begin():
            migrate.check(conn)
            return work(conn)
    except SQLAlchemyError as error:
        kind = Locked if is_locked(error) else StoreUnavailable
        raise kind(f"The database refused a transaction: {words_of(error)}.") from None
