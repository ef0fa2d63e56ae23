"""What is wrong with ourselves, for whoever looks: alarms that `watch` wrote down, and what the doctor finds.

No page waits for any of it. Alarms are read again and the doctor looks again beside the pages, and only while somebody
looks at them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Engine

from partnerhook.core.errors import PartnerhookError
from partnerhook.services.doctor.findings import Finding, Verdict
from partnerhook.services.patience import transact
from partnerhook.store import alarms
from partnerhook.store.alarms import Alarm

__all__ = ["Alarm", "Finding", "Health", "Look", "Verdict"]

log = structlog.get_logger("partnerhook.health")

ALARMS_EVERY_S: Final = 15.0
LOOK_EVERY_S: Final = 300.0
"""A look asks Meta about each app, and is no more than somebody's curiosity."""
LOOK_WITHIN_S: Final = 120.0

Examine = Callable[[], AsyncIterator[Finding]]


class Look(NamedTuple):
    """What the doctor found."""

    findings: Sequence[Finding]
    at: float | None
    """Unix seconds; None: it has not looked yet."""
    whole: bool
    """The callback URL was tried too."""
    under_way: bool


class Health:
    """Used on one event loop."""

    def __init__(self, engine: Engine, *, quick: Examine, whole: Examine) -> None:
        """`quick`: what may be looked at again and again; `whole`: with test events to our own callback URL."""
        self._engine = engine
        self._quick = quick
        self._whole = whole
        self._alarms: Sequence[Alarm] = ()
        self._alarms_until = 0.0
        self._reading: asyncio.Task[None] | None = None
        self._look = Look((), None, whole=False, under_way=False)
        self._looked_at = -LOOK_EVERY_S
        self._looking: asyncio.Task[None] | None = None
        self._looking_at_all = False

    def alarms(self) -> Sequence[Alarm]:
        """Every alarm that sounds, as was found last; at once."""
        if self._reading is None and time.monotonic() > self._alarms_until:
            self._reading = asyncio.create_task(self._read())
        return self._alarms

    async def alarms_now(self) -> Sequence[Alarm]:
        """The same, read anew."""
        await self._read()
        return self._alarms

    def look(self) -> Look:
        """What the doctor found last, at once. Where that is old it looks again, for whoever comes next."""
        if self._looking is None and time.monotonic() - self._looked_at > LOOK_EVERY_S:
            self._begin(self._quick, whole=False)
        return self._look._replace(under_way=self._looking is not None)

    async def look_at_everything(self, *, patience_s: float) -> Look:
        """Look at everything, now; what was found in so many seconds. It goes on where that is too few."""
        until = time.monotonic() + patience_s
        if self._looking is not None and not self._looking_at_all:
            await asyncio.wait([self._looking], timeout=patience_s)  # it has not tried what is asked for
        task = self._looking if self._looking is not None else self._begin(self._whole, whole=True)
        await asyncio.wait([task], timeout=max(until - time.monotonic(), 0))
        return self._look._replace(under_way=self._looking is not None)

    def _begin(self, examine: Examine, *, whole: bool) -> asyncio.Task[None]:
        self._looking_at_all = whole
        self._looking = asyncio.create_task(self._examine(examine, whole=whole))
        return self._looking

    async def _examine(self, examine: Examine, *, whole: bool) -> None:
        findings: list[Finding] = []
        try:
            async with asyncio.timeout(LOOK_WITHIN_S):
                findings = [one async for one in examine()]
        except (PartnerhookError, TimeoutError) as problem:
            findings.append(Finding("doctor", Verdict.UNKNOWN, f"it could not look: {problem or 'it took too long'}"))
        except Exception as error:  # whatever it is: people are told, and the next look is another try
            log.exception("the doctor could not look", error=type(error).__name__)
            findings.append(Finding("doctor", Verdict.UNKNOWN, "it could not look; the log says why"))
        finally:
            self._look = Look(findings, time.time(), whole, under_way=False)
            self._looked_at = time.monotonic()
            self._looking = None

    async def _read(self) -> None:
        try:
            self._alarms = await asyncio.to_thread(transact, self._engine, alarms.all_of, writes=False)
        except PartnerhookError as problem:
            log.warning("alarms could not be read", reason=str(problem))
        finally:
            self._alarms_until = time.monotonic() + ALARMS_EVERY_S
            self._reading = None
