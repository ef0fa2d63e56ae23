"""Three receivers and three workers on one PostgreSQL, load with every kind of chaos, and `kill -9` of all of them.

PostgreSQL itself is ended in its "immediate" mode, as if its power had failed. Nothing that was answered 200 is lost,
no state is wrong, each notice reaches its destination, in the order of its solution.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from cluster import Cluster, configuration, running_postgres
from comparison import compare, delivered, summary
from senders import Sender, begin, end

from endpoints import Told, listening
from partnerhook.core.notice_documents import AnyNotice, Notice
from partnerhook.services.outbox import NoticeFilter, Outbox
from partnerhook.services.query import Queries, SolutionFilter
from partnerhook.services.rebuild import rebuild
from running import Server, figure, post_bytes, wait_until
from strategies import NOON_S

BOXES = 6
"""Meta's boxes that send side by side."""


def ordeal(folder: Path, *, seed: int, rounds: int, receivers: int = 3, workers: int = 3) -> None:
    """Rounds of load; in each something goes wrong again and again until all is sent. Then everything is compared."""
    figure(f"seed {seed}, {rounds} rounds")
    dice = random.Random(seed)
    with running_postgres() as postgres, listening() as notices, listening() as posts:
        notices.answer = lambda _: Told(500 if dice.random() < 0.05 else 200, after_s=dice.uniform(0, 0.01))
        told = configuration(notices.url, posts.url)
        cluster = Cluster(folder, postgres, told, receivers=receivers, workers=workers)
        try:
            cluster.start()
            senders = [one for number in range(rounds) for one in load(cluster, dice, seed + number * BOXES)]
            wait_until(lambda: delivered(cluster), "everything delivered", within_s=180)
            told = summary(cluster, senders, notices, posts)
            compare(cluster, senders, notices, posts)
            figure(told)
        finally:
            cluster.end()


def load(cluster: Cluster, dice: random.Random, seed: int) -> list[Sender]:
    """Some boxes, until all they had to say is said; meanwhile, troubles."""
    senders = begin(cluster, seed, BOXES)
    troubles = cluster.troubles(dice)
    while any(sender.is_alive() for sender in senders):
        next(troubles)()
        time.sleep(dice.uniform(0.1, 0.6))
    end(senders)
    return senders


def test_everything_is_killed_at_random(tmp_path: Path):
    """One round."""
    ordeal(tmp_path, seed=random.SystemRandom().randrange(1_000_000), rounds=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1_000, 1_005))
def test_everything_is_killed_over_and_over(tmp_path: Path, seed: int):
    """Twelve rounds each."""
    ordeal(tmp_path, seed=seed, rounds=12)


def test_one_solution_through_all_receivers_at_once(tmp_path: Path):
    """Whoever folds waits for whoever folds the same; nobody is refused, nothing is folded on what is out of date."""
    with running_postgres() as postgres:
        cluster = Cluster(tmp_path, postgres, "", receivers=3, workers=0)
        try:
            cluster.start()
            threads = [
                threading.Thread(target=send_all, args=(server, seed))
                for seed, server in enumerate(cluster.receivers * 2)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            stored = Queries(cluster.engine).list_solutions(SolutionFilter())
            assert {one.observations for one in stored} == {SECONDS * len(WORDS)}
            assert rebuild(cluster.engine, check=True).differences == []
            for one in stored:
                in_order(
                    [notice for _, notice in Outbox(cluster.engine).notices(NoticeFilter(solution_id=one.solution_id))]
                )
        finally:
            cluster.end()


SOLUTIONS = 5
SECONDS = 20
WORDS = ("INITIATED", "ACTIVE", "PENDING_DEACTIVATION")


def send_all(server: Server, seed: int) -> None:
    """Everything that is to be said of some solutions, in any order, in batches; all threads say the same."""
    said = [
        {"id": "5", "time": NOON_S + second, "changes": [change(str(number), word)]}
        for number in range(SOLUTIONS)
        for second in range(SECONDS)
        for word in WORDS
    ]
    random.Random(seed).shuffle(said)
    with server.connect() as client:
        for first in range(0, len(said), 5):
            body = {"object": "whatsapp_business_account", "entry": said[first : first + 5]}
            raw = json.dumps(body).encode()
            assert client.send(post_bytes(raw, path="/webhook/owner")).answer().status == 200


def change(solution_id: str, word: str) -> dict[str, object]:
    """A change as Meta sends it."""
    value = {"event": "SOLUTION_UPDATED", "solution_id": solution_id, "solution_status": word}
    return {"field": "partner_solutions", "value": value}


def in_order(told: Sequence[AnyNotice]) -> None:
    """Each step begins where the one before it ended."""
    steps = [one for one in told if isinstance(one, Notice)]
    for before, after in pairwise(steps):
        assert after.before is not None
        assert after.before.could_be[-1] == before.after.could_be[-1]
