"""Quarantine: read again by a program that understands it, and given up. On SQLite and PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from partnerhook.core.access import Actor, Role
from partnerhook.core.receipts import Fate, Outcome
from partnerhook.core.routing import Route
from partnerhook.services import ingest
from partnerhook.services.audit import Audit, AuditFilter
from partnerhook.services.notify import Routes
from partnerhook.services.outbox import DeliveryFilter, NoticeFilter, Outbox
from partnerhook.services.quarantine import BodyGone, Quarantine
from partnerhook.services.query import Queries
from partnerhook.store import receipts
from stores import arrive, deliver, new_store, writing

ACTOR = Actor("ana", Role.ADMIN, "command", "here")
NOON = 1_750_000_000


def change(solution_id: str, status: str, time: int = NOON) -> dict[str, Any]:
    """An entry with one change."""
    value = {"event": "SOLUTION_UPDATED", "solution_id": solution_id, "solution_status": status}
    return {"id": "1", "time": time, "changes": [{"field": "partner_solutions", "value": value}]}


def body(*entries: dict[str, Any]) -> bytes:
    """As Meta sends it."""
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()


class Stage:
    """A store, and receipts that a program of the past did not understand, though today's does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.queries = Queries(engine)
        self.outbox = Outbox(engine)
        self.audit = Audit(engine)
        self.quarantine = Quarantine(engine, self.audit, lambda: Routes((Route("crm"),)))

    def salvaged(self, raw: bytes) -> int:
        """A POST that could not be stored as it is: all of it is in quarantine."""
        with writing(self.engine) as conn:
            return ingest.salvage(conn, arrive(raw), ValueError("yesterday's bug")).receipt_id

    def half_understood(self, raw: bytes) -> int:
        """A POST of which the second change was not understood, and everything else was."""
        (stored,) = deliver(self.engine, arrive(raw))
        with writing(self.engine) as conn:
            first = stored.outcomes[0]
            missed = Outcome("entry[1].changes[0]", "partner_solutions", Fate.QUARANTINED, reason="an unknown word")
            receipts.settle(conn, stored.receipt_id, [first, missed])
        return stored.receipt_id

    def told(self) -> list[tuple[str, str]]:
        """Kind and solution of every notice, and whether it is delivered."""
        told = [(one.kind, one.solution_id) for _, one in self.outbox.notices(NoticeFilter())]
        assert len(list(self.outbox.find(DeliveryFilter(target="crm")))) == len(told)
        return told


@pytest.fixture
def stage(tmp_path: Path, database: str) -> Stage:
    """An empty one."""
    return Stage(new_store(tmp_path, database))


def test_what_is_understood_now_is_observed_as_of_when_it_came(stage: Stage):
    """Through the one funnel: observation, solution, notice, delivery; the receipt is the one that it had."""
    receipt_id = stage.salvaged(body(change("7", "INITIATED"), change("8", "ACTIVE")))

    done = stage.quarantine.retry(ACTOR, receipt_id)

    assert done is not None
    assert (done.changed, done.receipt.quarantined, done.body_kept) == (1, 0, True)
    assert [one.fate for one in done.receipt.outcomes] == [Fate.OBSERVED, Fate.OBSERVED]
    story = stage.queries.story("default", "7")
    assert story is not None
    (heard,) = [one.observation for one in story.timeline]
    assert (heard.receipt_id, heard.received_at) == (receipt_id, done.receipt.received_at)
    assert stage.told() == [("solution.requested", "7"), ("solution.activated", "8")]
    (entry,) = stage.audit.page(AuditFilter())
    assert (entry.action, entry.subject, entry.outcome) == ("quarantine.retry", f"receipt {receipt_id}", "done")


def test_twice_is_once(stage: Stage):
    """The second one finds nothing in quarantine, and writes nothing down."""
    receipt_id = stage.salvaged(body(change("7", "INITIATED")))
    stage.quarantine.retry(ACTOR, receipt_id)

    again = stage.quarantine.retry(ACTOR, receipt_id)

    assert again is not None
    assert again.changed == 0
    assert [one.repeats for one in stage.queries.history("default", "7")] == [0]
    assert len(stage.audit.page(AuditFilter())) == 1
    assert len(stage.told()) == 1


def test_neighbours_are_left_alone(stage: Stage):
    """What was understood when it came is neither observed nor counted once more."""
    raw = body(change("7", "INITIATED"), change("8", "ACTIVE"))
    receipt_id = stage.half_understood(raw)
    before = stage.queries.history("default", "7")

    done = stage.quarantine.retry(ACTOR, receipt_id)

    assert done is not None
    # It was observed after all, by the very program that is said not to have understood it: a repeat, then.
    assert [one.fate for one in done.receipt.outcomes] == [Fate.OBSERVED, Fate.DUPLICATE]
    assert stage.queries.history("default", "7") == before
    assert [one.repeats for one in stage.queries.history("default", "8")] == [1]


def test_what_meta_has_sent_again_since_is_a_duplicate(stage: Stage):
    """The log has it already: once."""
    raw = body(change("7", "INITIATED"))
    receipt_id = stage.salvaged(raw)
    deliver(stage.engine, arrive(raw), routes=Routes((Route("crm"),)))

    done = stage.quarantine.retry(ACTOR, receipt_id)

    assert done is not None
    assert [one.fate for one in done.receipt.outcomes] == [Fate.DUPLICATE]
    assert len(stage.queries.history("default", "7")) == 1
    assert len(stage.told()) == 1


def test_what_is_not_understood_today_either(stage: Stage):
    """It stays, with today's reason."""
    receipt_id = stage.salvaged(b"no JSON")

    done = stage.quarantine.retry(ACTOR, receipt_id)

    assert done is not None
    assert (done.changed, done.receipt.quarantined) == (0, 1)
    assert "not JSON" in done.receipt.outcomes[0].reason


def test_a_body_that_is_gone(stage: Stage):
    """Nothing can be read again, and that is said and written down; it can be given up all the same."""
    receipt_id = stage.salvaged(body(change("7", "INITIATED")))
    with writing(stage.engine) as conn:
        receipts.drop_bodies(conn, [receipt_id])

    with pytest.raises(BodyGone):
        stage.quarantine.retry(ACTOR, receipt_id)
    done = stage.quarantine.discard(ACTOR, receipt_id)

    assert done is not None
    assert (done.changed, done.body_kept) == (1, False)


def test_what_is_given_up_stays_with_its_reason(stage: Stage):
    """And is not read again."""
    receipt_id = stage.salvaged(body(change("7", "INITIATED")))
    done = stage.quarantine.discard(ACTOR, receipt_id)
    again = stage.quarantine.retry(ACTOR, receipt_id)

    assert done is not None
    assert again is not None
    (outcome,) = again.receipt.outcomes
    assert (outcome.fate, again.changed) == (Fate.DISCARDED, 0)
    assert "ValueError" in outcome.reason
    assert stage.queries.story("default", "7") is None


def test_receipts_that_are_not_there(stage: Stage):
    """None, and nothing is written down."""
    assert stage.quarantine.retry(ACTOR, 7) is None
    assert stage.quarantine.discard(ACTOR, 7) is None
    assert stage.audit.page(AuditFilter()) == []
