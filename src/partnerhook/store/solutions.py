"""The projection: what folding the log gives, kept so that nobody has to fold to look."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, delete, func, select, update

from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import STATE_OF_WORD, UNKNOWN, Flag, State
from partnerhook.core.timeline import say
from partnerhook.store import numbers
from partnerhook.store.bulk import Bulk, Given, Query, types_of
from partnerhook.store.schema import solutions
from partnerhook.store.sql import greatest, least, numbers_of


def _upsert(given: Given) -> Any:
    made = given.insert(solutions)
    changed = {column.name: made.excluded[column.name] for column in solutions.c if not column.primary_key}
    return made.on_conflict_do_update(index_elements=["number"], set_=changed)


_save = Bulk(_upsert, **types_of(solutions))
_heard_again = Bulk(
    lambda given: (
        update(solutions)
        .where(solutions.c.number == given["of_number"])
        .values(
            first_seen=least(solutions.c.first_seen, given["earliest"]),
            last_seen=greatest(solutions.c.last_seen, given["latest"]),
        )
    ),
    earliest=BigInteger(),
    latest=BigInteger(),
    of_number=BigInteger(),
)
_asked = numbers_of("numbers")
_by_number = Query(select(solutions).join_from(_asked, solutions, solutions.c.number == _asked.c.value))
_remove = Bulk(lambda given: delete(solutions).where(solutions.c.number == given["of_number"]), of_number=BigInteger())

COLUMNS: Final = tuple(solutions.c.keys())


def find_by_id(conn: Connection, solution_id: str, app: str | None) -> list[Solution]:
    """The solution of this id, in each app that knows it."""
    query = select(solutions).where(solutions.c.number.in_(numbers.having(solution_id, app))).order_by(solutions.c.app)
    return [from_row(row) for row in conn.execute(query)]


class Found(NamedTuple):
    """What is stored of some solutions, by number."""

    solutions: dict[int, Solution]
    damaged: set[int]
    """Those whose row cannot be read: the log knows better."""


def find_by_number(conn: Connection, wanted: Iterable[int]) -> Found:
    """Those that are stored."""
    return ask_by_number(conn, wanted)()


def ask_by_number(conn: Connection, wanted: Iterable[int]) -> Callable[[], Found]:
    """The same; they are told when the returned function is called."""
    answer = _by_number.ask(conn, numbers=json.dumps(list(wanted)))

    def found() -> Found:
        told = Found({}, set())
        for row in answer():
            try:
                told.solutions[row[0]] = from_row(row)
            except (ValueError, TypeError, AttributeError):
                told.damaged.add(row[0])
        return told

    return found


def save(conn: Connection, changed: Mapping[int, Solution | None]) -> None:
    """Store these solutions, by number, in place of what was stored of them; None is passed over."""
    _save.run(conn, [to_row(number, solution) for number, solution in changed.items() if solution is not None])


def remove(conn: Connection, gone: Iterable[int]) -> None:
    """Remove the solutions that the log no longer tells of."""
    _remove.run(conn, [(number,) for number in gone])


def heard_again(conn: Connection, heard: Sequence[tuple[int, int]]) -> None:
    """Something known was repeated: (number, received_at) each."""
    spans: dict[int, tuple[int, int]] = {}
    for number, at in heard:
        earliest, latest = spans.get(number, (at, at))
        spans[number] = min(earliest, at), max(latest, at)
    _heard_again.run(conn, [(*span, number) for number, span in spans.items()])


def numbers_after(conn: Connection, number: int, limit: int) -> list[int]:
    """The next numbers that are stored."""
    query = select(solutions.c.number).where(solutions.c.number > number).order_by(solutions.c.number).limit(limit)
    return list(conn.execute(query).scalars())


def rows_between(conn: Connection, first: int, last: int) -> dict[int, tuple[Any, ...]]:
    """What is stored from number `first` to `last`, as it is: a damaged row is no obstacle to its repair."""
    rows = conn.execute(select(solutions).where(solutions.c.number.between(first, last)))
    return {row.number: tuple(row) for row in rows}


def count_by_state(conn: Connection) -> dict[tuple[str, str, str], int]:
    """How many solutions are in each (app, status, pending)."""
    counted = (solutions.c.app, solutions.c.status, solutions.c.pending)
    rows = conn.execute(select(*counted, func.count()).group_by(*counted))
    return {(app, status, pending): count for app, status, pending, count in rows}


def from_row(row: Sequence[Any]) -> Solution:
    """One row as the value it was. Status and pending are columns for queries; `could_be` holds both."""
    _, app, solution_id, portfolio_id, _, _, reported_status, could_be = row[:8]
    since, newest_at, first_seen, last_seen, count, anomalies = row[8:]
    return Solution(
        app,
        solution_id,
        portfolio_id,
        _states(could_be),
        reported_status,
        since,
        newest_at,
        first_seen,
        last_seen,
        count,
        tuple([Flag(flag) for flag in anomalies.split()]) if anomalies else (),
    )


def to_row(number: int, solution: Solution) -> tuple[Any, ...]:
    """In the order of the table's columns (`COLUMNS`)."""
    status, pending, could_be = _words(solution.could_be)
    return (
        number,
        solution.app,
        solution.solution_id,
        solution.portfolio_id,
        status,
        pending,
        solution.reported_status,
        could_be,
        solution.since,
        solution.newest_at,
        solution.first_seen,
        solution.last_seen,
        solution.observations,
        " ".join(solution.anomalies),
    )


@lru_cache
def _states(words: str) -> tuple[State, ...]:
    return tuple([STATE_OF_WORD.get(word, UNKNOWN) for word in words.split()])


@lru_cache
def _words(could_be: tuple[State, ...]) -> tuple[str, str, str]:
    """Status, pending and could_be as they are stored; there are few combinations, and every webhook writes one."""
    state = could_be[-1]
    return state.status.value, state.pending.value, " ".join([say(one) for one in could_be])
