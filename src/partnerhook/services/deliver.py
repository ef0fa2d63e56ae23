"""Deliver what waits in the outbox: claim, send, decide, settle. One loop for each target, independent of all others.

At least once: what was sent and not yet settled when a process dies is sent again, by whoever claims it after the
claim has ended. Within a lane one goes after the other, because only its first is ever due.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Connection

from partnerhook.core.delivery import DAY_S, Answer, Decision, Fate, Reply, Schedule, decide
from partnerhook.core.errors import PartnerhookError, StoreUnavailable
from partnerhook.core.health import HealthKind
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.alarms import Trouble, calm, sound
from partnerhook.services.meters import Meters
from partnerhook.services.notify import Routing
from partnerhook.services.write import Chore
from partnerhook.store import clock, locks, outbox, targets
from partnerhook.store.outbox import Claimed, Settlement
from partnerhook.store.targets import Standing

log = structlog.get_logger("partnerhook.deliver")

POLL_S: Final = 1.0
"""How long work that another process enqueued, or a retry, may wait to be seen."""

APART_S: Final = 0.01
"""Between two looks, while something is under way, however often we are woken."""

AHEAD: Final = 4
"""So many times as much as goes on at once is claimed, so that claiming and settling are for many together."""

CLAIM_MARGIN_S: Final = 30.0
"""A claim outlasts the longest wait and attempt by this: nobody takes it over while its end is written down."""

Commit = Callable[[Chore], Awaitable[Any]]
"""Have a chore committed; its result. Raises StoreUnavailable."""


class Parcel(Protocol):
    """What is delivered: knows how to be handed over, and is loaded just before."""

    async def hand_over(self) -> Answer:
        """One attempt."""


Load = Callable[[Sequence[Claimed]], Awaitable[dict[int, Parcel]]]
"""What was claimed, by id of the delivery; what is gone is left out. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One destination or forward target, ready to be delivered to."""

    name: str
    load: Load
    close: Callable[[], Awaitable[None]]
    concurrency: int = 8
    timeout_s: float = 15.0
    schedule: Schedule = field(default_factory=Schedule)
    pause_after_s: float = DAY_S
    """Failing all along for so long, it is paused."""


class TargetLoop:
    """Delivers to one target until it is stopped."""

    def __init__(
        self, target: Target, commit: Commit, routing: Routing, meters: Meters, now: Callable[[], int]
    ) -> None:
        """`now`: Unix microseconds of the clock that all processes share."""
        self.target = target
        self._now = now
        self._routing = routing
        self._commit = commit
        self._meters = meters
        self._holder = holder()
        self._woken = asyncio.Event()
        self._in_flight: dict[int, asyncio.Task[None]] = {}
        self._ended: list[Settlement] = []
        self._in_doubt = False
        """Whether we may hold claims that nobody works on: see `_turn` and `_begin`."""
        self._looked_at = 0.0
        self._ahead = AHEAD * target.concurrency
        self._turns = asyncio.Semaphore(target.concurrency)
        self._stopping = False

    def wake(self) -> None:
        """There may be something to do. Called on the loop's own thread."""
        self._woken.set()

    async def run(self) -> None:
        """Until `stop`."""
        while True:
            self._woken.clear()
            self._looked_at = time.monotonic()
            claimed = await self._turn(claim=True)
            if self._stopping:
                return  # `stop` gives back what was just claimed
            await self._begin(claimed)
            await self._until_worth_a_turn(found=bool(claimed))

    async def _until_worth_a_turn(self, *, found: bool) -> None:
        """A turn is a commit: it is worth it for several that have ended, or where nothing else is to be done."""
        if found and len(self._in_flight) < self._ahead:
            return  # there may be more
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), POLL_S)
        until = self._looked_at + APART_S
        while not self._stopping and self._in_flight and len(self._ended) < self.target.concurrency:
            left = until - time.monotonic()
            if left <= 0:
                return
            self._woken.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), left)

    async def stop(self, within_s: float) -> None:
        """Finish what is under way, give back what cannot be finished, and let go of connections."""
        self._stopping = True
        self._woken.set()
        if self._in_flight:
            await asyncio.wait(self._in_flight.values(), timeout=within_s)
        for task in list(self._in_flight.values()):
            task.cancel()
        await self._turn(claim=False)
        with suppress(StoreUnavailable):  # then the claims end by themselves
            await self._commit(Chore(lambda conn: outbox.release(conn, [self._holder], now=clock.now(conn))))
        await self.target.close()

    async def _turn(self, *, claim: bool) -> list[Claimed]:
        """Write down what ended, and claim what is due, in one commit."""
        ended, self._ended = self._ended, []
        room = self._ahead - len(self._in_flight) if claim else 0
        if not ended and room <= 0:
            return []
        known = set(self._in_flight) if self._in_doubt else None
        try:
            claimed: list[Claimed] = await self._commit(Chore(lambda conn: self._write(conn, ended, room, known)))
        except StoreUnavailable as problem:
            self._ended = ended + self._ended
            await self._wait_for_the_database(problem)
            return []
        self._in_doubt = False
        return claimed

    async def _wait_for_the_database(self, problem: StoreUnavailable) -> None:
        """A commit whose answer was lost may have claimed something for us all the same."""
        self._in_doubt = True
        log.warning("deliveries wait for the database", target=self.target.name, reason=str(problem))
        await asyncio.sleep(POLL_S)

    def _write(
        self, conn: Connection, ended: Sequence[Settlement], room: int, known: Collection[int] | None
    ) -> list[Claimed]:
        """In the writer's thread and transaction. `known`: what we work on, where there may be more in our name."""
        now = clock.now(conn)
        name = self.target.name
        outbox.lock_solutions(conn, [one.claimed for one in ended])
        if any(one.answer.reply is not Reply.TAKEN for one in ended):
            locks.order(conn)  # it may have to be told of
        standing = targets.standing(conn, name)
        if ended and (standing.failing_since is not None or not all(map(_is_plain, ended))):
            locks.targets(conn, [name])
            standing = targets.standing(conn, name)
        outbox.settle(conn, ended)
        if known is not None:
            outbox.release(conn, [self._holder], now=now, but=known)
        if ended:
            after = targets.judge(conn, name, standing, ended, now=now, pause_after_s=self.target.pause_after_s)
            self._tell(conn, standing, after, now)
            standing = after
        held = standing.hold_until is not None and standing.hold_until > now
        if room <= 0 or held or standing.paused_at is not None or any(one.decision.pause for one in ended):
            return []
        until = now + int(((AHEAD + 1) * self.target.timeout_s + CLAIM_MARGIN_S) * MICROSECONDS)
        return outbox.claim(conn, name, self._holder, now=now, until=until, limit=room)

    def _tell(self, conn: Connection, before: Standing, after: Standing, now: int) -> None:
        """A target that was paused is told of; one that works again ends the alarm."""
        name = self.target.name
        if after.paused_at is not None and before.paused_at is None:
            log.error("target paused", target=name, reason=after.paused_reason)
            summary = f"{name} is paused: {after.paused_reason}"
            remedy = f"mend it, then `partnerhook destinations resume {name}`; what is for it waits"
            sound(conn, Trouble(HealthKind.DESTINATION, name, summary, remedy), self._routing.now, now=now)
        elif before.failing_since is not None and after.failing_since is None:
            calm(conn, HealthKind.DESTINATION, name)

    async def _begin(self, claimed: Sequence[Claimed]) -> None:
        if not claimed:
            return
        try:
            parcels = await self.target.load(claimed)
        except StoreUnavailable as problem:
            await self._wait_for_the_database(problem)
            return
        for one in claimed:
            task = asyncio.create_task(self._attempt(one, parcels.get(one.id)))
            self._in_flight[one.id] = task

    async def _attempt(self, one: Claimed, parcel: Parcel | None) -> None:
        try:
            async with self._turns:
                started_at = self._now()
                answer = await self._answer(parcel)
        except asyncio.CancelledError:
            return  # given back by `stop`
        finally:
            del self._in_flight[one.id]
        now = self._now()
        decision = (
            Decision(Fate.DEAD)
            if parcel is None
            else decide(
                answer,
                attempts=one.attempts + 1,
                first_attempt_at=one.first_attempt_at or started_at,
                now=now,
                schedule=self.target.schedule,
                chance=random.random(),  # noqa: S311 - jitter, not a secret
            )
        )
        self._meters.attempted(self.target.name, answer.reply, decision.fate, (now - started_at) / MICROSECONDS)
        if answer.reply is not Reply.TAKEN:
            log.warning(
                "not delivered",
                target=self.target.name,
                delivery=one.id,
                attempt=one.attempts + 1,
                answer=answer.text,
                status=answer.status,
                then=str(decision.fate),
            )
        self._ended.append(Settlement(one, answer, decision, started_at, now))
        self._woken.set()

    async def _answer(self, parcel: Parcel | None) -> Answer:
        if parcel is None:
            return Answer(Reply.FAILED, text="What was to be delivered is not there any more.")
        return await one_attempt(parcel.hand_over(), self.target.timeout_s)


