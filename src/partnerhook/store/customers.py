"""Which customers' accounts were shared through which solution: the facts of `account_update`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from partnerhook.core.account_update import CustomerUpdate
from partnerhook.store.engine import reserve_ids
from partnerhook.store.schema import customer_events

_append = insert(customer_events).on_conflict_do_update(
    index_elements=["key"], set_={"repeats": customer_events.c.repeats + 1}
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


def of_solution(conn: Connection, app: str, solution_id: str) -> Sequence[Row[Any]]:
    """The customer events that name this solution, oldest first."""
    return conn.execute(
        select(customer_events)
        .where(customer_events.c.app == app, customer_events.c.solution_id == solution_id)
        .order_by(customer_events.c.received_at)
    ).all()
