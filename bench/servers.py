"""The servers under measurement: each a process of its own, on a core of its own, with a fresh database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench import story
from bench.cpu import cpu_s
from partnerhook.core.signature import sign

SECRET = "a secret of thirty-two characters"
START_S_MAX = 60.0
STOP_S_MAX = 20.0
PROBE = 12_000_000
"""The number of the one change that is sent first: after what is stored before, before what the load sends."""


class BenchFailed(Exception):
    """Something did not do what it must for its figure to count."""


class Kind(StrEnum):
    """Who is measured."""

    BARE = "bare"
    PYWA = "pywa"
    USUAL = "usual"
    OURS = "ours"
    POSTGRES = "postgres"
    """Ours, too, on PostgreSQL."""


class Role(StrEnum):
    """What ours does."""

    ALL = "all"
    RECEIVER = "receiver"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Server:
    """One running server."""

    kind: Kind
    pid: int
    port: int

    @property
    def cpu_s(self) -> float:
        """Processor time used so far, all threads."""
        return cpu_s(self.pid)

    @property
    def resident_bytes(self) -> int:
        """Memory resident now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def post(self, body: bytes, signature: str) -> int:
        """The status that one POST gets."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/webhook",
            data=body,
            headers={"Content-Type": "application/json", "X-Hub-Signature-256": signature},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code


@contextmanager
def running(
    kind: Kind, folder: Path, core: int | str, database: Path | str, *, role: Role = Role.ALL
) -> Iterator[Server]:
    """Start a server of this kind in `folder`, see that it answers as it must, and end it with SIGTERM.

    `core`: one, or several as `taskset` lists them. `database`: SQLite's file, or PostgreSQL's URL. A worker takes
    no webhooks: its port is the admin listener's. Raises BenchFailed.
    """
    port = _free_port()
    with (folder / f"{kind}.log").open("ab") as log:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *_command(kind, port, role)],
            env=_environment(database, folder) | _listening(port, role),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            server = Server(kind, process.pid, port)
            _wait_until_listening(server, process, log.name)
            if role is not Role.WORKER:
                _see_that_it_works(server)
            yield server
        finally:
            _stop(process)
    if process.returncode not in (0, -signal.SIGTERM):
        raise BenchFailed(f"{kind} ended with {process.returncode}; see {folder / f'{kind}.log'}")


def _command(kind: Kind, port: int, role: Role) -> list[str]:
    if kind in (Kind.OURS, Kind.POSTGRES):
        return [str(Path(sys.executable).with_name("partnerhook")), "serve", "--role", role]
    app = {Kind.BARE: "bare", Kind.PYWA: "pywa_webhook", Kind.USUAL: "usual"}[kind]
    return [sys.executable, "-m", "bench.apps", app, str(port)]


def _environment(database: Path | str, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARTNERHOOK_")}
    return kept | {
        "PYTHONPATH": f"{Path(__file__).parent.parent}{os.pathsep}{folder}",
        "PARTNERHOOK_APP_SECRET": SECRET,
        "PARTNERHOOK_VERIFY_TOKEN": "bench",
        "PARTNERHOOK_DATABASE_URL": database if isinstance(database, str) else f"sqlite:///{database}",
        "BENCH_APP_SECRET": SECRET,
        "BENCH_DATABASE_URL": f"sqlite+aiosqlite:///{database}",
    }


def _listening(port: int, role: Role) -> dict[str, str]:
    here, elsewhere = f"127.0.0.1:{port}", "127.0.0.1:0"
    public, admin = (elsewhere, here) if role is Role.WORKER else (here, elsewhere)
    return {"PARTNERHOOK_LISTEN": public, "PARTNERHOOK_ADMIN_LISTEN": admin}


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _wait_until_listening(server: Server, process: subprocess.Popen[bytes], log: str) -> None:
    give_up = time.monotonic() + START_S_MAX
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise BenchFailed(f"{server.kind} ended at its start with {process.returncode}; see {log}")
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise BenchFailed(f"{server.kind} did not listen within {START_S_MAX} s")


def _see_that_it_works(server: Server) -> None:
    """A signed webhook is taken; all but the bare one refuse a wrong signature."""
    body = story.body(PROBE)
    status = server.post(body, sign(body, SECRET))
    if status != 200:
        raise BenchFailed(f"{server.kind} answered {status} to a signed webhook")
    forged = server.post(body, sign(body, "another secret"))
    if (forged == 200) != (server.kind is Kind.BARE):
        raise BenchFailed(f"{server.kind} answered {forged} to a forged webhook")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
