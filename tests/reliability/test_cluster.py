"""Three receivers and three workers on one PostgreSQL, load with every kind of chaos, and `kill -9` of all of them.

PostgreSQL itself is ended in its "immediate" mode, as if its power had failed. Nothing that was answered 200 is lost,
no state is wrong, each notice reaches its destination, in the order of its solution.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from cluster import PARTIES, Cluster, running_postgres
from lives import Lives

from endpoints import Endpoint, Told, listening
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import Flag
from partnerhook.core.notice_documents import AnyNotice, Notice, document
from partnerhook.emulator.courier import Attempt
from partnerhook.emulator.server import running
from partnerhook.graph import Graph
from partnerhook.services.notify import Routing
from partnerhook.services.outbox import NoticeFilter, Outbox
from partnerhook.services.query import Queries, SolutionFilter
from partnerhook.services.rebuild import rebuild
from partnerhook.services.reconcile import AskingApp, Reconciled, reconcile
from running import SECRET, Server, post_bytes, wait_until
from strategies import NOON_S

RETRIES = "internal = true\nretry_first_s = 0.05\n"
BOXES = 6
"""Meta's boxes that send side by side."""
STEPS = 60
PAUSE_S = 0.25
"""Meta's clock runs fast in the box; while we are down it must not run away."""


class Sender(threading.Thread):
    """A box that lives and sends, to whichever receiver a load balancer would choose."""

    def __init__(self, cluster: Cluster, chaos: str, seed: int) -> None:
        super().__init__(name=f"{chaos}-{seed}", daemon=True)
        self.lives = Lives(chaos, seed, now=time.time())
        self.answered: list[bytes] = []
        """Bodies that were answered 200."""
        self.outages = 0
        """Attempts that nobody answered 200."""
        self.error: BaseException | None = None
        self._cluster = cluster
        self._dice = random.Random(seed)
        self._aim()
        self.lives.box.courier.on_attempt = self._after

    def _aim(self) -> None:
        url = self._dice.choice(self._cluster.receivers).url
        self.lives.subscribe([f"{url}/webhook/{party}" for party in PARTIES], SECRET)

    def _after(self, attempt: Attempt) -> None:
        if attempt.status == 200:
            self.answered.append(attempt.body)
        elif not attempt.chaos:
            assert attempt.status in {0, 503}, attempt
            self.outages += 1
            time.sleep(PAUSE_S)
        self._aim()

    def run(self) -> None:
        """The whole life."""
        try:
            asyncio.run(self._live())
        except BaseException as error:
            self.error = error
            raise

    async def _live(self) -> None:
        try:
            await self.lives.live(STEPS)
        finally:
            await self.lives.box.courier.close()


def ordeal(folder: Path, *, seed: int, rounds: int, receivers: int = 3, workers: int = 3) -> None:
    """Rounds of load; in each something goes wrong again and again until all is sent. Then everything is compared."""
    print(f"seed {seed}, {rounds} rounds")  # noqa: T201 - how to have the same again
    dice = random.Random(seed)
    with running_postgres() as postgres, listening() as notices, listening() as posts:
        notices.answer = lambda _: Told(500 if dice.random() < 0.05 else 200, after_s=dice.uniform(0, 0.01))
        configuration = (
            f'[[destinations]]\nname = "crm"\nurl = "{notices.url}"\n{RETRIES}'
            f'[[forward]]\nname = "inbox"\nurl = "{posts.url}"\napps = ["owner", "partner"]\n{RETRIES}'
        )
        cluster = Cluster(folder, postgres, configuration, receivers=receivers, workers=workers)
        try:
            cluster.start()
            senders = [one for number in range(rounds) for one in load(cluster, dice, seed + number * BOXES)]
            wait_until(lambda: delivered(cluster), "everything delivered", within_s=180)
            told = summary(cluster, senders, notices, posts)
            compare(cluster, senders, notices, posts)
            print(told)  # noqa: T201 - the figures
        finally:
            cluster.end()


