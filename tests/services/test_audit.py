"""Who changed what: written down before it is done, and again how it ended; on each database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from partnerhook.core.access import Actor, Role
from partnerhook.core.errors import StoreUnavailable
from partnerhook.services.audit import Audit, AuditFilter
from stores import new_store

ANA = Actor("ana", Role.OPERATOR, "session", "127.0.0.1")
BO = Actor("bo", Role.ADMIN, "key 5f2c9a7e01b4", "::1")


@pytest.fixture
def audit(tmp_path: Path, database: str) -> Audit:
    """In a store of its own."""
    return Audit(new_store(tmp_path, database))


def test_it_is_there_before_it_is_done(audit: Audit):
    """Whoever dies in the middle has left a trace."""
    with audit.doing(ANA, "delivery.retry", "17", target="crm"):
        (during,) = audit.page(AuditFilter())
    (after,) = audit.page(AuditFilter())

    assert (during.actor, during.action, during.subject, during.details) == (
        ANA,
        "delivery.retry",
        "17",
        {"target": "crm"},
    )
    assert (during.outcome, during.ended_at) == ("begun", None)
    assert (after.outcome, after.at) == ("done", during.at)
    assert after.ended_at is not None
    assert after.ended_at >= after.at


def test_why_it_was_not_done(audit: Audit):
    """In our own words; what others raise may hold anything, so that only its kind is kept."""
    with pytest.raises(StoreUnavailable), audit.doing(ANA, "a", "b"):
        raise StoreUnavailable("The disk is full.")
    with pytest.raises(ValueError, match="secret"), audit.doing(ANA, "a", "b"):
        raise ValueError("a secret")

    assert [one.outcome for one in audit.page(AuditFilter())] == ["not done: ValueError", "not done: The disk is full."]


def test_what_was_done_is_not_lost_with_its_end(audit: Audit, monkeypatch: pytest.MonkeyPatch):
    """A key that was made is shown, and an exception is still the one that came: the entry stays as it began."""

    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("The disk is full.")

    async def around_what_waits() -> None:
        async with audit.doing_async(ANA, "c", "d"):
            pass

    with monkeypatch.context() as full:
        full.setattr("partnerhook.store.audit.end", refuse)
        with audit.doing(ANA, "a", "b"):
            pass
        with pytest.raises(ValueError, match="its own"), audit.doing(ANA, "b", "c"):
            raise ValueError("its own")
        asyncio.run(around_what_waits())

    assert [(one.action, one.outcome) for one in audit.page(AuditFilter())] == [
        ("c", "begun"),
        ("b", "begun"),
        ("a", "begun"),
    ]


def test_it_is_the_same_around_what_waits(audit: Audit):
    """And who breaks off has not done it."""
    inside = asyncio.Event()

    async def cut() -> None:
        async with audit.doing_async(BO, "solution.accept", "default/1"):
            inside.set()
            await asyncio.sleep(60)

    async def run() -> None:
        async with audit.doing_async(BO, "solution.accept", "default/1"):
            pass
        task = asyncio.create_task(cut())
        await inside.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())

    assert [one.outcome for one in audit.page(AuditFilter())] == ["not done: CancelledError", "done"]


def test_looking_back(audit: Audit):
    """The newest first, page by page; of one person, one action, one thing."""
    for number in range(5):
        with audit.doing(ANA if number % 2 else BO, "delivery.retry", str(number)):
            pass

    first = audit.page(AuditFilter(), limit=2)
    rest = audit.page(AuditFilter(), before_id=first[-1].id)
    assert [one.subject for one in (*first, *rest)] == ["4", "3", "2", "1", "0"]
    assert [one.subject for one in audit.page(AuditFilter(who="ana"))] == ["3", "1"]
    assert [one.actor for one in audit.page(AuditFilter(subject="4"))] == [BO]
    assert audit.page(AuditFilter(action="solution.accept")) == []
