"""What a solution is by what was heard of it, case by case. Properties are next door."""

from __future__ import annotations

import time

import pytest

from partnerhook.core.lifecycle import Solution, fold
from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    Flag,
    Pending,
    State,
    Status,
)
from partnerhook.core.observations import MICROSECONDS, Observation
from strategies import NOON_S, observation


def told(*words: tuple[str, int | None]) -> list[Observation]:
    """Words, each with its second after noon (None: without a time)."""
    return [observation(word, None if after is None else NOON_S + after) for word, after in words]


def folded(*words: tuple[str, int | None]) -> Solution:
    """The solution of which these words were heard."""
    solution = fold(told(*words))
    assert solution is not None
    return solution


def test_nothing_heard_is_no_solution():
    """An empty history tells of none, and so do dashboard tests alone."""
    assert fold([]) is None
    assert fold([observation("ACTIVE", NOON_S, portfolio_id="0")]) is None


def test_one_webhook():
    """A solution that is first heard of in the middle of its life is not odd."""
    solution = folded(("PENDING_DEACTIVATION", 0))

    assert (solution.status, solution.pending) == (Status.ACTIVE, Pending.PENDING_DEACTIVATION)
    assert (solution.reported_status, solution.usable, solution.anomalies) == ("PENDING_DEACTIVATION", True, ())
    assert (solution.since, solution.newest_at, solution.observations) == (NOON_S, NOON_S, 1)


def test_a_late_one_does_not_lead_back():
    """What is older takes its place in the past, whenever it comes."""
    solution = folded(("ACTIVE", 2), ("INITIATED", 1))

    assert (solution.state, solution.since, solution.anomalies) == (ACTIVE, NOON_S + 2, ())


def test_an_update_without_change_is_a_refresh():
    """A rename: the state and since when stay, the newest second does not."""
    solution = folded(("ACTIVE", 1), ("ACTIVE", 5))

    assert (solution.since, solution.newest_at, solution.observations) == (NOON_S + 1, NOON_S + 5, 2)


def test_a_declined_deactivation():
    """Active again, and regularly so."""
    solution = folded(("ACTIVE", 1), ("PENDING_DEACTIVATION", 2), ("ACTIVE", 3))

    assert (solution.state, solution.since, solution.anomalies) == (ACTIVE, NOON_S + 3, ())


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ([("INITIATED", 1), ("PENDING_DEACTIVATION", 2)], Flag.STEP_MISSED),
        ([("ACTIVE", 1), ("INITIATED", 2)], Flag.STEP_BACK),
        ([("DEACTIVATED", 1), ("REJECTED", 2)], Flag.STEP_UNEXPECTED),
        ([("INITIATED", 1), ("LIMBO", 2)], Flag.STATUS_UNKNOWN),
        ([("PENDING", 1)], Flag.STATUS_PENDING),
        ([("ACTIVE", None)], Flag.TIME_MISSING),
    ],
)
def test_what_is_odd_is_taken_and_flagged(words: list[tuple[str, int | None]], flag: Flag):
    """Meta is the authority: the last word counts, and the oddity stands beside it."""
    solution = folded(*words)

    assert solution.reported_status == words[-1][0]
    assert solution.anomalies == (flag,)


def test_anomalies_stay_until_the_next_regular_step():
    """A refresh does not clear them; a step that the lifecycle has does."""
    back = [("ACTIVE", 1), ("INITIATED", 2)]

    assert folded(*back, ("INITIATED", 3)).anomalies == (Flag.STEP_BACK,)
    assert folded(*back, ("ACTIVE", 3)).anomalies == ()


def test_an_unknown_word_is_kept_and_not_usable():
    """Nobody knows whether customers could be onboarded."""
    solution = folded(("ACTIVE", 1), ("LIMBO", 2))

    assert (solution.status, solution.reported_status, solution.usable) == (Status.UNKNOWN, "LIMBO", False)


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ([("ACTIVE", 0), ("INITIATED", 0)], ACTIVE),
        ([("DEACTIVATED", 0), ("PENDING_DEACTIVATION", 0)], DEACTIVATED),
        ([("INITIATED", 0), ("DEACTIVATED", 1), ("PENDING_DEACTIVATION", 1), ("ACTIVE", 1)], DEACTIVATED),
        ([("PENDING_DEACTIVATION", 0), ("ACTIVE", 1), ("PENDING_DEACTIVATION", 2)], DEACTIVATION_REQUESTED),
    ],
)
def test_inside_a_second_the_table_decides(words: list[tuple[str, int | None]], end: State):
    """Where only one order is legal, that one it was."""
    solution = folded(*words)

    assert (solution.state, solution.could_be, solution.anomalies) == (end, (end,), ())


