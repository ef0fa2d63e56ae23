"""Receivers and workers as processes on one PostgreSQL, and somebody who ends them at random."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from partnerhook.store.engine import open_engine
from partnerhook.store.migrate import migrate
from postgres import LOOPBACK, PostgresServer
from running import SECRET, VERIFY_TOKEN, Server, check_log, wait_until

PARTIES = ("owner", "partner")


def configuration(notices_url: str, posts_url: str, more: str = "") -> str:
    """A destination for notices, and a target for all POSTs; `more` of both."""
    both = f"internal = true\nretry_first_s = 0.05\n{more}"
    return (
        f'[[destinations]]\nname = "crm"\nurl = "{notices_url}"\n{both}'
        f'[[forward]]\nname = "inbox"\nurl = "{posts_url}"\napps = ["owner", "partner"]\n{both}'
    )


class Place(NamedTuple):
    """Where a process runs, and what it sees from there."""

    database_port: int
    database_host: str = LOOPBACK
    address: str = LOOPBACK
    """Its own."""
    command: Sequence[str] = ()
    """What it is started by."""


class Cluster:
    """Receivers and workers."""

    def __init__(
        self,
        folder: Path,
        postgres: PostgresServer,
        configuration: str,
        *,
        receivers: int,
        workers: int,
        place: Callable[[str], Place] | None = None,
    ) -> None:
        """`place`: where a process of that name runs; all on this host, unless told otherwise."""
        self.postgres = postgres
        self.place = place or (lambda _: Place(postgres.port))
        self.url = postgres.new_database()
        self.engine: Engine = open_engine(self.url)
        migrate(self.engine)
        self.receivers = [self._server(folder / f"receiver{n}", configuration, "receiver") for n in range(receivers)]
        self.workers = [self._server(folder / f"worker{n}", configuration, "worker") for n in range(workers)]
        self.faults: list[str] = []
        """What was done, in its order."""

    def _server(self, folder: Path, configuration: str, role: str) -> Server:
        folder.mkdir(parents=True)
        (folder / "partnerhook.toml").write_text(configuration)
        apps = {
            f"APPS__{party.upper()}__{key}": value
            for party in PARTIES
            for key, value in (("APP_SECRET", SECRET), ("VERIFY_TOKEN", VERIFY_TOKEN))
        }
        place = self.place(folder.name)
        database = f"{place.database_host}:{place.database_port}/{self.url.rpartition('/')[2]}"
        settings = {
            **apps,
            "APP_SECRET": "",
            "VERIFY_TOKEN": "",
            "DATABASE_URL": f"postgresql://postgres@{database}",
            "LISTEN": f"{place.address}:0",
            "ADMIN_LISTEN": f"{place.address}:0",
        }
        return Server(folder, settings, place.command, role=role)  # type: ignore[arg-type]

    @property
    def servers(self) -> list[Server]:
        """All of them."""
        return [*self.receivers, *self.workers]

    def start(self) -> None:
        """Start all."""
        for server in self.servers:
            server.process = server.spawn()
        for server in self.servers:
            server.url, server.admin_url = wait_until(server.listening, "listening", within_s=30)

    def end(self) -> None:
        """End all, whatever state they are in."""
        for server in self.servers:
            server.kill()
        self.engine.dispose()
        for server in self.servers:
            check_log(server)

    def kill_one(self, servers: list[Server], dice: random.Random) -> None:
        """SIGKILL one, and start it again after a while."""
        server = dice.choice(servers)
        server.kill()
        self.faults.append(f"{server.folder.name} killed")
        time.sleep(dice.uniform(0, 0.5))
        server.start()

    def restart_postgres(self, dice: random.Random) -> None:
        """As if its power had failed: what is not on the disk is lost."""
        self.postgres.stop()
        time.sleep(dice.uniform(0, 1.0))
        self.postgres.start()
        self.faults.append("PostgreSQL restarted")

    def troubles(self, dice: random.Random) -> Iterator[Callable[[], None]]:
        """What goes wrong, for ever: each kind in turn, in any order."""
        kinds = [
            lambda: self.kill_one(self.receivers, dice),
            lambda: self.kill_one(self.workers, dice),
            lambda: self.restart_postgres(dice),
        ]
        while True:
            yield from dice.sample(kinds, len(kinds))


@contextmanager
def running_postgres(host: str = LOOPBACK) -> Iterator[PostgresServer]:
    """A server that writes for real what it says that it has written."""
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder:
        server = PostgresServer(Path(folder), settings=["shared_buffers=64MB"], host=host)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
