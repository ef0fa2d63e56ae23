"""Write in short transactions beside a running receiver, which must not wait for us."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import StoreUnavailable
from partnerhook.store.engine import for_writing, is_locked

PAUSE_S: Final = 0.005
"""Between two transactions that write: a receiver that waits for the lock gets it."""

LOCK_PATIENCE_S: Final = 30.0
"""SQLite's lock is not handed out in turn, so a busy receiver can keep it from us for a while."""

Result = TypeVar("Result")


def write(engine: Engine, job: Callable[[Connection], Result], *, patience_s: float = LOCK_PATIENCE_S) -> Result:
    """Run `job` in a transaction that writes, again where it is locked out. Raises StoreUnavailable."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            with for_writing(engine.connect()) as conn, conn.begin():
                result = job(conn)
        except SQLAlchemyError as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise StoreUnavailable(f"The database refused a commit: {getattr(error, 'orig', error)}.") from None
            time.sleep(PAUSE_S)
        else:
            time.sleep(PAUSE_S)
            return result
