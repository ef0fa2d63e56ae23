"""Behind PgBouncer, which hands out connections by transaction."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

import postgres
from endpoints import Endpoint, listening
from partnerhook.services.query import Queries, SolutionFilter
from partnerhook.store.engine import open_engine
from partnerhook.store.migrate import migrate
from running import BIN, Serve, Server, figure, post_bytes, wait_until, webhook

PGBOUNCER = shutil.which("pgbouncer")
pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")


class Pooler:
    """PgBouncer in transaction mode with few connections."""

    def __init__(self, folder: Path, server_url: str) -> None:
        """In front of the database of `server_url`."""
        port = postgres.free_port()
        address, _, database = server_url.rpartition("@")[2].rpartition("/")
        host, _, their_port = address.partition(":")
        self.url = f"postgresql://postgres@127.0.0.1:{port}/{database}"
        self._log = folder / "log"
        self._configuration = folder / "pgbouncer.ini"
        self._configuration.write_text(
            f"[databases]\n* = host={host} port={their_port} user=postgres\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n"
        )

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        who = {"user": postgres.NOBODY, "group": postgres.NOBODY} if os.geteuid() == 0 else {}
        with self._log.open("ab") as log:
            command = [str(PGBOUNCER), str(self._configuration)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **who)
        wait_until(lambda: postgres.answers(self.url), f"it listens: {self._log.read_text()}")

    def kill(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@pytest.fixture
def pooler() -> Iterator[Pooler]:
    """In front of a database of its own."""
    direct = postgres.new_database(postgres.server_url())
    folder = postgres.open_folder()
    try:
        pooler = Pooler(folder, direct)
        pooler.start()
        yield pooler
        pooler.kill()
    finally:
        postgres.drop_database(direct)
        shutil.rmtree(folder)


@pytest.fixture
def pooled(pooler: Pooler) -> str:
    """The URL of the database behind it."""
    return pooler.url


def test_it_is_killed(serve: Serve, pooler: Pooler):
    """503 while it is gone; 200 when it is there again."""
    engine = open_engine(pooler.url)
    migrate(engine)
    engine.dispose()
    server = serve(DATABASE_URL=pooler.url)
    before = server.post(webhook("1")).status
    pooler.kill()
    started = time.monotonic()
    while_gone = server.post(webhook("2")).status
    refused_s = time.monotonic() - started
    pooler.start()

    started = time.monotonic()
    wait_until(lambda: server.post(webhook("3")).status == 200, "it takes webhooks again")

    figure(f"503 after {1000 * refused_s:.0f} ms; 200 again after {time.monotonic() - started:.2f} s")
    assert (before, while_gone) == (200, 503)


def test_everything_works_through_it(serve: Serve, pooled: str, tmp_path: Path):
    """More processes and threads than connections: webhooks are stored, folded, told, and looked at."""
    engine = open_engine(pooled)
    migrate(engine)
    with listening() as endpoint:
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
            destination = f'[[destinations]]\nname = "crm"\nurl = "{endpoint.url}"\ninternal = true\n'
            (folder / "partnerhook.toml").write_text(destination)
        work([serve(folder=folder, DATABASE_URL=pooled) for folder in folders], engine, endpoint)
    engine.dispose()


def work(servers: list[Server], engine: Engine, endpoint: Endpoint) -> None:
    """Eight connections at once."""

    def send(number: int) -> None:
        with servers[number % 2].connect() as client:
            for one in range(30):
                assert client.send(post_bytes(webhook(f"{number}{one:02}"))).answer().status == 200

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(Queries(engine).list_solutions(SolutionFilter())) == 240
    wait_until(lambda: len({one["id"] for one in endpoint.documents()}) == 240, "every notice", within_s=30)
    assert servers[0].metrics()["partnerhook_commits_failed_total"] == 0


def test_settings_hold_for_each_transaction(pooled: str):
    """Though a pooler forgets what a session was told."""
    engine = open_engine(pooled)
    for _ in range(3):
        with engine.connect().execution_options(partnerhook_writes=True) as conn, conn.begin():
            assert conn.execute(text("SHOW lock_timeout")).scalar() == "2s"
    engine.dispose()


def test_the_doctor_says_so(pooled: str, tmp_path: Path):
    """For whoever wonders why statements are not prepared."""
    engine = open_engine(pooled)
    migrate(engine)
    engine.dispose()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PARTNERHOOK_DATABASE_URL": pooled}
    environment |= {"PARTNERHOOK_APP_SECRET": "s" * 32, "PARTNERHOOK_VERIFY_TOKEN": "t"}

    told = subprocess.run([BIN, "doctor"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "behind a pooler" in told.stdout
