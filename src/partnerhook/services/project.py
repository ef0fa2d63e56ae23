"""The one funnel into the registry: append to the log, and bring the projection up to date with it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from partnerhook.core.lifecycle import Solution, advance, fold, seconds
from partnerhook.core.observations import Observation
from partnerhook.store import observations, solutions
from partnerhook.store.numbers import assign

Arrived = tuple[Observation, int | None]
"""An observation and the id of the receipt that brought it; None where it was read from the Graph API."""


def append_and_project(conn: Connection, arrived: Sequence[Arrived]) -> set[str]:
    """Append to the log, fold what is new into the solutions it speaks of; returns the keys that were new."""
    if not arrived:
        return set()
    numbers = assign(conn, [(one.app, one.solution_id) for one, _ in arrived])
    is_new = observations.append(conn, arrived, numbers)
    fresh: dict[int, list[Observation]] = {}
    repeated: list[tuple[int, Observation]] = []
    for number, (one, _), new in zip(numbers, arrived, is_new, strict=True):
        if new:
            fresh.setdefault(number, []).append(one)
        else:
            repeated.append((number, one))
    stored = solutions.find_by_number(conn, fresh)
    changed = {number: _advance(conn, number, stored.solutions.get(number), news) for number, news in fresh.items()}
    # Without a time of its own, an earlier receipt of the same moves it to another second. And a row that cannot be
    # read is no more than a cache that is lost: the log is the truth.
    for number in stored.damaged.union([number for number, one in repeated if one.time is None]):
        changed[number] = fold(observations.history(conn, number))
    solutions.save(conn, changed)
    solutions.heard_again(conn, [(number, one.last_received_at) for number, one in repeated if not one.test])
    return {one.key for news in fresh.values() for one in news}


def _advance(conn: Connection, number: int, stored: Solution | None, news: Sequence[Observation]) -> Solution | None:
    newer = seconds(news)
    if stored is not None and newer and newer[0][0].at <= stored.newest_at:
        return fold(observations.history(conn, number))
    # The fast path: all of it is newer than all that was heard, so the fold just goes on.
    solution = stored
    for second in newer:
        solution = advance(solution, second)
    return solution