async def one_attempt(hand_over: Awaitable[Answer], timeout_s: float) -> Answer:
    """How an attempt ends, whatever goes wrong in it."""
    try:
        async with asyncio.timeout(timeout_s):
            return await hand_over
    except TimeoutError:
        return Answer(Reply.FAILED, text=f"no answer within {timeout_s:g} s")
    except PartnerhookError as problem:
        return Answer(Reply.FAILED, text=str(problem))
    except Exception as error:  # noqa: BLE001 - the edge to other people's systems: whatever it was, it is tried again
        return Answer(Reply.FAILED, text=f"{type(error).__name__}: {error}"[:1_000])


def _is_plain(ended: Settlement) -> bool:
    """A notice of a solution that was taken: it moves its own lane, and nothing of its target."""
    return ended.answer.reply is Reply.TAKEN and ended.claimed.receipt_id is None and bool(ended.claimed.lane)


def holder() -> str:
    """Who claims: told apart from every other, and on this machine known to be dead once the process is."""
    return f"{_machine()}:{os.getpid()}:{secrets.token_hex(4)}"


@cache
def _machine() -> str:
    """Where our process ids mean what they say: since this start of this machine, and in this container of it."""
    try:
        started = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        container = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        started = container = ""  # not Linux: no containers either
    return f"{socket.gethostname()}/{started}/{container}"


def is_dead(name: str) -> bool:
    """Whether a holder was a process of this machine that has ended."""
    host, _, rest = name.partition(":")
    pid = rest.partition(":")[0]
    if host != _machine() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return int(pid) == os.getpid()  # an earlier one that had our number


def release_the_dead(conn: Connection) -> None:
    """What processes of this machine had claimed that have ended since is due at once."""
    dead = [name for name in outbox.holders(conn) if is_dead(name)]
    if dead:
        outbox.release(conn, dead, now=clock.now(conn))
