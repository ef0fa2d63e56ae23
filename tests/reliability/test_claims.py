"""A worker that has claimed deliveries, and whose database fails at that moment, delivers them as soon as it can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cluster import Cluster, Place, running_postgres
from middleman import Middleman, between

from endpoints import Endpoint, listening
from partnerhook.services.query import Queries
from postgres import PostgresServer
from running import wait_until, webhook

SOON_S = 30.0
"""Well under the minute and three quarters after which the claims would end by themselves."""
SOLUTIONS = [str(7_000 + number) for number in range(5)]


@pytest.fixture
def crm() -> Iterator[Endpoint]:
    """Where notices go."""
    with listening() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """For the tests of this file."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def middleman(postgres: PostgresServer) -> Iterator[Middleman]:
    """Between PostgreSQL and all processes."""
    with between(postgres.port) as middleman:
        yield middleman


@pytest.fixture
def cluster(tmp_path: Path, postgres: PostgresServer, middleman: Middleman, crm: Endpoint) -> Iterator[Cluster]:
    """One receiver with notices to deliver, and a worker that is not started yet."""
    configuration = f'[[destinations]]\nname = "crm"\nurl = "{crm.url}"\ninternal = true\n'
    place = Place(middleman.port)
    cluster = Cluster(tmp_path, postgres, configuration, receivers=1, workers=1, place=lambda _: place)
    try:
        cluster.receivers[0].start()
        assert {post(cluster, one) for one in SOLUTIONS} == {200}
        yield cluster
    finally:
        cluster.end()


def post(cluster: Cluster, solution_id: str) -> int:
    """One webhook; the status."""
    return cluster.receivers[0].post(webhook(solution_id), path="/webhook/owner").status


def test_what_was_claimed_cannot_be_loaded(cluster: Cluster, crm: Endpoint) -> None:
    """The connection that reads notices is ended after the commit that claimed them."""
    with psycopg.connect(cluster.url) as conn, psycopg.connect(cluster.url, autocommit=True) as other:
        conn.execute("LOCK TABLE notices IN ACCESS EXCLUSIVE MODE")
        cluster.workers[0].start()
        wait_until(lambda: readers_ended(other), "the worker reads notices", within_s=SOON_S)
        conn.rollback()

    wait_until(lambda: told(crm) == set(SOLUTIONS), "all are delivered", within_s=SOON_S)


def test_the_answer_to_a_claim_is_lost(cluster: Cluster, middleman: Middleman, crm: Endpoint) -> None:
    """The database has claimed them for a worker that does not know it."""
    middleman.loses = b"UPDATE deliveries"

    cluster.workers[0].start()

    wait_until(lambda: middleman.lost == 1, "the answer is lost", within_s=SOON_S)
    wait_until(lambda: told(crm) == set(SOLUTIONS), "all are delivered", within_s=SOON_S)


def test_the_answer_to_a_webhooks_commit_is_lost(cluster: Cluster, middleman: Middleman) -> None:
    """It is stored all the same; Meta hears 503, sends it again, and it is found."""
    cluster.receivers[0].stop()
    cluster.receivers[0].start()  # its statements are new to the database: what they say can be read on the way
    middleman.loses = b"INTO observations"

    statuses = [post(cluster, "7999") for _ in range(2)]

    assert statuses == [503, 200]
    (solution,) = Queries(cluster.engine).find_solutions("7999")
    assert (solution.observations, middleman.lost) == (1, 1)


def readers_ended(conn: psycopg.Connection) -> int:
    """End the connections of whoever waits for the table of notices; how many there were."""
    waiting = "wait_event_type = 'Lock' AND query LIKE '%notices%' AND datname = current_database()"
    return len(conn.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {waiting}").fetchall())


def told(crm: Endpoint) -> set[str]:
    """Of which solutions there was a notice."""
    return {one["subject"] for one in crm.documents()}
