"""The projection follows the log, on the fast path and off it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from partnerhook.core.compose import Update, compose
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import DEACTIVATION_REQUESTED, Status
from partnerhook.core.observations import MICROSECONDS, Observation
from partnerhook.core.receipts import Fate
from partnerhook.services.project import Projected, append_and_project
from partnerhook.services.query import Queries
from partnerhook.services.rebuild import rebuild
from stores import arrive, deliver, new_store, writing
from strategies import NOON_S, observation


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """An empty store."""
    return new_store(tmp_path, database)


def project(engine: Engine, *heard: Observation) -> Solution:
    """Append in one transaction; the stored solution afterwards."""
    with writing(engine) as conn:
        append_and_project(conn, [(one, 1) for one in heard])
    (solution,) = Queries(engine).find_solutions("774485461512159")
    return solution


def test_newer_seconds_continue_what_is_stored(engine: Engine):
    """Several in one commit, too."""
    project(engine, observation("INITIATED", NOON_S))

    solution = project(engine, observation("ACTIVE", NOON_S + 1), observation("PENDING_DEACTIVATION", NOON_S + 2))

    assert (solution.reported_status, solution.observations) == ("PENDING_DEACTIVATION", 3)


def test_a_late_one_takes_its_place_in_the_past(engine: Engine):
    """The step that seemed to be missed was only on its way: the anomaly goes."""
    project(engine, observation("INITIATED", NOON_S))
    jumped = project(engine, observation("PENDING_DEACTIVATION", NOON_S + 2))

    solution = project(engine, observation("ACTIVE", NOON_S + 1))

    assert jumped.anomalies
    assert (solution.reported_status, solution.anomalies) == ("PENDING_DEACTIVATION", ())


def test_another_one_of_the_newest_second_is_folded_with_it(engine: Engine):
    """The table decides inside a second, also when its parts come in two POSTs, the later one first."""
    project(engine, observation("ACTIVE", NOON_S))

    solution = project(engine, observation("INITIATED", NOON_S))

    assert (solution.status, solution.anomalies) == (Status.ACTIVE, ())


def test_a_repeat_only_moves_when_it_was_heard(engine: Engine):
    """Not counted as another observation; first and last heard are the extremes of all receipts."""
    project(engine, observation("ACTIVE", NOON_S, received_at=50))

    project(engine, observation("ACTIVE", NOON_S, received_at=90))
    solution = project(engine, observation("ACTIVE", NOON_S, received_at=20))

    assert (solution.first_seen, solution.last_seen, solution.observations) == (20, 90, 1)


def test_a_repeat_without_a_time_is_where_it_was_heard_first(engine: Engine):
    """Ordered by receipt: an earlier receipt of the same moves it into the past."""
    project(engine, observation("INITIATED", NOON_S))
    project(engine, observation("ACTIVE", None, received_at=(NOON_S + 9) * MICROSECONDS))

    solution = project(engine, observation("ACTIVE", None, received_at=(NOON_S + 5) * MICROSECONDS))

    assert solution.since == NOON_S + 5


def test_dashboard_tests_touch_no_solution(engine: Engine):
    """Neither a new one nor one that is there."""
    before = project(engine, observation("ACTIVE", NOON_S))

    after = project(engine, observation("REJECTED", NOON_S + 5, portfolio_id="0", received_at=1))

    assert after == before


def test_nothing_observed_is_nothing_done(engine: Engine):
    """A POST of messages costs no query."""
    with engine.connect() as conn:
        assert append_and_project(conn, []) == Projected()


def test_a_damaged_row_of_the_cache_keeps_nothing_out_of_the_log(tmp_path: Path):
    """The log is the truth: what it tells takes the row's place."""
    engine = new_store(tmp_path)
    deliver(engine, arrive(compose("1", NOON_S, [Update("SOLUTION_UPDATED", "7", "ACTIVE")])))
    with writing(engine) as conn:
        conn.execute(text("UPDATE solutions SET anomalies = 'from_a_newer_version', could_be = 'DRAFT'"))

    body = compose("1", NOON_S + 1, [Update("SOLUTION_UPDATED", "7", "PENDING_DEACTIVATION")])
    (stored,) = deliver(engine, arrive(body))

    (found,) = Queries(engine).find_solutions("7")
    assert [outcome.fate for outcome in stored.outcomes] == [Fate.OBSERVED]
    assert (found.state, found.anomalies, found.observations) == (DEACTIVATION_REQUESTED, (), 2)
    assert rebuild(engine, check=True).differences == []


def test_many_repeats_without_a_time_are_folded_once(tmp_path: Path):
    """A POST of a thousand of them must not hold the write lock for seconds: each fold reads the whole history."""
    engine = new_store(tmp_path)
    updates = [Update(f"EVENT_{number}", "7", "ACTIVE") for number in range(300)]
    first, again = (
        arrive(compose("1", None, updates), received_at=at) for at in (NOON_S * 10**6, (NOON_S + 9) * 10**6)
    )
    deliver(engine, first)
    folded: list[str] = []

    def watch(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT observations.id") and "solution_number = ?" in statement:
            folded.append(statement)

    event.listen(engine, "before_cursor_execute", watch)
    deliver(engine, again)

    assert len(folded) == 1
