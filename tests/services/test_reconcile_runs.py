"""Reconciliations that somebody begins and others follow, on SQLite and PostgreSQL, against Meta in a box."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from partnerhook.core.access import Actor, Role
from partnerhook.core.observations import MICROSECONDS
from partnerhook.graph import Graph
from partnerhook.services.audit import Audit, AuditFilter
from partnerhook.services.notify import NOBODY
from partnerhook.services.reconcile import AskingApp
from partnerhook.services.reconcile_runs import NobodyToAsk, OtherRun, Run, Runs, RunState
from partnerhook.store import clock, leases, reconciliations
from partnerhook.testing import MetaInABox
from stores import new_store, writing

ACTOR = Actor("ana", Role.OPERATOR, "session", "10.0.0.1")
WITHIN_S = 60.0

pytestmark = pytest.mark.asyncio


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """An empty store."""
    return new_store(tmp_path, database)


@pytest.fixture(scope="module")
def box() -> Iterator[MetaInABox]:
    """With one solution."""
    with MetaInABox() as box:
        box.create()
        box.advance(60)
        yield box


def runs_of(engine: Engine, box: MetaInABox) -> Runs:
    """As one process has them."""
    asking = AskingApp("default", box.owner.app_id, partial(Graph, box.owner.access_token, url=box.url))
    return Runs(engine, Audit(engine), lambda: NOBODY, lambda: [asking])


async def end_of(runs: Runs, run: Run) -> Run:
    """As it is once it has ended."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = await asyncio.to_thread(runs.find, run.id)
            assert found is not None
            if found.ended_at is not None:
                return found
            await asyncio.sleep(0.02)


async def test_any_process_can_tell_how_it_went(engine: Engine, box: MetaInABox):
    """What one begins, another one finds: its report, and that it is done."""
    one, other = runs_of(engine, box), runs_of(engine, box)

    begun = await one.begin(ACTOR, None, check=False)
    ended = await end_of(other, begun)

    assert begun.state is RunState.RUNNING
    assert (ended.state, ended.asked_by, ended.done, ended.failure) == (RunState.DONE, "ana", 1, "")
    assert ended.report is not None
    assert ended.report["counts"]["drift"] == 1
    assert [run.id for run in await asyncio.to_thread(other.page, before_id=None, limit=10)] == [begun.id]
    (entry,) = Audit(engine).page(AuditFilter())
    assert (entry.action, entry.outcome) == ("reconcile.start", "done")


async def test_the_same_is_not_begun_twice_and_another_one_waits(engine: Engine, box: MetaInABox):
    """The one under way is named; one with other wishes is refused, whichever process is asked."""
    with writing(engine) as conn:
        under_way = reconciliations.add(conn, "bob", "", only_checks=True, at=clock.now(conn))
    runs = runs_of(engine, box)

    same = await runs.begin(ACTOR, None, check=True)
    with pytest.raises(OtherRun, match=f"Reconciliation {under_way} "):
        await runs.begin(ACTOR, None, check=False)

    assert (same.id, same.asked_by) == (under_way, "bob")


async def test_many_who_ask_at_once_begin_one(engine: Engine, box: MetaInABox):
    """Whichever process each of them asks."""
    several = [runs_of(engine, box) for _ in range(6)]
    with writing(engine) as conn:  # so that none has ended before the last one is asked for
        leases.take(conn, "reconcile", "somebody else", now=clock.now(conn), lasts=50 * MICROSECONDS)

    begun = await asyncio.gather(*[one.begin(ACTOR, None, check=False) for one in several])
    with writing(engine) as conn:
        leases.give_back(conn, "reconcile", "somebody else")
    for run in begun:
        await end_of(several[0], run)

    assert len({run.id for run in begun}) == 1


async def test_one_of_which_nothing_is_heard_is_lost(engine: Engine, box: MetaInABox):
    """Told as such in lists, too; and it is in nobody's way."""
    with writing(engine) as conn:
        silent = reconciliations.add(conn, "bob", "", only_checks=False, at=clock.now(conn) - 61 * MICROSECONDS)
    runs = runs_of(engine, box)

    found = await asyncio.to_thread(runs.find, silent)
    another = await end_of(runs, await runs.begin(ACTOR, None, check=False))

    assert found is not None
    assert found.state is RunState.LOST
    assert another.id != silent
    listed = await asyncio.to_thread(runs.page, before_id=None, limit=10)
    assert [run.state for run in listed] == [RunState.DONE, RunState.LOST]


async def test_one_that_is_stopped_says_so(engine: Engine, box: MetaInABox):
    """As when the server ends in order in the middle of it."""
    runs = runs_of(engine, box)
    with writing(engine) as conn:
        # Somebody else reconciles, so that it cannot have ended by itself.

        leases.take(conn, "reconcile", "somebody else", now=clock.now(conn), lasts=50 * MICROSECONDS)
    begun = await runs.begin(ACTOR, None, check=False)
    (task,) = [one for one in asyncio.all_tasks() if "_work" in repr(one.get_coro())]
    await asyncio.sleep(0)

    task.cancel()
    ended = await end_of(runs, begun)

    assert (ended.state, ended.failure) == (RunState.FAILED, "The server was stopped.")


async def test_nobody_can_be_asked(engine: Engine):
    """Then none is begun."""
    runs = Runs(engine, Audit(engine), lambda: NOBODY, list)

    with pytest.raises(NobodyToAsk):
        await runs.begin(ACTOR, None, check=False)

    assert await asyncio.to_thread(runs.page, before_id=None, limit=10) == []
