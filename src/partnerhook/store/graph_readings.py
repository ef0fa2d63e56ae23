"""What only the Graph API tells of a solution, and which solutions are to be asked for again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal_column, or_, select

from partnerhook.core.drift import DOUBTS
from partnerhook.core.graph_readings import AppReference, GraphReading, Partner
from partnerhook.core.names import Status
from partnerhook.core.observations import MICROSECONDS
from partnerhook.store import numbers
from partnerhook.store.bulk import Bulk, Given, types_of
from partnerhook.store.numbers import SolutionName
from partnerhook.store.schema import WAITS, graph_readings, solutions


def _upsert(given: Given) -> Any:
    made = given.insert(graph_readings)
    told = made.excluded
    return made.on_conflict_do_update(
        index_elements=["solution_number"],
        set_={
            # What an answer does not tell of stays as it was told before.
            **{
                name: case((told[name] == literal_column("''"), graph_readings.c[name]), else_=told[name])
                for name in ("role", "name")
            },
            **{
                name: func.coalesce(told[name], graph_readings.c[name])
                for name in ("owner_app", "owner_permissions", "partners", "read_at")
            },
            "asked_at": told.asked_at,
        },
    )


_save = Bulk(_upsert, **types_of(graph_readings))


class GraphFacts(NamedTuple):
    """What the Graph API told of a solution beside its state."""

    name: str
    role: str
    """OWNER or PARTNER: what the app is in it; empty where it was not told."""
    owner_app: AppReference | None
    owner_permissions: tuple[str, ...]
    partners: tuple[Partner, ...]
    read_at: int
    """Unix seconds, Meta's clock: when it was last read."""


def save(conn: Connection, told: Sequence[tuple[int, str, GraphReading]]) -> None:
    """Keep readings, each with the number of its solution and the role of the app ("" where unknown)."""
    newest = {number: (number, role, reading) for number, role, reading in told}
    _save.run(conn, [_row(*newest[number]) for number in sorted(newest)])


def asked_in_vain(conn: Connection, number: int, asked_at: int) -> None:
    """Remember that a solution was asked for and nothing was told: it is not asked for again at once."""
    _save.run(conn, [(number, "", "", None, None, None, None, asked_at)])


def _row(number: int, role: str, reading: GraphReading) -> tuple[Any, ...]:
    return (
        number,
        role,
        reading.name,
        None if reading.owner_app is None else json.dumps(reading.owner_app._asdict()),
        json.dumps(reading.owner_permissions) if reading.owner_permissions else None,
        json.dumps([_partner_fields(one) for one in reading.partners]) if reading.partners else None,
        reading.read_at,
        reading.asked_at,
    )


def _partner_fields(one: Partner) -> dict[str, Any]:
    return one._asdict() | {"app": None if one.app is None else one.app._asdict()}


def names(conn: Connection, solution_numbers: Iterable[int]) -> dict[int, str]:
    """The names of solutions, by number, as they were told last; of those that were asked for."""
    query = select(graph_readings.c.solution_number, graph_readings.c.name)
    rows = conn.execute(query.where(graph_readings.c.solution_number.in_(list(solution_numbers))))
    return {row.solution_number: row.name for row in rows}


def find(conn: Connection, solution_id: str | None = None) -> dict[SolutionName, GraphFacts]:
    """What was told of every solution, or of one in each app that knows it, by app and solution id."""
    query: Select[Any] = (
        select(solutions.c.app, solutions.c.solution_id, graph_readings)
        .join_from(graph_readings, solutions, graph_readings.c.solution_number == solutions.c.number)
        .where(graph_readings.c.read_at.is_not(None))
    )
    if solution_id is not None:
        query = query.where(solutions.c.number.in_(numbers.having(solution_id)))
    return {(row.app, row.solution_id): _facts(row) for row in conn.execute(query)}


def find_by_number(conn: Connection, solution_numbers: Iterable[int]) -> dict[int, GraphFacts]:
    """What was told of these, by number."""
    query = select(graph_readings).where(graph_readings.c.solution_number.in_(list(solution_numbers)))
    rows = conn.execute(query.where(graph_readings.c.read_at.is_not(None)))
    return {row.solution_number: _facts(row) for row in rows}


def _facts(row: Any) -> GraphFacts:
    return GraphFacts(
        name=row.name,
        role=row.role,
        owner_app=_app(_loaded(row.owner_app)),
        owner_permissions=tuple(_loaded(row.owner_permissions) or ()),
        partners=tuple(_partner(one) for one in _loaded(row.partners) or ()),
        read_at=row.read_at,
    )


def _partner(fields: dict[str, Any]) -> Partner:
    app, permissions = _app(fields["app"]), tuple(fields["permissions"])
    return Partner(fields["id"], fields["status"], app, permissions)


def _app(fields: dict[str, str] | None) -> AppReference | None:
    return None if fields is None else AppReference(**fields)


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


DOUBTFUL: Final = or_(
    solutions.c.status == Status.UNKNOWN.value,
    *[solutions.c.anomalies.contains(flag.value, autoescape=True) for flag in sorted(DOUBTS)],
)


class Spacing(NamedTuple):
    """How long at least between two looks at one solution, in seconds."""

    doubtful_s: float
    waiting_s: float
    """Of one that waits for somebody's answer."""
    longest_s: float
    """No more than this in any case."""


def due(conn: Connection, apps: Iterable[str], now: int, spacing: Spacing, limit: int) -> list[SolutionName]:
    """The solutions of `apps` to ask for at `now` (Unix microseconds), those first that wait longest.

    The longer a solution had been in its state when it was asked for, told or not, the longer until the next look:
    as long again.
    """
    asked_at = graph_readings.c.asked_at
    in_state_us = func.coalesce(asked_at - solutions.c.since * MICROSECONDS, 0)
    least_s = case((DOUBTFUL, spacing.doubtful_s), else_=spacing.waiting_s)
    apart_us = _within(least_s * MICROSECONDS, in_state_us, spacing.longest_s * MICROSECONDS)
    never_asked = and_(asked_at.is_(None), or_(DOUBTFUL, now - solutions.c.last_seen >= apart_us))
    query = (
        select(solutions.c.app, solutions.c.solution_id)
        .outerjoin_from(solutions, graph_readings, graph_readings.c.solution_number == solutions.c.number)
        .where(solutions.c.app.in_(list(apps)), or_(DOUBTFUL, WAITS), or_(never_asked, now - asked_at >= apart_us))
        .order_by(func.coalesce(asked_at, 0), solutions.c.number)
        .limit(limit)
    )
    return [(row.app, row.solution_id) for row in conn.execute(query)]


def _within(least: ColumnElement[Any], value: ColumnElement[Any], most: float) -> ColumnElement[Any]:
    """`value`, but no less than `least`; and no more than `most` in any case."""
    at_least = case((value > least, value), else_=least)
    return case((at_least > most, most), else_=at_least)
