"""PostgreSQL, dumped whole, and archived for any moment, beside a real server; restored, and served from."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from mistake import MISTAKE, Story

from partnerhook.store.engine import open_engine
from partnerhook.store.migrate import migrate
from partnerhook.testing import MetaInABox
from postgres import DEBIAN, PostgresServer
from running import Serve, wait_until

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "deploy/postgresql/archiving.conf"
ARCHIVE = ROOT / "deploy/postgresql/archive_wal.sh"
NO_DEBIANS = pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's postgresql-15 is not installed")
PATIENCE_S = 60.0

NewPostgres = Callable[..., PostgresServer]


@pytest.fixture(params=[None, pytest.param(DEBIAN, marks=NO_DEBIANS)], ids=["18", "debian's 15"])
def new_postgres(request: pytest.FixtureRequest) -> Iterator[NewPostgres]:
    """Servers of one version, not started, with settings; ended after the test."""
    with ExitStack() as stack:

        def make(*settings: str) -> PostgresServer:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg", dir="/tmp")))
            server = PostgresServer(folder, request.param, ["shared_buffers=64MB", *settings])
            stack.callback(server.stop)
            return server

        yield make


@pytest.fixture
def archive() -> Iterator[Path]:
    """A folder that the user of PostgreSQL may write to, with the program of `deploy/` in it."""
    with tempfile.TemporaryDirectory(prefix="wal", dir="/tmp") as name:
        folder = Path(name)
        shutil.copy(ARCHIVE, folder)
        (folder / "wal").mkdir()
        (folder / "wal").chmod(0o777)
        folder.chmod(0o755)
        yield folder


def archiving(archive: Path) -> list[str]:
    """The settings of `deploy/`, with this test's folder."""
    text = SETTINGS.read_text()
    for before, after in (
        ("/usr/local/bin/partnerhook-archive-wal", f"{archive}/{ARCHIVE.name}"),
        ("/var/backups/partnerhook/wal/", f"{archive}/wal/"),
    ):
        assert before in text
        text = text.replace(before, after)
    return [f"{name}={value.strip(chr(39))}" for name, value in re.findall(r"^(\w+) = (.+)$", text, re.MULTILINE)]


def migrated(url: str) -> str:
    """The same database, with tables."""
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    return url


def spoil(url: str) -> None:
    """The mistake, while it runs."""
    with psycopg.connect(url, autocommit=True) as conn:
        for statement in MISTAKE:
            conn.execute(statement.encode())


def ask(url: str, question: bytes) -> str:
    """The one thing that it answers."""
    with psycopg.connect(url, autocommit=True) as conn:
        found = conn.execute(question).fetchone()
    assert found is not None
    return str(found[0])


def test_back_to_a_dump(meta_in_a_box: MetaInABox, serve: Serve, new_postgres: NewPostgres, tmp_path: Path):
    """`pg_dump` beside the running server, `pg_restore` into an empty database of another one."""
    postgres = new_postgres()
    postgres.create()
    postgres.start()
    url = migrated(postgres.new_database())
    story = Story(meta_in_a_box, serve, tmp_path / "first", DATABASE_URL=url)
    story.begin()
    dump = postgres.sockets / "dump"
    postgres.run("pg_dump", "--format=custom", f"--file={dump}", url)

    told = story.go_on()
    spoil(url)
    story.server.kill()
    restored = postgres.new_database()
    postgres.run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={restored}", str(dump))

    story.go_back(tmp_path / "second", told, DATABASE_URL=restored)


def test_back_to_a_moment(
    meta_in_a_box: MetaInABox, serve: Serve, new_postgres: NewPostgres, archive: Path, tmp_path: Path
):
    """A base backup, the archive, and a time before a mistake; the server itself is gone."""
    first, second = new_postgres(*archiving(archive)), new_postgres()
    first.create()
    first.start()
    url = migrated(first.new_database())
    story = Story(meta_in_a_box, serve, tmp_path / "first", DATABASE_URL=url)
    where = ["--host=127.0.0.1", f"--port={first.port}", "--username=postgres"]
    first.run("pg_basebackup", *where, f"--pgdata={second.data}", "--checkpoint=fast")
    story.begin()
    moment = ask(url, b"SELECT clock_timestamp()")

    told = story.go_on()
    spoil(url)
    segment = ask(url, b"SELECT pg_walfile_name(pg_switch_wal())")
    wait_until((archive / "wal" / segment).exists, "archived", within_s=PATIENCE_S)
    story.server.kill()
    first.stop()
    restored = recovered(second, archive, moment, url.rpartition("/")[2])

    story.go_back(tmp_path / "second", told, DATABASE_URL=restored)


def recovered(postgres: PostgresServer, archive: Path, moment: str, database: str) -> str:
    """As docs/backup.md says; the URL of the database, once it can be written to."""
    first_lines = (
        f"restore_command = 'cp {archive}/wal/%f \"%p\"'",
        f"recovery_target_time = '{moment}'",
        "recovery_target_action = promote",
    )
    with (postgres.data / "postgresql.auto.conf").open("a") as file:
        file.write("\n".join(first_lines) + "\n")
    (postgres.data / "recovery.signal").touch()
    url = postgres.start().url(database)
    wait_until(lambda: ask(url, b"SELECT pg_is_in_recovery()") == "False", "recovered", within_s=PATIENCE_S)
    return url


def test_the_archive_takes_a_segment_once(tmp_path: Path):
    """The same again is right, another one of the same name is refused; what cannot be written leaves nothing."""
    segment, archived = tmp_path / "segment", tmp_path / "archived"
    segment.write_bytes(b"1" * 1024)

    assert archive_wal(segment, archived) == 0
    assert archive_wal(segment, archived) == 0
    segment.write_bytes(b"2" * 1024)
    assert archive_wal(segment, archived) != 0
    assert archived.read_bytes() == b"1" * 1024
    assert archive_wal(tmp_path / "missing", tmp_path / "other") != 0
    assert archive_wal(segment, tmp_path / "no folder" / "archived") != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archived", "segment"]


def archive_wal(segment: Path, to: Path) -> int:
    """The exit status."""
    return subprocess.run([ARCHIVE, segment, to], capture_output=True, check=False).returncode
