"""What people do with deliveries: look, pause, resume, try again, give up, replay the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine

from partnerhook.core.delivery import Fate
from partnerhook.core.health import HealthNotice
from partnerhook.core.notice_documents import AnyNotice
from partnerhook.core.routing import About, Route, wants
from partnerhook.core.timeline import say
from partnerhook.services.patience import transact
from partnerhook.store import clock, deliveries, listeners, locks, notices, outbox, receipts, targets
from partnerhook.store.deliveries import Attempt, Backlog, DeliveryFilter, Listed
from partnerhook.store.notices import NoticeFilter
from partnerhook.store.outbox import Wanted
from partnerhook.store.targets import FRESH, Standing

__all__ = ["Attempt", "Backlog", "DeliveryFilter", "Listed", "NoticeFilter", "Outbox", "Overview", "Standing"]

PAGE: Final = 500
"""Looked at, or changed, in one transaction."""


class Overview(NamedTuple):
    """How it stands with one target."""

    standing: Standing
    backlog: Backlog | None
    """None: nothing waits."""
    dead: int


class Outbox:
    """Every look-up and change, each in one short transaction; long ones take one for each page."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def overview(self) -> dict[str, Overview]:
        """How it stands with every target that anything is known of."""

        def read(conn: Connection) -> dict[str, Overview]:
            standing, backlogs, dead = targets.standings(conn), deliveries.backlogs(conn), deliveries.dead(conn)
            return {
                name: Overview(standing.get(name, FRESH), backlogs.get(name), dead.get(name, 0))
                for name in {*standing, *backlogs, *dead}
            }

        return transact(self._engine, read, writes=False)

    def find(self, wanted: DeliveryFilter) -> Iterator[Listed]:
        """All that fit, in the order in which they were enqueued."""
        after_id = 0
        while True:
            page = transact(
                self._engine, partial(deliveries.page, wanted=wanted, after_id=after_id, limit=PAGE), writes=False
            )
            if not page:
                return
            yield from page
            after_id = page[-1].id

    def deliveries_page(self, wanted: DeliveryFilter, *, before_id: int | None, limit: int) -> list[Listed]:
        """Those that fit and were enqueued last, or those before `before_id`, newest first."""
        read = partial(deliveries.page_back, wanted=wanted, before_id=before_id, limit=limit)
        return transact(self._engine, read, writes=False)

    def delivery(self, delivery_id: int) -> tuple[Listed, list[Attempt], AnyNotice | None] | None:
        """One delivery with its attempts and, where it has one, its notice; None where there is no such delivery."""

        def read(conn: Connection) -> tuple[Listed, list[Attempt], AnyNotice | None] | None:
            found = deliveries.find(conn, delivery_id)
            if found is None:
                return None
            told = notices.find(conn, [found.notice_id]) if found.notice_id is not None else {}
            return found, deliveries.attempts_of(conn, delivery_id), told.get(found.notice_id or 0)

        return transact(self._engine, read, writes=False)

    def has_receipt(self, number: int) -> bool:
        """Whether a receipt is still there; what tells nothing of a solution is deleted after a time."""
        return transact(self._engine, partial(receipts.oldest, from_id=number), writes=False) == number

    def pause(self, target: str, reason: str) -> None:
        """Attempt nothing there until `resume`; what is for it waits."""
        self._stand(target, lambda before, now: before._replace(paused_at=now, paused_reason=reason))

    def resume(self, target: str) -> None:
        """Attempt again, at once, whatever waits there."""
        self._stand(target, lambda _before, _now: FRESH)
        transact(self._engine, partial(deliveries.try_now, target=target), writes=True)

    def retry(self, wanted: Sequence[Listed]) -> int:
        """Try deliveries again that were given up, now; how many these were."""
        chosen = [one for one in wanted if one.fate in {Fate.DEAD, Fate.DISCARDED}]
        for first in range(0, len(chosen), PAGE):
            page = chosen[first : first + PAGE]
            transact(self._engine, partial(deliveries.put_back, wanted=page), writes=True)
        return len(chosen)

    def discard(self, wanted: Sequence[Listed]) -> int:
        """Give deliveries up that wait, or are dead; how many these were."""
        chosen = [one for one in wanted if one.fate in {Fate.WAITING, Fate.DEAD}]
        for first in range(0, len(chosen), PAGE):
            page = chosen[first : first + PAGE]
            transact(self._engine, partial(deliveries.discard, wanted=page), writes=True)
        return len(chosen)

    def notices(self, wanted: NoticeFilter, *, after_id: int = 0) -> Iterator[tuple[int, AnyNotice]]:
        """All that fit and were told after `after_id`, each with its number, in the order in which they were told."""
        while True:
            page = transact(
                self._engine, partial(notices.page, wanted=wanted, after_id=after_id, limit=PAGE), writes=False
            )
            if not page:
                return
            yield from page
            after_id = page[-1][0]

    def notices_page(self, wanted: NoticeFilter, *, before_id: int | None, limit: int) -> list[tuple[int, AnyNotice]]:
        """The newest that fit, or those before `before_id`, each with its number, newest first."""
        read = partial(notices.page_back, wanted=wanted, before_id=before_id, limit=limit)
        return transact(self._engine, read, writes=False)

    def count_notices(self, wanted: NoticeFilter) -> int:
        """How many fit."""
        return transact(self._engine, partial(notices.count, wanted=wanted), writes=False)

    def newest_notice(self) -> int:
        """The number of the notice that was told last; 0 where there is none."""
        return transact(self._engine, notices.newest_id, writes=False)

    def newest_attempt(self) -> int:
        """The number of the attempt that ended last; 0 where there was none."""
        return transact(self._engine, deliveries.newest_attempt, writes=False)

    def replay(self, told: Sequence[tuple[int, AnyNotice]], routes: Sequence[Route]) -> int:
        """Deliver notices of the past once more, to whoever of `routes` wants them; how many deliveries these are."""
        return transact(self._engine, partial(_enqueue, told=told, routes=routes), writes=True)

    def heard(self, listener: str) -> int | None:
        """The number of the last notice that a listener has heard; None where it is new."""
        return transact(self._engine, partial(listeners.position, name=listener), writes=False)

    def hear(self, listener: str, notice_id: int) -> None:
        """A listener has heard everything up to this notice."""
        transact(self._engine, partial(listeners.move, name=listener, notice_id=notice_id), writes=True)

    def _stand(self, target: str, change: Callable[[Standing, int], Standing]) -> None:
        def write(conn: Connection) -> None:
            locks.targets(conn, [target])
            targets.save(conn, target, change(targets.standing(conn, target), clock.now(conn)))

        transact(self._engine, write, writes=True)


def wanted_by(notice: AnyNotice, route: Route) -> bool:
    """Whether a destination wants to hear of it."""
    if isinstance(notice, HealthNotice):
        return wants(route, About(notice.kind, notice.app))
    portfolio_id = notice.observation.portfolio_id if notice.observation else ""
    status = say(notice.after.could_be[-1])
    return wants(route, About(notice.kind, notice.app, status, portfolio_id, notice.solution_id))


def _enqueue(conn: Connection, told: Sequence[tuple[int, AnyNotice]], routes: Sequence[Route]) -> int:
    lanes = notices.lanes(conn, [number for number, _ in told])
    wanted = [
        Wanted(route.target, lanes[number], number, None, 0)
        for number, notice in told
        for route in routes
        if wanted_by(notice, route)
    ]
    outbox.lock_solutions(conn, wanted)
    outbox.enqueue(conn, wanted, now=clock.now(conn))
    return len(wanted)
