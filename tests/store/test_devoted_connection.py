"""The writer's connection to PostgreSQL: it waits only for rows, and never reads a table as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from test_writer import POISONED, WAIT_S, running, webhook

from partnerhook.core.receipts import Fate
from partnerhook.services import ingest
from partnerhook.services.notify import NOBODY
from partnerhook.store import numbers, solutions
from partnerhook.store.bulk import insert_into
from partnerhook.store.engine import devote, for_writing
from partnerhook.store.postgresql import in_pipeline
from partnerhook.store.schema import solution_numbers
from stores import DEBIANS_POSTGRESQL, POSTGRESQL, deliver, new_store, writing

HOT = ("solution_numbers", "solutions", "observations", "receipts", "notices")

number_solutions = insert_into(solution_numbers)


@pytest.fixture(params=(POSTGRESQL, DEBIANS_POSTGRESQL))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """An empty store."""
    return new_store(tmp_path, request.param)


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """As the writer has it."""
    with for_writing(engine.connect()) as conn:
        devote(conn)
        assert in_pipeline(conn)
        yield conn
        conn.invalidate()


def test_what_was_sent_is_there_after_the_commit(conn: Connection, engine: Engine):
    """Statements that nobody waits for are done when the transaction is."""
    with conn.begin():
        number_solutions.run(conn, [(1, "71", "a"), (2, "72", "a")])
    with conn.begin():
        number_solutions.run(conn, [(3, "73", "a")])
        found = numbers.find(conn, [("a", "71"), ("a", "73")])

    assert found == {("a", "71"): 1, ("a", "73"): 3}
    with engine.connect() as other, other.begin():
        assert numbers.count(other) == 3


def test_answers_come_in_any_order(conn: Connection):
    """What was asked first may be looked at last, and SQLAlchemy's own statements may come between."""
    with conn.begin():
        number_solutions.run(conn, [(1, "71", "a")])
        first = solutions.ask_by_number(conn, [1])
        assert conn.execute(text("SELECT number FROM solution_numbers")).scalars().all() == [1]
        assert numbers.find(conn, [("a", "71")]) == {("a", "71"): 1}
        assert first() == solutions.Found({}, set())


@pytest.mark.parametrize("waits", ["for the commit", "for rows", "for a statement of SQLAlchemy's"])
def test_a_statement_that_fails_fails_the_transaction(conn: Connection, waits: str):
    """As itself, wherever it is found out; what came after it was not executed, and the connection goes on."""
    with pytest.raises(IntegrityError, match="71"), conn.begin():  # noqa: PT012
        number_solutions.run(conn, [(1, "71", "a"), (2, "71", "a")])
        number_solutions.run(conn, [(3, "73", "a")])
        if waits == "for rows":
            numbers.find(conn, [("a", "73")])
        elif waits == "for a statement of SQLAlchemy's":
            numbers.count(conn)

    with conn.begin():
        assert numbers.count(conn) == 0
        number_solutions.run(conn, [(4, "74", "a")])
    with conn.begin():
        assert numbers.count(conn) == 1


def test_a_connection_that_is_lost_is_given_up_at_once(conn: Connection, engine: Engine):
    """Nothing is waited for on it; the next one is a new one, and not in pipeline mode by itself."""
    (process,) = conn.connection.driver_connection.execute("SELECT pg_backend_pid()").fetchone()  # type: ignore[union-attr]
    with writing(engine) as other:
        other.execute(text("SELECT pg_terminate_backend(:process)"), {"process": process})

    with pytest.raises(DBAPIError), conn.begin():
        number_solutions.run(conn, [(1, "71", "a")])
    conn.invalidate()

    assert not in_pipeline(conn)
    with conn.begin():
        assert numbers.count(conn) == 0


def test_a_poisoned_post_ends_in_quarantine_and_its_neighbours_are_stored(engine: Engine):
    """As on SQLite: what the database cannot take fails alone, and its reason is told."""
    with writing(engine) as conn:
        conn.execute(text(f"ALTER TABLE observations ADD CHECK (solution_id <> '{POISONED}')"))

    async def scenario() -> None:
        async with running(engine) as (writer, _):
            waiting = [writer.submit(one, 300) for one in (webhook(1), webhook(POISONED), webhook(3))]
            before, between, after = await asyncio.wait_for(asyncio.gather(*waiting), WAIT_S)

        assert [one.outcomes[0].fate for one in (before, after)] == [Fate.OBSERVED, Fate.OBSERVED]
        assert between.outcomes[0].fate is Fate.QUARANTINED
        assert "IntegrityError" in between.outcomes[0].reason

    asyncio.run(scenario())


def test_no_table_is_read_as_a_whole(conn: Connection, engine: Engine):
    """A statement is planned when it is prepared. Planned for an empty table it must do for one that has grown."""
    for solution in range(1, 40):
        with conn.begin():
            ingest.commit(conn, [webhook(solution)], NOBODY)
    deliver(engine, *(webhook(solution) for solution in range(100, 1_100)))
    before = _read_as_a_whole(conn, engine)

    for solution in range(1_000, 1_040):
        with conn.begin():
            ingest.commit(conn, [webhook(solution), webhook(solution + 2_000)], NOBODY)

    assert _read_as_a_whole(conn, engine) == before


def _read_as_a_whole(conn: Connection, engine: Engine) -> dict[str, int]:
    """How often each table was, in all sessions."""
    with conn.begin():
        conn.execute(text("SELECT pg_stat_force_next_flush()"))
    with engine.connect() as other, other.begin():
        rows = other.execute(
            text("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY(:hot)"), {"hot": list(HOT)}
        )
        return {row.relname: row.seq_scan for row in rows}
