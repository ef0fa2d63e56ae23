"""The one funnel into the registry: append to the log, bring the projection up to date, and say what is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from partnerhook.core.lifecycle import Solution, seconds
from partnerhook.core.notices import follow, look_again
from partnerhook.core.observations import Observation
from partnerhook.services.notify import Moved
from partnerhook.store import observations, solutions
from partnerhook.store.numbers import assign

Arrived = tuple[Observation, int | None]
"""An observation and the id of the receipt that brought it; None where it was read from the Graph API."""


class Projected(NamedTuple):
    """What came of it: for `notify`, as the last thing of the transaction."""

    moved: dict[int, Moved] = {}  # noqa: RUF012 - a default, and nobody changes it
    """Solutions by number."""
    row_ids: dict[str, int] = {}  # noqa: RUF012
    """The ids of new observations, by their keys."""


def append_and_project(conn: Connection, arrived: Sequence[Arrived], row_ids: Sequence[int] = ()) -> Projected:
    """Append to the log, and fold what is new into the solutions it speaks of.

    `row_ids`: where some were reserved for the observations.
    """
    if not arrived:
        return Projected()
    numbers = assign(conn, [(one.app, one.solution_id) for one, _ in arrived])
    stored_before = solutions.ask_by_number(conn, set(numbers))
    new_ids = observations.append(conn, arrived, numbers, row_ids)
    fresh: dict[int, list[Observation]] = {}
    repeated: list[tuple[int, Observation]] = []
    id_of_key: dict[str, int] = {}
    for number, (one, _), row_id in zip(numbers, arrived, new_ids, strict=True):
        if row_id is not None:
            fresh.setdefault(number, []).append(one)
            id_of_key[one.key] = row_id
        else:
            repeated.append((number, one))
    # Without a time of its own, an earlier receipt of the same moves it to another second.
    timeless = {number for number, one in repeated if one.time is None}
    stored = stored_before()
    # And a row that cannot be read is no more than a cache that is lost: the log is the truth.
    past_changed = timeless | stored.damaged
    moved = {
        number: _move(conn, number, stored.solutions.get(number), news)
        for number, news in fresh.items()
        if number not in past_changed
    }
    for number in past_changed:
        moved[number] = _look_again(conn, number, stored.solutions.get(number), fresh.get(number, []))
    solutions.save(conn, {number: solution for number, (solution, _) in moved.items()})
    solutions.heard_again(conn, [(number, one.last_received_at) for number, one in repeated if not one.test])
    return Projected(moved, id_of_key)


def _move(conn: Connection, number: int, stored: Solution | None, news: Sequence[Observation]) -> Moved:
    newer = seconds(news)
    if stored is not None and newer and newer[0][0].at <= stored.newest_at:
        return _look_again(conn, number, stored, news)
    # The fast path: all of it is newer than all that was heard, so the fold just goes on.
    return follow(stored, newer)


def _look_again(conn: Connection, number: int, stored: Solution | None, news: Sequence[Observation]) -> Moved:
    return look_again(stored, observations.history(conn, number), news)
