"""Opening the database, and what SQLite is told."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError, OperationalError

from partnerhook.core.errors import ConfigurationInvalid, StoreUnavailable
from partnerhook.store import ids
from partnerhook.store.engine import for_writing, is_locked, is_passing, open_engine, place, probe
from partnerhook.store.schema import receipts
from partnerhook.store.sqlite import could_be_written, file_of
from stores import POSTGRESQL, SQLITE, new_store, writing


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("not a url", "not a URL"),
        ("", "not a URL"),
        ("mysql://somewhere/db", "mysql"),
        ("sqlite://", "no file"),
        ("sqlite:///:memory:", "no file"),
        ("sqlite:///a.db?mode=hunter2", "nothing else"),
        ("postgresql://somewhere", "names no database"),
        ("postgresql+asyncpg://somewhere/db", "without naming a driver"),
    ],
)
def test_what_cannot_be_a_store(url: str, told: str):
    """The message says what is wrong, before anything is written."""
    with pytest.raises(ConfigurationInvalid, match=told):
        open_engine(url)


@pytest.mark.parametrize("scheme", ["mysql", "sqlite", "postgresql+pg8000"])
def test_a_wrong_url_is_not_repeated(scheme: str):
    """It may hold a password."""
    with pytest.raises(ConfigurationInvalid) as refused:
        open_engine(f"{scheme}://someone:hunter2@somewhere/db")

    assert "hunter2" not in str(refused.value)


def test_where_a_database_could_be(tmp_path: Path):
    """In a folder that is there, under a name that a file can have."""
    (tmp_path / "old.db").touch()

    for name in ("new.db", "old.db"):
        assert could_be_written(tmp_path / name)
    for name in ("gone/a.db", ".", "old.db/a.db", "a" * 300):
        assert not could_be_written(tmp_path / name)


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", 2_000)])
def test_a_commit_is_on_the_disk_before_it_is_told(tmp_path: Path, pragma: str, value: str | int):
    """Write-ahead log, and FULL synchronisation: a 200 survives the loss of power."""
    engine = new_store(tmp_path)

    with engine.connect() as conn:
        assert conn.execute(text(f"PRAGMA {pragma}")).scalar() == value


@pytest.mark.parametrize(
    ("told", "used"),
    [("on", "on"), ("off", "local"), ("remote_apply", "remote_apply")],
)
def test_postgresql_commits_are_on_the_disk_too(tmp_path: Path, told: str, used: str):
    """Also where the database was told not to wait; what waits for replicas stays."""
    engine = new_store(tmp_path, POSTGRESQL)
    with writing(engine) as conn:
        conn.execute(text(f"ALTER DATABASE {engine.url.database} SET synchronous_commit = {told}"))
    engine.dispose()

    with writing(engine) as conn:
        assert conn.execute(text("SHOW synchronous_commit")).scalar() == used


def test_nobody_waits_for_ever_in_postgresql(tmp_path: Path):
    """For a lock, for a statement, or for a process that was halted in the middle."""
    engine = new_store(tmp_path, POSTGRESQL)

    with writing(engine) as conn:
        for limit, value in (
            ("lock_timeout", "2s"),
            ("statement_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "4s"),
        ):
            assert conn.execute(text(f"SHOW {limit}")).scalar() == value
    with engine.connect() as conn, conn.begin(), pytest.raises(InternalError, match="read-only"):
        conn.execute(text("DELETE FROM receipts"))


def test_a_transaction_that_writes_waits_at_its_beginning(tmp_path: Path):
    """It takes the one write lock first, so that it never fails halfway; readers are not kept waiting."""
    engine = new_store(tmp_path)

    with writing(engine):
        with engine.connect() as reader:
            assert reader.execute(text("SELECT count(*) FROM receipts")).scalar() == 0
        with sqlite3.connect(file_of(engine), timeout=0) as other, pytest.raises(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_locked_database_is_the_world_s_fault(tmp_path: Path, database: str):
    """It may work later, unlike a statement that can never work. Another process gets two seconds to finish."""
    engine = new_store(tmp_path, database)

    with writing(engine) as first:
        first.execute(text("SELECT 1") if database == SQLITE else text("LOCK TABLE receipts"))
        with for_writing(engine.connect()) as second, pytest.raises(OperationalError) as refused:
            second.execute(text("DELETE FROM receipts"))

    assert is_passing(refused.value)
    assert is_locked(refused.value)
    assert not is_passing(ValueError("no number"))


def test_probing_writes_for_real(tmp_path: Path, database: str):
    """A store that works says nothing; one that cannot be written says so."""
    engine = new_store(tmp_path, database)
    probe(engine)
    with writing(engine) as conn:
        conn.execute(text("DROP TABLE alembic_version"))

    with pytest.raises(StoreUnavailable, match="cannot be written"):
        probe(engine)


def test_ids_grow(tmp_path: Path, database: str):
    """They begin at 1, and none is given twice."""
    engine = new_store(tmp_path, database)

    with writing(engine) as conn:
        assert list(ids.reserve(conn, receipts.c.id, 3)) == [1, 2, 3]
        row = {"app": "a", "received_at": 1, "body_bytes": 0, "flags": "", "outcomes": "", "quarantined": 0}
        conn.execute(receipts.insert(), [row | {"id": 2}, row | {"id": 3}])
        assert list(ids.reserve(conn, receipts.c.id, 2)) == [4, 5]
        assert list(ids.reserve(conn, receipts.c.id, 0)) == []
        assert ids.existing(conn, receipts.c.id, [1, 2, 3, 4]) == {2, 3}
        assert ids.existing(conn, receipts.c.id, [2, 3]) is None


def test_where_it_is_without_a_password():
    """For messages."""
    assert place(open_engine("postgresql://me:hunter2@db.example:6432/hooks")) == "db.example:6432/hooks"
    assert place(open_engine("sqlite:////var/lib/hooks.db")) == "/var/lib/hooks.db"
