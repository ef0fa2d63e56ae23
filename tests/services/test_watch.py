"""What no webhook tells: overdue requests, new names, alarms about ourselves, bodies that need not be kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from partnerhook.core.compose import Update, compose, php_json
from partnerhook.core.graph_readings import GraphReading
from partnerhook.core.health import HealthNotice
from partnerhook.core.notice_documents import AnyNotice, Notice, document
from partnerhook.core.routing import ForwardRoute, Route
from partnerhook.services import erase
from partnerhook.services.doctor.findings import Finding, right, wrong
from partnerhook.services.judge import Readings, settle
from partnerhook.services.notify import NOBODY, Routes, Routing
from partnerhook.services.outbox import DeliveryFilter, NoticeFilter, Outbox
from partnerhook.services.retain import Keeping, retain
from partnerhook.services.watch import Watched, tell_backlogs, tell_health, tell_overdue
from running import wait_until
from stores import arrive, deliver, new_store, writing

EVERYBODY = Routes((Route("crm"),))
DAY_S = 86_400


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """An empty store."""
    return new_store(tmp_path, database)


def hear(engine: Engine, word: str, *, ago_s: float, solution_id: str = "77") -> None:
    """A webhook of so long ago."""
    at = int(time.time() - ago_s)
    body = compose("506914307656634", at, [Update("SOLUTION_UPDATED", solution_id, word)])
    deliver(engine, arrive(body, received_at=at * 1_000_000))


def told(engine: Engine) -> list[AnyNotice]:
    """Every notice."""
    return [notice for _, notice in Outbox(engine).notices(NoticeFilter())]


def kinds(engine: Engine) -> list[str]:
    """Of every notice."""
    return [str(one.kind) for one in told(engine)]


def overdue(engine: Engine) -> int:
    """A look with a patience of a day."""
    return asyncio.run(tell_overdue(engine, DAY_S, EVERYBODY))


@pytest.mark.parametrize(("word", "waits"), [("INITIATED", True), ("PENDING_DEACTIVATION", True), ("ACTIVE", False)])
def test_overdue(engine: Engine, word: str, waits: bool):
    """Only what waits for an answer; told once, to whoever wants it, and again where it waits anew."""
    hear(engine, word, ago_s=2 * DAY_S)

    assert [overdue(engine), overdue(engine)] == [int(waits), 0]

    if waits:
        notice = told(engine)[-1]
        assert isinstance(notice, Notice)
        assert document(notice)["data"]["overdue_s"] >= 2 * DAY_S  # type: ignore[typeddict-item]
        assert [one.target for one in Outbox(engine).find(DeliveryFilter())] == ["crm"]


def test_not_overdue_yet(engine: Engine):
    """It has waited for less."""
    hear(engine, "INITIATED", ago_s=DAY_S / 2)

    assert overdue(engine) == 0
    assert asyncio.run(tell_overdue(engine, 0, EVERYBODY)) == 0


def reading(name: str, read_at: int) -> GraphReading:
    """What the Graph API says."""
    return GraphReading("77", "ACTIVE", "NONE", read_at, asked_at=read_at * 1_000_000, name=name)


def test_renamed(engine: Engine):
    """A name that differs from the one told before is a notice; the first one is not."""
    now = int(time.time())
    hear(engine, "ACTIVE", ago_s=100)
    with writing(engine) as conn:
        for number, name in enumerate(["Spring", "Spring", "Summer", "", "Spring"]):
            settle(conn, Readings("default", "1", None, [reading(name, now + number)]), NOBODY)

    renamed = [document(one)["data"]["renamed"] for one in told(engine) if one.kind == "solution.renamed"]  # type: ignore[typeddict-item]
    assert renamed == [{"before": "Spring", "after": "Summer"}, {"before": "Summer", "after": "Spring"}]
    assert len({one.id for one in told(engine)}) == len(told(engine))


def watched(findings: Sequence[Finding], **how: object) -> Watched:
    """What is looked after, with these findings."""

    async def examine() -> AsyncIterator[Finding]:
        for finding in findings:
            yield finding

    defaults = {"overdue_after_s": 0, "silent_after_days": 7, "health_every_s": 1, "backlog_bytes_max": {}}
    return Watched(**(defaults | {"apps": ["default"]} | how), examine=examine)  # type: ignore[arg-type]


def test_an_alarm_is_told_once_and_again_when_it_comes_back(engine: Engine):
    """And not while it lasts; what cannot be asked changes nothing."""
    lost = [wrong("subscription", "the app is not subscribed", "run subscribe", app="default")]
    fine = [right("subscription", "it leads to us", app="default")]

    for findings in (lost, lost, [], lost, fine, lost):
        asyncio.run(tell_health(engine, watched(findings), EVERYBODY))

    alarms = told(engine)
    assert [str(one.kind) for one in alarms] == ["health.subscription"] * 2
    assert isinstance(alarms[0], HealthNotice)
    assert (alarms[0].subject, alarms[0].remedy) == ("default", "run subscribe")
    assert len({one.id for one in alarms}) == 2
    assert len(list(Outbox(engine).find(DeliveryFilter(target="crm")))) == 2


def test_silence_and_quarantine(engine: Engine):
    """Nothing for days; something that could not be understood."""
    hear(engine, "ACTIVE", ago_s=8 * DAY_S)
    asyncio.run(tell_health(engine, watched([]), NOBODY))
    assert kinds(engine)[-1] == "health.silence"

    deliver(engine, arrive(b"no JSON", received_at=time.time_ns() // 1_000))
    asyncio.run(tell_health(engine, watched([]), NOBODY))

    assert kinds(engine)[-1] == "health.quarantine"
    asyncio.run(tell_health(engine, watched([], silent_after_days=0), NOBODY))
    assert len(kinds(engine)) == 3


INBOX = Routes((), (ForwardRoute("inbox", ()),))


def message(text: str) -> bytes:
    """A person's message."""
    change = {"field": "messages", "value": {"messages": [{"text": {"body": text}}]}}
    return php_json({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


def pass_on(engine: Engine, text: str, ago_s: float = 0) -> int:
    """One that is forwarded; its receipt."""
    post = arrive(message(text), received_at=int((time.time() - ago_s) * 1e6))._replace(headers="User-Agent: x")
    (stored,) = deliver(engine, post, routes=INBOX)
    return stored.receipt_id


def test_a_backlog_near_its_bound(engine: Engine):
    """Told before the bound is reached, and over when it has gone down."""
    pass_on(engine, "x" * 900)

    asyncio.run(tell_backlogs(engine, watched([], backlog_bytes_max={"inbox": 1_100}), NOBODY))
    asyncio.run(tell_backlogs(engine, watched([], backlog_bytes_max={"inbox": 100_000}), NOBODY))
    asyncio.run(tell_backlogs(engine, watched([], backlog_bytes_max={"inbox": 1_100}), NOBODY))

    assert kinds(engine) == ["health.backlog"] * 2


def test_bodies_that_went_on_are_dropped(engine: Engine):
    """Once nobody waits for them any more, and not those that tell of a solution."""
    waits, gone = pass_on(engine, "waits", ago_s=7_200), pass_on(engine, "gone", ago_s=7_200)
    young = pass_on(engine, "young")
    hear(engine, "ACTIVE", ago_s=7_200)
    people = Outbox(engine)
    people.discard([one for one in people.find(DeliveryFilter()) if one.receipt_id != waits])

    async def keep() -> None:
        task = asyncio.create_task(retain(engine, Keeping(30, 1, 30, 30)))
        await asyncio.to_thread(wait_until, lambda: kept(engine) == [waits, young, 4], "dropped")
        task.cancel()

    asyncio.run(keep())
    assert gone not in kept(engine)


def kept(engine: Engine) -> list[int]:
    """Receipts that still have their body."""
    with engine.connect() as conn:
        rows = conn.exec_driver_sql("SELECT id FROM receipts WHERE body IS NOT NULL ORDER BY id")
        return [row[0] for row in rows]


@pytest.mark.parametrize("text", ["Zoë", "4915112345678", "a/b"])
def test_erase(engine: Engine, text: str):
    """By a text, also where JSON escapes it; the receipt stays."""
    hit, miss = pass_on(engine, f"I am {text}."), pass_on(engine, "somebody else")

    found = erase.find(engine, text, lambda _done, _total: None)

    assert found == [hit]
    assert (erase.erase(engine, found), erase.erase(engine, found)) == (1, 0)
    assert kept(engine) == [miss]


def test_routing_may_change():
    """Whoever works on sees it."""
    routing = Routing()
    routing.now = EVERYBODY

    assert routing.now.destinations[0].target == "crm"
