"""How SQLite goes about what pages ask for: no log that grows for ever is looked through from its beginning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from partnerhook.core.delivery import Fate
from partnerhook.services.inbox import Inbox
from partnerhook.services.outbox import DeliveryFilter, NoticeFilter, Outbox
from partnerhook.services.query import ObservationFilter, Queries, ReceiptFilter, SolutionFilter, SolutionSort
from partnerhook.store import notices
from stores import new_store

LOGS = re.compile(r"SCAN (receipts|observations|notices|deliveries|attempts|solution_numbers)\b(?! USING)")
SELECT = re.compile(r"SELECT", re.IGNORECASE)

Look = Callable[[Queries, Outbox], object]
LOOKS: dict[str, Look] = {
    "board": lambda queries, _: queries.board(12, SolutionFilter()),
    "list": lambda queries, _: queries.solutions_page(SolutionFilter(), after=("default", "7"), limit=50),
    "search": lambda queries, _: queries.solutions_page(SolutionFilter(text="77"), after=None, limit=50),
    "oldest": lambda queries, _: queries.solutions_page(
        SolutionFilter(usable=True), sort=SolutionSort.OLDEST, after=None, limit=50
    ),
    "story": lambda queries, _: queries.story("default", "77"),
    "its observations": lambda queries, _: queries.observations_page(
        ObservationFilter(solution_id="77"), before_id=None, limit=50
    ),
    "quarantine": lambda queries, _: queries.receipts_page(ReceiptFilter(quarantined=True), before_id=None, limit=50),
    "its notices": lambda _, outbox: outbox.notices_page(
        NoticeFilter(app="default", solution_id="77"), before_id=None, limit=50
    ),
    "dead": lambda _, outbox: outbox.deliveries_page(DeliveryFilter(fate=Fate.DEAD), before_id=None, limit=50),
    "waiting": lambda _, outbox: outbox.deliveries_page(
        DeliveryFilter(fate=Fate.WAITING, target="crm"), before_id=None, limit=50
    ),
    "of notices": lambda _, outbox: outbox.deliveries_page(DeliveryFilter(notice_ids=(5, 6)), before_id=None, limit=50),
    "its deliveries": lambda _, outbox: outbox.deliveries_page(
        DeliveryFilter(solution_id="77"), before_id=None, limit=50
    ),
    "targets": lambda _, outbox: outbox.overview(),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Empty: SQLite decides by its indexes alone, as long as nobody has it count rows."""
    return new_store(tmp_path_factory.mktemp("store"))


@contextmanager
def plans(engine: Engine) -> Iterator[list[str]]:
    """The plan of every statement that is executed meanwhile."""
    found: list[str] = []

    def explain(conn: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        if SELECT.match(statement):
            driver = conn.connection.driver_connection
            found.extend(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", given))

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_no_log_is_looked_through(engine: Engine, look: Look):
    """The same on PostgreSQL with a million of everything: tests/reliability/test_growth.py."""
    with plans(engine) as found:
        look(Queries(engine), Outbox(engine))

    assert found
    assert [step for step in found if LOGS.search(step)] == []


def test_what_waits_is_found_without_looking_through_all_solutions(engine: Engine):
    """The inbox, what it counts, and who is overdue: asked again and again."""
    inbox = Inbox(engine, lambda: 60.0)

    with plans(engine) as found, engine.connect() as conn, conn.begin():
        inbox.waiting(after=None, limit=26)
        inbox.odd(after=None, limit=26)
        inbox.counts()
        notices.overdue(conn, before=1, limit=200)

    assert [step for step in found if re.search(r"SCAN solutions\b(?! USING)", step)] == []
    assert [step for step in found if "solutions_waiting" in step]


def test_a_look_through_a_log_is_noticed(tmp_path: Path):
    """Or this file would show nothing."""
    engine = new_store(tmp_path)

    with plans(engine) as found, engine.connect() as conn, conn.begin():
        conn.execute(text("SELECT count(*) FROM observations WHERE reported_status = 'DRAFT'"))

    assert [step for step in found if LOGS.search(step)]
