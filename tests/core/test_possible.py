"""What may be done with a solution now."""

from __future__ import annotations

import pytest

from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    INITIATED,
    REJECTED,
    STATES,
    UNKNOWN,
    State,
)
from partnerhook.core.possible import EITHER_SIDES, Action, possible
from partnerhook.core.transitions import TRANSITIONS, Party

OWNER, PARTNER = Party.OWNER, Party.PARTNER


def solution(*could_be: State) -> Solution:
    """One in this state, or in one of these."""
    return Solution("default", "774485461512159", "", could_be, "", 0, 0, 0, 0, 1, ())


def allowed(state: State, role: Party | None) -> set[Action]:
    """What is allowed there."""
    return {one.action for one in possible(solution(state), role) if one.allowed}


@pytest.mark.parametrize(
    ("state", "role", "expected"),
    [
        (INITIATED, PARTNER, {Action.ACCEPT, Action.REJECT}),
        (INITIATED, OWNER, set()),
        (ACTIVE, OWNER, {Action.REQUEST_DEACTIVATION}),
        (DEACTIVATION_REQUESTED, PARTNER, {Action.ACCEPT_DEACTIVATION, Action.REJECT_DEACTIVATION}),
        (DRAFT, OWNER, set()),
        (REJECTED, OWNER, set()),
        (DEACTIVATED, PARTNER, set()),
        (UNKNOWN, OWNER, set()),
    ],
)
def test_the_guides_rule(state: State, role: Party, expected: set[Action]):
    """Who is asked answers; who owns ends."""
    assert allowed(state, role) == expected


@pytest.mark.parametrize(
    ("state", "role"), [(ACTIVE, PARTNER), (DEACTIVATION_REQUESTED, OWNER)], ids=["asks", "answers"]
)
def test_what_documents_do_not_agree_on_is_offered_with_a_doubt(state: State, role: Party):
    """Either side may end a solution, says the reference; Meta decides."""
    offered = [one for one in possible(solution(state), role) if one.allowed]

    assert {one.action for one in offered} <= EITHER_SIDES
    assert offered
    assert all("Meta may refuse it" in one.reason for one in offered)


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_allowed_to_nobody_knows_whom(state: State):
    """Where our side is not known, everything says why it cannot be done, and what to do."""
    told = possible(solution(state), None)

    assert not [one for one in told if one.allowed]
    assert all(one.reason for one in told)
    assert any("reconcile" in one.reason for one in told) == any(
        row.before is state and row.action in {action.words for action in Action} for row in TRANSITIONS
    )


def test_nothing_is_allowed_where_the_state_is_ambiguous():
    """The Graph API is asked first."""
    told = possible(solution(ACTIVE, DEACTIVATED), OWNER)

    assert not [one for one in told if one.allowed]
    assert {one.reason for one in told} == {
        "It is ACTIVE or DEACTIVATED: reconcile, so that the Graph API tells which."
    }


def test_every_action_is_one_of_the_table():
    """A word that the table does not have would never be allowed."""
    assert {action.words for action in Action} <= {row.action for row in TRANSITIONS}
