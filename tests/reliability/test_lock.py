"""A database that another process holds: 503 while it lasts, then all is well again without a restart."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from running import Answer, Serve, Server, figure, post_bytes, wait_until, webhook


@contextmanager
def locked(server: Server, how: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """As long as this lasts, nobody else writes."""
    connection = sqlite3.connect(server.database, isolation_level=None)
    try:
        connection.execute(how)
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


@pytest.mark.parametrize("how", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_locked_for_long(serve: Serve, how: str) -> None:
    """Longer than the patience with locks: 503 with Retry-After, alive, not ready; then 200 without a restart."""
    server = serve()
    with locked(server, how):
        started = time.monotonic()
        refused = server.post(webhook("6000"))
        figure(f"locked: 503 after {time.monotonic() - started:.1f} s")
        alive = server.get("/healthz")
        ready = server.get("/readyz", server.admin_url)
        scraped = server.get("/metrics", server.admin_url)

    assert (refused.status, alive.status, ready.status, scraped.status) == (503, 200, 503, 200)
    assert int(refused.headers["retry-after"]) > 0
    assert b"locked" in ready.body
    assert server.post(webhook("6000")).status == 200
    assert server.get("/readyz", server.admin_url).status == 200
    (solution,) = server.queries().find_solutions("6000")
    assert solution.observations == 1


def test_locked_for_a_moment(serve: Serve) -> None:
    """Shorter than that: the webhook waits, and is answered 200."""
    server = serve()
    with locked(server), server.connect() as client:
        client.send(post_bytes(webhook("6001")))
        wait_until(server.lives, "the webhook was read")
        release_at = time.monotonic() + 0.3
        wait_until(lambda: time.monotonic() > release_at, "a moment")
    answer = server.post(webhook("6001"))

    assert answer.status == 200
    wait_until(lambda: server.queries().find_solutions("6001")[0].observations == 1, "both are one")
    assert not server.log_lines(cause="store_unavailable")


def test_many_wait_for_the_lock(serve: Serve) -> None:
    """All who wait hear 503, none waits for the others' turn, and what they sent can be sent again."""
    server = serve()
    answers: list[Answer] = []

    def send(solution_id: str) -> None:
        answers.append(server.post(webhook(solution_id)))

    def send_all() -> None:
        threads = [threading.Thread(target=send, args=(str(6_100 + at),)) for at in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    started = time.monotonic()
    with locked(server):
        send_all()
    took_s = time.monotonic() - started
    send_all()

    assert [answer.status for answer in answers] == [503] * 40 + [200] * 40
    assert took_s < 10
    assert len(server.log_lines(cause="store_unavailable")) <= took_s + 2


def test_waiting_memory_is_bounded(serve: Serve) -> None:
    """While the store hangs, what waits is bounded: beyond it 503 comes at once."""
    server = serve(BODY_BYTES_MAX=500_000, BODIES_IN_FLIGHT_BYTES_MAX=1_000_000)
    body = webhook("6002") + b" " * 400_000
    with locked(server):
        waiting = [server.connect().send(post_bytes(body)) for _ in range(2)]
        started = time.monotonic()
        surplus = wait_until(lambda: refused_at_once(server, body), "no memory for a third")
        took_s = time.monotonic() - started
    statuses = [client.answer().status for client in waiting]
    for client in waiting:
        client.socket.close()

    assert surplus.status == 503
    assert took_s < 1.5
    assert set(statuses) <= {200, 503}
    assert server.post(body).status == 200


def refused_at_once(server: Server, body: bytes) -> Answer | None:
    """The answer, where it is a refusal."""
    answer = server.post(body)
    return answer if answer.status == 503 else None
