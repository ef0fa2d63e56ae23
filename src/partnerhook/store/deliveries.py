"""Deliveries as people see them: what waits, what was given up and why, and what to do with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Row, Select, bindparam, delete, func, literal_column, select, update

from partnerhook.core.delivery import Answer, Fate, Reply
from partnerhook.store import aging, clock, locks, numbers, outbox, targets
from partnerhook.store.outbox import make_next_due
from partnerhook.store.schema import attempts, deliveries, notices
from partnerhook.store.sql import numbers_of

_ids = numbers_of("ids")
WAITING: Final = deliveries.c.fate == literal_column("'waiting'")


class Listed(NamedTuple):
    """A delivery as people see it. Unix microseconds."""

    id: int
    target: str
    notice_id: int | None
    receipt_id: int | None
    fate: Fate
    attempts: int
    created_at: int
    due_at: int | None
    """When it is tried next; None: it is settled, or waits for the one before it."""
    settled_at: int | None


class Attempt(NamedTuple):
    """One attempt, as it ended."""

    at: int
    duration_us: int
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries to look at; None: all of them."""

    target: str | None = None
    fate: Fate | None = None
    ids: tuple[int, ...] | None = None
    notice_ids: tuple[int, ...] | None = None
    solution_id: str | None = None


_listed = select(*[deliveries.c[name] for name in Listed._fields])


def page(conn: Connection, wanted: DeliveryFilter, *, after_id: int, limit: int) -> list[Listed]:
    """The next deliveries that fit, in the order in which they were enqueued."""
    query = _filtered(_listed, wanted).where(deliveries.c.id > after_id).order_by(deliveries.c.id).limit(limit)
    return [_from_row(row) for row in conn.execute(query)]


def page_back(conn: Connection, wanted: DeliveryFilter, *, before_id: int | None, limit: int) -> list[Listed]:
    """The deliveries that fit and were enqueued last, or those before `before_id`, newest first."""
    query = _filtered(_listed, wanted).order_by(deliveries.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(deliveries.c.id < before_id)
    if wanted == DeliveryFilter(fate=Fate.DEAD):
        query = query.where(deliveries.c.id.in_(_dead_before(before_id, limit)))
    return [_from_row(row) for row in conn.execute(query)]


def _dead_before(before_id: int | None, limit: int) -> Select[tuple[int]]:
    """The newest of all targets' dead deliveries, sorted out of their index.

    The sum is there for the planner, which would else go back through everything in the order of ids, as if the next
    dead one were never far.
    """
    query = select(deliveries.c.id).where(deliveries.c.fate == literal_column("'dead'"))
    if before_id is not None:
        query = query.where(deliveries.c.id + literal_column("0") < before_id)
    return query.order_by((deliveries.c.id + literal_column("0")).desc()).limit(limit)


def find(conn: Connection, delivery_id: int) -> Listed | None:
    """One delivery, or None."""
    row = conn.execute(_listed.where(deliveries.c.id == delivery_id)).one_or_none()
    return None if row is None else _from_row(row)


def attempts_of(conn: Connection, delivery_id: int) -> list[Attempt]:
    """How its attempts ended, oldest first."""
    rows = conn.execute(select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.id))
    return [Attempt(row.at, row.duration_us, Answer(Reply(row.reply), row.status, row.answer)) for row in rows]


def newest_attempt(conn: Connection) -> int:
    """The id of the attempt that ended last; 0 where there was none."""
    newest: int = conn.execute(select(func.coalesce(func.max(attempts.c.id), 0))).scalar_one()
    return newest


class Backlog(NamedTuple):
    """What waits for a target."""

    deliveries: int
    bytes: int
    oldest_at: int
    """Unix microseconds: when the one that waits longest was enqueued."""


def backlogs(conn: Connection) -> dict[str, Backlog]:
    """What waits, by target."""
    query = (
        select(
            deliveries.c.target,
            func.count(),
            func.sum(deliveries.c.bytes).cast(BigInteger),
            func.min(deliveries.c.created_at),
        )
        .where(WAITING)
        .group_by(deliveries.c.target)
    )
    return {row[0]: Backlog(*row[1:]) for row in conn.execute(query)}


def dead(conn: Connection) -> dict[str, int]:
    """How many were given up, by target."""
    given_up = deliveries.c.fate == literal_column("'dead'")
    query = select(deliveries.c.target, func.count()).where(given_up).group_by(deliveries.c.target)
    return {row[0]: row[1] for row in conn.execute(query)}


def put_back(conn: Connection, wanted: Sequence[Listed]) -> None:
    """Have deliveries that were given up tried again; each behind whatever waits in its lane."""
    _lock(conn, wanted)
    now = clock.now(conn)
    for one in wanted:
        row = _open_for_change(conn, one, (Fate.DEAD, Fate.DISCARDED))
        if row is None:
            continue
        busy = conn.execute(_lane_waits, {"same_target": one.target, "same_lane": row.lane}).first() is not None
        values = {"fate": Fate.WAITING.value, "due_at": None if busy else now, "settled_at": None}
        conn.execute(update(deliveries).where(deliveries.c.id == one.id).values(**values, first_attempt_at=None))
        targets.add_waiting(conn, one.target, row.bytes)


