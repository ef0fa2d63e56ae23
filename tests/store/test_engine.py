"""Opening the database, and what SQLite is told."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from partnerhook.core.errors import ConfigurationInvalid, StoreUnavailable
from partnerhook.store.engine import (
    could_be_written,
    for_writing,
    is_passing,
    open_engine,
    probe,
    reserve_ids,
    sqlite_file,
)
from partnerhook.store.schema import receipts
from stores import new_store, writing


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("not a url", "not a URL"),
        ("", "not a URL"),
        ("mysql://somewhere/db", "mysql"),
        ("sqlite://", "no file"),
        ("sqlite:///:memory:", "no file"),
        ("sqlite:///a.db?mode=hunter2", "nothing else"),
    ],
)
def test_what_cannot_be_a_store(url: str, told: str):
    """The message says what is wrong, before anything is written."""
    with pytest.raises(ConfigurationInvalid, match=told):
        open_engine(url)


@pytest.mark.parametrize("scheme", ["mysql", "sqlite"])
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


def test_a_transaction_that_writes_waits_at_its_beginning(tmp_path: Path):
    """It takes the one write lock first, so that it never fails halfway; readers are not kept waiting."""
    engine = new_store(tmp_path)

    with writing(engine):
        with engine.connect() as reader:
            assert reader.execute(text("SELECT count(*) FROM receipts")).scalar() == 0
        with sqlite3.connect(sqlite_file(engine), timeout=0) as other, pytest.raises(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_locked_database_is_the_world_s_fault(tmp_path: Path):
    """It may work later, unlike a statement that can never work. Another process gets two seconds to finish."""
    engine = new_store(tmp_path)

    with writing(engine), for_writing(engine.connect()) as second, pytest.raises(OperationalError) as refused:
        second.execute(text("DELETE FROM receipts"))

    assert is_passing(refused.value)
    assert not is_passing(ValueError("no number"))


def test_probing_writes_for_real(tmp_path: Path):
    """A store that works says nothing; one that cannot be written says so."""
    engine = new_store(tmp_path)
    probe(engine)
    with writing(engine) as conn:
        conn.execute(text("DROP TABLE alembic_version"))

    with pytest.raises(StoreUnavailable, match="cannot be written"):
        probe(engine)


def test_ids_go_on_behind_the_newest(tmp_path: Path):
    """They begin at 1."""
    engine = new_store(tmp_path)

    with writing(engine) as conn:
        assert reserve_ids(conn, receipts.c.id, 3) == range(1, 4)
        conn.execute(
            receipts.insert().values(id=7, app="a", received_at=1, body_bytes=0, flags="", outcomes="", quarantined=0)
        )
        assert reserve_ids(conn, receipts.c.id, 1) == range(8, 9)
