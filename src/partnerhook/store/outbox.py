"""The outbox: who is still to get what. Enqueued with the change itself, claimed, settled.

In a lane (a solution, for a destination) one goes after the other. Only the first that waits in a lane has a
`due_at`; settling it for good makes the next one due. A claim moves `due_at` to where the claim ends: whoever
dies with it loses it then, and somebody else sends once more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from partnerhook.core.delivery import Answer, Decision, Fate
from partnerhook.store import ids as row_ids
from partnerhook.store import locks, targets, wakeup
from partnerhook.store.bulk import Bulk, Given, insert_into
from partnerhook.store.schema import attempts, deliveries

WAITING: Final = deliveries.c.fate == literal_column("'waiting'")


DROPPED_AT_ONCE_MAX: Final = 2_000
"""In one transaction; the next one goes on."""


class Wanted(NamedTuple):
    """A delivery on its way into the outbox."""

    target: str
    lane: int
    notice_id: int | None
    receipt_id: int | None
    bytes: int


_ahead = deliveries.alias("ahead")


def _first_waiting(target: ColumnElement[str], lane: ColumnElement[int]) -> Any:
    """The first that waits in a lane, or NULL.

    By the lowest id, which the index of the lanes is in order of. Asked whether there is one at all, PostgreSQL may
    rather read the whole table once for all lanes together, and does so with some thousands that wait.
    """
    return (
        select(func.min(_ahead.c.id))
        .where(_ahead.c.target == target, _ahead.c.lane == lane, _ahead.c.fate == literal_column("'waiting'"))
        .correlate_except(_ahead)
        .scalar_subquery()
    )


def _insert(given: Given) -> Any:
    behind = or_(given["behind"] == literal_column("1"), _first_waiting(given["target"], given["lane"]).is_not(None))
    return given.insert(
        deliveries,
        fate=literal_column("'waiting'", Text()),
        attempts=literal_column("0", Integer()),
        due_at=case((behind, null()), else_=given["created_at"]),
        holder=literal_column("''", Text()),
    )


_enqueue = Bulk(
    _insert,
    id=BigInteger(),
    target=Text(),
    lane=BigInteger(),
    notice_id=BigInteger(),
    receipt_id=BigInteger(),
    bytes=BigInteger(),
    created_at=BigInteger(),
    behind=Integer(),
)


def _update(given: Given) -> Any:
    return (
        update(deliveries)
        .where(deliveries.c.id == given["row_id"], deliveries.c.holder == given["claimed_by"])
        .values(
            fate=given["new_fate"],
            attempts=deliveries.c.attempts + literal_column("1"),
            first_attempt_at=func.coalesce(deliveries.c.first_attempt_at, given["attempted_at"]),
            due_at=given["due"],
            holder=literal_column("''"),
            settled_at=given["settled"],
        )
    )


_settle = Bulk(
    _update,
    new_fate=Text(),
    attempted_at=BigInteger(),
    due=BigInteger(),
    settled=BigInteger(),
    row_id=BigInteger(),
    claimed_by=Text(),
)


def _next_due(given: Given) -> Any:
    first_waiting = _first_waiting(given["of_target"], given["of_lane"])
    return (
        update(deliveries)
        .where(deliveries.c.id == first_waiting, deliveries.c.due_at.is_(None))
        .values(due_at=given["due"])
    )


make_next_due = Bulk(_next_due, due=BigInteger(), of_target=Text(), of_lane=BigInteger())
_attempt = insert_into(attempts)
_due_now = (
    select(deliveries.c.id)
    .where(deliveries.c.target == bindparam("of_target"), deliveries.c.due_at <= bindparam("now"))
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_earliest = (
    select(func.min(deliveries.c.due_at))
    .where(deliveries.c.target == bindparam("of_target"), deliveries.c.due_at.is_not(None))
    .scalar_subquery()
)
_earliest_due = select(_earliest)


def enqueue(conn: Connection, wanted: Sequence[Wanted], *, now: int) -> Sequence[int]:
    """Have these delivered; returns the ids of the deliveries. The caller has locked the solutions behind the lanes."""
    if not wanted:
        return ()
    locks.targets(conn, [one.target for one in wanted if one.bytes or not one.lane])
    ids = row_ids.reserve(conn, deliveries.c.id, len(wanted))
    lanes: set[tuple[str, int]] = set()
    rows = []
    for row_id, (to, lane, notice, receipt, size) in zip(ids, wanted, strict=True):
        rows.append((row_id, to, lane, notice, receipt, size, now, int((to, lane) in lanes)))
        lanes.add((to, lane))
    _enqueue.run(conn, rows)
    wakeup.tell(conn)
    for target in sorted({one.target for one in wanted if one.bytes}):
        targets.add_waiting(conn, target, sum([one.bytes for one in wanted if one.target == target]))
    return ids


class Claimed(NamedTuple):
    """A delivery that this process may attempt now."""

    id: int
    target: str
    lane: int
    notice_id: int | None
    receipt_id: int | None
    attempts: int
    """So many before this one."""
    first_attempt_at: int | None
    holder: str


class Laned(Protocol):
    """A delivery, as far as its lane goes."""

    @property
    def lane(self) -> int:
        """Which one."""

    @property
    def notice_id(self) -> int | None:
        """Of notices, lanes are solutions."""


class Settlement(NamedTuple):
    """How an attempt ended, and what becomes of its delivery. Unix microseconds."""

    claimed: Claimed
    answer: Answer
    decision: Decision
    started_at: int
    ended_at: int


def earliest_due(conn: Connection, target: str) -> int | None:
    """When the next attempt for a target is due (Unix microseconds); None where nothing waits."""
    found: int | None = conn.execute(_earliest_due, {"of_target": target}).scalar()
    return found


def claim(conn: Connection, target: str, holder: str, *, now: int, until: int, limit: int) -> list[Claimed]:
    """Claim what is due for a target, at most `limit`; nobody else gets it before `until` (Unix microseconds)."""
    ids = list(conn.execute(_due_now, {"of_target": target, "now": now, "most": limit}).scalars())
    if not ids:
        return []
    mine = deliveries.c.id.in_(ids)
    conn.execute(update(deliveries).where(mine).values(due_at=until, holder=holder))
    rows = conn.execute(select(deliveries).where(mine).order_by(deliveries.c.id))
    return [_claimed(row) for row in rows]


def _claimed(row: Row[Any]) -> Claimed:
    return Claimed(
        row.id, row.target, row.lane, row.notice_id, row.receipt_id, row.attempts, row.first_attempt_at, row.holder
    )


def settle(conn: Connection, ended: Sequence[Settlement]) -> None:
    """Write down how attempts ended. A delivery that somebody else has claimed since is theirs.

    The caller has called `lock_solutions`, and locked the target where one of them is in its lane or has bytes.
    """
    if not ended:
        return
    for_good = [one for one in ended if one.decision.fate is not Fate.WAITING]
    _forget_bytes(conn, for_good)
    _settle.run(
        conn,
        [
            (
                one.decision.fate.value,
                one.started_at,
                one.decision.due_at,
                None if one.decision.fate is Fate.WAITING else one.ended_at,
                one.claimed.id,
                one.claimed.holder,
            )
            for one in ended
        ],
    )
    make_next_due.run(
        conn,
        [(one.ended_at, one.claimed.target, one.claimed.lane) for one in for_good],
    )
    ids = row_ids.reserve(conn, attempts.c.id, len(ended))
    _attempt.run(
        conn,
        [
            (
                row_id,
                one.claimed.id,
                one.started_at,
                one.ended_at - one.started_at,
                one.answer.reply.value,
                one.answer.status,
                one.answer.text,
            )
            for row_id, one in zip(ids, ended, strict=True)
        ],
    )


def lock_solutions(conn: Connection, of: Iterable[Laned]) -> None:
    """Lock the solutions behind the lanes of these deliveries: so nobody adds to a lane unseen while it moves on."""
    locks.solutions(conn, [one.lane for one in of if one.notice_id is not None and one.lane])


def _forget_bytes(conn: Connection, settled: Sequence[Settlement]) -> None:
    """What is settled waits no more. Before it is written down: of what somebody else has claimed they keep count."""
    posts = [one.claimed for one in settled if one.claimed.receipt_id is not None]
    for holder in {one.holder for one in posts}:
        mine = deliveries.c.id.in_([one.id for one in posts if one.holder == holder])
        held = select(deliveries.c.target, func.sum(deliveries.c.bytes).cast(BigInteger)).where(
            mine, deliveries.c.holder == holder
        )
        for target, count in conn.execute(held.group_by(deliveries.c.target)).all():
            targets.add_waiting(conn, target, -count)


def make_room(conn: Connection, target: str, count: int, *, now: int) -> int:
    """Give up the oldest that wait for a target and are not under way, until `count` bytes are free; how many."""
    query = select(deliveries.c.id, deliveries.c.bytes, deliveries.c.lane).where(
        deliveries.c.target == target, deliveries.c.fate == literal_column("'waiting'"), deliveries.c.holder == ""
    )
    dropped = 0
    for row in conn.execute(query.order_by(deliveries.c.id).limit(DROPPED_AT_ONCE_MAX)).all():
        if count <= 0:
            break
        gone = {"fate": Fate.DEAD.value, "due_at": None, "settled_at": now}
        conn.execute(update(deliveries).where(deliveries.c.id == row.id).values(**gone))
        targets.add_waiting(conn, target, -row.bytes)
        make_next_due.run(conn, [(now, target, row.lane)])
        count -= row.bytes
        dropped += 1
    return dropped


def release(conn: Connection, gone: Iterable[str], *, now: int, but: Collection[int] = ()) -> None:
    """What these holders had claimed is due at once, but for some ids: nobody works on it."""
    conn.execute(
        update(deliveries)
        .where(deliveries.c.holder.in_(list(gone)), deliveries.c.due_at.is_not(None), deliveries.c.id.not_in(but))
        .values(due_at=now, holder="")
    )


def holders(conn: Connection) -> list[str]:
    """Who has claimed something."""
    claimed = select(deliveries.c.holder).distinct().where(deliveries.c.due_at.is_not(None), deliveries.c.holder != "")
    return list(conn.execute(claimed).scalars())
