"""Several hosts, each in a network namespace of its own; one after the other is cut off, silently, and healed.

While PostgreSQL's host is cut off receivers answer 503 in time; what a worker had claimed that was cut off goes to
another one; nothing that was answered 200 is lost, no state is wrong, each notice arrives, in the order of its
solution. Nothing is restarted.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import hosts
import pytest
from cluster import Cluster, Place, configuration, running_postgres
from comparison import compare, delivered, summary
from hosts import Network
from probes import FIRST_ID, SLACK_S, Prober, check_refusals, probing
from senders import begin, end

from endpoints import Endpoint, Told, listening
from partnerhook.services.query import Queries, SolutionFilter
from partnerhook.store.outbox import holders
from running import Server, figure, wait_until

META = "meta"
"""The host of the load, of the targets and of this test."""
DATABASE = "database"

TIMEOUT_S = 0.6
CLAIM_ENDS_S = 5 * TIMEOUT_S + 30
"""docs/postgresql.md: what a worker had claimed that is gone goes to another one after so long."""
LOCKS_HELD_S = 4.0
"""The same: so long a host that was cut off in the middle of a transaction holds what others wait for."""
RECOVERS_S = 20.0


class Ordeal:
    """A cluster on hosts of its own, under load."""

    def __init__(self, network: Network, cluster: Cluster, prober: Prober) -> None:
        self._network = network
        self._cluster = cluster
        self._prober = prober

    @contextmanager
    def cut_off(self, host: str, for_s: float) -> Iterator[None]:
        """Do something while a host is cut off, for at least so long."""
        until = time.monotonic() + for_s
        self._network.cut(host)
        self._cluster.faults.append(f"{host} cut off")
        try:
            yield
            wait_until(lambda: time.monotonic() > until, "long enough", within_s=for_s + 1)
        finally:
            self._network.heal(host)

    def recovers(self, receiver: str) -> float:
        """How long from now on until a receiver answers 200."""
        now = time.monotonic()
        return wait_until(lambda: self._prober.recovered_at(receiver, now), "200 again", within_s=RECOVERS_S) - now

    def lose_a_receiver(self, for_s: float) -> None:
        """The others go on, once they have the locks that it held at that moment."""
        lost, *others = self._cluster.receivers
        since = time.monotonic()
        with self.cut_off(lost.folder.name, for_s):
            pass
        until = time.monotonic()
        figure(f"a receiver cut off for {for_s:.1f} s: 200 again after {self.recovers(lost.folder.name):.1f} s")

        for one in others:
            answers = self._prober.all_sent_to(one.folder.name, since, until)
            longest_s = max(probe.took_s for probe in answers)
            refused = [probe for probe in answers if probe.status == 503]
            said = f"of {len(answers)} webhooks {len(refused)} heard 503, the longest wait was {longest_s:.1f} s"
            figure(f"{one.folder.name}: {said}")
            assert {probe.status for probe in answers} <= {200, 503}
            assert longest_s < LOCKS_HELD_S + 2 * SLACK_S
            assert all(probe.at < since + LOCKS_HELD_S + SLACK_S for probe in refused)

    def lose_the_database(self, for_s: float) -> None:
        """503 in time from every receiver, and 200 again by itself."""
        since = time.monotonic()
        with self.cut_off(DATABASE, for_s):
            pass
        until = time.monotonic()
        took = [self.recovers(one.folder.name) for one in self._cluster.receivers]
        figure(f"the database cut off for {for_s:.1f} s: 200 again after {max(took):.1f} s")

        for one in self._cluster.receivers:
            silent = self._prober.all_sent_to(one.folder.name, since + 1, until - 1)
            figure(f"{one.folder.name}: {check_refusals(silent, since, until)}")

    def lose_a_worker(self, meanwhile_s: float) -> None:
        """It holds claims; somebody else has them in time."""
        worker = self._cluster.workers[0]
        wait_until(lambda: self._holds(worker), "it has claimed something", within_s=30)
        since = time.monotonic()
        with self.cut_off(worker.folder.name, 0):
            assert self._holds(worker)
            self.lose_a_receiver(meanwhile_s)
            self.lose_the_database(meanwhile_s * 2)
            wait_until(lambda: not self._holds(worker), "its claims are taken over", within_s=60)
            took_s = time.monotonic() - since
        figure(f"a worker cut off: its claims taken over after {took_s:.1f} s")

        assert took_s < CLAIM_ENDS_S + RECOVERS_S

    def _holds(self, worker: Server) -> bool:
        with self._cluster.engine.connect() as conn, conn.begin():
            return any(f":{worker.pid}:" in one for one in holders(conn))


@contextmanager
def spread_out(folder: Path, *, receivers: int, workers: int) -> Iterator[tuple[Network, Cluster, Endpoint, Endpoint]]:
    """A cluster with a host for each process, and this test on another one."""
    names = [*(f"receiver{n}" for n in range(receivers)), *(f"worker{n}" for n in range(workers))]
    with ExitStack() as stack:
        network = stack.enter_context(hosts.network([META, DATABASE, *names]))
        with network.on(DATABASE):
            postgres = stack.enter_context(running_postgres(network.address(DATABASE)))
        stack.enter_context(network.on(META))
        notices, posts = (stack.enter_context(listening(host=network.address(META))) for _ in range(2))

        def place(name: str) -> Place:
            return Place(postgres.port, postgres.host, network.address(name), network.command(name))

        told = configuration(notices.url, posts.url, f"timeout_s = {TIMEOUT_S}\n")
        cluster = Cluster(folder, postgres, told, receivers=receivers, workers=workers, place=place)
        stack.callback(cluster.end)
        cluster.start()
        yield network, cluster, notices, posts


def ordeal(folder: Path, *, seed: int, rounds: int, receivers: int = 2, workers: int = 2) -> None:
    """In each round a worker is cut off; meanwhile a receiver, then the database. Then everything is compared."""
    figure(f"seed {seed}, {rounds} rounds")
    dice = random.Random(seed)
    senders = []
    with spread_out(folder, receivers=receivers, workers=workers) as (network, cluster, notices, posts):
        notices.answer = lambda _: Told(500 if dice.random() < 0.05 else 200, after_s=dice.uniform(0.05, 0.2))
        with probing(cluster.receivers) as prober:
            for number in range(rounds):
                sending = begin(cluster, seed + 100 * number, 4, pause_s=1.5)
                Ordeal(network, cluster, prober).lose_a_worker(dice.uniform(5, 8))
                end(sending)
                senders += sending
        wait_until(lambda: delivered(cluster), "everything delivered", within_s=180)
        compare(cluster, senders, notices, posts)
        check_probes(cluster, prober)
        figure(summary(cluster, senders, notices, posts))


def check_probes(cluster: Cluster, prober: Prober) -> None:
    """What was answered 200 is stored."""
    answered = {one.solution_id for one in prober.probes if one.status == 200}
    stored = {one.solution_id for one in Queries(cluster.engine).list_solutions(SolutionFilter())}
    assert answered <= stored
    assert len(answered) == sum(one.status == 200 for one in prober.probes)
    assert all(int(one) > FIRST_ID for one in answered)


pytestmark = pytest.mark.skipif("hosts.why_not()")


def test_hosts_are_cut_off(tmp_path: Path):
    """One round."""
    ordeal(tmp_path, seed=random.SystemRandom().randrange(1_000_000), rounds=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1_000, 1_003))
def test_hosts_are_cut_off_over_and_over(tmp_path: Path, seed: int):
    """Five rounds each, of three receivers and three workers."""
    ordeal(tmp_path, seed=seed, rounds=5, receivers=3, workers=3)
