"""What grows with the traffic is deleted when its time is over; what tells of a solution stays."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from partnerhook.core.compose import php_json
from partnerhook.core.routing import ForwardRoute
from partnerhook.services.forget import SLICE, Receipts, forget_deliveries
from partnerhook.services.notify import NOBODY, Routes
from partnerhook.services.outbox import DeliveryFilter, Outbox
from partnerhook.store import clock, receipts
from running import webhook
from stores import arrive, deliver, new_store, writing
from strategies import NOON_S

INBOX = Routes((), (ForwardRoute("inbox", ()),))
PAYLOADS = Path(__file__).parents[1] / "payloads"
OLD = NOON_S * 1_000_000
BEFORE = OLD + 30_000_000
LATER = OLD + 60_000_000
CUSTOMER = (PAYLOADS / "account_update.partner_added_with_solution.json").read_bytes()
TEST = (PAYLOADS / "messages.dashboard_test.json").read_bytes()
FOREIGN = b'{"object": "page", "entry": []}'


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """An empty store."""
    return new_store(tmp_path, database)


def message(words: str = "hello") -> bytes:
    """What a pass-through is full of."""
    change = {"field": "messages", "value": {"messages": [{"text": {"body": words}}]}}
    return php_json({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


def take(engine: Engine, *bodies: bytes, app: str = "default", at: int = OLD, routes: Routes = NOBODY) -> list[int]:
    """Receipts of these, in one commit."""
    return [
        one.receipt_id for one in deliver(engine, *[arrive(b, app=app, received_at=at) for b in bodies], routes=routes)
    ]


def drop_bodies(engine: Engine, but: int = 0) -> None:
    """As the retention of bodies does."""
    with writing(engine) as conn:
        conn.execute(text("UPDATE receipts SET body = NULL, headers = NULL WHERE id <> :but"), {"but": but})


def there(engine: Engine) -> list[int]:
    """The receipts that there are."""
    with engine.connect() as conn, conn.begin():
        return list(conn.execute(text("SELECT id FROM receipts ORDER BY id")).scalars())


def forgotten(old: Receipts, *, before: int = BEFORE, anew: bool = True) -> int:
    """One look."""
    return asyncio.run(old.forget(before, anew=anew))


def test_what_goes_and_what_stays(engine: Engine):
    """What tells of a solution or a customer, is in quarantine, has its body, is waited for, or is young stays."""
    told = [webhook("77"), webhook("77"), CUSTOMER, CUSTOMER, b"no JSON"]
    stay = take(engine, *told)
    go = take(engine, message(), TEST, FOREIGN)
    awaited = take(engine, message("waits"), routes=INBOX)
    has_body = take(engine, message("has its body"))
    young = take(engine, message(), at=LATER)
    drop_bodies(engine, but=has_body[0])

    assert forgotten(Receipts(engine)) == len(go)
    assert there(engine) == [*stay, *awaited, *has_body, *young]


def test_what_had_to_stay_goes_later(engine: Engine):
    """Once its body is gone and nobody waits for it any more; found by a look from the beginning, not before."""
    (awaited,) = take(engine, message("waits"), routes=INBOX)
    (has_body,) = take(engine, message("has its body"))
    (newest,) = take(engine, message())
    drop_bodies(engine, but=has_body)
    old = Receipts(engine)
    assert forgotten(old) == 0
    people = Outbox(engine)
    people.discard(list(people.find(DeliveryFilter())))
    drop_bodies(engine)

    assert forgotten(old, anew=False) == 0
    assert there(engine) == [awaited, has_body, newest]
    assert forgotten(old) == 2
    assert there(engine) == [newest]
    assert not people.has_receipt(awaited)
    assert people.has_receipt(newest)


def test_the_newest_of_each_app_stays(engine: Engine):
    """Until there is a newer one: how long an app has been silent can be told, and no number is given twice."""
    take(engine, message(), message())
    (silent,) = take(engine, message(), app="silent")
    (newest,) = take(engine, message())
    drop_bodies(engine)
    old = Receipts(engine)

    assert forgotten(old) == 2
    assert there(engine) == [silent, newest]
    (next_one,) = take(engine, message(), app="silent")
    drop_bodies(engine)
    assert next_one > newest
    assert forgotten(old, anew=False) == 1
    assert there(engine) == [newest, next_one]
    with engine.connect() as conn, conn.begin():
        assert receipts.newest_of(conn, "silent") is not None


def test_what_stays_is_not_read_every_hour(engine: Engine):
    """The next look goes on where the last one was, and deletes what has become old since."""
    kept = 2 * SLICE
    take(engine, *[webhook(str(number)) for number in range(kept)])
    take(engine, message(), message(), at=LATER)
    drop_bodies(engine)
    old = Receipts(engine)
    pages = 0

    def count(*how: Any) -> None:
        nonlocal pages
        pages += "body_kept" in how[2]

    event.listen(engine, "before_cursor_execute", count)
    assert forgotten(old) == 0
    first, pages = pages, 0
    assert forgotten(old, before=LATER + 30_000_000, anew=False) == 1
    event.remove(engine, "before_cursor_execute", count)

    assert first >= 2
    assert pages == 1
    assert len(there(engine)) == kept + 1


def test_it_ends_in_time_and_goes_on(engine: Engine):
    """With years of receipts raw bodies need not wait for the last of them."""
    take(engine, *[message()] * (SLICE + 3))
    drop_bodies(engine)
    old = Receipts(engine)

    assert asyncio.run(old.forget(BEFORE, anew=True, within_s=0)) == 0
    assert asyncio.run(old.forget(BEFORE, anew=False, within_s=0.001)) in {SLICE - 1, SLICE + 2}
    forgotten(old, anew=False)
    assert there(engine) == [SLICE + 3]


def test_settled_deliveries_go(engine: Engine):
    """With their attempts; what waits, what was settled since, and what was put back stay."""
    take(engine, *[message(str(number)) for number in range(4)], routes=INBOX)
    people = Outbox(engine)
    waits, put_back, gone, late = [one.id for one in people.find(DeliveryFilter())]
    people.discard([one for one in people.find(DeliveryFilter()) if one.id in {put_back, gone}])
    people.retry([one for one in people.find(DeliveryFilter()) if one.id == put_back])
    with writing(engine) as conn:
        before = clock.now(conn) + 1
        conn.execute(text("INSERT INTO attempts VALUES (900, :gone, 1, 1, 'taken', 200, '')"), {"gone": gone})
        conn.execute(text("INSERT INTO attempts VALUES (901, :late, 1, 1, 'taken', 200, '')"), {"late": late})
        settled = text("UPDATE deliveries SET fate = 'done', settled_at = :at, due_at = NULL WHERE id = :late")
        conn.execute(settled, {"at": before + 10, "late": late})

    asyncio.run(forget_deliveries(engine, before))

    assert [one.id for one in people.find(DeliveryFilter())] == [waits, put_back, late]
    with engine.connect() as conn, conn.begin():
        assert list(conn.execute(text("SELECT id FROM attempts")).scalars()) == [901]
