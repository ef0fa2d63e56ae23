"""Figures of the past: what each process counts is written down once a minute, and added up for whoever looks.

Taken from the counters beside everything else; where nothing was counted nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, Engine

from partnerhook.core.errors import PartnerhookError
from partnerhook.core.figures import HANDSHAKES, NOTHING, RECEIVED, TESTS, Figures, Stretch, grown, stretches, together
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.meters import Meters
from partnerhook.services.patience import transact, transaction
from partnerhook.store import clock, figures, observations, receipts

log = structlog.get_logger("partnerhook.figures")

EVERY_S: Final = 60.0
AT_ONCE_EVERY_S: Final = 1.0
"""What somebody waits for is written at once, but not more often."""
LAST_WITHIN_S: Final = 2.0
"""A process that ends waits no longer than this to write its last minute."""

MILESTONES: Final = (HANDSHAKES, RECEIVED, TESTS)
"""What is remembered for good: that it happened once, to which app."""


class Bookkeeper:
    """Writes down what one process counts. Used on one event loop."""

    def __init__(self, engine: Engine, meters: Meters, process: str) -> None:
        self._engine = engine
        self._meters = meters
        self._process = process
        self._written: Figures = NOTHING
        self._reached: set[str] = set()
        self._hurry = asyncio.Event()
        meters.on_handshake = self._hurry.set

    async def run(self) -> None:
        """For ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._hurry.wait()
            self._hurry.clear()
            try:
                await self.write()
            except PartnerhookError as problem:
                log.warning("figures not written; the next minute has them too", reason=str(problem))
            await asyncio.sleep(AT_ONCE_EVERY_S)

    async def end(self) -> None:
        """Write what is left; where that cannot be done now, it is lost."""
        with suppress(PartnerhookError, TimeoutError):
            async with asyncio.timeout(LAST_WITHIN_S):
                await self.write()

    async def write(self) -> None:
        """Write down what was counted since the last time. Raises StoreUnavailable."""
        now = self._meters.figures()
        counted = grown(self._written, now)
        if not counted:
            return
        new = {f"{group}/{app}" for group in MILESTONES for app in counted.get(group, ())} - self._reached
        await transaction(self._engine, partial(self._add, counted=counted, new=new), writes=True)
        self._written = now
        self._reached |= new

    def _add(self, conn: Connection, counted: Figures, new: set[str]) -> None:
        at = clock.now(conn)
        figures.add(conn, at // MICROSECONDS // 60, self._process, counted)
        figures.reached(conn, sorted(new), at)


class Span(StrEnum):
    """How far back charts go."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class Scale(NamedTuple):
    """How a span is divided."""

    minutes: int
    """Of one stretch."""
    stretches: int


SCALES: Final = {Span.HOUR: Scale(1, 60), Span.DAY: Scale(20, 72), Span.WEEK: Scale(120, 84)}
SETTLED_AFTER_MINUTES: Final = 5
"""By then every process has written down what it counted."""


class Past:
    """Reads figures of all processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._over: dict[Span, dict[int, Stretch]] = {span: {} for span in Span}
        """By first minute: those that are over stay as they are, and need not be added up again."""

    def look(self, span: Span) -> list[Stretch]:
        """What was counted, the oldest stretch first; the last one is not over yet. Raises StoreUnavailable."""
        minutes, count = SCALES[span]
        this = clock.estimate(self._engine) // MICROSECONDS // 60
        first = (this // minutes - count + 1) * minutes
        over = {begin: one for begin, one in self._over[span].items() if begin >= first}
        missing = next(begin for begin in range(first, this + 1, minutes) if begin not in over)
        found = transact(self._engine, partial(figures.between, first=missing, last=this), writes=False)
        made = stretches(found, first=missing, minutes=minutes, count=count - (missing - first) // minutes)
        known = [over[begin] for begin in range(first, missing, minutes)]
        settled = [one for one in made if one.first_minute + minutes + SETTLED_AFTER_MINUTES <= this]
        self._over[span] = {one.first_minute: one for one in (*known, *settled)}
        return [*known, *made]

    def milestones(self) -> dict[str, int]:
        """When what happened for the first time (Unix microseconds), as `handshakes/APP`."""
        return transact(self._engine, figures.milestones_of, writes=False)

    def newest(self) -> Newest:
        """How old the newest things are that came in."""

        def read(conn: Connection) -> Newest:
            webhook = receipts.newest(conn)
            return Newest(None if webhook is None else webhook[1], observations.newest_at(conn))

        return transact(self._engine, read, writes=False)


class Newest(NamedTuple):
    """When something came in last. Unix microseconds; None: nothing ever did."""

    webhook: int | None
    event: int | None
    """Something about a solution."""


def sum_of(past: Iterable[Stretch]) -> Figures:
    """All of it as one."""
    return together(one.figures for one in past)
