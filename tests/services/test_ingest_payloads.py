"""Bodies that Meta documents, or that were seen on the wire: each goes through, with its own outcome.

The files in tests/payloads hold documented facts, spelled as their source spells them, mistakes included.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from partnerhook.core.names import Flag, Pending, Status
from partnerhook.core.receipts import Fate, Outcome, Receipt
from partnerhook.core.wire import SUBSCRIBE_WITH_VALUES
from partnerhook.services.query import Queries
from partnerhook.store import customers
from stores import arrive, deliver, new_store, receipts_of

PAYLOADS = Path(__file__).parents[1] / "payloads"


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """An empty store."""
    return new_store(tmp_path, database)


@pytest.fixture
def receive(engine: Engine) -> Callable[[bytes], Receipt]:
    """Takes a POST in and returns its receipt, as it is on the disk."""

    def take(raw: bytes) -> Receipt:
        (receipt,) = receipts_of(engine, deliver(engine, arrive(raw)))
        assert receipt.body == raw
        return receipt

    return take


def payload(name: str) -> bytes:
    """A file of tests/payloads."""
    return (PAYLOADS / f"{name}.json").read_bytes()


def only(receipt: Receipt) -> Outcome:
    """The outcome of its single change."""
    (outcome,) = receipt.outcomes
    return outcome


FATES = {
    "partner_solutions.reference": Fate.OBSERVED,
    "partner_solutions.guide": Fate.OBSERVED,
    "partner_solutions.deactivation_requested": Fate.OBSERVED,
    "account_update.partner_added": Fate.CUSTOMER,
    "account_update.partner_added_with_solution": Fate.CUSTOMER,
    "account_update.partner_app_installed.malformed": Fate.QUARANTINED,
    "account_update.partner_app_uninstalled.malformed": Fate.QUARANTINED,
    "account_update.partner_removed": Fate.CUSTOMER,
    "messages": Fate.RECORDED,
    "messages.dashboard_test": Fate.TEST,
}


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_every_payload_has_its_outcome(receive: Callable[[bytes], Receipt], path: Path):
    """None is lost, none is refused."""
    assert only(receive(path.read_bytes())).fate is FATES[path.stem]


def test_the_reference_s_example(receive: Callable[[bytes], Receipt], engine: Engine):
    """The webhook reference of `partner_solutions` shows a solution that was created and sent at once."""
    receive(payload("partner_solutions.reference"))

    (solution,) = Queries(engine).find_solutions("774485461512159")
    assert (solution.status, solution.pending) == (Status.INITIATED, Pending.PENDING_ACTIVATION)
    assert (solution.portfolio_id, solution.reported_status) == ("506914307656634", "INITIATED")
    assert (solution.since, solution.usable, solution.anomalies) == (1739321024, False, ())


def test_the_guide_s_example(receive: Callable[[bytes], Receipt], engine: Engine):
    """The Multi-Partner Solutions guide shows the same solution with its keys in another order, and an older time."""
    receive(payload("partner_solutions.reference"))

    outcome = only(receive(payload("partner_solutions.guide")))

    assert outcome.fate is Fate.OBSERVED
    (solution,) = Queries(engine).find_solutions("774485461512159")
    assert (solution.since, solution.newest_at, solution.observations) == (1718143652, 1739321024, 2)


def test_a_requested_deactivation(receive: Callable[[bytes], Receipt], engine: Engine):
    """The guide names the pair SOLUTION_UPDATED and PENDING_DEACTIVATION: still usable."""
    receive(payload("partner_solutions.deactivation_requested"))

    (solution,) = Queries(engine).find_solutions("774485461512159")
    assert (solution.status, solution.pending, solution.usable) == (Status.ACTIVE, Pending.PENDING_DEACTIVATION, True)


def test_a_repeated_post_is_a_duplicate(receive: Callable[[bytes], Receipt], engine: Engine):
    """Meta delivers at least once: the second receipt points to the observation of the first."""
    first = only(receive(payload("partner_solutions.reference")))

    again = only(receive(json.dumps(json.loads(payload("partner_solutions.reference"))).encode()))

    assert (again.fate, again.key) == (Fate.DUPLICATE, first.key)
    (observation,) = Queries(engine).history("default", "774485461512159")
    assert observation.repeats == 1


def test_a_customer_of_a_solution(receive: Callable[[bytes], Receipt], engine: Engine):
    """The reference of `account_update` shows PARTNER_ADDED with a solution, and without `object`."""
    receipt = receive(payload("account_update.partner_added_with_solution"))

    assert receipt.flags == (Flag.OBJECT_MISSING,)
    with engine.connect() as conn:
        (customer,) = customers.of_solution(conn, "default", "1715120619246906")
    assert (customer.waba_id, customer.owner_business_id) == ("980198427658004", "2329417887457253")
    assert customer.solution_partner_business_ids == ("2949482758682047", "520744086200222")
    assert (customer.event, customer.time) == ("PARTNER_ADDED", 1744823932)


@pytest.mark.parametrize("name", ["installed", "uninstalled"])
def test_examples_with_the_field_at_the_wrong_place(receive: Callable[[bytes], Receipt], name: str):
    """The same reference shows both PARTNER_APP events with `field` and `object` misplaced: a strict reading stops."""
    receipt = receive(payload(f"account_update.partner_app_{name}.malformed"))

    assert only(receipt).reason == "the change names no 'field'"
    assert receipt.flags == (Flag.OBJECT_MISSING,)
    assert receipt.quarantined == 1


def test_a_customer_that_left(receive: Callable[[bytes], Receipt]):
    """PARTNER_REMOVED as a third party's test data has it, without any account's ids."""
    assert only(receive(payload("account_update.partner_removed"))).entry_id == "102290129340398"


def test_messages_are_recorded_and_left_alone(receive: Callable[[bytes], Receipt]):
    """The guide's text message arrives at the same URL: its field, its account and its size are kept."""
    receipt = receive(payload("messages"))

    assert only(receipt) == Outcome("entry[0].changes[0]", "messages", Fate.RECORDED, entry_id="102290129340398")
    assert receipt.body_bytes == len(payload("messages"))


