"""What waits for somebody, those first that have waited for longest."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, literal, literal_column, or_, select, tuple_

from partnerhook.core.lifecycle import Solution
from partnerhook.core.transitions import Party
from partnerhook.store.schema import ODD, WAITS, deliveries, graph_readings, receipts, solutions
from partnerhook.store.solutions import COLUMNS, from_row


class Place(NamedTuple):
    """Behind which a page goes on."""

    since: int
    number: int


class Item(NamedTuple):
    """A solution that somebody should look at."""

    place: Place
    solution: Solution
    name: str
    role: str
    """What our app is in it, as the Graph API told; empty where it did not."""


# Written out, not bound: a partial index is used only where the condition can be seen.
QUARANTINED: Final = receipts.c.quarantined > literal_column("0")
DEAD: Final = deliveries.c.fate == literal_column("'dead'")

_LONGEST: Final = (solutions.c.since, solutions.c.number)
"""First."""
_role: Final = func.coalesce(graph_readings.c.role, "")
_items: Final[Select[Any]] = (
    select(solutions, func.coalesce(graph_readings.c.name, "").label("name"), _role.label("role"))
    .outerjoin_from(solutions, graph_readings, graph_readings.c.solution_number == solutions.c.number)
    .order_by(*_LONGEST)
)


def _to_answer(overdue_before: int) -> ColumnElement[bool]:
    """Ours to answer, or nobody knows whose, or somebody else's and overdue (waiting since before, in Unix seconds)."""
    return WAITS & or_(_role != Party.OWNER.upper(), solutions.c.since < overdue_before)


def waiting(conn: Connection, *, overdue_before: int, after: Place | None, limit: int) -> list[Item]:
    """Solutions that need an answer of ours, or are overdue, behind the place `after`."""
    return _page(conn, _items.where(_to_answer(overdue_before)), after, limit)


def odd(conn: Connection, *, after: Place | None, limit: int) -> list[Item]:
    """Solutions with an anomaly, behind the place `after`."""
    return _page(conn, _items.where(ODD), after, limit)


def _page(conn: Connection, query: Select[Any], after: Place | None, limit: int) -> list[Item]:
    if after is not None:
        query = query.where(tuple_(solutions.c.since, solutions.c.number) > tuple_(*map(literal, after)))
    return [
        Item(Place(row.since, row.number), from_row(row[: len(COLUMNS)]), row.name, row.role)
        for row in conn.execute(query.limit(limit))
    ]


class Counts(NamedTuple):
    """How many of each there are; no more than `most` are counted."""

    waiting: int
    odd: int
    quarantined: int
    dead: int


def counts(conn: Connection, *, overdue_before: int, most: int) -> Counts:
    """How much there is to do."""
    joined = solutions.outerjoin(graph_readings, graph_readings.c.solution_number == solutions.c.number)
    return Counts(
        # In order: the index that holds those that wait has them so, and PostgreSQL then begins with it.
        waiting=_count(conn, _ones.select_from(joined).where(_to_answer(overdue_before)).order_by(*_LONGEST), most),
        odd=_count(conn, _ones.select_from(solutions).where(ODD), most),
        quarantined=_count(conn, _ones.select_from(receipts).where(QUARANTINED), most),
        dead=_count(conn, _ones.select_from(deliveries).where(DEAD), most),
    )


_ones: Final[Select[Any]] = select(literal_column("1"))


def _count(conn: Connection, query: Select[Any], most: int) -> int:
    counted: int = conn.execute(select(func.count()).select_from(query.limit(most).subquery())).scalar_one()
    return counted
