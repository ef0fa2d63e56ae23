"""Fold every solution anew from the log, beside a running receiver, and mend what differs.

Looking is done in read transactions, which hinder nobody: log and projection are always written
together, so in one snapshot they must agree. Only what differs is folded once more and stored while it
is locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.lifecycle import Solution, fold
from partnerhook.services.patience import LOCK_PATIENCE_S, transact
from partnerhook.store import locks, migrate, numbers, observations, solutions
from partnerhook.store.engine import words_of

SLICE_SOLUTIONS: Final = 200
SLICE_OBSERVATIONS: Final = 1_000
"""Bounds of one slice; together they keep its transaction within some tens of milliseconds on slow machines."""


class Difference(NamedTuple):
    """A solution whose stored row was not what its log tells; rows by column name."""

    app: str
    solution_id: str
    before: Mapping[str, Any] | None
    """None: nothing was stored."""
    after: Mapping[str, Any] | None
    """None: the log tells of no such solution, and the row is removed."""

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns that differ; all where there is only one side."""
        before, after = self.before, self.after
        if before is None or after is None:
            return tuple(before or after or ())
        return tuple(name for name in after if before[name] != after[name])


class Rebuilt(NamedTuple):
    """What was found."""

    solutions: int
    """How many were folded."""
    differences: list[Difference]


def rebuild(
    engine: Engine,
    *,
    check: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    lock_patience_s: float = LOCK_PATIENCE_S,
) -> Rebuilt:
    """Fold everything, mend what differs (not with `check`) and report it.

    `on_progress` is told how many solutions are done, of how many. Raises StoreUnavailable,
    SchemaMismatch; what was mended until then stays mended.
    """
    with _transaction(engine) as conn:
        total = numbers.count(conn)
    done, last = 0, 0
    differences: list[Difference] = []
    while True:
        with _transaction(engine) as conn:
            wanted = _next_slice(conn, last)
            found = _compare(conn, wanted)
        if not wanted:
            return Rebuilt(done, differences)
        if found and not check:
            found = _mend(engine, [one.number for one in found], lock_patience_s)
        differences += [one.difference for one in found]
        done, last = done + len(wanted), wanted[-1]
        on_progress(done, max(done, total))


def _next_slice(conn: Connection, after: int) -> list[int]:
    """The numbers after `after` in the log or in the projection, up to the bounds of a slice; empty at the end."""
    counts = observations.counts_after(conn, after, SLICE_SOLUTIONS)
    stored = solutions.numbers_after(conn, after, SLICE_SOLUTIONS)
    wanted: list[int] = []
    room = SLICE_OBSERVATIONS
    for number in sorted({*counts, *stored})[:SLICE_SOLUTIONS]:
        room -= counts.get(number, 0)
        if wanted and room < 0:
            break
        wanted.append(number)
    return wanted


class _Found(NamedTuple):
    """A difference, and what belongs in its place."""

    number: int
    difference: Difference
    solution: Solution | None


def _compare(conn: Connection, wanted: list[int]) -> list[_Found]:
    """Where stored rows are not what folding gives. `wanted` are numbers in order."""
    if not wanted:
        return []
    histories = observations.histories(conn, wanted[0], wanted[-1])
    rows = solutions.rows_between(conn, wanted[0], wanted[-1])
    found: list[_Found] = []
    for number in wanted:
        solution = fold(histories.get(number, []))
        before, after = rows.get(number), None if solution is None else solutions.to_row(number, solution)
        if before != after:
            _, app, solution_id = (after or before or ())[:3]
            found.append(_Found(number, Difference(app, solution_id, _by_name(before), _by_name(after)), solution))
    return found


def _by_name(row: tuple[Any, ...] | None) -> dict[str, Any] | None:
    """A row without its key, which both sides share."""
    if row is None:
        return None
    named = dict(zip(solutions.COLUMNS, row, strict=True))
    return {name: value for name, value in named.items() if name != "number"}


def _mend(engine: Engine, suspects: list[int], patience_s: float) -> list[_Found]:
    """Look at `suspects` once more, now locked, and store what their log tells."""

    def job(conn: Connection) -> list[_Found]:
        locks.solutions(conn, suspects)
        found = _compare(conn, suspects)
        solutions.save(conn, {one.number: one.solution for one in found if one.solution is not None})
        solutions.remove(conn, [one.number for one in found if one.solution is None])
        return found

    return transact(engine, job, writes=True, patience_s=patience_s)


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as conn, conn.begin():
            migrate.check(conn)
            yield conn
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The database cannot be read: {words_of(error)}.") from None
