"""Keep the projection equal to the fold of the log, in the transaction that appends to the log."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from partnerhook.core.lifecycle import Solution, advance, fold, seconds
from partnerhook.core.observations import Observation
from partnerhook.store import observations, solutions

Arrived = tuple[Observation, int]
"""An observation and the id of the receipt that brought it."""


def append_and_project(conn: Connection, arrived: Sequence[Arrived]) -> set[str]:
    """Append to the log, fold what is new into the solutions it speaks of; returns the keys that were new."""
    if not arrived:
        return set()
    ids, is_new = observations.append(conn, arrived)
    fresh = [one for (one, _), new in zip(arrived, is_new, strict=True) if new]
    repeated = [one for (one, _), new in zip(arrived, is_new, strict=True) if not new]
    stored = solutions.touched_by(conn, ids) if fresh else {}
    changed = _advanced(conn, fresh, stored)
    for one in repeated:
        # Without a time of its own, an earlier receipt of the same moves it to another second.
        if one.time is None:
            changed[one.app, one.solution_id] = fold(observations.history(conn, one.app, one.solution_id))
    solutions.save(conn, [solution for solution in changed.values() if solution is not None])
    solutions.heard_again(conn, [(one.app, one.solution_id, one.last_received_at) for one in repeated if not one.test])
    return {one.key for one in fresh}


def _advanced(
    conn: Connection, fresh: Sequence[Observation], stored: dict[tuple[str, str], Solution]
) -> dict[tuple[str, str], Solution | None]:
    by_solution: dict[tuple[str, str], list[Observation]] = {}
    for one in fresh:
        by_solution.setdefault((one.app, one.solution_id), []).append(one)
    changed: dict[tuple[str, str], Solution | None] = {}
    for (app, solution_id), news in by_solution.items():
        solution = stored.get((app, solution_id))
        newer = seconds(news)
        if solution is None or not newer or newer[0][0].at > solution.newest_at:
            # The fast path: all of it is newer than all that was heard, so the fold just goes on.
            for second in newer:
                solution = advance(solution, second)
        else:
            solution = fold(observations.history(conn, app, solution_id))
        changed[app, solution_id] = solution
    return changed
