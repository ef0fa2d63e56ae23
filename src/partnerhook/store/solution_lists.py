"""Lists of solutions: which ones fit, in which order, a page at a time; and the board, a column for each state.

A page begins behind a place, never after a number of rows: what comes in meanwhile moves nobody from page to page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)

from partnerhook.core.lifecycle import Solution, all_usable
from partnerhook.core.names import STATES, Pending, State, Status
from partnerhook.core.timeline import say
from partnerhook.store.schema import graph_readings, solutions
from partnerhook.store.solutions import from_row
from partnerhook.store.sql import holds

Numbered = tuple[int, Solution]
"""A solution behind its number."""

Place = tuple[str | int, ...]
"""Where in a list a solution stands."""


class SolutionSort(StrEnum):
    """In which order."""

    ID = "id"
    """By app and solution id."""
    OLDEST = "oldest"
    """Those first that have been in their state for longest."""
    NEWEST = "newest"
    """Those first that came to their state last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolutionFilter:
    """Which solutions to list; None: all of them."""

    status: Status | None = None
    pending: Pending | None = None
    app: str | None = None
    portfolio_id: str | None = None
    usable: bool | None = None
    anomalous: bool | None = None
    text: str | None = None
    """The beginning of its id or its portfolio's, or a part of its name; A and a are the same."""


_COLUMNS: Final[Mapping[SolutionSort, tuple[str, ...]]] = {
    SolutionSort.ID: ("app", "solution_id"),
    SolutionSort.OLDEST: ("since", "app", "solution_id"),
    SolutionSort.NEWEST: ("since", "app", "solution_id"),
}


def place(solution: Solution, sort: SolutionSort) -> Place:
    """Where it stands: what the next page begins behind."""
    return tuple(getattr(solution, name) for name in _COLUMNS[sort])


def find(conn: Connection, wanted: SolutionFilter) -> list[Solution]:
    """All that fit, by app and solution id."""
    query = _filtered(select(solutions), wanted).order_by(solutions.c.app, solutions.c.solution_id)
    return [from_row(row) for row in conn.execute(query)]


def page(
    conn: Connection,
    wanted: SolutionFilter,
    *,
    sort: SolutionSort,
    after: Place | None,
    limit: int,
    up_to: Place | None = None,
) -> list[Numbered]:
    """The next ones that fit, behind the place `after`; none of those behind `up_to`."""
    columns = [solutions.c[name] for name in _COLUMNS[sort]]
    here = tuple_(*columns)
    falling = sort is SolutionSort.NEWEST
    query = _filtered(select(solutions), wanted)
    if after is not None:
        there = tuple_(*map(literal, after))
        query = query.where(here < there if falling else here > there)
    if up_to is not None:
        there = tuple_(*map(literal, up_to))
        query = query.where(here >= there if falling else here <= there)
    query = query.order_by(*[column.desc() if falling else column for column in columns]).limit(limit)
    return [(row.number, from_row(row)) for row in conn.execute(query)]


def count_by_state(conn: Connection, wanted: SolutionFilter) -> dict[State, int]:
    """How many of those that fit are in each state."""
    # One look through the table, without sorting it.
    counted = [func.count().filter(_is_in(state)) for state in STATES]
    query: Any = select(*counted).select_from(solutions)
    row = conn.execute(_filtered(query, wanted)).one()
    return dict(zip(STATES, row, strict=True))


Bound = tuple[int, int]
"""`since` and number: nobody who has been in a state for longer stands behind it."""


def waiting_longest(
    conn: Connection, wanted: SolutionFilter, limit: int, bounds: Mapping[State, Bound | None]
) -> dict[State, list[Numbered]]:
    """Of each of these states those that fit, first those that have been in it for longest; `limit` of them at most.

    One look through the table for all. Of a state with a bound only those up to that are seen, and so there may be too
    few; of one without it all are.
    """
    if not bounds:
        return {}
    chosen = [
        _is_in(state) if bound is None else and_(_is_in(state), tuple_(*_AGE) <= tuple_(*map(literal, bound)))
        for state, bound in bounds.items()
    ]
    query = _filtered(select(solutions), wanted).where(or_(*chosen)).order_by(*_AGE)
    ends = [bound[0] for bound in bounds.values() if bound is not None]
    if len(ends) == len(bounds):
        query = query.where(solutions.c.since <= max(ends))  # most rows are done with by this alone
    found: dict[State, list[Numbered]] = {state: [] for state in bounds}
    for row in conn.execute(query):
        solution = from_row(row)
        here = found[solution.state]
        if len(here) < limit:
            here.append((row.number, solution))
    return found


def waiting_longest_in(conn: Connection, wanted: SolutionFilter, limit: int, state: State) -> list[Numbered]:
    """The same of one state, which may have any number."""
    query = _filtered(select(solutions), wanted).where(_is_in(state)).order_by(*_AGE).limit(limit)
    return [(row.number, from_row(row)) for row in conn.execute(query)]


_AGE: Final = (solutions.c.since, solutions.c.number)


def _is_in(state: State) -> ColumnElement[bool]:
    # Written out, not bound: indexes can be partial ones.
    return and_(
        solutions.c.status == literal_column(f"'{state.status.value}'"),
        solutions.c.pending == literal_column(f"'{state.pending.value}'"),
    )


def _filtered(query: Select[Any], wanted: SolutionFilter) -> Select[Any]:
    for column in ("status", "pending", "app", "portfolio_id"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(solutions.c[column] == str(value))
    if wanted.usable is not None:
        usable = solutions.c.could_be.in_(USABLE)
        query = query.where(usable if wanted.usable else ~usable)
    if wanted.anomalous is not None:
        query = query.where((solutions.c.anomalies != "") == wanted.anomalous)
    if wanted.text:
        query = query.where(_has(wanted.text))
    return query


def _usable() -> Iterator[str]:
    """Every way in which the column `could_be` can say that a solution is usable."""
    for count in range(1, len(STATES) + 1):
        for could_be in combinations(STATES, count):
            if all_usable(could_be):
                yield " ".join([say(state) for state in could_be])


USABLE: Final[Sequence[str]] = tuple(_usable())
"""`could_be` has its states in the order of life, as `STATES` has them: few texts are all there can be."""


def _has(text: str) -> ColumnElement[bool]:
    """Whether this text is in its name, or begins its id. Names are looked through once, and not for each solution."""
    if "\0" in text:
        return false()  # nothing that PostgreSQL could hold, or be asked for
    # Both databases know A-Z alone, so both sides go through the same function of theirs.
    named = holds(func.lower(graph_readings.c.name), func.lower(literal(text)))
    found: list[ColumnElement[bool]] = [solutions.c.number.in_(select(graph_readings.c.solution_number).where(named))]
    if text.isascii() and text.isdigit():
        found += [_begins(solutions.c.portfolio_id, text), _begins(solutions.c.solution_id, text)]
    return or_(*found)


def _begins(column: ColumnElement[str], digits: str) -> ColumnElement[bool]:
    """Texts of digits that begin with these."""
    return and_(column >= digits, column < digits[:-1] + chr(ord(digits[-1]) + 1))
