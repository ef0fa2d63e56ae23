"""Moving everything from an SQLite file to PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

import postgres
from partnerhook.core.errors import PartnerhookError, SchemaMismatch, StoreUnavailable
from partnerhook.core.notice_documents import document
from partnerhook.core.routing import Route
from partnerhook.services.move import NotMoved, move
from partnerhook.services.notify import Routes
from partnerhook.services.outbox import NoticeFilter, Outbox
from partnerhook.services.query import Queries, SolutionFilter
from partnerhook.services.rebuild import rebuild
from partnerhook.store import moving
from partnerhook.store.engine import open_engine
from partnerhook.store.migrate import migrate, require
from running import BIN, wait_until
from stores import POSTGRESQL, arrive, deliver, new_store, writing
from strategies import NOON_S

WORDS = ("INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "DEACTIVATED")
ROUTES = Routes((Route("crm"),))
MANY = 6_000


def webhook(number: int, word: str, after: int = 0) -> bytes:
    """A step of a solution, beside people's messages in all alphabets."""
    value = {"event": "SOLUTION_UPDATED", "solution_id": str(number), "solution_status": word}
    changes = [
        {"field": "partner_solutions", "value": value},
        {"field": "messages", "value": {"text": "Zürich 中 \U0001f600"}},
    ]
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "5", "time": NOON_S + after, "changes": changes}]}
    ).encode()


def filled(folder: Path, solutions: int) -> Engine:
    """An SQLite file with something in most of its tables."""
    engine = new_store(folder)
    for after, word in enumerate(WORDS):
        for first in range(0, solutions, 500):
            posts = [arrive(webhook(number, word, after)) for number in range(first, min(first + 500, solutions))]
            deliver(engine, *posts, routes=ROUTES)
    deliver(engine, arrive(webhook(0, "ACTIVE", 1)), arrive(b"no JSON"), routes=ROUTES)
    return engine


@pytest.fixture
def source(tmp_path: Path) -> Engine:
    """A hundred solutions."""
    return filled(tmp_path, 100)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Engine]:
    """Migrated, and empty."""
    return new_store(tmp_path, POSTGRESQL)


def move_quietly(source: Engine, target: Engine) -> object:
    """Without a progress bar."""
    return move(source, target, lambda _done, _total: None)


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with engine.connect() as conn, conn.begin():
        tables = [column.table for column in moving.NUMBERED.values()] + list(moving.SMALL)
        return {one.name: sorted((tuple(row) for row in conn.execute(select(one))), key=repr) for one in tables}


def test_everything_arrives(source: Engine, target: Engine):
    """Row by row; and the log goes on behind it."""
    move_quietly(source, target)

    assert everything(target) == everything(source)
    assert rebuild(target, check=True).differences == []
    stored = deliver(target, arrive(webhook(7, "REJECTED", 9)), arrive(webhook(1_000, "ACTIVE")), routes=ROUTES)
    assert [one.outcomes[0].fate for one in stored] == ["observed", "observed"]
    told = [document(one)["id"] for _, one in Outbox(target).notices(NoticeFilter())]
    assert len(told) == len(set(told)) == 403


def test_nothing_is_moved_on_top_of_something(source: Engine, target: Engine):
    """What is there is left as it is."""
    deliver(target, arrive(webhook(5, "ACTIVE")))
    before = everything(target)

    with pytest.raises(NotMoved, match="1 receipts"):
        move_quietly(source, target)

    assert everything(target) == before


