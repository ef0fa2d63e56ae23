"""Which customers' accounts were shared through which solution: the facts of `account_update`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.sqlite import insert

from partnerhook.core.account_update import CustomerUpdate
from partnerhook.store.engine import reserve_ids
from partnerhook.store.schema import customer_events

_insert = insert(customer_events)
_append = _insert.on_conflict_do_update(
    index_elements=["key"],
    set_={
        "repeats": customer_events.c.repeats + 1,
        "received_at": func.min(customer_events.c.received_at, _insert.excluded.received_at),
    },
)
_ids_between = select(customer_events.c.id).where(customer_events.c.id.between(bindparam("first"), bindparam("last")))


def append(conn: Connection, arrived: Sequence[tuple[str, str, CustomerUpdate, int, int]]) -> set[str]:
    """Keep events of customers, each as (key, app, update, received_at, receipt id); returns the keys that were new."""
    if not arrived:
        return set()
    ids = reserve_ids(conn, customer_events.c.id, len(arrived))
    conn.execute(
        _append,
        [
            {
                "id": row_id,
                "key": key,
                "app": app,
                "entry_id": update.entry_id,
                "event": update.event,
                "waba_id": update.waba_id,
                "owner_business_id": update.owner_business_id,
                "partner_app_id": update.partner_app_id,
                "solution_id": update.solution_id,
                "solution_partner_business_ids": " ".join(update.solution_partner_business_ids),
                "time": update.time,
                "received_at": received_at,
                "repeats": 0,
                "receipt_id": receipt_id,
            }
            for row_id, (key, app, update, received_at, receipt_id) in zip(ids, arrived, strict=True)
        ],
    )
    new = set(conn.execute(_ids_between, {"first": ids.start, "last": ids.stop - 1}).scalars())
    return {key for row_id, (key, *_) in zip(ids, arrived, strict=True) if row_id in new}


class CustomerEvent(NamedTuple):
    """A customer's account was shared or unshared. Ids are empty where not sent."""

    event: str
    waba_id: str
    owner_business_id: str
    partner_app_id: str
    solution_partner_business_ids: tuple[str, ...]
    entry_id: str
    time: int | None
    """Unix seconds, as sent."""
    received_at: int
    """Unix microseconds of our clock."""
    repeats: int
    receipt_id: int


def of_solution(conn: Connection, app: str, solution_id: str) -> list[CustomerEvent]:
    """The customer events that name this solution, oldest first."""
    rows = conn.execute(
        select(customer_events)
        .where(customer_events.c.app == app, customer_events.c.solution_id == solution_id)
        .order_by(customer_events.c.received_at, customer_events.c.id)
    )
    return [
        CustomerEvent(
            event=row.event,
            waba_id=row.waba_id,
            owner_business_id=row.owner_business_id,
            partner_app_id=row.partner_app_id,
            solution_partner_business_ids=tuple(row.solution_partner_business_ids.split()),
            entry_id=row.entry_id,
            time=row.time,
            received_at=row.received_at,
            repeats=row.repeats,
            receipt_id=row.receipt_id,
        )
        for row in rows
    ]
