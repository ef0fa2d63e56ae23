"""Behind PgBouncer, which hands out connections by transaction."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

import postgres
from endpoints import Endpoint, listening
from partnerhook.services.query import Queries, SolutionFilter
from partnerhook.store.engine import open_engine
from partnerhook.store.migrate import migrate
from running import BIN, Serve, Server, post_bytes, wait_until, webhook

PGBOUNCER = shutil.which("pgbouncer")
pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")


@contextmanager
def pooler(folder: Path, server_url: str) -> Iterator[str]:
    """PgBouncer in transaction mode with few connections; its URL."""
    port = postgres.free_port()
    host, _, their_port = server_url.rpartition("@")[2].rpartition("/")[0].partition(":")
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n* = host={host} port={their_port} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n"
    )
    who = {"user": postgres.NOBODY, "group": postgres.NOBODY} if os.geteuid() == 0 else {}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(PGBOUNCER), str(configuration)], stdout=log, stderr=log, **who)
    try:
        url = f"postgresql://postgres@127.0.0.1:{port}"
        wait_until(lambda: postgres.answers(f"{url}/postgres"), f"it listens: {(folder / 'log').read_text()}")
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def pooled() -> Iterator[str]:
    """A database behind it."""
    direct = postgres.new_database(postgres.server_url())
    folder = postgres.open_folder()
    try:
        with pooler(folder, direct) as url:
            yield f"{url}/{direct.rpartition('/')[2]}"
    finally:
        postgres.drop_database(direct)
        shutil.rmtree(folder)


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