def load(cluster: Cluster, dice: random.Random, seed: int) -> list[Sender]:
    """Some boxes, until all they had to say is said; meanwhile, troubles."""
    chaos = ["all_but_losses", "all", "recut", "all_but_losses"]
    senders = [Sender(cluster, chaos[number % len(chaos)], seed + number) for number in range(BOXES)]
    for sender in senders:
        sender.start()
    troubles = cluster.troubles(dice)
    while any(sender.is_alive() for sender in senders):
        next(troubles)()
        time.sleep(dice.uniform(0.1, 0.6))
    for sender in senders:
        sender.join()
        assert sender.error is None
        assert sender.lives.box.outbox.given_up == 0
    return senders


def delivered(cluster: Cluster) -> bool:
    """Nothing waits for anybody."""
    return all(one.backlog is None for one in Outbox(cluster.engine).overview().values())


def summary(cluster: Cluster, senders: Sequence[Sender], notices: Endpoint, posts: Endpoint) -> str:
    """What it came to."""
    faults = Counter(fault.split()[0].rstrip("0123456789") for fault in cluster.faults)
    times = Counter(one["id"] for one in notices.documents())
    return (
        f"{dict(faults)}; {sum(len(one.answered) for one in senders)} answered 200, "
        f"{sum(one.outages for one in senders)} not; {len(times)} notices in {sum(times.values())} deliveries; "
        f"{len({got.body for got in posts.got})} POSTs passed on in {len(posts.got)}"
    )


def compare(cluster: Cluster, senders: Sequence[Sender], notices: Endpoint, posts: Endpoint) -> None:
    """Truth and registry, notices and what came, POSTs and what came."""
    queries = Queries(cluster.engine)
    for sender in senders:
        if not sender.lives.losing:
            assert wrong(queries, sender.lives) == {}
        assert {one for one in sender.answered if b"partner_solutions" in one} <= {got.body for got in posts.got}
    told = [document(one) for _, one in Outbox(cluster.engine).notices(NoticeFilter())]
    came: dict[str, list[str]] = defaultdict(list)
    for one in notices.documents():
        lane = f"{one['source']} {one['subject']}"
        if one["id"] not in came[lane]:
            came[lane].append(one["id"])
    expected: dict[str, list[str]] = defaultdict(list)
    for one in told:
        expected[f"{one['source']} {one['subject']}"].append(one["id"])
    assert came == expected
    for sender in senders:
        report = asyncio.run(reconciled(cluster, sender.lives))
        assert all(app.in_doubt == [] and app.failure == "" for app in report.apps)
        found = {key: said(one) for key, one in registered(queries, sender.lives).items()}
        assert found == sender.lives.truth()


def wrong(queries: Queries, lives: Lives) -> dict[object, object]:
    """Where the registry says what is not true, and not that it is ambiguous."""
    found = registered(queries, lives)
    return {
        key: (found.get(key), state)
        for key, state in lives.truth().items()
        if key not in found or not (said(found[key]) == state or Flag.AMBIGUOUS in found[key].anomalies)
    }


def registered(queries: Queries, lives: Lives) -> dict[tuple[str, str], Solution]:
    """What the registry has, by Meta's id of the app and the solution's."""
    app_ids = dict(zip(PARTIES, lives.box.world.apps, strict=True))
    found = (one for id_ in lives.box.world.solutions for one in queries.find_solutions(id_))
    return {(app_ids[one.app], one.solution_id): one for one in found}


def said(one: Solution) -> tuple[str, str]:
    """What the registry says."""
    return one.status.value, one.pending.value


async def reconciled(cluster: Cluster, lives: Lives) -> Reconciled:
    """Compare a box's solutions with the registry, some seconds of its clock later."""
    lives.box.clock.advance(2)
    async with running(lives.box) as url:
        asking = [
            AskingApp(party, app.id, partial(Graph, app.access_token, app_secret=app.secret, url=url))
            for party, app in zip(PARTIES, lives.box.world.apps.values(), strict=True)
        ]
        return await reconcile(cluster.engine, asking, routing=Routing())


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
