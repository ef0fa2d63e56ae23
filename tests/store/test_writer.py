"""Group commit: one thread writes for everybody, and what one of them breaks is nobody else's trouble."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.receipts import Fate, Stored
from partnerhook.services.ingest import Post
from partnerhook.services.notify import Routing
from partnerhook.services.query import Queries
from partnerhook.services.write import Chore, Result, Work, Writer
from partnerhook.store.sqlite import file_of
from partnerhook.store.writer import BATCH_BYTES_MAX, Committed, GroupCommit
from stores import arrive, new_store, writing
from strategies import NOON_S

WAIT_S = 20
"""For a machine that is busy with something else."""


def webhook(solution_id: int) -> Post:
    """A POST about one solution."""
    value = {"event": "SOLUTION_UPDATED", "solution_id": str(solution_id), "solution_status": "ACTIVE"}
    entry = {"id": "5", "time": NOON_S, "changes": [{"field": "partner_solutions", "value": value}]}
    return arrive(json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode())


POISONED = 666
"""The database refuses what is said of this solution."""

REFUSE = f"""
    CREATE TRIGGER refuse BEFORE INSERT ON observations WHEN NEW.solution_id = '{POISONED}'
    BEGIN SELECT RAISE(ABORT, 'never'); END
"""


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[tuple[Writer, list[Committed[Result]]]]:
    """A writer with its thread, and what it tells of its commits."""
    commits: list[Committed[Result]] = []
    work = Work(Routing())
    writer: Writer = GroupCommit(engine, asyncio.get_running_loop(), work.apply, work.salvage, commits.append)
    writer.start()
    try:
        yield writer, commits
    finally:
        await asyncio.to_thread(writer.stop)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An empty store with something that it does not take."""
    engine = new_store(tmp_path)
    with writing(engine) as conn:
        conn.exec_driver_sql(REFUSE)
    return engine


def test_what_comes_together_is_committed_together(engine: Engine):
    """Two hundred webhooks of one turn of the loop cost far fewer commits, and each is answered with its own."""

    async def scenario() -> None:
        async with running(engine) as (writer, commits):
            waiting = [writer.submit(webhook(number), 300) for number in range(1, 201)]
            stored = await asyncio.wait_for(asyncio.gather(*waiting), WAIT_S)

            assert [one.receipt_id for one in stored] == list(range(1, 201))
            assert [one.outcomes[0].fate for one in stored] == [Fate.OBSERVED] * 200
            assert len([commit for commit in commits if commit.error is None]) < 20

    asyncio.run(scenario())


def test_a_commit_has_a_size(engine: Engine):
    """Large bodies are not all held in one transaction."""

    async def scenario() -> None:
        async with running(engine) as (writer, commits):
            waiting = [writer.submit(webhook(number), BATCH_BYTES_MAX) for number in range(1, 4)]
            await asyncio.wait_for(asyncio.gather(*waiting), WAIT_S)

        assert len(commits) == 3

    asyncio.run(scenario())


def test_a_poisoned_post_ends_in_quarantine_and_its_neighbours_are_stored(engine: Engine):
    """What the database cannot take fails alone: raw, with a reason that holds nothing of it."""

    async def scenario() -> None:
        async with running(engine) as (writer, _):
            waiting = [writer.submit(one, 300) for one in (webhook(1), webhook(POISONED), webhook(3))]
            before, between, after = await asyncio.wait_for(asyncio.gather(*waiting), WAIT_S)

        assert (before.outcomes[0].fate, after.outcomes[0].fate) == (Fate.OBSERVED, Fate.OBSERVED)
        assert (between.outcomes[0].path, between.outcomes[0].fate) == ("$", Fate.QUARANTINED)
        receipt = Queries(engine).receipt(between.receipt_id)
        assert receipt is not None
        assert receipt.body == webhook(POISONED).body.raw
        assert "IntegrityError" in receipt.outcomes[0].reason
        assert [bool(Queries(engine).find_solutions(number)) for number in "123"] == [True, False, True]

    asyncio.run(scenario())


def test_stopping_commits_what_waits(engine: Engine):
    """Everything that was taken is on the disk when the thread has ended, and nothing is taken after that."""

    async def scenario() -> None:
        async with running(engine) as (writer, _):
            waiting = [writer.submit(webhook(number), 300) for number in range(1, 51)]
        await asyncio.wait_for(asyncio.gather(*waiting), WAIT_S)
        with pytest.raises(StoreUnavailable):
            writer.submit(webhook(51), 300)

    asyncio.run(scenario())
    assert Queries(engine).receipt(50) is not None


def test_a_store_that_fails_is_told_and_comes_back(engine: Engine):
    """The waiting hear StoreUnavailable without a word of a payload; later ones are stored without a restart."""
    file = file_of(engine)
    aside = file.with_suffix(".aside")

    async def scenario() -> None:
        file.rename(aside)
        file.mkdir()
        async with running(engine) as (writer, commits):
            with pytest.raises(StoreUnavailable) as refused:
                await asyncio.wait_for(writer.submit(webhook(774485461512159), 300), WAIT_S)
            file.rmdir()
            aside.rename(file)
            stored = await asyncio.wait_for(writer.submit(webhook(774485461512159), 300), WAIT_S)

        assert "774485461512159" not in str(refused.value)
        assert stored.outcomes[0].fate is Fate.OBSERVED
        assert [commit.error is None for commit in commits if commit.jobs] == [False, True]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "error", [MemoryError(), DatabaseError("", {}, sqlite3.DatabaseError("disk image is malformed"))]
)
def test_what_may_pass_is_never_answered_as_done(engine: Engine, error: Exception):
    """Out of memory, a damaged file: the webhook is refused, and not put into quarantine. Meta sends it again."""
    asyncio.run(refused(engine, error))


async def store(post: Post, writer: Writer) -> Stored:
    """Have one POST stored."""
    stored = await writer.submit(post, len(post.body.raw))
    assert isinstance(stored, Stored)
    return stored


async def refused(engine: Engine, error: Exception) -> None:
    """The first commit fails with `error`, the second one does not."""
    failures = [error]

    def apply(conn: Connection, jobs: Sequence[Post | Chore]) -> list[Result]:
        if failures:
            raise failures.pop()
        return work.apply(conn, jobs)

    work = Work(Routing())
    writer: Writer = GroupCommit(engine, asyncio.get_running_loop(), apply, work.salvage, lambda _: None)
    writer.start()
    try:
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(store(webhook(1), writer), WAIT_S)
        stored = await asyncio.wait_for(store(webhook(1), writer), WAIT_S)
    finally:
        await asyncio.to_thread(writer.stop)
    assert [outcome.fate for outcome in stored.outcomes] == [Fate.OBSERVED]


def test_a_file_that_is_gone_is_not_written_to(engine: Engine):
    """Somebody removed it under the open connection: nothing is promised, and no empty file takes its place."""
    asyncio.run(gone(engine))


async def gone(engine: Engine) -> None:
    """One webhook before, two after."""
    file = file_of(engine)
    async with running(engine) as (writer, _commits):
        await asyncio.wait_for(store(webhook(1), writer), WAIT_S)
        for ending in ("", "-wal", "-shm"):
            file.with_name(file.name + ending).unlink(missing_ok=True)

        for number in (2, 3):
            with pytest.raises(StoreUnavailable, match="file"):
                await asyncio.wait_for(store(webhook(number), writer), WAIT_S)

    assert not file.exists()
