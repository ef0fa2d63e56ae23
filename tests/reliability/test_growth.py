"""A million of everything: no webhook and no delivery looks through a table, and pruning keeps nobody waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, event, text

from partnerhook.core.delivery import Answer, Decision, Fate, Reply
from partnerhook.core.routing import ForwardRoute, Route
from partnerhook.services.notify import Routes
from partnerhook.services.outbox import DeliveryFilter, Outbox
from partnerhook.services.query import ObservationFilter, Queries, ReceiptFilter, SolutionFilter, SolutionSort
from partnerhook.services.retain import Keeping, retain
from partnerhook.store import clock, deliveries, locks, notices, outbox, receipts, schema
from partnerhook.store.bulk import insert_into
from partnerhook.store.ids import reserve
from partnerhook.store.notices import NoticeFilter
from partnerhook.store.outbox import Settlement
from stores import POSTGRESQL, SQLITE, arrive, deliver, new_store, writing
from strategies import NOON_S

MILLION: Final = 1_000_000
SOLUTIONS: Final = 200_000
WAITING: Final = 50_000
PRUNED: Final = 20_000
FAR: Final = 9_000_000_000_000_000
LARGE: Final = ("receipts", "solution_numbers", "observations", "solutions", "notices", "deliveries", "attempts")
ROUTES: Final = Routes((Route("crm"),), (ForwardRoute("inbox", bytes_max=10**12),))

FILL: Final = (
    f"""INSERT INTO receipts SELECT n, 'default', n * 1000000, 300, CASE WHEN n % 10 = 0 THEN 'x'::bytea END, '',
        '', 0, NULL FROM generate_series(1::bigint, {MILLION}) n""",
    f"INSERT INTO solution_numbers SELECT n, n::text, 'default' FROM generate_series(1::bigint, {SOLUTIONS}) n",
    f"""INSERT INTO observations SELECT n, 1 + n % {SOLUTIONS}, 'default', (1 + n % {SOLUTIONS})::text, md5(n::text),
        '5', 'SOLUTION_UPDATED', 'ACTIVE', {NOON_S} - n, n, n, 0, 'webhook', '', n
        FROM generate_series(1::bigint, {MILLION}) n""",
    f"""INSERT INTO solutions SELECT n, 'default', n::text, '5', 'ACTIVE', 'NONE', 'ACTIVE', 'ACTIVE', {NOON_S} - 1,
        {NOON_S} - 1, 1, 1, 5, '' FROM generate_series(1::bigint, {SOLUTIONS}) n""",
    f"""INSERT INTO notices SELECT n, 1 + n % {SOLUTIONS}, 'solution.activated', n, '', NULL, 'ACTIVE', 1, 1, NULL
        FROM generate_series(1::bigint, {MILLION}) n""",
    f"""INSERT INTO deliveries SELECT n, 'crm', 1 + n % {SOLUTIONS}, n, NULL, 0,
        CASE WHEN n > {MILLION - WAITING} THEN 'waiting' ELSE 'done' END, 1, 1,
        CASE WHEN n > {MILLION - WAITING} THEN 1 END, '', 1,
        CASE WHEN n <= {PRUNED} THEN 1 WHEN n <= {MILLION - WAITING} THEN {FAR} END
        FROM generate_series(1::bigint, {MILLION}) n""",
    f"INSERT INTO attempts SELECT n, n, 1, 1, 'taken', 200, '' FROM generate_series(1::bigint, {MILLION}) n",
    *[
        f"SELECT setval('{table}_{column}_seq', {MILLION})"
        for table, column in (
            ("receipts", "id"),
            ("solution_numbers", "number"),
            ("observations", "id"),
            ("notices", "id"),
            ("deliveries", "id"),
            ("attempts", "id"),
        )
    ],
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A store that is full, and whose planner knows it."""
    engine = new_store(tmp_path_factory.mktemp("store"), POSTGRESQL)
    with writing(engine) as conn:
        conn.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in FILL:
            conn.execute(text(statement))
        conn.execute(text("ANALYZE"))
    return engine


@contextmanager
def scanning_nothing(engine: Engine, tables: Sequence[str] = LARGE) -> Iterator[None]:
    """Fails where a table of a million rows was looked through from its beginning."""
    before = scans(engine)
    yield
    after = scans(engine)
    assert {name: after[name] - before[name] for name in tables} == dict.fromkeys(tables, 0)


def scans(engine: Engine) -> dict[str, int]:
    """How often each table was; what PostgreSQL counts is told at the end of a session at the latest."""
    engine.dispose()
    time.sleep(0.1)
    with engine.connect() as conn, conn.begin():
        rows = conn.execute(text("SELECT relname, seq_scan FROM pg_stat_user_tables"))
        return {row[0]: row[1] for row in rows if row[0] in LARGE}


