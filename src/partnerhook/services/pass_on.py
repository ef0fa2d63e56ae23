"""POSTs for the forward targets that want them: enqueued in the transaction that stores them, within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import structlog
from sqlalchemy import Connection

from partnerhook.core.receipts import Outcome, Stored
from partnerhook.core.routing import ForwardRoute, must_be_taken, wants_post
from partnerhook.store import clock, outbox, targets
from partnerhook.store.outbox import Wanted

log = structlog.get_logger("partnerhook.forward")


class NoRoom(NamedTuple):
    """Why a POST is not taken: everybody who wants it has as much waiting as may wait."""

    targets: tuple[str, ...]


class Candidate(NamedTuple):
    """A POST that was read and not stored yet."""

    app: str
    bytes: int
    outcomes: tuple[Outcome, ...]


def admit(conn: Connection, posts: Sequence[Candidate], routes: Sequence[ForwardRoute]) -> list[NoRoom | None]:
    """For each POST: None, or why Meta has to keep it."""
    held = targets.waiting_bytes(conn, [route.target for route in routes])
    told: list[NoRoom | None] = []
    for post in posts:
        wanting = [route for route in routes if wants_post(route, post.app, [one.field for one in post.outcomes])]
        full = [route for route in wanting if held.get(route.target, 0) + post.bytes > route.bytes_max]
        only_full = bool(wanting) and full == wanting and not any(route.drops_oldest for route in full)
        if only_full and not must_be_taken(post.outcomes):
            told.append(NoRoom(tuple(route.target for route in full)))
            continue
        told.append(None)
        for route in wanting:
            held[route.target] = held.get(route.target, 0) + post.bytes
    return told


def pass_on(conn: Connection, stored: Sequence[Stored], routes: Sequence[ForwardRoute]) -> None:
    """A delivery for each POST and each target that wants it. What others want waits for a full target, too."""
    now = clock.now(conn)
    wanted = [
        Wanted(route.target, 0 if route.one_by_one else one.receipt_id, None, one.receipt_id, one.body_bytes)
        for one in stored
        for route in routes
        if wants_post(route, one.app, [outcome.field for outcome in one.outcomes])
    ]
    if not wanted:
        return
    outbox.enqueue(conn, wanted, now=now)
    dropping = {route.target: route.bytes_max for route in routes if route.drops_oldest}
    if not dropping:
        return
    for target, held in targets.waiting_bytes(conn, list(dropping)).items():
        if held > dropping[target]:
            dropped = outbox.make_room(conn, target, held - dropping[target], now=now)
            log.warning("backlog full: the oldest were given up", target=target, dropped=dropped)
