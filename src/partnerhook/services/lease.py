"""One at a time, across processes: a lease in the database, renewed while the work goes on."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine

from partnerhook.core.errors import StoreUnavailable, UnderWay
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.patience import transaction
from partnerhook.store import clock, leases

LASTS_S: Final = 60
"""Longer than a renewal ever takes, and short enough to wait for after a process has died."""

RENEWED_EVERY_S: Final = 15.0
ASKED_EVERY_S: Final = 0.5


class Lease:
    """A name that this process holds, for now."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._holder = f"{os.getpid()}-{secrets.token_hex(8)}"
        self.lost = False

    def check(self) -> None:
        """Raises UnderWay where another process has taken it over: this one was held up for too long."""
        if self.lost:
            raise UnderWay("Another process has taken over, because this one was held up for too long.")

    async def take(self) -> bool:
        """Take it or renew it; False where another process holds it."""

        def take(conn: Connection) -> bool:
            now, lasts = clock.now(conn), LASTS_S * MICROSECONDS
            return leases.take(conn, self._name, self._holder, now=now, lasts=lasts)

        return await transaction(self._engine, take, writes=True)

    async def give_back(self) -> None:
        """Let others have it at once."""
        give_back = partial(leases.give_back, name=self._name, holder=self._holder)
        with suppress(StoreUnavailable):  # then it ends by itself
            await transaction(self._engine, give_back, writes=True, patience_s=0)

    async def keep(self) -> None:
        """Renew it, again and again."""
        while not self.lost:
            await asyncio.sleep(RENEWED_EVERY_S)
            with suppress(StoreUnavailable):  # there are more tries before it ends
                self.lost = not await self.take()


@asynccontextmanager
async def holding(
    engine: Engine, name: str, *, patience_s: float, on_wait: Callable[[], None] = lambda: None
) -> AsyncIterator[Lease]:
    """Hold the lease `name`. `on_wait` is called once where that takes time. Raises UnderWay, StoreUnavailable."""
    lease = Lease(engine, name)
    deadline = time.monotonic() + patience_s
    told = False
    while not await lease.take():
        if time.monotonic() >= deadline:
            raise UnderWay
        if not told:
            on_wait()
            told = True
        await asyncio.sleep(ASKED_EVERY_S)
    renewal = asyncio.create_task(lease.keep())
    try:
        yield lease
    finally:
        renewal.cancel()
        await lease.give_back()
