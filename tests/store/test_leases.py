"""Leases: one holder at a time, and none for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from partnerhook.store import leases
from stores import new_store, writing

MINUTE = 60_000_000
NOON = 1_750_000_000_000_000


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """An empty store."""
    return new_store(tmp_path, database)


def take(engine: Engine, holder: str, *, after: int = 0, name: str = "reconcile") -> bool:
    """Try to take it for a minute, so many microseconds after noon."""
    with writing(engine) as conn:
        return leases.take(conn, name, holder, now=NOON + after, lasts=MINUTE)


def test_one_holder_at_a_time(engine: Engine):
    """Another one has to wait; another name is another lease."""
    assert take(engine, "one")

    assert not take(engine, "two", after=MINUTE - 1)
    assert take(engine, "two", name="something else")


def test_it_is_renewed_by_its_holder(engine: Engine):
    """Then it lasts a minute from there."""
    take(engine, "one")

    assert take(engine, "one", after=MINUTE // 2)
    assert not take(engine, "two", after=MINUTE)


def test_the_dead_hold_it_no_longer_than_it_lasts(engine: Engine):
    """To the microsecond; and whoever comes back too late has lost it."""
    take(engine, "dead")

    assert take(engine, "two", after=MINUTE)
    assert not take(engine, "dead", after=MINUTE + 1)


def test_it_is_given_back_by_its_holder_alone(engine: Engine):
    """Who lost it must not end another's."""
    take(engine, "one")

    with writing(engine) as conn:
        leases.give_back(conn, "reconcile", "two")
    assert not take(engine, "two")
    with writing(engine) as conn:
        leases.give_back(conn, "reconcile", "one")
    assert take(engine, "two")


def test_a_clock_put_back_by_hours_holds_nobody_up(engine: Engine):
    """A lease that would last longer than any does is not believed."""
    take(engine, "one", after=180 * MINUTE)

    assert take(engine, "two")
