"""A new release, one process after the other: there is always a receiver that answers, and nothing is lost."""

from __future__ import annotations

import time
from pathlib import Path

from cluster import Cluster, configuration, running_postgres
from comparison import delivered
from probes import EVERY_S, FIRST_ID, Prober, probing

from endpoints import listening
from running import figure, wait_until


def test_all_are_restarted_one_by_one(tmp_path: Path):
    """Each ends in order; whoever finds one of them gone is answered 200 by the other."""
    with running_postgres() as postgres, listening() as notices, listening() as posts:
        told = configuration(notices.url, posts.url)
        cluster = Cluster(tmp_path, postgres, told, receivers=2, workers=2)
        try:
            cluster.start()
            with probing(cluster.receivers) as prober:
                took = [restart(cluster, prober, number) for number in range(len(cluster.servers))]
            wait_until(lambda: delivered(cluster), "everything delivered", within_s=60)
        finally:
            cluster.end()

    lost = [one for one in prober.probes if one.status == 0]
    taken = [one for one in prober.probes if one.status == 200]
    figure(f"{len(taken)} answered 200, {len(lost)} found nobody; a process ended after at most {max(took):.1f} s")
    assert {one.status for one in prober.probes} <= {0, 200}
    for one in lost:
        assert any(other.receiver != one.receiver and abs(other.at - one.at) < EVERY_S for other in taken)
    assert {one.solution_id for one in taken} <= {got["subject"] for got in notices.documents()}
    assert all(int(one.solution_id) > FIRST_ID for one in taken)


def restart(cluster: Cluster, prober: Prober, number: int) -> float:
    """End a process and start it again, once all receivers answer; how long its end took."""
    server = cluster.servers[number]
    now = time.monotonic()
    for one in cluster.receivers:
        name = one.folder.name
        wait_until(lambda name=name: prober.recovered_at(name, now), "200 from all receivers", within_s=30)  # type: ignore[misc]
    started = time.monotonic()
    assert server.stop() == 0
    ended = time.monotonic()
    server.start()
    return ended - started
