"""What processes count is written down, added up for charts, and forgotten after a week."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from partnerhook.core.figures import ANSWERS, HANDSHAKES, RECEIVED, REFUSED, total
from partnerhook.services.figures import SCALES, Bookkeeper, Past, Span, sum_of
from partnerhook.services.meters import Meters, Refusal
from partnerhook.services.retain import FIGURES_KEPT_MINUTES, Keeping, retain
from partnerhook.store import figures
from running import wait_until
from stores import new_store, writing


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """An empty store."""
    return new_store(tmp_path, database)


def rows(engine: Engine) -> int:
    """How many there are."""
    with engine.connect() as conn:
        return len(figures.between(conn, 0, 2**60))


def count(meters: Meters, times: int) -> None:
    """Something of each kind."""
    for _ in range(times):
        meters.refused("default", Refusal.SIGNATURE_WRONG)
        meters.answered("default", 0.003)


def test_several_processes_are_summed(engine: Engine):
    """Each writes what it has counted since it wrote last; whoever looks sees them all as one."""

    async def live() -> None:
        first, second = Meters(), Meters()
        one, other = Bookkeeper(engine, first, "one"), Bookkeeper(engine, second, "other")
        count(first, 2)
        await one.write()
        count(first, 3)
        count(second, 5)
        await one.write()
        await other.end()

    asyncio.run(live())

    for span in Span:
        past = Past(engine).look(span)
        assert len(past) == SCALES[span].stretches
        assert total(sum_of(past), REFUSED) == 10
        assert sum_of(past)[ANSWERS] == {"0.005": 10}
        assert total(past[-1].figures, REFUSED) + total(past[-2].figures, REFUSED) == 10


def test_nothing_counted_is_nothing_written(engine: Engine):
    """An idle server leaves the disk alone."""

    async def live() -> None:
        meters = Meters()
        books = Bookkeeper(engine, meters, "one")
        await books.write()
        count(meters, 1)
        await books.write()
        await books.write()

    asyncio.run(live())

    assert rows(engine) == 1


def test_a_handshake_is_written_at_once_and_remembered_for_good(engine: Engine):
    """Somebody who sets things up waits for it; the first time of each app is kept."""

    async def live() -> None:
        meters = Meters()
        task = asyncio.create_task(Bookkeeper(engine, meters, "one").run())
        for app in ("default", "other", "default"):
            meters.handshake(app)
        await asyncio.to_thread(wait_until, Past(engine).milestones, "it is written", within_s=20)
        task.cancel()

    asyncio.run(live())

    assert set(Past(engine).milestones()) == {f"{HANDSHAKES}/default", f"{HANDSHAKES}/other"}


def test_only_the_first_time_counts(engine: Engine):
    """Whoever else says so later."""
    with writing(engine) as conn:
        figures.reached(conn, ["tests/default"], 5)
        figures.reached(conn, ["tests/default"], 9)

    assert Past(engine).milestones() == {"tests/default": 5}


def test_what_is_over_is_not_read_again_and_what_is_new_is(engine: Engine):
    """The same object looks twice, and misses nothing that came meanwhile."""
    now = int(time.time()) // 60
    past = Past(engine)
    with writing(engine) as conn:
        figures.add(conn, now - 30, "one", {RECEIVED: {"default": 1}})
    assert total(sum_of(past.look(Span.HOUR)), RECEIVED) == 1

    with writing(engine) as conn:
        figures.add(conn, now - 1, "one", {RECEIVED: {"default": 2}})
        figures.add(conn, now - 40, "late by far", {RECEIVED: {"default": 4}})

    assert total(sum_of(past.look(Span.HOUR)), RECEIVED) == 3
    assert total(sum_of(Past(engine).look(Span.HOUR)), RECEIVED) == 7


def test_figures_are_forgotten(engine: Engine):
    """After the week that is shown."""
    now = int(time.time()) // 60
    with writing(engine) as conn:
        figures.add(conn, now - FIGURES_KEPT_MINUTES - 5, "one", {RECEIVED: {"default": 1}})
        figures.add(conn, now - 7 * 24 * 60, "one", {RECEIVED: {"default": 1}})

    async def live() -> None:
        task = asyncio.create_task(retain(engine, Keeping(30, 24, 30, 30)))
        await asyncio.to_thread(wait_until, lambda: rows(engine) == 1, "the older one is gone")
        task.cancel()

    asyncio.run(live())
