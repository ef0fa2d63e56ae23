"""PostgreSQL that is gone, hangs or comes back: 503 at once, nothing that was answered 200 is lost, no restart."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, running_postgres
from probes import check_refusals, probing

from partnerhook.services.query import Queries, SolutionFilter
from postgres import PostgresServer
from running import Server, figure, post_bytes, wait_until, webhook

PATH = "/webhook/owner"
AT_ONCE_S = 1.0
HALTED_S = 12.0
"""Longer than the longest wait for an answer."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """One receiver, one worker."""
    with running_postgres() as postgres:
        cluster = Cluster(tmp_path, postgres, "", receivers=1, workers=1)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.end()


def post(server: Server, solution_id: str) -> tuple[int, float]:
    """Status, and how long it took."""
    started = time.monotonic()
    with server.connect() as client:
        status = client.send(post_bytes(webhook(solution_id), path=PATH)).answer().status
    return status, time.monotonic() - started


def until_taken(receiver: Server) -> float:
    """How long it takes from now on until a webhook is answered 200."""
    started = time.monotonic()
    wait_until(lambda: post(receiver, "3")[0] == 200, "it takes webhooks again", within_s=10)
    return time.monotonic() - started


def stored(cluster: Cluster) -> set[str]:
    """Which solutions there are."""
    return {one.solution_id for one in Queries(cluster.engine).list_solutions(SolutionFilter())}


def test_gone_and_back(cluster: Cluster):
    """It was ended as if its power had failed."""
    (receiver,) = cluster.receivers
    assert post(receiver, "1")[0] == 200
    cluster.postgres.stop()

    refused = [post(receiver, f"2{number}") for number in range(3)]
    assert {status for status, _ in refused} == {503}
    assert max(took_s for _, took_s in refused) < AT_ONCE_S
    assert receiver.get("/readyz", receiver.admin_url).status == 503
    assert receiver.get("/healthz", receiver.admin_url).status == 200
    assert receiver.get("/metrics", receiver.admin_url).status == 200
    cluster.postgres.start()

    again_s = until_taken(receiver)
    figure(f"gone: 503 after {1000 * max(took_s for _, took_s in refused):.0f} ms; 200 again after {again_s:.2f} s")
    assert receiver.get("/readyz", receiver.admin_url).status == 200
    assert {"1", "3"} <= stored(cluster)


def test_halted(cluster: Cluster):
    """Connections stand, and nothing answers: a server whose disk hangs."""
    (receiver,) = cluster.receivers
    name = receiver.folder.name
    with probing(cluster.receivers) as prober:
        wait_until(lambda: prober.recovered_at(name, 0), "it takes webhooks", within_s=20)
        since = time.monotonic()
        halt(cluster.postgres, signal.SIGSTOP)
        try:
            wait_until(lambda: time.monotonic() > since + HALTED_S, "long enough", within_s=HALTED_S + 1)
        finally:
            halt(cluster.postgres, signal.SIGCONT)
        until = time.monotonic()
        recovered_at = wait_until(lambda: prober.recovered_at(name, until), "it takes webhooks again", within_s=30)
        silent = prober.all_sent_to(name, since + 1, until - 1)

    figure(f"halted: {check_refusals(silent, since, until)}; 200 again after {recovered_at - until:.1f} s")
    assert {one.solution_id for one in prober.probes if one.status == 200} <= stored(cluster)


def test_backends_terminated(cluster: Cluster):
    """An administrator ends all connections: the next webhook may hear 503, the one after it does not."""
    (receiver,) = cluster.receivers
    assert post(receiver, "1")[0] == 200
    cluster.postgres.run(
        "psql",
        cluster.url,
        "-c",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'partnerhook'",
    )

    statuses = [post(receiver, f"2{number}")[0] for number in range(3)]

    assert statuses[1:] == [200, 200]


def test_read_only(cluster: Cluster):
    """A standby, after a failover that went wrong: 503, and ready again when it may be written."""
    (receiver,) = cluster.receivers
    database = cluster.url.rpartition("/")[2]
    assert post(receiver, "1")[0] == 200
    run(cluster, f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
    run(cluster, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'partnerhook'")

    statuses = {post(receiver, f"2{number}")[0] for number in range(3)}
    run(cluster, f'ALTER DATABASE "{database}" RESET default_transaction_read_only')
    run(cluster, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'partnerhook'")

    assert statuses == {503}
    figure(f"read-only: 503; 200 again after {until_taken(receiver):.2f} s")
    assert not {one for one in stored(cluster) if one.startswith("2")}


def run(cluster: Cluster, sql: str) -> None:
    """As the database's owner, from another database."""
    cluster.postgres.run("psql", cluster.postgres.url(), "-c", sql)


def halt(postgres: PostgresServer, number: signal.Signals) -> None:
    """The server and all that it has started."""
    children = subprocess.run(["pgrep", "-P", str(postgres.pid)], capture_output=True, text=True, check=False)
    for pid in [postgres.pid, *map(int, children.stdout.split())]:
        os.kill(pid, number)