def webhook(solution: int, word: str, at: int) -> bytes:
    """A change as Meta sends it."""
    return (
        b'{"object": "whatsapp_business_account", "entry": [{"id": "5", "time": %d, "changes": [{"field":'
        b' "partner_solutions", "value": {"event": "SOLUTION_UPDATED", "solution_id": "%d",'
        b' "solution_status": "%s"}}]}]}'
    ) % (at, solution, word.encode())


def test_the_count_of_scans_counts(engine: Engine):
    """Or this file would show nothing."""
    with pytest.raises(AssertionError), scanning_nothing(engine), writing(engine) as conn:
        conn.execute(text("SELECT count(*) FROM observations WHERE reported_status = 'DRAFT'")).all()


BACKLOG: Final = 10_000
"""So few, and PostgreSQL takes looking through all of them for the cheapest."""
READ_MAX: Final = 2_000
"""Rows of deliveries that a commit of a hundred webhooks may read."""
ONE_BY_ONE: Final = Routes((Route("crm"),), (ForwardRoute("inbox", bytes_max=10**12, one_by_one=True),))


def wait(engine: Engine, *, lanes: int, settled: int) -> None:
    """Have a backlog for both targets, behind deliveries that were settled, and a planner that knows it."""
    with writing(engine) as conn:
        ids = iter(reserve(conn, schema.deliveries.c.id, 2 * (settled + BACKLOG)))
        insert_into(schema.deliveries).run(
            conn,
            [
                one_that_waits(next(ids), target, number % lanes, first=number < lanes)
                if number >= 0
                else (next(ids), target, 1, 1, None, 0, "done", 1, 1, None, "", 1, 1)
                for target in ("crm", "inbox")
                for number in range(-settled, BACKLOG)
            ],
        )
        conn.exec_driver_sql("ANALYZE")


def one_that_waits(number: int, target: str, lane: int, *, first: bool) -> tuple[Any, ...]:
    """A row of deliveries; only the first in its lane is due."""
    notice, receipt = (number, None) if target == "crm" else (None, number)
    return (number, target, lane, notice, receipt, 0, "waiting", 0, None, number if first else None, "", 1, None)


def enqueue(engine: Engine) -> None:
    """A hundred webhooks, each for two targets."""
    deliver(engine, *[arrive(webhook(5_000 + number, "INITIATED", NOON_S)) for number in range(100)], routes=ONE_BY_ONE)


def rows_read(engine: Engine) -> int:
    """How many rows of deliveries were read so far, from the table and by its indexes."""
    engine.dispose()
    time.sleep(0.1)
    with engine.connect() as conn, conn.begin():
        read: int = conn.execute(
            text("""SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'deliveries')
                + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'deliveries')""")
        ).scalar_one()
    return read


@pytest.mark.parametrize("lanes", [1, BACKLOG])
@pytest.mark.parametrize("settled", [0, BACKLOG])
def test_a_backlog_is_not_read_on_postgresql(tmp_path: Path, lanes: int, settled: int):
    """By nobody who adds to it: neither the table nor a whole index of it."""
    engine = new_store(tmp_path, POSTGRESQL)
    wait(engine, lanes=lanes, settled=settled)
    before = rows_read(engine)

    enqueue(engine)

    assert rows_read(engine) - before < READ_MAX


@pytest.mark.parametrize("lanes", [1, BACKLOG])
def test_a_backlog_is_not_read_on_sqlite(tmp_path: Path, lanes: int):
    """No statement's plan has a scan of a table that grows."""
    engine = new_store(tmp_path, SQLITE)
    wait(engine, lanes=lanes, settled=BACKLOG)
    sent: dict[str, Any] = {}

    def keep(*how: Any) -> None:
        _, _, statement, parameters, _, many = how
        sent.setdefault(statement, parameters[0] if many else parameters)

    event.listen(engine, "before_cursor_execute", keep)
    enqueue(engine)
    for target in ("crm", "inbox"):
        settle(engine, target)
    event.remove(engine, "before_cursor_execute", keep)
    with engine.connect() as conn, conn.begin():
        plans = {one: plan(conn, one, given) for one, given in sent.items() if not one.startswith(("BEGIN", "PRAGMA"))}

    assert any("INSERT INTO deliveries" in one for one in plans)
    assert {one: steps for one, steps in plans.items() if scanned(steps)} == {}


def plan(conn: Connection, statement: str, given: Any) -> list[str]:
    """What SQLite does for a statement."""
    return [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]


def scanned(steps: list[str]) -> list[str]:
    """The tables that grow which a plan looks through."""
    return [one for one in steps if one.startswith("SCAN") and one.split()[1] in {*LARGE, "ahead"}]


def test_webhooks(engine: Engine):
    """New ones, repeats, late ones, of solutions that are known and not; each with a notice and two deliveries."""
    now = NOON_S + 10
    posts = [
        *[arrive(webhook(number, "PENDING_DEACTIVATION", now)) for number in range(1, 200)],
        *[arrive(webhook(number, "PENDING_DEACTIVATION", now)) for number in range(1, 100)],
        *[arrive(webhook(number, "INITIATED", NOON_S - 2 * MILLION)) for number in range(300, 400)],
        *[arrive(webhook(SOLUTIONS * 2 + number, "INITIATED", now)) for number in range(200)],
    ]
    with scanning_nothing(engine):
        stored = deliver(engine, *posts, routes=ROUTES)
        for one in posts[:3]:
            deliver(engine, one, routes=ROUTES)

    assert len(stored) == len(posts)


