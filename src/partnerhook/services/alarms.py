"""What is wrong with ourselves is told once when it begins, and once a day for as long as it lasts."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection

from partnerhook.core.health import HealthKind, HealthNotice
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.routing import About, wants
from partnerhook.services.notify import Routes
from partnerhook.store import alarms, notices, outbox
from partnerhook.store.alarms import Alarm
from partnerhook.store.outbox import Wanted

AGAIN_AFTER_S: Final = 86_400


class Trouble(NamedTuple):
    """What is wrong."""

    kind: HealthKind
    subject: str
    """The app or the target that it is about."""
    summary: str
    remedy: str


def sound(conn: Connection, trouble: Trouble, routes: Routes, *, now: int) -> bool:
    """Tell of it, unless that was done within a day; whether it was told. `now`: Unix microseconds."""
    kind, subject, summary, remedy = trouble
    known = alarms.find(conn, kind, subject)
    if known is not None and now - known.told_at < AGAIN_AFTER_S * MICROSECONDS:
        if (known.summary, known.remedy) != (summary, remedy):
            alarms.save(conn, known._replace(summary=summary, remedy=remedy))
        return False
    since = now if known is None else known.since
    alarms.save(conn, Alarm(kind, subject, since, now, summary, remedy))
    notice_id = notices.append_health(conn, HealthNotice(kind, subject, summary, remedy, since, now))
    about = About(kind, "" if kind in {HealthKind.BACKLOG, HealthKind.DESTINATION} else subject)
    to = [route.target for route in routes.destinations if wants(route, about) and route.target != subject]
    outbox.enqueue(conn, [Wanted(target, 0, notice_id, None, 0) for target in to], now=now)
    return True


def calm(conn: Connection, kind: HealthKind, subject: str) -> None:
    """It is right again."""
    alarms.remove(conn, kind, subject)
