"""Drop raw bodies when their time is over: they can hold people's messages. Then what else is too old."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import UnderWay
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.aside import aside
from partnerhook.services.forget import Receipts, forget_deliveries
from partnerhook.services.lease import holding
from partnerhook.services.leisure import rest
from partnerhook.services.patience import transaction
from partnerhook.store import clock, figures, receipts, sessions
from partnerhook.store.engine import for_writing

log = structlog.get_logger("partnerhook.retention")

SLICE: Final = 500
"""Bodies dropped in one transaction: milliseconds, so that no webhook waits for it."""

SLICE_BYTES: Final = 16 * 1024 * 1024
"""And no more of them than this: a body may have 3 MiB."""

LOOKED_AT: Final = 20_000
"""Receipts that are looked through in one transaction: of millions none would end in time."""

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
    receipts_days: float
    """Those that tell nothing of a solution."""


async def retain(engine: Engine, keeping: Keeping) -> None:
    """For ever: drop what is too old, once an hour, in small slices."""
    keep_days = keeping.bodies_days
    old = Receipts(engine)
    behind = 0
    for hour in itertools.count():
        dropped = forgotten = 0
        thorough = hour % THOROUGH_EVERY == 0
        try:
            async with holding(engine, LEASE, patience_s=0):
                before = await _ago(engine, keep_days * DAY_S)
                behind = await _first(engine, behind)
                async for count in _slices(engine, before, behind, thorough=thorough):
                    dropped += count
                await _drop_gone_on(engine, keeping)
                await transaction(engine, _drop_figures, writes=True)
                await transaction(engine, _drop_sessions, writes=True)
                await forget_deliveries(engine, await _ago(engine, keeping.deliveries_days * DAY_S))
                forgotten = await old.forget(await _ago(engine, keeping.receipts_days * DAY_S), anew=thorough)
        except UnderWay:
            pass  # another process is at it
        except SQLAlchemyError as error:
            _warn(getattr(error, "orig", error))
        except Exception as error:  # noqa: BLE001 - whatever it is: the next hour is another try
            _warn(error)
        if dropped:
            log.info("raw bodies dropped", count=dropped, older_than_days=keep_days)
        if forgotten:
            log.info("receipts deleted", count=forgotten, older_than_days=keeping.receipts_days)
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


def _drop_figures(conn: Connection) -> None:
    figures.drop_before(conn, clock.now(conn) // MICROSECONDS // 60 - FIGURES_KEPT_MINUTES)


def _drop_sessions(conn: Connection) -> None:
    sessions.drop_over(conn, clock.now(conn))


def _warn(error: object) -> None:
    log.warning("raw bodies could not be dropped; the next try is in an hour", error=str(error))


async def _slices(engine: Engine, before: int, behind: int, *, thorough: bool) -> AsyncIterator[int]:
    """Drop them, slice by slice; how many each time.

    Not `thorough`: only up to where, by halves, the younger ones begin, for their millions must not be read. Where our
    clock was put back they do not begin in one place, and only a thorough look finds all.
    """
    last = await aside(_last, engine, None if thorough else before, behind)
    while behind < last:
        up_to = min(behind + LOOKED_AT, last)
        began = time.monotonic()
        ids = await aside(_find, engine, before, behind, up_to)
        await rest(began)
        behind = ids[-1] if ids else up_to
        if ids:
            await asyncio.to_thread(_drop, engine, ids)
            yield len(ids)
            await asyncio.sleep(PAUSE_S)


async def _first(engine: Engine, behind: int) -> int:
    """Behind which receipt to begin: all those without a body are looked through once, and only read."""
    last = await aside(_last, engine, None, behind)
    behind = max(behind, await aside(_before_all, engine))
    while behind < last:
        up_to = min(behind + LOOKED_AT, last)
        began = time.monotonic()
        oldest = await aside(_oldest, engine, behind, up_to)
        await rest(began)
        if oldest is not None:
            return oldest - 1
        behind = up_to
    return behind


def _last(engine: Engine, before: int | None, behind: int) -> int:
    with engine.connect() as conn, conn.begin():
        if before is not None:
            return receipts.newest_before(conn, before, after_id=behind)
        newest = receipts.newest(conn)
    return newest[0] if newest else 0


def _before_all(engine: Engine) -> int:
    with engine.connect() as conn, conn.begin():
        return (receipts.oldest(conn) or 1) - 1


def _oldest(engine: Engine, behind: int, last: int) -> int | None:
    with engine.connect() as conn, conn.begin():
        return receipts.oldest_body(conn, after_id=behind, last=last)


def _find(engine: Engine, before: int, behind: int, last: int) -> list[int]:
    with engine.connect() as conn, conn.begin():
        return receipts.bodies_before(conn, before, after_id=behind, last=last, limit=SLICE, bytes_max=SLICE_BYTES)


def _drop(engine: Engine, ids: list[int]) -> None:
    with for_writing(engine.connect()) as conn, conn.begin():
        receipts.drop_bodies(conn, ids)
