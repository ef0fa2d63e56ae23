"""The projection: what folding the log gives, kept so that nobody has to fold to look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert

from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import STATE_OF_WORD, UNKNOWN, Flag, Pending, Status
from partnerhook.core.timeline import say
from partnerhook.store.bulk import Bulk
from partnerhook.store.schema import observations, solutions

_insert = insert(solutions)
_save = Bulk(
    _insert.on_conflict_do_update(
        index_elements=["app", "solution_id"],
        set_={column.name: _insert.excluded[column.name] for column in solutions.c if not column.primary_key},
    ),
    *solutions.c.keys(),
)
_heard_again = (
    update(solutions)
    .where(solutions.c.app == bindparam("of_app"), solutions.c.solution_id == bindparam("of_solution"))
    .values(
        first_seen=func.min(solutions.c.first_seen, bindparam("received_at")),
        last_seen=func.max(solutions.c.last_seen, bindparam("received_at")),
    )
)
_touched = (
    select(solutions)
    .join(
        observations,
        (observations.c.app == solutions.c.app) & (observations.c.solution_id == solutions.c.solution_id),
    )
    .where(observations.c.id.between(bindparam("first"), bindparam("last")))
)
_delete = delete(solutions).where(
    solutions.c.app == bindparam("of_app"), solutions.c.solution_id == bindparam("of_solution")
)


_id = tuple_(solutions.c.app, solutions.c.solution_id)

COLUMNS: Final = tuple(solutions.c.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class SolutionFilter:
    """Which solutions to list; None: all of them."""

    status: Status | None = None
    pending: Pending | None = None
    app: str | None = None
    portfolio_id: str | None = None
    usable: bool | None = None
    anomalous: bool | None = None


def find(conn: Connection, wanted: SolutionFilter) -> list[Solution]:
    """All that fit, by app and solution id."""
    query = select(solutions).order_by(solutions.c.app, solutions.c.solution_id)
    for column in ("status", "pending", "app", "portfolio_id"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(solutions.c[column] == str(value))
    if wanted.anomalous is not None:
        query = query.where((solutions.c.anomalies != "") == wanted.anomalous)
    found = (from_row(row) for row in conn.execute(query))
    # Usable is a rule of the lifecycle, not a column: it is asked of the solution, not of SQL.
    return [one for one in found if wanted.usable is None or one.usable == wanted.usable]


def find_by_id(conn: Connection, solution_id: str, app: str | None) -> list[Solution]:
    """The solution of this id, in each app that knows it."""
    query = select(solutions).where(solutions.c.solution_id == solution_id).order_by(solutions.c.app)
    if app is not None:
        query = query.where(solutions.c.app == app)
    return [from_row(row) for row in conn.execute(query)]


def touched_by(conn: Connection, observation_ids: range) -> dict[tuple[str, str], Solution]:
    """The stored solutions that these observations speak of, by (app, solution_id)."""
    rows = conn.execute(_touched, {"first": observation_ids.start, "last": observation_ids.stop - 1})
    return {(row.app, row.solution_id): from_row(row) for row in rows}


def save(conn: Connection, changed: Iterable[Solution]) -> None:
    """Store these solutions in place of what was stored of them."""
    _save.run(conn, [to_row(solution) for solution in changed])


def remove(conn: Connection, gone: Iterable[tuple[str, str]]) -> None:
    """Remove the solutions (app, solution_id) that the log no longer tells of."""
    rows = [{"of_app": app, "of_solution": solution_id} for app, solution_id in gone]
    if rows:
        conn.execute(_delete, rows)


def heard_again(conn: Connection, heard: Sequence[tuple[str, str, int]]) -> None:
    """Something known was repeated: (app, solution_id, received_at) each."""
    if heard:
        conn.execute(
            _heard_again,
            [
                {"of_app": app, "of_solution": solution_id, "received_at": received_at}
                for app, solution_id, received_at in heard
            ],
        )


def ids_after(conn: Connection, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
    """The next (app, solution_id) that are stored."""
    query = select(solutions.c.app, solutions.c.solution_id).where(_id > tuple_(*after))
    rows = conn.execute(query.order_by(solutions.c.app, solutions.c.solution_id).limit(limit))
    return [(row.app, row.solution_id) for row in rows]


def rows_between(
    conn: Connection, first: tuple[str, str], last: tuple[str, str]
) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What is stored from `first` to `last`, as it is: a damaged row is no obstacle to its repair."""
    rows = conn.execute(select(solutions).where(_id >= tuple_(*first), _id <= tuple_(*last)))
    return {(row.app, row.solution_id): tuple(row) for row in rows}


def count_by_state(conn: Connection) -> dict[tuple[str, str, str], int]:
    """How many solutions are in each (app, status, pending)."""
    counted = (solutions.c.app, solutions.c.status, solutions.c.pending)
    rows = conn.execute(select(*counted, func.count()).group_by(*counted))
    return {(app, status, pending): count for app, status, pending, count in rows}


def from_row(row: Row[Any]) -> Solution:
    """One row as the value it was. Status and pending are columns for queries; `could_be` holds both."""
    values = tuple(row)
    app, solution_id, portfolio_id, _, _, reported_status, could_be = values[:7]
    since, newest_at, first_seen, last_seen, count, anomalies = values[7:]
    return Solution(
        app=app,
        solution_id=solution_id,
        portfolio_id=portfolio_id,
        could_be=tuple([STATE_OF_WORD.get(word, UNKNOWN) for word in could_be.split()]),
        reported_status=reported_status,
        since=since,
        newest_at=newest_at,
        first_seen=first_seen,
        last_seen=last_seen,
        observations=count,
        anomalies=tuple([Flag(flag) for flag in anomalies.split()]),
    )


def to_row(solution: Solution) -> tuple[Any, ...]:
    """In the order of the table's columns (`COLUMNS`)."""
    return (
        solution.app,
        solution.solution_id,
        solution.portfolio_id,
        solution.status.value,
        solution.pending.value,
        solution.reported_status,
        " ".join([say(state) for state in solution.could_be]),
        solution.since,
        solution.newest_at,
        solution.first_seen,
        solution.last_seen,
        solution.observations,
        " ".join(solution.anomalies),
    )
