"""Work that is done now and then, by one process at a time: whoever comes first when it is due."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import Connection, Engine

from partnerhook.core.errors import UnderWay
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.lease import Lease, holding
from partnerhook.services.patience import transaction
from partnerhook.store import clock, leases

DONE: Final = "/done"
"""Behind the name of a lease: another one, which nobody holds; it lasts until the next turn."""


@asynccontextmanager
async def turn(engine: Engine, name: str, *, every_s: float) -> AsyncIterator[Lease]:
    """Take a turn, and hold its lease until it ends. It counts where nothing is raised.

    Raises UnderWay where another process is at it, or it is not due; StoreUnavailable.
    """
    if not await is_due(engine, name):
        raise UnderWay
    async with holding(engine, name, patience_s=0) as lease:
        if not await is_due(engine, name):  # somebody has had it since
            raise UnderWay
        yield lease
        await count(engine, name, every_s=every_s)


async def is_due(engine: Engine, name: str, *, within_s: float = 0.0) -> bool:
    """Whether the next turn is due, now or within some seconds."""

    def look(conn: Connection) -> bool:
        until = leases.until(conn, name + DONE)
        return until is None or until <= clock.now(conn) + int(within_s * MICROSECONDS)

    return await transaction(engine, look, writes=False)


async def count(engine: Engine, name: str, *, every_s: float) -> None:
    """A turn was had: the next one is due in `every_s` seconds."""

    def write(conn: Connection) -> None:
        leases.put(conn, name + DONE, until=clock.now(conn) + int(every_s * MICROSECONDS))

    await transaction(engine, write, writes=True)
