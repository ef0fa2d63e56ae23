"""The registry against the truth of Meta's box, through every kind of chaos, seeded.

A failing run names its kind and its seed; play it again by its name alone:
`.venv/bin/python -m pytest "tests/reliability/test_convergence.py::test_the_registry_converges[drop-7]"`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from lives import CHAOS, Lives

from conftest import check_log
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import Flag
from running import SECRET, VERIFY_TOKEN, Server

SEEDS = range(20)
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
    """It equals the truth or says that it is ambiguous, whenever nothing was lost for good."""
    lives = Lives(chaos, seed, now=time.time())
    lives.subscribe([f"{receiver.url}/webhook/{party}" for party in PARTIES], SECRET)

    asyncio.run(lived(lives))

    assert lives.box.outbox.given_up == 0
    truth, found = lives.truth(), registered(receiver, lives)
    if not lives.losing:
        wrong = {
            key: (found.get(key), state)
            for key, state in truth.items()
            if key not in found or not (right(found[key], state) or Flag.AMBIGUOUS in found[key].anomalies)
        }
        assert wrong == {}


async def lived(lives: Lives) -> None:
    """The whole of it; the connections to the receiver are closed."""
    try:
        await lives.live(STEPS)
    finally:
        await lives.box.courier.close()


def right(found: Solution, state: tuple[str, str]) -> bool:
    """The registry says what is true."""
    return (found.status.value, found.pending.value) == state
