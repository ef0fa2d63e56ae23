"""A disk that is full or read-only: 503 while it lasts, then all is well again without a restart."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from running import Answer, Serve, Server, figure, wait_until, webhook

MIB = 1024 * 1024

# Root may write whatever its mode says. Without this one capability root is like anybody else.
LIKE_ANYBODY = (
    [
        sys.executable,
        "-c",
        "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])",
    ]
    if os.geteuid() == 0
    else []
)


def check_told(server: Server, answer: Answer) -> None:
    """503 with Retry-After, alive but not ready, and the operator knows why."""
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert server.get("/healthz").status == 200
    assert server.get("/readyz", server.admin_url).status == 503
    assert server.log_lines(cause="store_unavailable")


def check_well_again(server: Server, answered: list[str]) -> None:
    """Webhooks are taken, it is ready, and nothing that was answered 200 is missing."""
    started = time.monotonic()
    wait_until(lambda: server.post(webhook("5999")).status == 200, "webhooks are taken again")
    figure(f"200 again after {time.monotonic() - started:.2f} s")
    assert server.get("/readyz", server.admin_url).status == 200
    assert server.metrics()["partnerhook_commits_failed_total"] >= 1
    assert server.stop() == 0
    with closing(sqlite3.connect(server.database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        stored = [row[0] for row in database.execute("SELECT solution_id FROM observations")]
    assert sorted(stored) == sorted({*answered, "5999"})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "partnerhook-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk(serve: Serve, small_disk: Path, tmp_path: Path) -> None:
    """A full disk ends in 503; when there is room again webhooks are taken, and none is lost."""
    server = serve(folder=tmp_path / "home", DATABASE_URL=f"sqlite:///{small_disk / 'partnerhook.db'}")
    server.database = small_disk / "partnerhook.db"
    answered: list[str] = []
    at = 5_000
    while not answered or at < 5_010 or answered[-1] == str(at):
        at += 1
        if at > 5_005:
            fill(small_disk / "ballast")  # each time: SQLite frees some by tidying up after a refused commit
        refused = server.post(webhook(str(at)))
        if refused.status == 200:
            answered.append(str(at))

    check_told(server, refused)
    (small_disk / "ballast").unlink()

    check_well_again(server, answered)
    assert len(answered) >= 5


def fill(file: Path) -> None:
    """Write until there is no room for another byte."""
    with file.open("ab", buffering=0) as ballast:
        for size in (MIB, 4_096, 1):
            with suppress(OSError):
                while ballast.write(bytes(size)):
                    pass


def test_file_size_limit(serve: Serve) -> None:
    """Files that may not grow end in 503 as well; anybody can try this one."""
    server = serve()
    assert server.post(webhook("5000")).status == 200
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4_096, before[1]))

    refused = server.post(webhook("5001"))
    check_told(server, refused)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)

    check_well_again(server, ["5000"])


def change_mode(server: Server, mode: int) -> None:
    """Of the database and the files beside it: SQLite makes these with the mode of the first."""
    for file in server.folder.glob("partnerhook.db*"):
        file.chmod(mode)


def test_read_only_file(serve: Serve) -> None:
    """A database file that became read-only ends in 503 from the next time that it is opened."""
    server = serve(command=LIKE_ANYBODY)
    assert server.post(webhook("5000")).status == 200
    with closing(sqlite3.connect(server.database, isolation_level=None)) as lock:
        change_mode(server, 0o400)
        lock.execute("BEGIN IMMEDIATE")
        locked = server.post(webhook("5001"))  # a refused commit has the connection opened anew
        lock.execute("ROLLBACK")
    if (refused := server.post(webhook("5001"))).status == 200:
        pytest.skip("this user may write to files whatever their mode says")
    check_told(server, locked)
    check_told(server, refused)
    wait_until(lambda: server.post(webhook("5001")).status == 503 and "readonly" in server.log_text(), "the reason")
    change_mode(server, 0o600)

    check_well_again(server, ["5000"])


def test_read_only_folder(serve: Serve) -> None:
    """The same for the folder, in which SQLite keeps its other files."""
    server = serve(command=LIKE_ANYBODY)
    assert server.post(webhook("5000")).status == 200
    assert server.stop() == 0
    server.start()
    server.folder.chmod(0o500)
    refused = server.post(webhook("5001"))
    if refused.status == 200:
        server.folder.chmod(0o700)
        pytest.skip("SQLite had all its files open already, or this user may write anywhere")
    check_told(server, refused)
    server.folder.chmod(0o700)

    check_well_again(server, ["5000"])
