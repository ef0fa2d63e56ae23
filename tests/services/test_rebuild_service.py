"""Folding anew: what is found, what is mended, and whom it leaves in peace."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, update

from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services import rebuild as service
from partnerhook.services.query import Queries, SolutionFilter
from partnerhook.services.rebuild import rebuild
from partnerhook.store import locks
from partnerhook.store.schema import solutions
from stores import arrive, deliver, new_store, writing
from strategies import NOON_S

WORDS = ("DRAFT", "INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "DEACTIVATED")


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """An empty store."""
    return new_store(tmp_path, database)


def batch(first: int, count: int, words: tuple[str, ...] = WORDS, *, portfolio_id: str = "5") -> bytes:
    """One POST with the lives of `count` solutions."""
    entries = [
        {
            "id": portfolio_id,
            "time": NOON_S + after,
            "changes": [
                {
                    "field": "partner_solutions",
                    "value": {"event": "SOLUTION_UPDATED", "solution_id": str(number), "solution_status": word},
                }
                for number in range(first, first + count)
            ],
        }
        for after, word in enumerate(words)
    ]
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()


def test_an_empty_store(engine: Engine):
    """Nothing is folded, nothing differs."""
    assert rebuild(engine) == service.Rebuilt(0, [])


def test_every_solution_of_many_slices(engine: Engine):
    """A lost projection comes back as it was, in several slices, and progress is told from first to last."""
    deliver(engine, arrive(batch(0, 900)), arrive(batch(400, 100), app="zwei"))
    before = Queries(engine).list_solutions(SolutionFilter())
    with writing(engine) as conn:
        conn.execute(delete(solutions))
    told: list[tuple[int, int]] = []

    rebuilt = rebuild(engine, on_progress=lambda done, total: told.append((done, total)))

    assert rebuilt.solutions == len(rebuilt.differences) == 1_000
    assert Queries(engine).list_solutions(SolutionFilter()) == before
    assert len(told) >= 1_000 / service.SLICE_SOLUTIONS
    assert told == sorted(told)
    assert told[-1] == (1_000, 1_000)
    assert {total for _, total in told} == {1_000}


def test_a_solution_longer_than_a_slice(engine: Engine):
    """It is folded in one piece, with its neighbours."""
    many = tuple("ACTIVE" if after % 2 else "PENDING_DEACTIVATION" for after in range(3 * service.SLICE_OBSERVATIONS))
    deliver(engine, arrive(batch(1, 3, ("ACTIVE",))), arrive(batch(2, 1, many)))
    with writing(engine) as conn:
        conn.execute(update(solutions).values(status="DRAFT"))

    rebuilt = rebuild(engine)

    assert [(one.solution_id, one.changed) for one in rebuilt.differences] == [(n, ("status",)) for n in "123"]
    assert rebuild(engine, check=True).differences == []


def test_tests_alone_are_no_solution(engine: Engine):
    """A row of which only the dashboard's Test button has told is removed; check leaves it."""
    deliver(engine, arrive(batch(7, 1, ("ACTIVE",), portfolio_id="0")), arrive(batch(8, 1, ("ACTIVE",))))
    with writing(engine) as conn:
        row = dict(conn.execute(solutions.select()).one()._mapping)
        conn.execute(insert(solutions), [row | {"number": 1, "solution_id": "7"}, row | {"number": 9, "app": "zzz"}])

    checked = rebuild(engine, check=True)
    rebuilt = rebuild(engine)

    assert checked == rebuilt
    assert [(one.app, one.solution_id, one.after) for one in rebuilt.differences] == [
        ("default", "7", None),
        ("zzz", "8", None),
    ]
    assert [(one.app, one.solution_id) for one in Queries(engine).list_solutions(SolutionFilter())] == [
        ("default", "8")
    ]


@pytest.fixture
def busy(engine: Engine) -> Iterator[list[float]]:
    """A receiver that commits all the time; each commit's duration in seconds."""
    durations: list[float] = []
    stopped = threading.Event()

    def write() -> None:
        number = 10**6
        while not stopped.is_set():
            started = time.perf_counter()
            deliver(
                engine,
                arrive(batch(number, 1), received_at=(NOON_S + number) * MICROSECONDS),
                # Solutions that are being folded change at the same time.
                arrive(batch(number % 500, 1, tuple("ACTIVE" for _ in range(6)))),
            )
            durations.append(time.perf_counter() - started)
            number += 1

    deliver(engine, arrive(batch(0, 500)))
    with writing(engine) as conn:
        conn.execute(update(solutions).values(status="DRAFT"))
    thread = threading.Thread(target=write)
    thread.start()
    yield durations
    stopped.set()
    thread.join()


def test_beside_a_running_receiver(engine: Engine, busy: list[float]):
    """Both go on: no commit waits long for the rebuild, and afterwards log and projection agree."""
    rebuilt = rebuild(engine)

    assert rebuilt.solutions >= 500
    assert rebuilt.differences
    assert rebuild(engine, check=True).differences == []
    assert busy
    assert max(busy) < 2


def test_a_lock_that_does_not_end(engine: Engine):
    """After some patience it says so; looking needs no lock."""
    deliver(engine, arrive(batch(0, 3)))
    with writing(engine) as conn:
        conn.execute(update(solutions).values(status="DRAFT"))

    with writing(engine) as other:
        locks.solutions(other, [1])
        assert len(rebuild(engine, check=True).differences) == 3
        with pytest.raises(StoreUnavailable, match="lock"):
            rebuild(engine, lock_patience_s=0)

    assert len(rebuild(engine).differences) == 3
