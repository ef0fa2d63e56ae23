"""People who look at the same share a look, and whoever looks because of a pulse sees what it told of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from partnerhook.core.compose import Update, compose
from partnerhook.services.kept import KeptQueries
from partnerhook.services.live import PAUSE_FOR_EACH_S, Live, Pulse
from partnerhook.services.outbox import Outbox
from partnerhook.services.query import Queries, SolutionFilter, Told
from stores import arrive, deliver, new_store
from strategies import NOON_S

WITHIN_S = 20.0


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """One solution."""
    engine = new_store(tmp_path, database)
    hear(engine, "1")
    return engine


def hear(engine: Engine, solution_id: str) -> None:
    """Another solution."""
    deliver(engine, arrive(compose("5", NOON_S, [Update("SOLUTION_CREATED", solution_id, "DRAFT")])))


def ids(queries: Queries) -> list[str]:
    """What the list shows."""
    return [one.solution_id for one, _ in queries.solutions_page(SolutionFilter(), after=None, limit=10)]


def test_while_nobody_watches_everything_is_seen_at_once(engine: Engine):
    """There is no pulse that would tell later."""
    queries = KeptQueries(engine, Live(Queries(engine), Outbox(engine)))
    assert (ids(queries), counted(queries)) == (["1"], 1)

    hear(engine, "2")

    assert (ids(queries), counted(queries)) == (["1", "2"], 2)


def counted(queries: Queries) -> int:
    """How many the board counts."""
    return sum(column.count for column in queries.board(5, SolutionFilter()))


def test_what_did_not_change_is_not_looked_up_again(engine: Engine):
    """It is the same object."""
    queries = KeptQueries(engine, Live(Queries(engine), Outbox(engine)))

    first = queries.board(5, SolutionFilter())

    assert queries.board(5, SolutionFilter()) is first
    assert queries.board(6, SolutionFilter()) is not first


def test_long_pages_are_not_kept(engine: Engine):
    """A file's: a list of hundreds of thousands would stay in memory, for nobody."""
    queries = KeptQueries(engine, Live(Queries(engine), Outbox(engine)))

    def look(limit: int) -> list[Told]:
        return queries.solutions_page(SolutionFilter(), after=None, limit=limit)

    assert look(51) is look(51)
    assert look(500) is not look(500)


@asynccontextmanager
async def watching(live: Live) -> AsyncIterator[AsyncIterator[Pulse]]:
    """Somebody does."""
    pulses = live.pulses(idle_s=WITHIN_S)
    yield pulses
    await live.end()
    await pulses.aclose()  # type: ignore[attr-defined]


def test_a_pulse_is_told_of_what_one_then_sees(engine: Engine):
    """However long ago it was looked up before."""

    async def watch() -> tuple[list[str], list[str]]:
        live = Live(Queries(engine), Outbox(engine))
        queries = KeptQueries(engine, live)
        async with asyncio.timeout(WITHIN_S), watching(live) as pulses:
            begun = await anext(pulses)
            before = await asyncio.to_thread(ids, queries)
            await asyncio.to_thread(hear, engine, "2")
            async for pulse in pulses:
                if pulse.observation_id > begun.observation_id:
                    break
            return before, await asyncio.to_thread(ids, queries)

    assert asyncio.run(watch()) == (["1"], ["1", "2"])


def test_many_who_watch_are_asked_not_to_come_all_at_once(engine: Engine):
    """Each pulse says within which time; for one alone it is at once."""

    async def spread_s(watchers: int) -> float:
        live = Live(Queries(engine), Outbox(engine))
        seen = await asyncio.to_thread(Queries(engine).newest_observation_id)
        streams = [live.pulses(idle_s=WITHIN_S) for _ in range(watchers)]
        async with asyncio.timeout(WITHIN_S):
            for one in streams:
                await anext(one)
            await asyncio.to_thread(hear, engine, str(seen + 100))
            async for pulse in streams[0]:
                if pulse.observation_id > seen:
                    break
        await live.end()
        for one in streams:
            await one.aclose()  # type: ignore[attr-defined]
        return pulse.spread_s

    assert asyncio.run(spread_s(1)) == 0.0
    assert asyncio.run(spread_s(20)) == pytest.approx(19 * PAUSE_FOR_EACH_S)
