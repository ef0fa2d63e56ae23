"""However people come and go, one task looks for all of them, and none where nobody watches."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine

from partnerhook.core.compose import Update, compose
from partnerhook.core.errors import StoreUnavailable
from partnerhook.services.live import Live
from partnerhook.services.outbox import Outbox
from partnerhook.services.query import Queries
from stores import FILE, arrive, deliver, new_store
from strategies import NOON_S

WITHIN_S = 20.0


def test_many_who_come_at_once_leave_nothing_behind(tmp_path: Path):
    """As after a restart, when every open page asks again."""
    engine = new_store(tmp_path)

    async def come_and_go() -> tuple[int, int]:
        live = Live(Queries(engine), Outbox(engine))
        before = asyncio.all_tasks()
        watching = [live.pulses(idle_s=WITHIN_S) for _ in range(8)]
        await asyncio.gather(*[anext(one) for one in watching])
        begun = asyncio.all_tasks() - before
        for one in watching:
            await one.aclose()  # type: ignore[attr-defined]
        assert live.told is None
        _, going_on = await asyncio.wait(begun, timeout=WITHIN_S)
        return len(begun), len(going_on)

    assert asyncio.run(come_and_go()) == (1, 0)


def test_who_could_not_begin_is_not_counted(tmp_path: Path):
    """Where the database was away for long, and every page asked again and again, the others are told as quickly."""
    engine = new_store(tmp_path)
    there, away = tmp_path / FILE, tmp_path / "away.db"

    async def ask_again_and_again() -> float:
        live = Live(Queries(engine), Outbox(engine))
        there.rename(away)
        there.mkdir()
        for _ in range(40):
            with pytest.raises(StoreUnavailable):
                await anext(live.pulses(idle_s=WITHIN_S))
        there.rmdir()
        away.rename(there)
        watching = live.pulses(idle_s=WITHIN_S)
        await anext(watching)
        await asyncio.to_thread(hear, engine)
        told = await anext(watching)
        await watching.aclose()  # type: ignore[attr-defined]
        return told.spread_s

    assert asyncio.run(ask_again_and_again()) == 0.0


def hear(engine: Engine) -> None:
    """Something new."""
    deliver(engine, arrive(compose("5", NOON_S, [Update("SOLUTION_CREATED", "1", "DRAFT")])))