def test_deliveries(engine: Engine):
    """Claimed, settled, tried again, listed."""
    deliver(engine, *[arrive(webhook(number, "ACTIVE", NOON_S + 20)) for number in range(500, 600)], routes=ROUTES)

    with scanning_nothing(engine):
        for target in ("crm", "inbox"):
            settle(engine, target)
        with engine.connect() as conn, conn.begin():
            deliveries.backlogs(conn)
            deliveries.dead(conn)
            notices.page(conn, NoticeFilter(), after_id=MILLION - 10, limit=100)


def settle(engine: Engine, target: str) -> None:
    """Claim what is due, and settle half of it for good."""
    with writing(engine) as conn:
        now = clock.now(conn)
        claimed = outbox.claim(conn, target, "me", now=now, until=now + 10**8, limit=64)
        assert claimed
    with writing(engine) as conn:
        outbox.lock_solutions(conn, claimed)
        locks.targets(conn, [target])
        decisions = [Decision(Fate.DONE), Decision(Fate.WAITING, now + 10**9)]
        outbox.settle(
            conn,
            [Settlement(one, Answer(Reply.TAKEN), decisions[at % 2], now, now) for at, one in enumerate(claimed)],
        )
        receipts.bodies(conn, [one.receipt_id for one in claimed if one.receipt_id])
        notices.find(conn, [one.notice_id for one in claimed if one.notice_id])


LOGS: Final = ("receipts", "solution_numbers", "observations", "notices", "deliveries", "attempts")
"""What grows for ever. `solutions` is what lists and the board look through; docs/adr/0021 says how far that goes."""


def test_pages(engine: Engine):
    """Every list, newest first, and what is told of one solution: whatever people open, no log is looked through."""
    queries, outbox_ = Queries(engine), Outbox(engine)
    with scanning_nothing(engine, LOGS):
        queries.board(12, SolutionFilter())
        for sort in SolutionSort:
            queries.solutions_page(SolutionFilter(usable=True), sort=sort, after=None, limit=50)
        queries.story("default", "77")
        queries.observations_page(ObservationFilter(), before_id=None, limit=50)
        queries.observations_page(ObservationFilter(solution_id="77"), before_id=MILLION // 2, limit=50)
        queries.receipts_page(ReceiptFilter(), before_id=None, limit=50)
        queries.receipts_page(ReceiptFilter(quarantined=True), before_id=None, limit=50)
        outbox_.notices_page(NoticeFilter(), before_id=MILLION // 2, limit=50)
        outbox_.notices_page(NoticeFilter(app="default", solution_id="77"), before_id=None, limit=50)
        outbox_.deliveries_page(DeliveryFilter(), before_id=None, limit=50)
        outbox_.deliveries_page(DeliveryFilter(fate=Fate.DEAD), before_id=None, limit=50)
        outbox_.deliveries_page(DeliveryFilter(fate=Fate.WAITING, target="crm"), before_id=None, limit=50)
        outbox_.deliveries_page(DeliveryFilter(notice_ids=(5, 6)), before_id=None, limit=50)
        outbox_.deliveries_page(DeliveryFilter(solution_id="77"), before_id=None, limit=50)
        outbox_.overview()


def test_pruning(engine: Engine):
    """Raw bodies, deliveries and receipts by the ten thousands go in slices; no webhook waits for it."""
    waits: list[float] = []

    async def prune() -> None:
        task = asyncio.create_task(retain(engine, Keeping(1, 1, 1, 1)))
        until = time.monotonic() + 120
        while await asyncio.to_thread(count, engine, RECEIPTS_LEFT) > MILLION - PRUNED and time.monotonic() < until:
            started = time.monotonic()
            await asyncio.to_thread(deliver, engine, arrive(webhook(7, "ACTIVE", NOON_S + 100 + len(waits))))
            waits.append(time.monotonic() - started)
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(prune())

    assert count(engine, BODIES_LEFT) == 0
    assert count(engine, "SELECT count(*) FROM deliveries WHERE settled_at = 1") == 0
    assert count(engine, RECEIPTS_LEFT) <= MILLION - PRUNED
    assert max(waits) < 1.0


BODIES_LEFT: Final = f"SELECT count(*) FROM receipts WHERE body IS NOT NULL AND id <= {MILLION}"
RECEIPTS_LEFT: Final = f"SELECT count(*) FROM receipts WHERE id <= {MILLION}"


def count(engine: Engine, query: str) -> int:
    """How many there are."""
    with engine.connect() as conn, conn.begin():
        counted: int = conn.execute(text(query)).scalar_one()
    return counted
