"""`kill -9` at any moment: every event that was answered 200 is in the database exactly once."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from running import Client, Serve, Server, figure, post_bytes, wait_until, webhook

SENDERS = 4


class Senders:
    """Threads that send one new event after the other, each on its own connection, until told to stop."""

    def __init__(self) -> None:
        self.answered: list[str] = []
        """Solution ids of the events that were answered 200; appended to by all threads."""
        self.wrong: list[int] = []
        """Statuses of all other answers."""
        self._next = iter(range(10_000_000, 99_999_999))

    def start(self, url: str) -> list[threading.Thread]:
        """Send until the server is gone, in threads of their own."""
        threads = [threading.Thread(target=self._send, args=(url,)) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        return threads

    def _send(self, url: str) -> None:
        try:
            with Client(url) as client:
                while True:
                    self._send_one(client)
        except OSError:
            return  # killed

    def _send_one(self, client: Client) -> None:
        solution_id = str(next(self._next))
        answer = client.send(post_bytes(webhook(solution_id))).answer()
        if answer.status == 200:
            self.answered.append(solution_id)
        else:
            self.wrong.append(answer.status)


def crash(serve: Serve, *, kills: int, seed: int) -> None:
    """Kill `kills` times at random moments; then look for everything."""
    figure(f"seed {seed}, {kills} kills")
    moments = random.Random(seed)
    senders = Senders()
    server = serve()
    for number in range(kills):
        before = len(senders.answered)
        if number:
            server.start()
        kill_in_the_middle(server, senders, after=moments.randrange(1, 60), delay_s=moments.uniform(0, 0.01))
        assert len(senders.answered) > before

    started = time.monotonic()
    server.start()
    figure(f"{len(senders.answered)} answered 200; it listens {time.monotonic() - started:.1f} s after its start")
    check_all_there(server, senders)


def kill_in_the_middle(server: Server, senders: Senders, *, after: int, delay_s: float) -> None:
    """SIGKILL some milliseconds after so many more answers."""
    goal = len(senders.answered) + after
    threads = senders.start(server.url)
    wait_until(lambda: len(senders.answered) >= goal, "answers")
    until = time.monotonic() + delay_s
    while time.monotonic() < until:
        pass  # a sleep is not exact enough to hit a commit
    server.kill()
    for thread in threads:
        thread.join()


def check_all_there(server: Server, senders: Senders) -> None:
    """Each event that was answered is there once, with its receipt; what was not answered is there once or never."""
    assert senders.wrong == []
    assert server.stop() == 0
    with closing(sqlite3.connect(server.database)) as database:
        integrity = database.execute("PRAGMA integrity_check").fetchall()
        observed = database.execute("SELECT solution_id, repeats, receipt_id FROM observations").fetchall()
        receipts = {row[0] for row in database.execute("SELECT id FROM receipts WHERE body IS NOT NULL")}
        solutions = [row[0] for row in database.execute("SELECT solution_id FROM solutions")]
    ids = [row[0] for row in observed]
    assert integrity == [("ok",)]
    assert set(senders.answered) <= set(ids)
    assert len(ids) == len(set(ids))
    assert {row[1] for row in observed} == {0}
    assert {row[2] for row in observed} == receipts
    assert len(receipts) == len(ids)
    assert sorted(solutions) == sorted(ids)


def test_killed_at_random_moments(serve: Serve) -> None:
    """Twenty-five kills under load from several connections lose nothing that was answered 200."""
    crash(serve, kills=25, seed=random.SystemRandom().randrange(1_000_000))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_killed_many_times(serve: Serve, seed: int) -> None:
    """The same a hundred times, over and over."""
    crash(serve, kills=100, seed=seed)


def test_killed_while_starting(serve: Serve) -> None:
    """Killed in the first moments of its life, migration among them, it starts the next time as if nothing was."""
    server = serve()
    server.kill()
    moments = random.Random(1)
    for _ in range(5):
        for file in server.folder.glob("partnerhook.db*"):
            file.unlink()
        process = server.spawn()
        until = time.monotonic() + moments.uniform(0.2, 0.6)
        wait_until(lambda moment=until: time.monotonic() > moment, "the moment")
        process.kill()
        process.wait()

        server.start()
        assert server.post(webhook("7000")).status == 200
        server.kill()
