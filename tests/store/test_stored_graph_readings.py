"""What only the Graph API tells: kept, completed, and asked for again when it is time."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from partnerhook.core.compose import Update, compose
from partnerhook.core.graph_readings import AppReference, GraphReading, Partner
from partnerhook.core.observations import MICROSECONDS
from partnerhook.store import graph_readings, numbers
from partnerhook.store.graph_readings import GraphFacts, Spacing, due
from stores import arrive, deliver, new_store, writing
from strategies import NOON_S

SOLUTION = "774485461512159"
READING = GraphReading(
    solution_id=SOLUTION,
    status="ACTIVE",
    pending="NONE",
    read_at=NOON_S + 10,
    asked_at=(NOON_S + 10) * MICROSECONDS,
    name='Ours "and" [theirs] ✓',
    owner_app=AppReference("1", "Owner", "https://owner.example/"),
    owner_permissions=("MANAGE", "MESSAGING"),
    partners=(Partner("5", "ACCEPTED", AppReference("2", "Partner"), ("DEVELOP",)), Partner("6")),
)
SPACING = Spacing(doubtful_s=60, waiting_s=300, longest_s=3_600)


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """One solution, heard of at noon."""
    engine = new_store(tmp_path, database)
    hear(engine, "ACTIVE")
    return engine


def hear(engine: Engine, word: str, solution_id: str = SOLUTION) -> None:
    """A webhook at noon."""
    body = compose("506914307656634", NOON_S, [Update("SOLUTION_UPDATED", solution_id, word)])
    deliver(engine, arrive(body, received_at=NOON_S * MICROSECONDS))


def tell(engine: Engine, role: str, reading: GraphReading) -> None:
    """The Graph API tells of it."""
    with writing(engine) as conn:
        (number,) = numbers.assign(conn, [("default", reading.solution_id)])
        graph_readings.save(conn, [(number, role, reading)])


def facts(engine: Engine, solution_id: str | None = None) -> dict[tuple[str, str], GraphFacts]:
    """What is kept."""
    with engine.connect() as conn, conn.begin():
        return graph_readings.find(conn, solution_id)


def is_due(engine: Engine, *, after_s: float, limit: int = 10) -> list[str]:
    """What is to be asked for, so many seconds after noon."""
    with engine.connect() as conn, conn.begin():
        now = int((NOON_S + after_s) * MICROSECONDS)
        return [solution_id for _, solution_id in due(conn, ["default"], now, SPACING, limit)]


def test_a_reading_is_kept_as_it_was_told(engine: Engine):
    """All but the state, which is an observation."""
    tell(engine, "PARTNER", READING)

    assert facts(engine) == facts(engine, SOLUTION)
    assert facts(engine)["default", SOLUTION] == GraphFacts(
        READING.name, "PARTNER", READING.owner_app, READING.owner_permissions, READING.partners, READING.read_at
    )
    assert facts(engine, "1") == {}


def test_what_an_answer_does_not_tell_stays(engine: Engine):
    """Some answers have the state alone; when it was read is that of the newest."""
    tell(engine, "OWNER", READING)

    tell(engine, "", GraphReading(SOLUTION, "ACTIVE", "NONE", NOON_S + 20, (NOON_S + 20) * MICROSECONDS))

    assert facts(engine)["default", SOLUTION] == GraphFacts(
        READING.name, "OWNER", READING.owner_app, READING.owner_permissions, READING.partners, NOON_S + 20
    )


def test_what_was_asked_in_vain_is_not_told(engine: Engine):
    """But it was asked, so that it waits like any other."""
    hear(engine, "SUSPENDED", "1")
    with writing(engine) as conn:
        graph_readings.asked_in_vain(conn, 2, (NOON_S + 100) * MICROSECONDS)

    assert facts(engine) == {}
    assert is_due(engine, after_s=199) == []
    assert is_due(engine, after_s=200) == ["1"]


def test_what_is_regular_is_never_due(engine: Engine):
    """The run over everything is enough for it."""
    assert is_due(engine, after_s=10**7) == []


def test_the_longer_it_is_in_its_state_the_rarer_it_is_read(engine: Engine):
    """As long again as it was when it was read last, within bounds."""
    hear(engine, "SUSPENDED", "1")
    assert is_due(engine, after_s=1) == ["1"]

    for read_after_s, due_after_s in ((10, 70), (600, 1_200), (10_000, 13_600)):
        at = NOON_S + read_after_s
        tell(engine, "", READING._replace(solution_id="1", read_at=at, asked_at=at * MICROSECONDS))

        assert is_due(engine, after_s=due_after_s - 1) == []
        assert is_due(engine, after_s=due_after_s) == ["1"]


def test_those_that_wait_longest_come_first(engine: Engine):
    """Never asked before asked; no more than the limit, and nothing of apps that cannot ask."""
    for solution_id in ("1", "2", "3"):
        hear(engine, "SUSPENDED", solution_id)
    for solution_id, at in (("1", NOON_S + 20), ("2", NOON_S + 10)):
        tell(engine, "", READING._replace(solution_id=solution_id, read_at=at, asked_at=at * MICROSECONDS))

    assert is_due(engine, after_s=1_000) == ["3", "2", "1"]
    assert is_due(engine, after_s=1_000, limit=2) == ["3", "2"]
    with engine.connect() as conn, conn.begin():
        assert due(conn, ["other"], (NOON_S + 1_000) * MICROSECONDS, SPACING, 10) == []
