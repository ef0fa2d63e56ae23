"""SIGTERM and SIGINT: no new connections, what is held is finished, exit 0 within seconds."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing

import pytest

from running import BIN, Client, Serve, Server, figure, post_bytes, wait_until, webhook

BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def refuses(server: Server) -> bool:
    """Whether nobody listens there any more."""
    try:
        Client(server.url).socket.close()
    except (ConnectionRefusedError, ConnectionResetError):  # the latter: it ended while we were connecting
        return True
    return False


@BOTH
def test_idle(serve: Serve, number: signal.Signals) -> None:
    """With nothing to do it ends at once."""
    server = serve()
    started = time.monotonic()

    assert server.stop(number) == 0
    assert time.monotonic() - started < 3


@BOTH
def test_requests_under_way(serve: Serve, number: signal.Signals) -> None:
    """Requests that are stored at that moment are answered 200, and are in the database."""
    server = serve()
    lock = sqlite3.connect(server.database, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")  # holds every commit until it is released
    clients = [server.connect().send(post_bytes(webhook(str(4_000 + at)))) for at in range(20)]
    wait_until(server.lives, "its loop has turned, so what was sent before is read")

    os.kill(server.pid, number)
    wait_until(lambda: refuses(server), "no new connections")
    lock.execute("ROLLBACK")
    lock.close()
    statuses = [client.answer().status for client in clients]

    for client in clients:
        client.socket.close()
    assert server.process is not None
    assert server.process.wait(10) == 0
    assert statuses == [200] * 20
    assert all(server.queries().find_solutions(str(4_000 + at)) for at in range(20))


def test_a_flood_under_way(serve: Serve) -> None:
    """In the middle of a flood nothing that was answered 200 is lost, and the end is in order."""
    server = serve()
    answered: list[str] = []

    def send(first: int) -> None:
        try:
            with server.connect() as client:
                for at in range(first, first + 100_000):
                    if client.send(post_bytes(webhook(str(at)))).answer().status == 200:
                        answered.append(str(at))  # noqa: PERF401 - each counts, also where a later one breaks off
        except OSError:
            return

    threads = [threading.Thread(target=send, args=(number * 1_000_000,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answered) > 200, "the flood runs")

    started = time.monotonic()
    status = server.stop()
    figure(f"{len(answered)} answered 200; it ended after {time.monotonic() - started:.2f} s")

    for thread in threads:
        thread.join()
    assert status == 0
    with closing(sqlite3.connect(server.database)) as database:
        stored = {row[0] for row in database.execute("SELECT solution_id FROM observations")}
    assert set(answered) <= stored


def test_idle_connections(serve: Serve) -> None:
    """Connections that are kept alive, and those that never said a word, do not hold it up."""
    server = serve()
    idle = [server.connect() for _ in range(5)]
    for client in idle[:3]:
        assert client.send(post_bytes(b"{}")).answer().status == 200
    started = time.monotonic()

    status = server.stop()

    assert status == 0
    assert time.monotonic() - started < 3
    assert all(client.ended() for client in idle)
    for client in idle:
        client.socket.close()


def test_slow_clients(serve: Serve) -> None:
    """Who trickles headers or a body does not hold it up beyond the grace, and nobody hears 500."""
    server = serve(SHUTDOWN_GRACE_S=2)
    headers = server.connect().send(b"POST /webhook HTTP/1.1\r\nHost: a\r\n")
    body = server.connect().send(post_bytes(b"{ }")[:-1])
    wait_until(server.lives, "the server has read both")
    started = time.monotonic()

    status = server.stop()

    assert status == 0
    assert time.monotonic() - started < 5
    assert headers.ended()
    assert body.answer().status == 408
    headers.socket.close()
    body.socket.close()


def test_body_that_comes_in_time(serve: Serve) -> None:
    """A body whose last byte comes after the signal is stored and answered."""
    server = serve()
    request = post_bytes(webhook("4100"))
    with server.connect() as client:
        client.send(request[:-1])
        wait_until(server.lives, "the server has read it")

        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: refuses(server), "no new connections")
        answer = client.send(request[-1:]).answer()

    assert answer.status == 200
    assert answer.headers["connection"] == "close"
    assert server.process is not None
    assert server.process.wait(10) == 0
    assert len(server.queries().find_solutions("4100")) == 1


def test_store_that_stays_locked(serve: Serve) -> None:
    """With a database that nobody unlocks, those who wait hear 503, and it ends within the grace."""
    server = serve(SHUTDOWN_GRACE_S=1)
    lock = sqlite3.connect(server.database, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    clients = [server.connect().send(post_bytes(webhook(str(4_200 + at)))) for at in range(5)]
    wait_until(server.lives, "the server has read them")
    started = time.monotonic()

    status = server.stop()

    took_s = time.monotonic() - started
    statuses = [client.answer().status for client in clients]
    for client in clients:
        client.socket.close()
    lock.execute("ROLLBACK")
    lock.close()
    assert status == 0
    assert took_s < 6
    assert statuses == [503] * 5


def test_started_again(serve: Serve) -> None:
    """After an orderly end everything is in one file, and the next start knows it all."""
    server = serve()
    server.post(webhook("4300"))

    assert server.stop() == 0
    assert [path.name for path in server.folder.glob("partnerhook.db*")] == ["partnerhook.db"]
    server.start()
    assert server.post(webhook("4300")).status == 200
    (solution,) = server.queries().find_solutions("4300")
    assert solution.observations == 1


def test_port_taken(serve: Serve) -> None:
    """A second server on the same port says so in one sentence, exit 1."""
    server = serve()
    taken = server.url.removeprefix("http://")

    ended = subprocess.run(
        [BIN, "serve"],
        env={**server.environment, "PARTNERHOOK_LISTEN": taken},
        cwd=server.folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode == 1
    assert taken in ended.stderr
    assert "Traceback" not in ended.stderr
