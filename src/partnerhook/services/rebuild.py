"""Fold every solution anew from the log, beside a running receiver, and mend what differs.

Looking is done in read transactions, which hinder nobody: log and projection are always written
together, so in one snapshot they must agree. Only what differs is folded once more and stored under
SQLite's write lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.lifecycle import Solution, fold
from partnerhook.store import migrate, observations, solutions
from partnerhook.store.engine import for_writing, is_locked

SLICE_SOLUTIONS: Final = 200
SLICE_OBSERVATIONS: Final = 1_000
"""Bounds of one slice; together they keep its transaction within some tens of milliseconds on slow machines."""

PAUSE_S: Final = 0.005
"""Between two transactions that write: a receiver that waits for the lock gets it."""

LOCK_PATIENCE_S: Final = 30.0
"""SQLite's lock is not handed out in turn, so a busy receiver can keep it from us for a while."""

SolutionKey = tuple[str, str]
"""(app, solution_id)."""


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
        total = observations.count_solutions(conn)
    done, last = 0, ("", "")
    differences: list[Difference] = []
    while True:
        with _transaction(engine) as conn:
            wanted = _next_slice(conn, last)
            found = [difference for difference, _ in _compare(conn, wanted)]
        if not wanted:
            return Rebuilt(done, differences)
        if found and not check:
            found = _mend(engine, [(one.app, one.solution_id) for one in found], lock_patience_s)
        differences += found
        done, last = done + len(wanted), wanted[-1]
        on_progress(done, max(done, total))


def _next_slice(conn: Connection, after: SolutionKey) -> list[SolutionKey]:
    """What comes after `after` in the log or in the projection, up to the bounds of a slice; empty at the end."""
    counts = observations.solutions_after(conn, after, SLICE_SOLUTIONS)
    stored = solutions.ids_after(conn, after, SLICE_SOLUTIONS)
    wanted: list[SolutionKey] = []
    room = SLICE_OBSERVATIONS
    for one in sorted({*counts, *stored})[:SLICE_SOLUTIONS]:
        room -= counts.get(one, 0)
        if wanted and room < 0:
            break
        wanted.append(one)
    return wanted


def _compare(conn: Connection, wanted: list[SolutionKey]) -> list[tuple[Difference, Solution | None]]:
    """Where stored rows are not what folding gives, with what it gives. `wanted` is in order."""
    if not wanted:
        return []
    histories = observations.histories(conn, wanted[0], wanted[-1])
    rows = solutions.rows_between(conn, wanted[0], wanted[-1])
    differing: list[tuple[Difference, Solution | None]] = []
    for one in wanted:
        solution = fold(histories.get(one, []))
        before, after = rows.get(one), None if solution is None else solutions.to_row(solution)
        if before != after:
            differing.append((Difference(*one, _by_name(before), _by_name(after)), solution))
    return differing


def _by_name(row: tuple[Any, ...] | None) -> dict[str, Any] | None:
    """A row without its key, which both sides share."""
    if row is None:
        return None
    named = dict(zip(solutions.COLUMNS, row, strict=True))
    return {name: value for name, value in named.items() if name not in ("app", "solution_id")}


def _mend(engine: Engine, suspects: list[SolutionKey], patience_s: float) -> list[Difference]:
    """Look at `suspects` once more, now with the write lock, and store what their log tells."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            with for_writing(engine.connect()) as conn, conn.begin():
                differing = _compare(conn, suspects)
                solutions.save(conn, [solution for _, solution in differing if solution is not None])
                solutions.remove(conn, [(one.app, one.solution_id) for one, solution in differing if solution is None])
        except SQLAlchemyError as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise StoreUnavailable(f"The database refused a commit: {getattr(error, 'orig', error)}.") from None
            time.sleep(PAUSE_S)
        else:
            time.sleep(PAUSE_S)
            return [difference for difference, _ in differing]


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as conn, conn.begin():
            migrate.check(conn)
            yield conn
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The database cannot be read: {getattr(error, 'orig', error)}.") from None
