"""The log of observations: appended, counted up, never changed otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, literal_column, select
from sqlalchemy.dialects.sqlite import insert

from partnerhook.core.names import Flag
from partnerhook.core.observations import Observation, Source
from partnerhook.store.bulk import Bulk
from partnerhook.store.engine import reserve_ids
from partnerhook.store.schema import observations

_insert = insert(observations)
_append = Bulk(
    _insert.on_conflict_do_update(
        index_elements=["app", "solution_id", "key"],
        set_={
            "repeats": observations.c.repeats + literal_column("1"),
            "received_at": func.min(observations.c.received_at, _insert.excluded.received_at),
            "last_received_at": func.max(observations.c.last_received_at, _insert.excluded.last_received_at),
            # A missing time and an unreadable one have the same key; which came first must not show.
            "flags": func.max(observations.c.flags, _insert.excluded.flags),
        },
    ),
    *observations.c.keys(),
)
_ids_between = select(observations.c.id).where(observations.c.id.between(bindparam("first"), bindparam("last")))
_history = select(observations).where(
    observations.c.app == bindparam("app"), observations.c.solution_id == bindparam("solution_id")
)


def append(conn: Connection, arrived: Sequence[tuple[Observation, int]]) -> tuple[range, list[bool]]:
    """Append observations, each with the id of its receipt; count up those that are there already.

    Returns the ids that were set aside for them, and for each whether it was new.
    """
    ids = reserve_ids(conn, observations.c.id, len(arrived))
    _append.run(
        conn,
        [
            (
                row_id,
                one.app,
                one.solution_id,
                one.key,
                one.portfolio_id,
                one.event,
                one.reported_status,
                one.time,
                one.received_at,
                one.last_received_at,
                one.repeats,
                one.source.value,
                " ".join(one.flags),
                receipt_id,
            )
            for row_id, (one, receipt_id) in zip(ids, arrived, strict=True)
        ],
    )
    # The database, not our memory, knows which were new: those that now stand under their own id.
    new = set(conn.execute(_ids_between, {"first": ids.start, "last": ids.stop - 1}).scalars())
    return ids, [row_id in new for row_id in ids]


def history(conn: Connection, app: str, solution_id: str) -> list[Observation]:
    """Everything ever heard of one solution, in no particular order."""
    return [from_row(row) for row in conn.execute(_history, {"app": app, "solution_id": solution_id})]


def select_where(*conditions: Any) -> Select[Any]:
    """All observations that fit, in the order of arrival."""
    return select(observations).where(*conditions).order_by(observations.c.id)


def stream(conn: Connection, query: Select[Any]) -> Iterator[tuple[int, Observation]]:
    """The observations of `query` with their ids, read as they are asked for."""
    for row in conn.execute(query.execution_options(yield_per=1000)):
        yield row.id, from_row(row)


def from_row(row: Row[Any]) -> Observation:
    """One row as the value it was."""
    return Observation(
        key=row.key,
        app=row.app,
        solution_id=row.solution_id,
        portfolio_id=row.portfolio_id,
        event=row.event,
        reported_status=row.reported_status,
        time=row.time,
        received_at=row.received_at,
        last_received_at=row.last_received_at,
        repeats=row.repeats,
        source=Source(row.source),
        flags=tuple(Flag(flag) for flag in row.flags.split()),
        receipt_id=row.receipt_id,
    )