def discard(conn: Connection, wanted: Sequence[Listed]) -> None:
    """Give deliveries up."""
    _lock(conn, wanted)
    now = clock.now(conn)
    for one in wanted:
        row = _open_for_change(conn, one, (Fate.WAITING, Fate.DEAD))
        if row is None:
            continue
        values = {"fate": Fate.DISCARDED.value, "due_at": None, "settled_at": now, "holder": ""}
        conn.execute(update(deliveries).where(deliveries.c.id == one.id).values(**values))
        if row.fate == Fate.WAITING:
            targets.add_waiting(conn, one.target, -row.bytes)
        make_next_due.run(conn, [(now, one.target, row.lane)])


def _lock(conn: Connection, wanted: Sequence[Listed]) -> None:
    """Whatever their lanes and their targets' sums hang on."""
    laned = select(deliveries.c.lane, deliveries.c.notice_id).where(deliveries.c.id.in_([one.id for one in wanted]))
    outbox.lock_solutions(conn, conn.execute(laned).all())
    locks.targets(conn, [one.target for one in wanted])


def _open_for_change(conn: Connection, one: Listed, fates: Sequence[Fate]) -> Any:
    """The delivery as it is now, if it still has one of these fates."""
    query = select(deliveries.c.lane, deliveries.c.bytes, deliveries.c.fate).where(deliveries.c.id == one.id)
    return conn.execute(query.where(deliveries.c.fate.in_([fate.value for fate in fates]))).one_or_none()


def newest_before(conn: Connection, enqueued_before: int) -> int:
    """The last delivery that was enqueued before that (Unix microseconds); 0 where there is none."""
    return aging.last_before(conn, deliveries.c.id, deliveries.c.created_at, enqueued_before)


def settled_before(conn: Connection, before: int, *, after_id: int, last: int, limit: int) -> list[int]:
    """The next deliveries behind `after_id`, up to `last`, that were settled before `before` (Unix microseconds)."""
    span = deliveries.c.id.between(after_id + 1, last)
    query = select(deliveries.c.id).where(span, deliveries.c.settled_at < before)
    return list(conn.execute(query.order_by(deliveries.c.id).limit(limit)).scalars())


def delete_those(conn: Connection, ids: Sequence[int], *, settled_before: int) -> None:
    """Forget these deliveries with their attempts, but for those that somebody has put back meanwhile."""
    wanted = {"ids": json.dumps(ids)}
    settled = deliveries.c.id.in_(select(_ids.c.value)) & (deliveries.c.settled_at < settled_before)
    gone = list(conn.execute(delete(deliveries).where(settled).returning(deliveries.c.id), wanted).scalars())
    conn.execute(delete(attempts).where(attempts.c.delivery_id.in_(select(_ids.c.value))), {"ids": json.dumps(gone)})


def awaited(conn: Connection, first: int, last: int) -> set[int]:
    """Of the receipts from id `first` to `last` those that wait to be passed on."""
    span = deliveries.c.receipt_id.between(first, last)
    return set(conn.execute(select(deliveries.c.receipt_id).where(WAITING, span)).scalars())


def try_now(conn: Connection, target: str) -> None:
    """Whatever waits for another attempt at a target is due at once."""
    now = clock.now(conn)
    conn.execute(
        update(deliveries)
        .where(deliveries.c.target == target, deliveries.c.due_at > now, deliveries.c.holder == "")
        .values(due_at=now)
    )


_lane_waits: Final[Select[Any]] = select(literal_column("1")).where(
    deliveries.c.target == bindparam("same_target"), deliveries.c.lane == bindparam("same_lane"), WAITING
)


def _filtered(query: Select[Any], wanted: DeliveryFilter) -> Select[Any]:
    if wanted.target is not None:
        query = query.where(deliveries.c.target == wanted.target)
    if wanted.fate is not None:
        # Written out, not bound: the indexes of what waits and what is dead are partial ones.
        query = query.where(deliveries.c.fate == literal_column(f"'{wanted.fate.value}'"))
    if wanted.ids is not None:
        query = query.where(deliveries.c.id.in_(wanted.ids))
    if wanted.notice_ids is not None:
        query = query.where(deliveries.c.notice_id.in_(wanted.notice_ids))
    if wanted.solution_id is not None:
        of_solution = notices.c.solution_number.in_(numbers.having(wanted.solution_id))
        told = select(notices.c.id).where(of_solution)
        query = query.where(deliveries.c.notice_id.in_(told))
    return query


def _from_row(row: Row[Any]) -> Listed:
    return Listed._make(row)._replace(fate=Fate(row.fate))
