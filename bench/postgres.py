"""A real PostgreSQL for the benchmark: the wheel's, as in the tests, on the disk of the checkout and pinned."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from tests.postgres import PostgresServer, end, new_database

from bench.cpu import cpu_s_with_children
from bench.servers import BenchFailed
from partnerhook.store.engine import open_engine
from partnerhook.store.migrate import migrate

SETTINGS: Final = ("shared_buffers=1GB", "max_wal_size=4GB", "checkpoint_timeout=15min")
"""What docs/postgresql.md recommends where much comes in. All else is as PostgreSQL comes: `fsync`,
`full_page_writes` and `synchronous_commit` are on."""


class Postgres:
    """The server, and what is asked of it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @property
    def cpu_s(self) -> float:
        """Processor time used so far by the server and all its processes, those that have ended too."""
        return cpu_s_with_children(self._server.pid)

    def new_database(self) -> str:
        """A migrated, empty database; its URL."""
        url = new_database(self._server.url())
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        return url

    def drop(self, url: str) -> None:
        """Remove a database."""
        with psycopg.connect(self._server.url(), autocommit=True) as conn:
            conn.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')

    def settle(self) -> None:
        """Write what is to be written, so that nobody else's time goes into it."""
        with psycopg.connect(self._server.url(), autocommit=True) as conn:
            conn.execute("CHECKPOINT")
        os.sync()

    @property
    def version(self) -> str:
        """PostgreSQL's."""
        with psycopg.connect(self._server.url()) as conn:
            return str(conn.info.parameter_status("server_version"))


@contextmanager
def postgres_running(folder: Path, cores: str) -> Iterator[Postgres]:
    """A new server on these cores. Raises BenchFailed."""
    place = folder / f"postgres-{secrets.token_hex(2)}"
    place.mkdir()
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})  # children begin where their parent is
    server = PostgresServer(place, settings=SETTINGS)
    try:
        server.create()
        server.start()
    except AssertionError as problem:
        raise BenchFailed(f"PostgreSQL did not start in {place}: {problem}") from None
    finally:
        os.sched_setaffinity(0, allowed)
    try:
        yield Postgres(server)
    finally:
        server.stop()
        shutil.rmtree(place)


def put_away() -> None:
    """Remove the copy of the binaries that other users can read, if one was made."""
    end()
