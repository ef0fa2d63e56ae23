"""Look after what no webhook tells: requests that nobody answers, and our own health. One process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, Engine

from partnerhook.core.errors import PartnerhookError, UnderWay
from partnerhook.core.health import HealthKind
from partnerhook.core.notices import NoticeKind, Step
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.alarms import Trouble, calm, sound
from partnerhook.services.doctor.findings import Finding, Verdict
from partnerhook.services.lease import holding
from partnerhook.services.notify import Routes, Routing, notify
from partnerhook.services.patience import transaction
from partnerhook.services.turns import turn
from partnerhook.store import clock, deliveries, locks, notices, receipts

log = structlog.get_logger("partnerhook.watch")

LEASE: Final = "watch"
HEALTH: Final = "health"
LOOK_EVERY_S: Final = 60.0
FIRST_AFTER_S: Final = 20.0
SLICE: Final = 200
NEAR: Final = 0.8
"""Of a backlog's bound: an alarm before it is reached."""
DAY_S: Final = 86_400


class Watched(NamedTuple):
    """What is looked after, and what is too much."""

    overdue_after_s: float
    silent_after_days: float
    health_every_s: float
    backlog_bytes_max: dict[str, int]
    """By forward target."""
    apps: Sequence[str]
    examine: Callable[[], AsyncIterator[Finding]]
    """Asks Meta about subscriptions and tokens."""


async def watch(engine: Engine, watched: Watched, routing: Routing) -> None:
    """For ever."""
    await asyncio.sleep(min(FIRST_AFTER_S, watched.health_every_s or LOOK_EVERY_S))
    while True:
        try:
            async with holding(engine, LEASE, patience_s=0):
                await tell_overdue(engine, watched.overdue_after_s, routing.now)
                await tell_backlogs(engine, watched, routing.now)
            if watched.health_every_s:
                async with turn(engine, HEALTH, every_s=watched.health_every_s):
                    await tell_health(engine, watched, routing.now)
        except UnderWay:
            pass  # another process looks, or has looked
        except PartnerhookError as problem:
            log.warning("not looked after", reason=str(problem))
        except Exception as error:  # whatever it is: the next look is another try
            log.exception("not looked after", error=type(error).__name__)
        await asyncio.sleep(min(LOOK_EVERY_S, watched.health_every_s or LOOK_EVERY_S))


async def tell_overdue(engine: Engine, after_s: float, routes: Routes) -> int:
    """A notice for each request that has waited for longer than `after_s`, once; how many these were."""
    told = 0
    while after_s:
        count = await transaction(engine, partial(_tell_overdue, after_s=after_s, routes=routes), writes=True)
        told += count
        if count < SLICE:
            break
    return told


def _tell_overdue(conn: Connection, after_s: float, routes: Routes) -> int:
    now = clock.now(conn) // MICROSECONDS
    locks.solutions(conn, [number for number, _ in notices.overdue(conn, before=int(now - after_s), limit=SLICE)])
    found = notices.overdue(conn, before=int(now - after_s), limit=SLICE)  # as they are now that they stay so
    steps = {
        number: (
            solution,
            [
                Step(
                    NoticeKind.OVERDUE,
                    solution.could_be,
                    solution.since,
                    solution.could_be,
                    solution.since,
                    solution.anomalies,
                    corrected=False,
                    key="",
                    detail=str(now - solution.since),
                )
            ],
        )
        for number, solution in found
    }
    notify(conn, steps, {}, routes)
    return len(found)


async def tell_backlogs(engine: Engine, watched: Watched, routes: Routes) -> None:
    """An alarm for each forward target whose backlog nears its bound."""
    await transaction(engine, partial(_tell_backlogs, watched=watched, routes=routes), writes=True)


def _tell_backlogs(conn: Connection, watched: Watched, routes: Routes) -> None:
    now = clock.now(conn)
    waiting = deliveries.backlogs(conn) if watched.backlog_bytes_max else {}
    for target, most in watched.backlog_bytes_max.items():
        held = waiting[target].bytes if target in waiting else 0
        if held < NEAR * most:
            calm(conn, HealthKind.BACKLOG, target)
            continue
        summary = f"{held / 1e6:.0f} MB wait for {target}, of {most / 1e6:.0f} MB at most"
        remedy = f"see `partnerhook destinations show {target}`: mend the target, or raise backlog_bytes_max"
        sound(conn, Trouble(HealthKind.BACKLOG, target, summary, remedy), routes, now=now)


async def tell_health(engine: Engine, watched: Watched, routes: Routes) -> None:
    """An alarm for each thing that is wrong, and an end to those that are right again."""
    findings = [finding async for finding in watched.examine()]

    def write(conn: Connection) -> None:
        now = clock.now(conn)
        for (kind, subject), troubles in _by_alarm(findings, watched, conn, now).items():
            if not troubles:
                calm(conn, kind, subject)
            else:
                summary = "; ".join(one.summary for one in troubles)
                sound(conn, troubles[0]._replace(summary=summary), routes, now=now)

    await transaction(engine, write, writes=True)


def _by_alarm(
    findings: Sequence[Finding], watched: Watched, conn: Connection, now: int
) -> dict[tuple[HealthKind, str], list[Trouble]]:
    alarms: dict[tuple[HealthKind, str], list[Trouble]] = {}
    for finding in findings:
        kind = ABOUT.get(finding.about)
        if kind is None or finding.verdict is Verdict.UNKNOWN:
            continue  # what could not be asked is neither right nor wrong
        troubles = alarms.setdefault((kind, finding.app), [])
        if finding.verdict is not Verdict.RIGHT:
            troubles.append(Trouble(kind, finding.app, f"{finding.about}: {finding.said}", finding.remedy))
    for trouble, here in (*_silence(watched, conn, now), *_quarantine(conn, now)):
        alarms[trouble.kind, trouble.subject] = [trouble] if here else []
    return alarms


ABOUT: Final = {"subscription": HealthKind.SUBSCRIPTION, "token": HealthKind.TOKEN}


def _silence(watched: Watched, conn: Connection, now: int) -> Iterator[tuple[Trouble, bool]]:
    if not watched.silent_after_days:
        return
    for app in watched.apps:
        newest = receipts.newest_of(conn, app)
        days = 0.0 if newest is None else (now - newest) / MICROSECONDS / DAY_S
        summary = f"no webhook was received for {days:.0f} days"
        remedy = "press Test in App Dashboard > Webhooks, and run `partnerhook doctor`"
        yield Trouble(HealthKind.SILENCE, app, summary, remedy), days > watched.silent_after_days


def _quarantine(conn: Connection, now: int) -> Iterator[tuple[Trouble, bool]]:
    count = receipts.count_quarantined(conn, since=now - DAY_S * MICROSECONDS)
    summary = f"{count} POSTs of the last day hold something that could not be understood"
    remedy = "see `partnerhook receipts list --quarantined`"
    yield Trouble(HealthKind.QUARANTINE, "", summary, remedy), count > 0
