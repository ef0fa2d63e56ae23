"""Every POST whose signature was right, with the fate of each of its changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    LargeBinary,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    null,
    select,
    update,
)

from partnerhook.core.names import PARTNER_SOLUTIONS, Flag
from partnerhook.core.receipts import Fate, Outcome, Receipt
from partnerhook.store import aging
from partnerhook.store import ids as row_ids
from partnerhook.store.bulk import insert_into
from partnerhook.store.schema import deliveries, observations, receipts
from partnerhook.store.sql import holds, numbers_of

_append = insert_into(receipts)
_ids = numbers_of("ids")
_oldest_body = (
    select(receipts.c.id)
    .where(receipts.c.id.between(bindparam("first"), bindparam("last")), receipts.c.body.is_not(None))
    .order_by(receipts.c.id)
    .limit(1)
)
_still_wanted = exists(
    select(literal_column("1")).where(
        deliveries.c.receipt_id == receipts.c.id, deliveries.c.fate == literal_column("'waiting'")
    )
)
_oldest_bodies = (
    select(receipts.c.id, receipts.c.body_bytes)
    .where(
        ~_still_wanted,
        receipts.c.received_at < bindparam("before"),
        receipts.c.id.between(bindparam("first"), bindparam("last")),
        receipts.c.body.is_not(None),
    )
    .order_by(receipts.c.id)
    .limit(bindparam("limit"))
)


def reserve(conn: Connection, count: int) -> Sequence[int]:
    """Ids for `count` receipts of this transaction."""
    return row_ids.reserve(conn, receipts.c.id, count)


def reserve_with_observations(conn: Connection, count: int, observed: int) -> list[Sequence[int]]:
    """The same, and ids for so many observations that they bring."""
    return row_ids.reserve_both(conn, (receipts.c.id, count), (observations.c.id, observed))


def append(conn: Connection, arrived: Sequence[Receipt]) -> None:
    """Store receipts."""
    _append.run(
        conn,
        [
            (
                receipt.id,
                receipt.app,
                receipt.received_at,
                receipt.body_bytes,
                receipt.body,
                " ".join(receipt.flags),
                _to_text(receipt.outcomes),
                receipt.quarantined,
                receipt.headers or None,
            )
            for receipt in arrived
        ],
    )


def find(conn: Connection, receipt_id: int, *, lock: bool = False) -> Receipt | None:
    """One receipt, or None. With `lock` nobody else changes it until the commit."""
    query = select(receipts).where(receipts.c.id == receipt_id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else from_row(row)


def settle(conn: Connection, receipt_id: int, outcomes: Sequence[Outcome]) -> None:
    """Something else became of its changes."""
    quarantined = [one.fate for one in outcomes].count(Fate.QUARANTINED)
    values = {"outcomes": _to_text(outcomes), "quarantined": quarantined}
    conn.execute(update(receipts).where(receipts.c.id == receipt_id).values(**values))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFilter:
    """Which receipts to list; None: all of them."""

    app: str | None = None
    quarantined: bool | None = None


class ListedReceipt(NamedTuple):
    """A receipt without its body, which can be megabytes; `receipt.body` is None."""

    receipt: Receipt
    body_kept: bool


_without_bodies: Select[Any] = select(
    *[null().label("body") if column is receipts.c.body else column for column in receipts.c],
    receipts.c.body.is_not(None).label("body_kept"),
)
# Written out, not bound: SQLite uses the partial index only where it can see the same condition.
_quarantined: Final = receipts.c.quarantined > literal_column("0")


def page(conn: Connection, wanted: ReceiptFilter, *, after_id: int, limit: int) -> list[ListedReceipt]:
    """The next receipts that fit, in the order of arrival."""
    query = _without_bodies.where(receipts.c.id > after_id).order_by(receipts.c.id).limit(limit)
    return [ListedReceipt(from_row(row), bool(row.body_kept)) for row in conn.execute(_filtered(query, wanted))]


def page_back(conn: Connection, wanted: ReceiptFilter, *, before_id: int | None, limit: int) -> list[ListedReceipt]:
    """The newest receipts that fit, or those before `before_id`, newest first."""
    query = _without_bodies.order_by(receipts.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(receipts.c.id < before_id)
    return [ListedReceipt(from_row(row), bool(row.body_kept)) for row in conn.execute(_filtered(query, wanted))]


def _filtered(query: Select[Any], wanted: ReceiptFilter) -> Select[Any]:
    if wanted.app is not None:
        query = query.where(receipts.c.app == wanted.app)
    if wanted.quarantined is not None:
        query = query.where(_quarantined if wanted.quarantined else receipts.c.quarantined == literal_column("0"))
    return query


def newest_before(conn: Connection, received_before: int, *, after_id: int = 0) -> int:
    """The last receipt behind `after_id` that came before `received_before` (Unix microseconds); else `after_id`."""
    return aging.last_before(conn, receipts.c.id, receipts.c.received_at, received_before, after_id=after_id)


def oldest(conn: Connection, *, from_id: int = 0) -> int | None:
    """The first receipt from `from_id` on."""
    return aging.oldest(conn, receipts.c.id, from_id=from_id)


def oldest_body(conn: Connection, *, after_id: int, last: int) -> int | None:
    """The first receipt behind `after_id`, up to `last`, that still has its raw body."""
    found: int | None = conn.execute(_oldest_body, {"first": after_id + 1, "last": last}).scalar()
    return found


def bodies_before(
    conn: Connection, received_before: int, *, after_id: int, last: int, limit: int, bytes_max: int
) -> list[int]:
    """The next receipts behind `after_id`, up to `last`, whose raw bodies are older than that (Unix microseconds).

    No more than `limit` of them and, but for the first, `bytes_max` of bodies.
    """
    span = {"first": after_id + 1, "last": last, "before": received_before, "limit": limit}
    ids: list[int] = []
    for row_id, size in conn.execute(_oldest_bodies, span):
        bytes_max -= size
        if ids and bytes_max < 0:
            break
        ids.append(row_id)
    return ids


def bodies(conn: Connection, ids: Sequence[int]) -> list[tuple[int, bytes, str]]:
    """Id, raw body and kept headers of those of `ids` that still have a body."""
    query = select(receipts.c.id, receipts.c.body, receipts.c.headers)
    rows = conn.execute(query.where(receipts.c.id.in_(ids), receipts.c.body.is_not(None)))
    return [(row.id, row.body, row.headers or "") for row in rows]


def bodies_gone_on(conn: Connection, received_before: int, *, limit: int) -> list[int]:
    """Receipts whose bodies went on to everybody who wanted them, and tell nothing of a solution.

    They hold people's messages: what has been passed on need not be kept.
    """
    query = select(receipts.c.id).where(
        receipts.c.headers.is_not(None),
        receipts.c.body.is_not(None),
        receipts.c.received_at < received_before,
        receipts.c.quarantined == literal_column("0"),
        ~receipts.c.outcomes.contains(PARTNER_SOLUTIONS, autoescape=True),
        ~_still_wanted,
    )
    return list(conn.execute(query.order_by(receipts.c.id).limit(limit)).scalars())


def holding(conn: Connection, text: bytes, *, first: int, last: int) -> list[int]:
    """Of the receipts from id `first` to `last` those whose body holds `text`."""
    found = holds(receipts.c.body, bindparam("text", text, type_=LargeBinary()))
    query = select(receipts.c.id).where(receipts.c.id.between(first, last), receipts.c.body.is_not(None), found)
    return list(conn.execute(query.order_by(receipts.c.id)).scalars())


def drop_bodies(conn: Connection, ids: Sequence[int]) -> int:
    """Drop the raw bodies of these receipts; how many still had one."""
    kept = receipts.c.id.in_(ids) & receipts.c.body.is_not(None)
    return conn.execute(update(receipts).where(kept).values(body=None, headers=None)).rowcount


def delete_those(conn: Connection, ids: Sequence[int]) -> int:
    """Delete these receipts, but for those that have a body; how many."""
    gone = receipts.c.id.in_(select(_ids.c.value)) & receipts.c.body.is_(None)
    return conn.execute(delete(receipts).where(gone), {"ids": json.dumps(ids)}).rowcount


def newest(conn: Connection) -> tuple[int, int] | None:
    """Id and `received_at` (Unix microseconds) of the receipt that was stored last; None where there is none."""
    query = select(receipts.c.id, receipts.c.received_at).order_by(receipts.c.id.desc()).limit(1)
    found = conn.execute(query).one_or_none()
    return None if found is None else (found.id, found.received_at)


def newest_of(conn: Connection, app: str) -> int | None:
    """When the newest receipt of an app came (Unix microseconds); None where there is none."""
    query = select(receipts.c.received_at).where(receipts.c.app == app).order_by(receipts.c.id.desc()).limit(1)
    found: int | None = conn.execute(query).scalar()
    return found


def count_quarantined(conn: Connection, since: int) -> int:
    """How many receipts that came since then (Unix microseconds) hold something in quarantine."""
    query = select(func.count()).where(_quarantined, receipts.c.received_at >= since)
    counted: int = conn.execute(query).scalar_one()
    return counted


def from_row(row: Row[Any]) -> Receipt:
    """One row as the value it was."""
    return Receipt(
        id=row.id,
        app=row.app,
        received_at=row.received_at,
        body_bytes=row.body_bytes,
        body=row.body,
        flags=tuple(Flag(flag) for flag in row.flags.split()),
        outcomes=_from_text(row.outcomes),
        headers=row.headers or "",
    )


def _to_text(outcomes: Sequence[Outcome]) -> str:
    """A line for each, its parts between tabs. Neither is in any part: words are printable, reasons are ours."""
    return "\n".join(["\t".join(outcome) for outcome in outcomes])


def _from_text(text: str) -> tuple[Outcome, ...]:
    parts = (line.split("\t") for line in text.split("\n") if line)
    return tuple(
        Outcome(path, field, Fate(fate), key, entry_id, reason) for path, field, fate, key, entry_id, reason in parts
    )