def test_a_second_that_cannot_be_told_is_ambiguous():
    """Requested and declined, or the other way round: shown is the one further in life, marked."""
    solution = folded(("ACTIVE", 0), ("PENDING_DEACTIVATION", 1), ("ACTIVE", 1))

    assert solution.could_be == (ACTIVE, DEACTIVATION_REQUESTED)
    assert solution.state == DEACTIVATION_REQUESTED
    assert solution.usable
    assert solution.anomalies == (Flag.AMBIGUOUS,)


def test_a_state_may_be_entered_twice_in_a_second():
    """Accepted, asked to end and kept: the second ACTIVE is the same to the byte as a repeat of the first."""
    solution = folded(("INITIATED", 0), ("ACTIVE", 1), ("PENDING_DEACTIVATION", 1), ("ACTIVE", 1))

    assert solution.could_be == (ACTIVE, DEACTIVATION_REQUESTED)
    assert solution.anomalies == (Flag.AMBIGUOUS,)


def test_coming_back_within_a_second_ends_where_only_one_way_leads():
    """Asked, kept, asked again, and ended."""
    solution = folded(("ACTIVE", 0), ("PENDING_DEACTIVATION", 1), ("ACTIVE", 1), ("DEACTIVATED", 1))

    assert (solution.could_be, solution.anomalies) == ((DEACTIVATED,), ())


def test_what_comes_next_clears_an_ambiguous_second():
    """Deactivated follows only from the request: that is how the second must have ended."""
    solution = folded(("ACTIVE", 0), ("PENDING_DEACTIVATION", 1), ("ACTIVE", 1), ("DEACTIVATED", 2))

    assert (solution.could_be, solution.anomalies) == ((DEACTIVATED,), ())


def test_an_ambiguous_solution_is_usable_only_if_it_surely_is():
    """Active in one order and rejected in the other is no promise."""
    solution = folded(("INITIATED", 0), ("ACTIVE", 1), ("REJECTED", 1))

    assert Flag.AMBIGUOUS in solution.anomalies
    assert not solution.usable


def test_the_portfolio_is_what_the_newest_webhook_named():
    """A webhook that names none changes nothing; one that names another is flagged."""
    first = observation("INITIATED", NOON_S, portfolio_id="1")
    silent = observation("ACTIVE", NOON_S + 1, portfolio_id="")
    other = observation("ACTIVE", NOON_S + 2, portfolio_id="2")

    quiet, changed = fold([first, silent]), fold([first, silent, other])

    assert quiet is not None
    assert (quiet.portfolio_id, quiet.anomalies) == ("1", (Flag.PORTFOLIO_MISSING,))
    assert changed is not None
    assert changed.portfolio_id == "2"
    assert Flag.PORTFOLIO_CHANGED in changed.anomalies


def test_receipts_frame_it():
    """First and last heard are our clock's, whatever Meta's times say."""
    early = observation("ACTIVE", NOON_S + 5, received_at=3)
    late = observation("INITIATED", NOON_S, received_at=5 * MICROSECONDS)._replace(last_received_at=9 * MICROSECONDS)

    solution = fold([late, early])

    assert solution is not None
    assert (solution.first_seen, solution.last_seen) == (3, 9 * MICROSECONDS)


def test_the_most_crowded_seconds_are_folded_at_once():
    """Every state in each of two hundred seconds: nothing that is signed can keep the fold busy."""
    words = ["DRAFT", "INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "REJECTED", "DEACTIVATED", "LIMBO"]
    history = told(*[(word, after) for word in words for after in range(200)])

    started = time.process_time()
    solution = fold(history)
    took_s = time.process_time() - started

    assert solution is not None
    assert solution.observations == 1_400
    assert took_s < 2
