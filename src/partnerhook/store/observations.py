"""The log of observations: appended, counted up, never changed otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, literal_column, select
from sqlalchemy.dialects.sqlite import insert

from partnerhook.core.names import Flag
from partnerhook.core.observations import Observation, Source
from partnerhook.store import numbers
from partnerhook.store.bulk import Bulk
from partnerhook.store.engine import reserve_ids
from partnerhook.store.schema import observations

_insert = insert(observations)
_append = Bulk(
    _insert.on_conflict_do_update(
        index_elements=["solution_number", "key"],
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
_count_between = select(func.count()).where(observations.c.id.between(bindparam("first"), bindparam("last")))
_history = select(observations).where(observations.c.solution_number == bindparam("number"))


def append(
    conn: Connection, arrived: Sequence[tuple[Observation, int | None]], solution_numbers: Sequence[int]
) -> list[int | None]:
    """Append observations, each with the id of its receipt, None where no POST brought it; count up known ones.

    `solution_numbers` are those of the solutions they speak of. Returns for each its id, None where it was known.
    """
    ids = reserve_ids(conn, observations.c.id, len(arrived))
    _append.run(
        conn,
        [
            (
                row_id,
                solution_number,
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
            for row_id, solution_number, (one, receipt_id) in zip(ids, solution_numbers, arrived, strict=True)
        ],
    )
    # The database, not our memory, knows which were new: those that now stand under their own id. Mostly all of them.
    span = {"first": ids.start, "last": ids.stop - 1}
    if conn.execute(_count_between, span).scalar_one() == len(ids):
        return list(ids)
    new = set(conn.execute(_ids_between, span).scalars().all())
    return [row_id if row_id in new else None for row_id in ids]


def history(conn: Connection, solution_number: int) -> list[Observation]:
    """Everything ever heard of one solution, in no particular order."""
    return [from_row(row) for row in conn.execute(_history, {"number": solution_number}).all()]


def find(conn: Connection, app: str, solution_id: str) -> list[Observation]:
    """The same, by the solution's own id."""
    query = select(observations).where(observations.c.solution_number.in_(numbers.having(solution_id, app)))
    return [from_row(row) for row in conn.execute(query)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationFilter:
    """Which observations to list; None: all of them."""

    app: str | None = None
    solution_id: str | None = None
    since: int | None = None
    """Unix microseconds: first received then or later."""


def page(conn: Connection, wanted: ObservationFilter, *, after_id: int, limit: int) -> list[tuple[int, Observation]]:
    """The next observations that fit, each with its id, in the order of arrival."""
    query = select(observations).where(observations.c.id > after_id).order_by(observations.c.id).limit(limit)
    if wanted.app is not None:
        query = query.where(observations.c.app == wanted.app)
    if wanted.solution_id is not None:
        query = query.where(observations.c.solution_number.in_(numbers.having(wanted.solution_id, wanted.app)))
    if wanted.since is not None:
        query = query.where(observations.c.received_at >= wanted.since)
    return [(row.id, from_row(row)) for row in conn.execute(query)]


def newest_id(conn: Connection) -> int:
    """The id of the observation that was stored last; 0 where there is none."""
    newest: int = conn.execute(select(func.coalesce(func.max(observations.c.id), 0))).scalar_one()
    return newest


def counts_after(conn: Connection, number: int, limit: int) -> dict[int, int]:
    """The next solutions, by number, that the log speaks of, and how many observations each has."""
    column = observations.c.solution_number
    query = select(column, func.count()).where(column > number).group_by(column).order_by(column).limit(limit)
    return {row[0]: row[1] for row in conn.execute(query)}


def histories(conn: Connection, first: int, last: int) -> dict[int, list[Observation]]:
    """Everything ever heard of the solutions from number `first` to number `last`."""
    query = select(observations).where(observations.c.solution_number.between(first, last))
    found: dict[int, list[Observation]] = {}
    for row in conn.execute(query):
        found.setdefault(row.solution_number, []).append(from_row(row))
    return found


def from_row(row: Row[Any]) -> Observation:
    """One row as the value it was."""
    return from_columns(row._asdict())


def from_columns(row: Mapping[str, Any]) -> Observation:
    """The same, from its columns by name."""
    return Observation(
        key=row["key"],
        app=row["app"],
        solution_id=row["solution_id"],
        portfolio_id=row["portfolio_id"],
        event=row["event"],
        reported_status=row["reported_status"],
        time=row["time"],
        received_at=row["received_at"],
        last_received_at=row["last_received_at"],
        repeats=row["repeats"],
        source=Source(row["source"]),
        flags=tuple(Flag(flag) for flag in row["flags"].split()),
        receipt_id=row["receipt_id"],
    )