def test_it_goes_on_where_it_was_interrupted(source: Engine, target: Engine, monkeypatch: pytest.MonkeyPatch):
    """Nobody serves what is half there."""
    monkeypatch.setattr(moving, "ROWS_MAX", 50)

    def interrupt(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(source, target, interrupt)
    with pytest.raises(SchemaMismatch, match="has not ended"):
        require(target)
    copied: list[int] = []
    moved = move(source, target, lambda done, _: copied.append(done))

    assert moved.resumed
    assert copied[1] - copied[0] >= 0
    assert everything(target) == everything(source)
    require(target)


def test_a_source_that_has_changed_since_is_read_anew(source: Engine, target: Engine, monkeypatch: pytest.MonkeyPatch):
    """What was copied before may be out of date."""
    monkeypatch.setattr(moving, "ROWS_MAX", 50)

    def interrupt(done: int, _total: int) -> None:
        if done > 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(source, target, interrupt)
    deliver(source, arrive(webhook(3, "ACTIVE", 1)))  # a repeat: no new row but the receipt's
    moved = move(source, target, lambda _done, _total: None)

    assert not moved.resumed
    assert everything(target) == everything(source)


def test_a_damaged_copy_is_found(source: Engine, target: Engine, monkeypatch: pytest.MonkeyPatch):
    """The checksum of all solutions is compared, not only how many there are."""
    write = moving.write

    def damage(conn: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        write(conn, table, [(*row[:4], "DRAFT", *row[5:]) for row in rows] if table == "solutions" else rows)

    monkeypatch.setattr(moving, "write", damage)

    with pytest.raises(NotMoved, match="differ"):
        move_quietly(source, target)


def test_the_file_is_locked_meanwhile(source: Engine, target: Engine):
    """Nothing can be added to it that would be left behind."""
    refused: list[str] = []

    def look(_done: int, _total: int) -> None:
        if not refused:
            try:
                with writing(source):
                    pass
            except Exception as error:  # noqa: BLE001 - any: that it is refused is what matters
                refused.append(str(error))

    move(source, target, look)

    assert "locked" in refused[0]


def newest(target: Engine, table: str) -> int:
    """How far a table has come."""
    with target.connect() as conn, conn.begin():
        return moving.newest(conn, table)


def test_killed_and_run_again(tmp_path: Path):
    """`kill -9` of the command, until it has ended by itself."""
    source = filled(tmp_path, MANY)
    url = postgres.new_database(postgres.server_url())
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PARTNERHOOK_DATABASE_URL": url}
    command = [BIN, "move", "--from", f"sqlite:///{source.url.database}", "--format", "json"]
    subprocess.run([BIN, "migrate"], env=environment, cwd=tmp_path, check=True, capture_output=True)

    target = open_engine(url)
    for table, rows in (("receipts", 4_000), ("receipts", 14_000), ("observations", 6_000), ("deliveries", 2_000)):
        process = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: newest(target, table) >= rows, "so far")  # noqa: B023 - called at once
        process.kill()
        process.wait()
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    again = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["rows"]["solutions"] == MANY
    assert told["rows"]["observations"] == MANY * len(WORDS)
    assert (again.returncode, "has something in it already" in again.stderr) == (1, True)
    assert len(Queries(target).list_solutions(SolutionFilter())) == MANY
    target.dispose()
    postgres.drop_database(url)


@pytest.mark.parametrize(
    ("source_url", "target_url", "told"),
    [
        ("postgresql://localhost/a", "postgresql://localhost/b", "no other way"),
        ("sqlite:///gone.db", "postgresql://localhost/b", "no database"),
        ("sqlite:///gone.db", "sqlite:///other.db", "no other way"),
    ],
)
def test_from_and_to(source_url: str, target_url: str, told: str):
    """Told before anything is read."""
    from partnerhook import bootstrap  # noqa: PLC0415 - as the command does

    with pytest.raises(PartnerhookError, match=told):
        bootstrap.move(source_url, target_url, lambda _done, _total: None)


def test_a_target_that_is_not_migrated(source: Engine):
    """The message names the command."""
    url = postgres.new_database(postgres.server_url())
    target = open_engine(url)

    with pytest.raises(StoreUnavailable, match="partnerhook migrate"):
        move_quietly(source, target)

    migrate(target)
    move_quietly(source, target)
    target.dispose()
    postgres.drop_database(url)
