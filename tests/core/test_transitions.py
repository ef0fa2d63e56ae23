"""The lifecycle table: what is in it, what follows from it."""

from __future__ import annotations

import pytest

from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    EVENTS,
    INITIATED,
    REJECTED,
    STATES,
    UNKNOWN,
    Flag,
    State,
)
from partnerhook.core.transitions import CREATED, TRANSITIONS, oddity, steps_between


def test_the_table_speaks_of_every_documented_state():
    """Each can be reached, and nothing is said about states that nobody has documented."""
    assert {row.after for row in TRANSITIONS} == set(STATES) - {UNKNOWN}


def test_no_row_is_there_twice():
    """One row for each thing that can be done in a state."""
    assert len({(row.before, row.action) for row in TRANSITIONS}) == len(TRANSITIONS)


def test_a_solution_is_created_once():
    """SOLUTION_CREATED comes where there was nothing; everything later is an update."""
    assert {row.event for row in TRANSITIONS} == EVENTS
    assert all((row.event == CREATED) == (row.before is None) for row in TRANSITIONS)


def test_what_ends_stays_ended():
    """From a rejected or deactivated solution no way leads anywhere: a new one has a new id."""
    assert {row.after for row in TRANSITIONS if row.before == REJECTED} == {REJECTED}
    assert not [row for row in TRANSITIONS if row.before == DEACTIVATED]


def test_only_active_solutions_are_usable():
    """Also while a deactivation waits for its answer; a word that we do not know promises nothing."""
    assert {state for state in STATES if state.usable} == {ACTIVE, DEACTIVATION_REQUESTED}


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [
        (None, DRAFT, 1),
        (None, INITIATED, 1),
        (None, ACTIVE, 2),
        (None, DEACTIVATED, 4),
        (DRAFT, DRAFT, 0),
        (DRAFT, ACTIVE, 2),
        (ACTIVE, DEACTIVATION_REQUESTED, 1),
        (DEACTIVATION_REQUESTED, ACTIVE, 1),
        (ACTIVE, INITIATED, None),
        (REJECTED, ACTIVE, None),
        (ACTIVE, UNKNOWN, 1),
        (UNKNOWN, DRAFT, 1),
        (None, UNKNOWN, 1),
        (UNKNOWN, UNKNOWN, 0),
    ],
)
def test_steps_between(before: State | None, after: State, steps: int | None):
    """The fewest transitions; None where no way leads there; around an unknown word anything is one step."""
    assert steps_between(before, after) == steps


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.action} in {row.before}")
def test_no_row_is_odd(row: tuple[State | None, str, str, State, str, str]):
    """What the table has is what is expected."""
    before, after = row[0], row[3]

    assert oddity(before, after) is None
    assert steps_between(before, after) == int(before != after)


@pytest.mark.parametrize(
    ("before", "after", "flag"),
    [
        (None, DEACTIVATED, None),
        (INITIATED, DEACTIVATION_REQUESTED, Flag.STEP_MISSED),
        (DRAFT, DEACTIVATED, Flag.STEP_MISSED),
        (ACTIVE, INITIATED, Flag.STEP_BACK),
        (DEACTIVATED, ACTIVE, Flag.STEP_BACK),
        (REJECTED, DRAFT, Flag.STEP_BACK),
        (REJECTED, ACTIVE, Flag.STEP_UNEXPECTED),
        (DEACTIVATED, REJECTED, Flag.STEP_UNEXPECTED),
        (ACTIVE, UNKNOWN, None),
    ],
)
def test_what_is_odd(before: State | None, after: State, flag: Flag | None):
    """Steps missed, steps back, and steps of which the table knows nothing."""
    assert oddity(before, after) == flag
