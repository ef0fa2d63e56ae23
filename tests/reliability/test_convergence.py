"""The registry against the truth of Meta's box, through every kind of chaos, seeded; before and after reconciliation.

A failing run names its kind and its seed; play it again by its name alone:
`.venv/bin/python -m pytest "tests/reliability/test_convergence.py::test_the_registry_converges[drop-7]"`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial

import pytest
from lives import CHAOS, Lives

from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import Flag
from partnerhook.emulator.server import running
from partnerhook.graph import Graph
from partnerhook.services.notify import Routing
from partnerhook.services.reconcile import AskingApp, Reconciled, reconcile
from partnerhook.store.engine import open_engine
from running import SECRET, VERIFY_TOKEN, Server, check_log

SEEDS = range(16)
STEPS = 14
PARTIES = ("owner", "partner")


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One receiver for all runs, for an app of each party: every run has solutions of its own."""
    apps = {
        f"APPS__{party.upper()}__{key}": value
        for party in PARTIES
        for key, value in (("APP_SECRET", SECRET), ("VERIFY_TOKEN", VERIFY_TOKEN))
    }
    server = Server(tmp_path_factory.mktemp("convergence"), {**apps, "APP_SECRET": "", "VERIFY_TOKEN": ""})
    server.start()

    yield server

    assert server.stop() == 0
    check_log(server)


def registered(receiver: Server, lives: Lives) -> dict[tuple[str, str], Solution]:
    """What the registry has of this run's solutions, by Meta's id of the app and the solution's."""
    app_ids = dict(zip(PARTIES, lives.box.world.apps, strict=True))
    found = (one for id_ in lives.box.world.solutions for one in receiver.queries().find_solutions(id_))
    return {(app_ids[one.app], one.solution_id): one for one in found}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("chaos", CHAOS)
def test_the_registry_converges(receiver: Server, chaos: str, seed: int):
    """It equals the truth or says that it is ambiguous, whenever nothing was lost for good; reconciled, always."""
    lives = Lives(chaos, seed, now=time.time())
    lives.subscribe([f"{receiver.url}/webhook/{party}" for party in PARTIES], SECRET)

    asyncio.run(lived(lives))
    before = registered(receiver, lives)
    first = asyncio.run(reconciled(receiver, lives))
    second = asyncio.run(reconciled(receiver, lives))

    assert lives.box.outbox.given_up == 0
    truth, found = lives.truth(), registered(receiver, lives)
    if not lives.losing:
        wrong = {
            key: (before.get(key), state)
            for key, state in truth.items()
            if key not in before or not (right(before[key], state) or Flag.AMBIGUOUS in before[key].anomalies)
        }
        assert wrong == {}
    assert {key: said(one) for key, one in found.items()} == truth
    assert not any(Flag.AMBIGUOUS in one.anomalies for one in found.values())
    assert all(app.in_doubt == [] and app.failure == "" for app in (*first.apps, *second.apps))
    assert second.drift == []


async def lived(lives: Lives) -> None:
    """The whole of it; the connections to the receiver are closed."""
    try:
        await lives.live(STEPS)
    finally:
        await lives.box.courier.close()


async def reconciled(receiver: Server, lives: Lives) -> Reconciled:
    """One reconciliation of both apps, some seconds of the box's clock later."""
    lives.box.clock.advance(2)
    async with running(lives.box) as url:
        asking = [
            AskingApp(party, app.id, partial(Graph, app.access_token, app_secret=app.secret, url=url))
            for party, app in zip(PARTIES, lives.box.world.apps.values(), strict=True)
        ]
        return await reconcile(open_engine(f"sqlite:///{receiver.database}"), asking, routing=Routing())


def said(one: Solution) -> tuple[str, str]:
    """What the registry says."""
    return one.status.value, one.pending.value


def right(found: Solution, state: tuple[str, str]) -> bool:
    """The registry says what is true."""
    return said(found) == state
