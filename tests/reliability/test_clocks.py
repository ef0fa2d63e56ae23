"""PostgreSQL's clock is the time: here it is an hour off that of all hosts, in either direction."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from cluster import Cluster, configuration, running_postgres
from comparison import delivered

from endpoints import Endpoint, listening
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.query import Queries, ReceiptFilter, SolutionFilter
from running import Server, figure, post_bytes, wait_until, webhook

SOLUTIONS = 20
LIFE = ("DRAFT", "INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "DEACTIVATED")
TYPES = ["drafted", "requested", "activated", "deactivation_requested", "deactivated"]
RIGHT_WITHIN_S = 120


@pytest.mark.parametrize("off_s", [3_600, -3_600])
def test_clocks_are_an_hour_off(tmp_path: Path, off_s: int):
    """Nothing waits for an hour, nobody takes over what is claimed, and what is dated has the database's time."""
    with running_postgres() as postgres, listening() as notices, listening() as posts:
        told = configuration(notices.url, posts.url)
        cluster = Cluster(tmp_path, postgres, told, receivers=2, workers=2)
        put_off(cluster.url, off_s)
        try:
            cluster.start()
            begun = time.time()
            send_lives(cluster.receivers, off_s)
            wait_until(lambda: delivered(cluster), "everything delivered", within_s=60)
            figure(f"{len(notices.got)} notices delivered after {time.time() - begun:.1f} s")
            check_dates(cluster, begun + off_s)
        finally:
            cluster.end()

    check_all_in_order(notices)


def put_off(url: str, off_s: int) -> None:
    """Have this database's clock be off: what asks for it finds another function of that name first."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA off")
        conn.execute(
            "CREATE FUNCTION off.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            f"$$ SELECT pg_catalog.clock_timestamp() + interval '{off_s} seconds' $$"
        )
        conn.execute(f'ALTER DATABASE "{url.rpartition("/")[2]}" SET search_path = off, pg_catalog, public')


def send_lives(receivers: Sequence[Server], off_s: int) -> None:
    """Whole lives of solutions, each step to the other receiver, at times that are right by the database's clock."""

    def send(number: int) -> None:
        for step, word in enumerate(LIFE):
            raw = webhook(str(7_000 + number), int(time.time()) + off_s - len(LIFE) + step, word)
            with receivers[(number + step) % 2].connect() as client:
                assert client.send(post_bytes(raw, path="/webhook/owner")).answer().status == 200

    threads = [threading.Thread(target=send, args=(number,)) for number in range(SOLUTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def check_dates(cluster: Cluster, expected: float) -> None:
    """What was received has the database's time; by that no time of Meta's was one of the future."""
    queries = Queries(cluster.engine)
    stored = queries.list_solutions(SolutionFilter())
    assert [(str(one.status), one.anomalies) for one in stored] == [("DEACTIVATED", ())] * SOLUTIONS
    received = [listed.receipt.received_at / MICROSECONDS for listed in queries.receipts(ReceiptFilter())]
    assert len(received) == SOLUTIONS * len(LIFE)
    assert max(abs(one - expected) for one in received) < RIGHT_WITHIN_S


def check_all_in_order(notices: Endpoint) -> None:
    """Each step of each solution, in its order, and once: nobody has taken over what another one was at."""
    for number in range(SOLUTIONS):
        assert notices.types(str(7_000 + number)) == [f"solution.{one}" for one in TYPES]
