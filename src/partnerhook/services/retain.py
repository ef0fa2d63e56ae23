"""Drop raw bodies when their time is over: they can hold people's messages."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from functools import partial
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import UnderWay
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.lease import holding
from partnerhook.services.patience import transaction
from partnerhook.store import clock, deliveries, figures, receipts
from partnerhook.store.engine import for_writing

log = structlog.get_logger("partnerhook.retention")

SLICE: Final = 500
"""Bodies dropped in one transaction: milliseconds, so that no webhook waits for it."""

SLICE_BYTES: Final = 16 * 1024 * 1024
"""And no more of them than this: a body may have 3 MiB."""

THOROUGH_EVERY: Final = 24
"""Once a day all bodies are looked at: our clock may have been put back, and then the oldest are not the first."""

PAUSE_S: Final = 0.05
EVERY_S: Final = 3_600.0
LEASE: Final = "retention"
DAY_S: Final = 86_400
FIGURES_KEPT_MINUTES: Final = 8 * 24 * 60
"""A week is shown, and the day before it, so that its first stretch is whole."""


class Keeping(NamedTuple):
    """What is kept for how long."""

    bodies_days: float
    gone_on_hours: float
    """Bodies that went on to all forward targets, and tell nothing of a solution."""
    deliveries_days: float


async def retain(engine: Engine, keeping: Keeping) -> None:
    """For ever: drop what is too old, once an hour, in small slices."""
    keep_days = keeping.bodies_days
    behind = 0
    for hour in itertools.count():
        dropped = 0
        try:
            async with holding(engine, LEASE, patience_s=0):
                before = await _ago(engine, keep_days * DAY_S)
                behind = await asyncio.to_thread(_first, engine, behind)
                async for count in _slices(engine, before, behind, thorough=hour % THOROUGH_EVERY == 0):
                    dropped += count
                await _drop_gone_on(engine, keeping)
                await _drop_deliveries(engine, keeping)
                await transaction(engine, _drop_figures, writes=True)
        except UnderWay:
            pass  # another process is at it
        except SQLAlchemyError as error:
            _warn(getattr(error, "orig", error))
        except Exception as error:  # noqa: BLE001 - whatever it is: the next hour is another try
            _warn(error)
        if dropped:
            log.info("raw bodies dropped", count=dropped, older_than_days=keep_days)
        await asyncio.sleep(EVERY_S)


async def _ago(engine: Engine, seconds: float) -> int:
    """Unix microseconds of the clock that all processes share."""
    return int(await transaction(engine, clock.now, writes=False) - seconds * MICROSECONDS)


async def _drop_gone_on(engine: Engine, keeping: Keeping) -> None:
    before = await _ago(engine, keeping.gone_on_hours * 3_600)
    find = partial(receipts.bodies_gone_on, received_before=before, limit=SLICE)
    while ids := await transaction(engine, find, writes=False):
        await transaction(engine, partial(receipts.drop_bodies, ids=ids), writes=True)
        await asyncio.sleep(PAUSE_S)


async def _drop_deliveries(engine: Engine, keeping: Keeping) -> None:
    before = await _ago(engine, keeping.deliveries_days * DAY_S)
    drop = partial(deliveries.drop_settled, before=before, limit=SLICE)
    while await transaction(engine, drop, writes=True) == SLICE:  # noqa: ASYNC110 - a pause, nothing to wait for
        await asyncio.sleep(PAUSE_S)


def _drop_figures(conn: Connection) -> None:
    figures.drop_before(conn, clock.now(conn) // MICROSECONDS // 60 - FIGURES_KEPT_MINUTES)


def _warn(error: object) -> None:
    log.warning("raw bodies could not be dropped; the next try is in an hour", error=str(error))


async def _slices(engine: Engine, before: int, behind: int, *, thorough: bool) -> AsyncIterator[int]:
    """Drop them, slice by slice; how many each time."""
    while ids := await asyncio.to_thread(_find, engine, before, behind, thorough):
        await asyncio.to_thread(_drop, engine, ids)
        behind = ids[-1]
        yield len(ids)
        await asyncio.sleep(PAUSE_S)


def _first(engine: Engine, behind: int) -> int:
    """Behind which receipt to begin: years of receipts without a body are looked through once, and only read."""
    with engine.connect() as conn, conn.begin():
        oldest = receipts.oldest_body(conn, behind)
        if oldest is not None:
            return oldest - 1
        newest = receipts.newest(conn)
    return newest[0] if newest else 0


def _find(engine: Engine, before: int, behind: int, thorough: bool) -> list[int]:  # noqa: FBT001 - for a thread
    with engine.connect() as conn, conn.begin():
        return receipts.bodies_before(
            conn, before, after_id=behind, limit=SLICE, bytes_max=SLICE_BYTES, thorough=thorough
        )


def _drop(engine: Engine, ids: list[int]) -> None:
    with for_writing(engine.connect()) as conn, conn.begin():
        receipts.drop_bodies(conn, ids)
