"""Which customers' accounts were shared through which solution: the facts of `account_update`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, literal_column, select

from partnerhook.core.account_update import CustomerUpdate
from partnerhook.store import ids
from partnerhook.store.bulk import Bulk, Given, types_of
from partnerhook.store.schema import customer_events
from partnerhook.store.sql import least


def _upsert(given: Given) -> Any:
    made = given.insert(customer_events)
    return made.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "repeats": customer_events.c.repeats + made.excluded.repeats + literal_column("1"),
            "received_at": least(customer_events.c.received_at, made.excluded.received_at),
        },
    )


_append = Bulk(_upsert, **types_of(customer_events))


def append(conn: Connection, arrived: Sequence[tuple[str, str, CustomerUpdate, int, int]]) -> set[str]:
    """Keep events of customers, each as (key, app, update, received_at, receipt id); returns the keys that were new."""
    if not arrived:
        return set()
    once: dict[str, _Once] = {}
    for key, app, update, received_at, receipt_id in arrived:
        known = once.get(key)
        if known is None:
            once[key] = _Once(app, update, received_at, receipt_id)
        else:
            earliest = min(known.received_at, received_at)
            once[key] = known._replace(received_at=earliest, repeats=known.repeats + 1)
    # In one order for all, so that two who keep the same do not wait for each other.
    keys = sorted(once)
    row_ids = ids.reserve(conn, customer_events.c.id, len(keys))
    _append.run(conn, [_row(row_id, key, once[key]) for row_id, key in zip(row_ids, keys, strict=True)])
    new = ids.existing(conn, customer_events.c.id, row_ids)
    return {key for row_id, key in zip(row_ids, keys, strict=True) if new is None or row_id in new}


class _Once(NamedTuple):
    """An event with its repeats of one commit."""

    app: str
    update: CustomerUpdate
    received_at: int
    receipt_id: int
    repeats: int = 0


def _row(row_id: int, key: str, once: _Once) -> tuple[Any, ...]:
    app, update, received_at, receipt_id, repeats = once
    return (
        row_id,
        key,
        app,
        update.entry_id,
        update.event,
        update.waba_id,
        update.owner_business_id,
        update.partner_app_id,
        update.solution_id,
        " ".join(update.solution_partner_business_ids),
        update.time,
        received_at,
        repeats,
        receipt_id,
    )


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
