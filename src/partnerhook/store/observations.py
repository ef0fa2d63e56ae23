"""The log of observations: appended, counted up, never changed otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, literal_column, select

from partnerhook.core.names import Flag
from partnerhook.core.observations import Observation, Source
from partnerhook.store import ids, numbers
from partnerhook.store.bulk import Bulk, Given, types_of
from partnerhook.store.schema import observations
from partnerhook.store.sql import POSTGRESQL, greatest, least


def _upsert(given: Given) -> Any:
    made = given.insert(observations)
    told = made.excluded
    changed = made.on_conflict_do_update(
        index_elements=["solution_number", "key"],
        set_={
            "repeats": observations.c.repeats + told.repeats + literal_column("1"),
            "received_at": least(observations.c.received_at, told.received_at),
            "last_received_at": greatest(observations.c.last_received_at, told.last_received_at),
            # A missing time and an unreadable one have the same key; which came first must not show.
            "flags": greatest(observations.c.flags, told.flags),
        },
    )
    return changed.returning(observations.c.id) if given.dialect.name == POSTGRESQL else changed


_append = Bulk(_upsert, **types_of(observations))
_history = select(observations).where(observations.c.solution_number == bindparam("number"))


def append(
    conn: Connection,
    arrived: Sequence[tuple[Observation, int | None]],
    solution_numbers: Sequence[int],
    row_ids: Sequence[int] = (),
) -> list[int | None]:
    """Append observations, each with the id of its receipt, None where no POST brought it; count up known ones.

    `solution_numbers` are those of the solutions they speak of. `row_ids`: where some were reserved for them. Returns
    for each its id, None where it was known.
    """
    row_ids = row_ids or ids.reserve(conn, observations.c.id, len(arrived))
    standing = _append.run(
        conn,
        _each_once(
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
            for row_id, solution_number, (one, receipt_id) in zip(row_ids, solution_numbers, arrived, strict=True)
        ),
    )
    # The database, not our memory, knows which were new: those that now stand under their own id. Mostly all of them.
    new = {row[0] for row in standing} if standing else ids.existing(conn, observations.c.id, row_ids)
    return list(row_ids) if new is None else [row_id if row_id in new else None for row_id in row_ids]


def _each_once(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of the same solution and key as one: PostgreSQL changes no row twice in a statement."""
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in rows:
        identity = row[SOLUTION_NUMBER], row[KEY]
        known = found.get(identity)
        found[identity] = row if known is None else _together(known, row)
    return list(found.values())


SOLUTION_NUMBER, KEY, RECEIVED_AT, LAST_RECEIVED_AT, REPEATS, FLAGS = (
    observations.c.keys().index(name)
    for name in ("solution_number", "key", "received_at", "last_received_at", "repeats", "flags")
)


def _together(first: tuple[Any, ...], again: tuple[Any, ...]) -> tuple[Any, ...]:
    both = list(first)
    both[RECEIVED_AT] = min(first[RECEIVED_AT], again[RECEIVED_AT])
    both[LAST_RECEIVED_AT] = max(first[LAST_RECEIVED_AT], again[LAST_RECEIVED_AT])
    both[REPEATS] = first[REPEATS] + again[REPEATS] + 1
    both[FLAGS] = max(first[FLAGS], again[FLAGS])
    return tuple(both)


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
    return [(row.id, from_row(row)) for row in conn.execute(_filtered(query, wanted))]


def page_back(
    conn: Connection, wanted: ObservationFilter, *, before_id: int | None, limit: int
) -> list[tuple[int, Observation]]:
    """The newest observations that fit, or those before `before_id`, each with its id, newest first."""
    query = select(observations).order_by(observations.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(observations.c.id < before_id)
    return [(row.id, from_row(row)) for row in conn.execute(_filtered(query, wanted))]


def _filtered(query: Select[Any], wanted: ObservationFilter) -> Select[Any]:
    if wanted.app is not None:
        query = query.where(observations.c.app == wanted.app)
    if wanted.solution_id is not None:
        query = query.where(observations.c.solution_number.in_(numbers.having(wanted.solution_id, wanted.app)))
    if wanted.since is not None:
        query = query.where(observations.c.received_at >= wanted.since)
    return query


def newest_id(conn: Connection) -> int:
    """The id of the observation that was stored last; 0 where there is none."""
    newest: int = conn.execute(select(func.coalesce(func.max(observations.c.id), 0))).scalar_one()
    return newest


def newest_at(conn: Connection) -> int | None:
    """When the observation came that was stored last (Unix microseconds); None where there is none."""
    query = select(observations.c.received_at).order_by(observations.c.id.desc()).limit(1)
    found: int | None = conn.execute(query).scalar()
    return found


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
