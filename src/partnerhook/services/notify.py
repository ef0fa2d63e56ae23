"""Tell those who want to hear it what happened to a solution; in the transaction in which it happens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from partnerhook.core.receipts import Stored
from partnerhook.core.routing import About, ForwardRoute, Route, wants, wants_post
from partnerhook.core.timeline import say
from partnerhook.store import notices, outbox
from partnerhook.store.notices import Told
from partnerhook.store.outbox import Wanted


class Routes(NamedTuple):
    """Who wants to hear of what, as it is configured now."""

    destinations: tuple[Route, ...] = ()
    forward: tuple[ForwardRoute, ...] = ()


NOBODY = Routes()


class Routing:
    """The routes, for whoever works on while the configuration may change."""

    def __init__(self, now: Routes = NOBODY) -> None:
        self.now = now


def notify(conn: Connection, told: Sequence[tuple[Told, About]], routes: Routes) -> None:
    """Store notices, and a delivery for each destination that wants one."""
    if not told:
        return
    now = time.time_ns() // 1_000
    ids = notices.append(conn, [one for one, _ in told], now=now)
    wanted = [
        Wanted(route.target, one.solution_number, notice_id, None, 0)
        for notice_id, (one, about) in zip(ids, told, strict=True)
        for route in routes.destinations
        if wants(route, about)
    ]
    if wanted:
        outbox.enqueue(conn, wanted, now=now)


def pass_on(conn: Connection, stored: Sequence[Stored], routes: Sequence[ForwardRoute]) -> None:
    """A delivery for each POST and each forward target that wants it."""
    wanted = [
        Wanted(route.target, 0 if route.one_by_one else one.receipt_id, None, one.receipt_id, one.body_bytes)
        for one in stored
        for route in routes
        if wants_post(route, one.app, [outcome.field for outcome in one.outcomes])
    ]
    if wanted:
        outbox.enqueue(conn, wanted, now=time.time_ns() // 1_000)


def about(told: Told, solution_id: str, portfolio_id: str) -> About:
    """What filters look at."""
    return About(told.step.kind, told.app, say(told.step.after[-1]), portfolio_id, solution_id)