def test_the_dashboard_s_test_button(receive: Callable[[bytes], Receipt], engine: Engine):
    """A third party captured what the button sends: entry id 0 and no time. No solution comes of it."""
    body: dict[str, Any] = json.loads(payload("partner_solutions.reference"))
    body["entry"][0]["id"] = "0"
    del body["entry"][0]["time"]

    outcome = only(receive(json.dumps(body).encode()))

    assert outcome.fate is Fate.TEST
    assert Queries(engine).find_solutions("774485461512159") == []
    assert [one.test for one in Queries(engine).history("default", "774485461512159")] == [True]


def test_a_test_button_pressed_twice_stays_a_test(receive: Callable[[bytes], Receipt]):
    """A dashboard test is never called a duplicate: the operator presses it to see something arrive."""
    raw = payload("partner_solutions.reference").replace(b"506914307656634", b"0")

    assert [only(receive(raw)).fate for _ in range(2)] == [Fate.TEST, Fate.TEST]


def test_a_subscription_without_values(receive: Callable[[bytes], Receipt]):
    """The Graph API's getting-started page: without `include_values` there is `changed_fields` instead of `changes`."""
    raw = b'{"object":"whatsapp_business_account","entry":[{"id":"1","time":1,"changed_fields":["partner_solutions"]}]}'

    assert only(receive(raw)) == Outcome("entry[0]", "", Fate.QUARANTINED, reason=SUBSCRIBE_WITH_VALUES)


def test_another_kind_of_object(receive: Callable[[bytes], Receipt]):
    """A Meta app can subscribe to pages with the same URL: counted, nothing more."""
    assert only(receive(b'{"object":"page","entry":[{"id":"1"}]}')) == Outcome("$", "page", Fate.FOREIGN_OBJECT)


def test_a_signed_body_that_is_no_json(receive: Callable[[bytes], Receipt]):
    """It is kept whole, with the reason."""
    receipt = receive(b'{"entry": [')

    assert (only(receipt).path, only(receipt).fate) == ("$", Fate.QUARANTINED)
    assert only(receipt).reason.startswith("The body is not JSON")


def test_one_bad_change_spoils_no_neighbour(receive: Callable[[bytes], Receipt], engine: Engine):
    """A batch of good, bad, foreign-to-us and repeated changes: each has its own outcome."""
    body = json.loads(payload("partner_solutions.reference"))
    good = body["entry"][0]["changes"][0]
    body["entry"][0]["changes"] = [good, {"field": "partner_solutions"}, None, {"field": "calls"}, good]

    receipt = receive(json.dumps(body).encode())

    fates = [outcome.fate for outcome in receipt.outcomes]
    assert fates == [Fate.OBSERVED, Fate.QUARANTINED, Fate.QUARANTINED, Fate.RECORDED, Fate.DUPLICATE]
    assert len(Queries(engine).find_solutions("774485461512159")) == 1
