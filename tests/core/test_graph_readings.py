"""A reading from the Graph API as an observation, and what it does to a history."""

from __future__ import annotations

import pytest

from partnerhook.core.graph_readings import GraphReading, observe_reading
from partnerhook.core.lifecycle import fold
from partnerhook.core.names import ACTIVE, DEACTIVATION_REQUESTED, UNKNOWN, Flag, Status
from partnerhook.core.observations import Source
from partnerhook.core.timeline import Effect, sentence, timeline
from strategies import NOON_S, graph_reading, observation


@pytest.mark.parametrize(
    ("status", "pending", "word"),
    [
        ("DRAFT", "NONE", "DRAFT"),
        ("DRAFT", "PENDING_ACTIVATION", "DRAFT"),
        ("INITIATED", "PENDING_ACTIVATION", "INITIATED"),
        ("INITIATED", "NONE", "INITIATED"),
        ("ACTIVE", "NONE", "ACTIVE"),
        ("ACTIVE", "", "ACTIVE"),
        ("ACTIVE", "PENDING_DEACTIVATION", "PENDING_DEACTIVATION"),
        ("PENDING_DEACTIVATION", "NONE", "PENDING_DEACTIVATION"),
        ("REJECTED", "NONE", "REJECTED"),
        ("DEACTIVATED", "NONE", "DEACTIVATED"),
        ("SUSPENDED", "NONE", "SUSPENDED"),
        ("ACTIVE", "PENDING_TRANSFER", "ACTIVE+PENDING_TRANSFER"),
    ],
)
def test_two_fields_become_one_word(status: str, pending: str, word: str):
    """Also where Meta's own samples differ; a pair that is in no document stays a pair."""
    assert GraphReading("1", status, pending, NOON_S, asked_at=0).reported_status == word


def test_it_is_an_observation_at_metas_time():
    """Without a portfolio and an event; an unknown word is kept and flagged."""
    one = observe_reading(GraphReading("1", "SUSPENDED", "NONE", NOON_S, asked_at=5), app="a", received_at=7)

    assert (one.source, one.at, one.received_at, one.portfolio_id, one.event) == (Source.GRAPH, NOON_S, 7, "", "")
    assert (one.state, one.reported_status, one.flags) == (UNKNOWN, "SUSPENDED", (Flag.STATUS_UNKNOWN,))
    assert not one.test


def test_a_webhook_and_a_reading_are_never_the_same_observation():
    """Though they say the same at the same time."""
    assert graph_reading("ACTIVE", NOON_S).key != observation("ACTIVE", NOON_S).key
    assert graph_reading("ACTIVE", NOON_S).key == graph_reading("ACTIVE", NOON_S, received_at=9).key
    assert graph_reading("ACTIVE", NOON_S).key != graph_reading("ACTIVE", NOON_S + 1).key


def test_it_leads_anywhere_without_being_odd():
    """It tells what is, not what happened."""
    solution = fold([observation("DRAFT", NOON_S), graph_reading("PENDING_DEACTIVATION", NOON_S + 9)])

    assert solution is not None
    assert (solution.state, solution.since, solution.anomalies) == (DEACTIVATION_REQUESTED, NOON_S + 9, ())


def test_it_settles_what_was_odd():
    """Also where it changes nothing; `since` stays then."""
    odd = [observation("DEACTIVATED", NOON_S), observation("ACTIVE", NOON_S + 1)]

    solution = fold([*odd, graph_reading("ACTIVE", NOON_S + 2)])

    before = fold(odd)
    assert before is not None
    assert solution is not None
    assert before.anomalies == (Flag.STEP_BACK,)
    assert (solution.state, solution.since, solution.anomalies) == (ACTIVE, NOON_S + 1, ())


def test_it_keeps_the_portfolio_that_webhooks_named():
    """The Graph API names none."""
    solution = fold([observation("INITIATED", NOON_S), graph_reading("ACTIVE", NOON_S + 1)])

    assert solution is not None
    assert solution.portfolio_id == "506914307656634"


def test_a_late_webhook_explains_it():
    """The one that was missed comes after all: since when is known then."""
    solution = fold(
        [observation("INITIATED", NOON_S), observation("ACTIVE", NOON_S + 1), graph_reading("ACTIVE", NOON_S + 60)]
    )

    assert solution is not None
    assert (solution.status, solution.since) == (Status.ACTIVE, NOON_S + 1)


def test_the_timeline_says_where_it_comes_from():
    """No oddity stands beside it."""
    entries = timeline([observation("DRAFT", NOON_S), graph_reading("ACTIVE", NOON_S + 60)])

    assert (entries[1].effect, entries[1].flags) == (Effect.CHANGED, ())
    assert sentence(entries[1]).endswith("graph said ACTIVE: DRAFT became ACTIVE, which no webhook had told.")
