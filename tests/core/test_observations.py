"""Observations: identity is content, and nothing else."""

from __future__ import annotations

import pytest

from partnerhook.core.account_update import CustomerUpdate
from partnerhook.core.names import Flag
from partnerhook.core.observations import MICROSECONDS, customer_key, distinct, observe
from partnerhook.core.partner_solutions import SolutionUpdate
from strategies import NOON_S, observation

UPDATE = SolutionUpdate(
    "entry[0].changes[0]", "506914307656634", NOON_S, "SOLUTION_UPDATED", "774485461512159", "ACTIVE"
)
CUSTOMER = CustomerUpdate("entry[0].changes[0]", "2949482758682047", NOON_S, "PARTNER_ADDED", waba_id="980198427658004")


def key(update: SolutionUpdate, app: str = "default") -> str:
    """The key of what `app` heard."""
    return observe(update, app=app, received_at=NOON_S * MICROSECONDS).key


def test_the_key_is_made_of_what_was_said():
    """Never change this: every stored observation would be new again."""
    assert key(UPDATE) == "1f534185054b927c3c9a1d54a4695fc3"


def test_where_and_when_it_came_are_not_part_of_it():
    """The same change in another POST, at another place in it and at another time, is the same."""
    again = observe(UPDATE._replace(path="entry[7].changes[3]"), app="default", received_at=1)

    assert again.key == key(UPDATE)


@pytest.mark.parametrize(
    "other",
    [
        UPDATE._replace(portfolio_id="1"),
        UPDATE._replace(portfolio_id=""),
        UPDATE._replace(time=NOON_S + 1),
        UPDATE._replace(time=None),
        UPDATE._replace(event=""),
        UPDATE._replace(solution_id="77448546151215"),
        UPDATE._replace(solution_status="PENDING_DEACTIVATION"),
    ],
)
def test_whatever_was_said_differently_is_something_else(other: SolutionUpdate):
    """Each part of the content counts."""
    assert key(other) != key(UPDATE)


def test_apps_do_not_share_observations():
    """Two Meta apps each hear for themselves."""
    assert key(UPDATE, "default") != key(UPDATE, "second")


def test_a_time_that_cannot_be_read_counts_as_absent():
    """So that a repeat of it is a duplicate, whenever it comes."""
    missing = observation("ACTIVE", None, time_flag=Flag.TIME_MISSING)
    unreadable = observation("ACTIVE", None, time_flag=Flag.TIME_UNREADABLE, received_at=1)

    assert missing.key == unreadable.key


@pytest.mark.parametrize(("time", "at"), [(1_700_000_000, 1_700_000_000), (0, 0), (None, NOON_S)])
def test_it_is_ordered_by_meta_s_time_or_by_ours(time: int | None, at: int):
    """Zero is a time as well."""
    assert observation("ACTIVE", time, received_at=NOON_S * MICROSECONDS + 999_999).at == at


def test_distinct_keeps_the_first_and_last_receipt():
    """Repeats are counted, in whatever order they come."""
    early, late = observation("ACTIVE", 5, received_at=1), observation("ACTIVE", 5, received_at=9)
    other = observation("REJECTED", 5, received_at=4)

    once, rest = distinct([late, other, early, late])

    assert (once.received_at, once.last_received_at, once.repeats) == (1, 9, 2)
    assert rest == other


def test_of_two_readings_of_the_same_time_the_order_does_not_show():
    """A missing time and an unreadable one have one key; the flag that is kept does not tell which came first."""
    missing = observation("ACTIVE", None, time_flag=Flag.TIME_MISSING)
    unreadable = observation("ACTIVE", None, time_flag=Flag.TIME_UNREADABLE)

    assert distinct([missing, unreadable])[0].flags == distinct([unreadable, missing])[0].flags


def test_a_customer_s_event_is_identified_by_its_content():
    """As with solutions: the same fact sent again has the same key, in any other part it differs."""
    again = CustomerUpdate(
        "entry[3].changes[0]", "2949482758682047", NOON_S, "PARTNER_ADDED", waba_id="980198427658004"
    )
    other = CustomerUpdate(
        "entry[0].changes[0]", "2949482758682047", NOON_S, "PARTNER_REMOVED", waba_id="980198427658004"
    )

    assert customer_key(again, app="default") == customer_key(CUSTOMER, app="default")
    assert customer_key(other, app="default") != customer_key(CUSTOMER, app="default")
    assert customer_key(CUSTOMER, app="second") != customer_key(CUSTOMER, app="default")
