"""Whole tables, read in order and written as they are: for moving a database into another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, delete, func, select, text

from partnerhook.store import ids, schema
from partnerhook.store.bulk import insert_into
from partnerhook.store.sql import is_postgresql

NUMBERED: Final[dict[str, Column[Any]]] = {
    column.table.name: column
    for column in (
        schema.receipts.c.id,
        schema.solution_numbers.c.number,
        schema.observations.c.id,
        schema.solutions.c.number,
        schema.customer_events.c.id,
        schema.graph_readings.c.solution_number,
        schema.notices.c.id,
        schema.deliveries.c.id,
        schema.attempts.c.id,
        schema.audit_log.c.id,
    )
}
"""Tables that can be large, each with the number that its rows are copied by."""

SMALL: Final = (schema.targets, schema.listeners, schema.alarms, schema.api_keys, schema.figures, schema.milestones)
"""Copied at once. Leases and requests are of processes that have ended; sessions end with the move."""

ROWS_MAX: Final = 2_000
BYTES_MAX: Final = 8 * 1024 * 1024
"""Of one page."""

Rows = list[tuple[Any, ...]]

_inserts: Final = {name: insert_into(column.table) for name, column in NUMBERED.items()}
_small_inserts: Final = {table.name: insert_into(table) for table in SMALL}


def counts(conn: Connection) -> dict[str, int]:
    """How many rows each table has."""
    tables = [column.table for column in NUMBERED.values()] + list(SMALL)
    return {table.name: conn.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


def newest(conn: Connection, table: str) -> int:
    """The highest number in a table; 0 where it is empty."""
    found: int = conn.execute(select(func.coalesce(func.max(NUMBERED[table]), 0))).scalar_one()
    return found


def pages(conn: Connection, table: str, *, after: int) -> Iterator[Rows]:
    """All rows behind number `after`, in order, in pages of bounded size."""
    column = NUMBERED[table]
    query = select(column.table).where(column > after).order_by(column)
    page: Rows = []
    size = 0
    for row in conn.execution_options(yield_per=200).execute(query):
        page.append(tuple(row))
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(page) >= ROWS_MAX or size >= BYTES_MAX:
            yield page
            page, size = [], 0
    if page:
        yield page


def write(conn: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add a page."""
    _inserts[table].run(conn, rows)


def read_small(conn: Connection) -> dict[str, Rows]:
    """The small tables, whole."""
    return {table.name: [tuple(row) for row in conn.execute(select(table))] for table in SMALL}


def write_small(conn: Connection, rows: dict[str, Rows]) -> None:
    """Put them in place of what is there."""
    for table in SMALL:
        conn.execute(delete(table))
        _small_inserts[table.name].run(conn, rows[table.name])


def clear(conn: Connection) -> None:
    """Remove everything that was written."""
    for table in (*[column.table for column in NUMBERED.values()], *SMALL):
        conn.execute(delete(table))


def finish(conn: Connection) -> None:
    """New rows get numbers behind those that were copied, and the planner knows the tables."""
    if not is_postgresql(conn):
        return
    for name, column in NUMBERED.items():
        if name in SEQUENCED:
            at = {"sequence": ids.sequence_of(column), "newest": newest(conn, name) + 1}
            conn.execute(text("SELECT setval(CAST(:sequence AS regclass), :newest, false)"), at)
    conn.execute(text("ANALYZE"))


SEQUENCED: Final = NUMBERED.keys() - {schema.solutions.name, schema.graph_readings.name}


def checksum(conn: Connection, table: Table) -> str:
    """SHA-256 over all rows of a table, in the order of their numbers."""
    column = NUMBERED[table.name]
    digest = hashlib.sha256()
    for row in conn.execution_options(yield_per=500).execute(select(table).order_by(column)):
        digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def fingerprint(conn: Connection) -> str:
    """Whether a database is still as it was: what every change of it moves."""
    moved = [
        *[func.coalesce(func.max(NUMBERED[name]), 0) for name in ("receipts", "observations", "notices", "attempts")],
        func.coalesce(func.sum(schema.observations.c.repeats), 0),
    ]
    values = [conn.execute(select(one)).scalar_one() for one in moved]
    bodies = conn.execute(select(func.count()).where(schema.receipts.c.body.is_not(None))).scalar_one()
    return " ".join(str(value) for value in (*values, bodies))
