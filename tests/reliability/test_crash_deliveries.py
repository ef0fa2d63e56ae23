"""`kill -9` while notices and POSTs go out: each reaches its target at least once, in order, and none is lost."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path

import pytest

from endpoints import Endpoint, Told, listening
from partnerhook.core.signature import verify
from running import SECRET, Client, Serve, Server, figure, post_bytes, wait_until, webhook

NOON = 1_750_000_000
LIFE = ("DRAFT", "INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "DEACTIVATED")
TYPES = ("drafted", "requested", "activated", "deactivation_requested", "deactivated")
RETRIES = "internal = true\nretry_first_s = 0.05\n"


class Lives:
    """Threads that send whole lives of solutions; a step that was not answered 200 is sent again, as Meta would."""

    def __init__(self) -> None:
        self.answered: set[tuple[str, int]] = set()
        """(solution, step) that was answered 200."""
        self._lock = threading.Lock()
        self._begun: dict[str, int] = {}
        self._next = iter(range(10_000, 99_999))

    def start(self, url: str) -> list[threading.Thread]:
        """Send until the server is gone."""
        threads = [threading.Thread(target=self._send, args=(url,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        return threads

    def _send(self, url: str) -> None:
        try:
            with Client(url) as client:
                while True:
                    self._step(client)
        except OSError:
            return  # killed

    def _step(self, client: Client) -> None:
        solution_id, number = self._take()
        try:
            answer = client.send(post_bytes(webhook(solution_id, NOON + number, LIFE[number]))).answer()
            assert answer.status == 200
            with self._lock:
                self.answered.add((solution_id, number))
                self._begun[solution_id] = number + 1
        finally:
            with self._lock:
                self._busy.discard(solution_id)

    _busy: set[str] = set()  # noqa: RUF012 - one Lives at a time

    def _take(self) -> tuple[str, int]:
        with self._lock:
            free = [one for one, number in self._begun.items() if number < len(LIFE) and one not in self._busy]
            solution_id = free[0] if len(free) > 20 else str(next(self._next))
            self._busy.add(solution_id)
            return solution_id, self._begun.setdefault(solution_id, 0)


def crash(serve: Serve, folder: Path, *, kills: int, seed: int) -> None:
    """Kill at random moments; then wait until nothing is left to deliver, and count."""
    figure(f"seed {seed}, {kills} kills")
    moments = random.Random(seed)
    lives = Lives()
    with listening() as notices, listening() as posts:
        notices.answer = lambda _: Told(500 if moments.random() < 0.1 else 200, after_s=moments.uniform(0, 0.01))
        folder.mkdir()
        (folder / "partnerhook.toml").write_text(
            f'[[destinations]]\nname = "crm"\nurl = "{notices.url}"\n{RETRIES}'
            f'[[forward]]\nname = "inbox"\nurl = "{posts.url}"\n{RETRIES}'
        )
        server = serve(folder=folder)
        for number in range(kills):
            if number:
                server.start()
            kill_in_the_middle(server, lives, after=moments.randrange(5, 60), delay_s=moments.uniform(0, 0.02))
        notices.answer = lambda _: Told()
        server.start()
        wait_until(lambda: waiting(server) == 0, "everything delivered", within_s=90)
        check(server, lives, notices, posts)


def kill_in_the_middle(server: Server, lives: Lives, *, after: int, delay_s: float) -> None:
    """SIGKILL some milliseconds after so many more answers."""
    goal = len(lives.answered) + after
    threads = lives.start(server.url)
    wait_until(lambda: len(lives.answered) >= goal, "answers")
    time.sleep(delay_s)
    server.kill()
    for thread in threads:
        thread.join()


def waiting(server: Server) -> int:
    """How many deliveries are not settled."""
    with closing(sqlite3.connect(server.database)) as database:
        count: int = database.execute("SELECT count(*) FROM deliveries WHERE fate = 'waiting'").fetchone()[0]
    return count


def check(server: Server, lives: Lives, notices: Endpoint, posts: Endpoint) -> None:
    """Everything that was answered came out, in its order; repeats are told."""
    with closing(sqlite3.connect(server.database)) as database:
        told = database.execute("SELECT count(*) FROM notices").fetchone()[0]
        fates = dict(database.execute("SELECT fate, count(*) FROM deliveries GROUP BY fate"))
        held = database.execute("SELECT sum(waiting_bytes) FROM targets").fetchone()[0]
    first_seen: dict[str, list[str]] = defaultdict(list)
    for document in notices.documents():
        kind = document["type"].removeprefix("partnerhook.solution.")
        if kind not in first_seen[document["subject"]]:
            first_seen[document["subject"]].append(kind)
    for solution_id, number in lives.answered:
        assert first_seen[solution_id][: number + 1] == list(TYPES[: number + 1])
    times = Counter(document["id"] for document in notices.documents())
    bodies = Counter(got.body for got in posts.got)
    assert len(times) == told
    assert set(fates) == {"done"}
    assert held == 0
    for got in posts.got:
        verify(got.body, got.headers["x-hub-signature-256"], [SECRET])
    assert {webhook(one, NOON + number, LIFE[number]) for one, number in lives.answered} <= set(bodies)
    repeats = sum(times.values()) - len(times)
    # Those under way at a kill, and those that were answered 500, come again; nothing else does.
    figure(f"{told} notices, {repeats} came more than once; {len(bodies)} POSTs, {sum(bodies.values())} passed on")


def test_killed_while_delivering(serve: Serve, tmp_path: Path) -> None:
    """Eight kills."""
    crash(serve, tmp_path / "configured", kills=8, seed=random.SystemRandom().randrange(1_000_000))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_killed_many_times_while_delivering(serve: Serve, tmp_path: Path, seed: int) -> None:
    """Sixty, over and over."""
    crash(serve, tmp_path / "configured", kills=60, seed=seed)
