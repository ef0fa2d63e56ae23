"""Tells whoever watches that something has changed: one look at the database for all, however many there are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, NamedTuple

from partnerhook.core.errors import StoreUnavailable
from partnerhook.services.aside import aside
from partnerhook.services.outbox import Outbox
from partnerhook.services.query import Queries

PAUSE_S: Final = 0.2
"""Between two looks, each at a few rows: people see nothing faster."""

PAUSE_FOR_EACH_S: Final = 0.5
"""Between two pulses, where many watch: together they fetch about two pages a second, however much is received."""


class Pulse(NamedTuple):
    """How far everything has come. Each change of it is worth another look."""

    notice_id: int
    observation_id: int
    attempt_id: int
    """Of deliveries."""
    milestones: int
    """How many of them a new installation has reached."""
    spread_s: float = 0.0
    """Whoever fetches a page for this does so within such a time: not everybody at once."""


class Live:
    """Used on one event loop."""

    def __init__(self, queries: Queries, outbox: Outbox) -> None:
        self._queries = queries
        self._outbox = outbox
        self._pulse = Pulse(0, 0, 0, 0)
        self._watchers = 0
        self._moved = asyncio.Condition()
        self._beginning = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def told(self) -> Pulse | None:
        """What everybody who watches was told last; None: nobody watches."""
        return None if self._looking is None else self._pulse

    @property
    def ended(self) -> bool:
        """Whether the process ends: nobody is told anything more."""
        return self._ended

    @property
    def _pause_s(self) -> float:
        return max(PAUSE_S, (self._watchers - 1) * PAUSE_FOR_EACH_S)

    async def end(self) -> None:
        """Let go of everybody who watches: the process ends."""
        self._ended = True
        if self._looking is not None:
            self._looking.cancel()
        async with self._moved:
            self._moved.notify_all()

    async def pulses(self, *, idle_s: float) -> AsyncIterator[Pulse]:
        """Now, whenever something has changed, and after `idle_s` seconds without a change; ends with the process.

        Raises StoreUnavailable where the first look fails.
        """
        self._watchers += 1
        try:
            await self._begin()
            while not self._ended:
                seen = self._pulse
                yield seen
                await self._change(seen, idle_s)
        finally:
            self._watchers -= 1
            if not self._watchers and self._looking is not None:
                self._looking.cancel()  # nobody watches: nobody looks
                self._looking = None

    async def _begin(self) -> None:
        """Have one task that looks, however many begin to watch at once."""
        async with self._beginning:
            if self._looking is None:
                self._pulse = await aside(self._look)
                self._looking = asyncio.create_task(self._keep_looking())

    async def _change(self, seen: Pulse, idle_s: float) -> None:
        """Wait for another pulse than `seen`, for the end, or for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(idle_s), self._moved:
                await self._moved.wait_for(lambda: self._ended or self._pulse != seen)

    async def _keep_looking(self) -> None:
        not_before = 0.0
        while True:
            await asyncio.sleep(PAUSE_S)
            if time.monotonic() < not_before:
                continue
            try:
                found = await aside(self._look)
            except StoreUnavailable:
                continue  # whoever looks himself is told so
            if found != self._pulse._replace(spread_s=0.0):
                pause_s = self._pause_s
                not_before = time.monotonic() + pause_s
                async with self._moved:
                    self._pulse = found._replace(spread_s=0.0 if pause_s == PAUSE_S else pause_s)
                    self._moved.notify_all()

    def _look(self) -> Pulse:
        return Pulse(
            self._outbox.newest_notice(),
            self._queries.newest_observation_id(),
            self._outbox.newest_attempt(),
            self._queries.count_milestones(),
        )
