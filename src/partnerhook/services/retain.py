"""Drop raw bodies when their time is over: they can hold people's messages."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.observations import MICROSECONDS
from partnerhook.store import receipts
from partnerhook.store.engine import for_writing

log = structlog.get_logger("partnerhook.retention")

SLICE: Final = 500
"""Bodies dropped in one transaction: milliseconds, so that no webhook waits for it."""

PAUSE_S: Final = 0.05
EVERY_S: Final = 3_600.0
DAY_S: Final = 86_400


async def retain(engine: Engine, *, keep_days: float) -> None:
    """For ever: drop the raw bodies that are older than `keep_days`, once an hour, in small slices."""
    after_id: int | None = None
    while True:
        before = int((time.time() - keep_days * DAY_S) * MICROSECONDS)
        dropped = 0
        try:
            if after_id is None:
                after_id = await asyncio.to_thread(_first, engine)
            going_on: int | None = after_id
            while going_on is not None:
                after_id = going_on
                going_on, count = await asyncio.to_thread(_slice, engine, before, after_id)
                dropped += count
                await asyncio.sleep(PAUSE_S)
        except SQLAlchemyError as error:
            log.warning(
                "raw bodies could not be dropped; the next try is in an hour", error=str(getattr(error, "orig", error))
            )
        if dropped:
            log.info("raw bodies dropped", count=dropped, older_than_days=keep_days)
        await asyncio.sleep(EVERY_S)


def _first(engine: Engine) -> int:
    """Behind which receipt to begin: years of receipts without a body are looked through once, and only read."""
    with engine.connect() as conn, conn.begin():
        return (receipts.oldest_body(conn) or 1) - 1


def _slice(engine: Engine, received_before: int, after_id: int) -> tuple[int | None, int]:
    with for_writing(engine.connect()) as conn, conn.begin():
        return receipts.drop_bodies(conn, received_before=received_before, after_id=after_id, limit=SLICE)
