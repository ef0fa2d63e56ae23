"""What differs between the registry and the Graph API, and when nobody can tell."""

from __future__ import annotations

import pytest

from partnerhook.core.drift import Difference, compare, in_doubt, missed_webhooks
from partnerhook.core.graph_readings import GraphReading
from partnerhook.core.lifecycle import Solution, fold
from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    INITIATED,
    REJECTED,
    UNKNOWN,
    State,
)
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.transitions import TRANSITIONS, way
from strategies import NOON_S, observation

LATER = NOON_S + 60


def thought(*words: tuple[str, int]) -> Solution:
    """What the registry has after these words, each so many seconds after noon."""
    solution = fold([observation(word, NOON_S + after) for word, after in words])
    assert solution is not None
    return solution


def reading(status: str, pending: str = "NONE", *, read_at: int = LATER, asked_at: int = LATER) -> GraphReading:
    """What the Graph API says, a minute later."""
    return GraphReading("774485461512159", status, pending, read_at, asked_at=asked_at * MICROSECONDS)


@pytest.mark.parametrize(
    ("words", "said", "difference"),
    [
        ([("ACTIVE", 0)], ("ACTIVE", "NONE"), None),
        ([("PENDING", 0)], ("INITIATED", "PENDING_ACTIVATION"), None),
        ([("PENDING_DEACTIVATION", 0)], ("ACTIVE", "PENDING_DEACTIVATION"), None),
        ([("PENDING_DEACTIVATION", 0)], ("ACTIVE", "NONE"), Difference.STATE),
        ([("ACTIVE", 0)], ("DEACTIVATED", "NONE"), Difference.STATE),
        ([("ACTIVE", 0)], ("SUSPENDED", "NONE"), Difference.STATE),
        ([("SUSPENDED", 0)], ("ACTIVE", "NONE"), Difference.STATE),
        ([("SUSPENDED", 0)], ("SUSPENDED", "NONE"), None),
        ([("SUSPENDED", 0)], ("FROZEN", "NONE"), Difference.STATE),
        ([("ACTIVE", 0), ("PENDING_DEACTIVATION", 0)], ("ACTIVE", "NONE"), Difference.RESOLVED),
        ([("ACTIVE", 0), ("PENDING_DEACTIVATION", 0)], ("DEACTIVATED", "NONE"), Difference.STATE),
        ([("DEACTIVATED", 0), ("ACTIVE", 1)], ("ACTIVE", "NONE"), Difference.CONFIRMED),
        ([("DRAFT", 0), ("ACTIVE", 1)], ("ACTIVE", "NONE"), Difference.CONFIRMED),
    ],
)
def test_how_it_differs(words: list[tuple[str, int]], said: tuple[str, str], difference: Difference | None):
    """Only a doubt is settled where nothing differs; only that is no drift."""
    found = compare("default", thought(*words), reading(*said))

    assert (found.difference if found else None) == difference
    assert found is None or found.difference.drift is (difference is not Difference.CONFIRMED)


def test_what_was_never_heard_of_is_new():
    """Nobody knows then what was missed: it may be older than we are."""
    found = compare("default", None, reading("ACTIVE"))

    assert found is not None
    assert (found.difference, found.thought, found.missed) == (Difference.NEW, None, ())


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (DRAFT, INITIATED, ("INITIATED",)),
        (DRAFT, DEACTIVATED, ("INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "DEACTIVATED")),
        (INITIATED, REJECTED, ("REJECTED",)),
        (ACTIVE, DEACTIVATED, ("PENDING_DEACTIVATION", "DEACTIVATED")),
        (DEACTIVATION_REQUESTED, ACTIVE, ("ACTIVE",)),
        (DEACTIVATED, ACTIVE, ()),
        (UNKNOWN, ACTIVE, ()),
    ],
)
def test_what_must_have_been_missed(before: State, after: State, words: tuple[str, ...]):
    """The shortest way in the lifecycle's table; nothing where no way leads there."""
    assert missed_webhooks(before, after) == words


def test_a_way_is_made_of_the_tables_steps():
    """Each of them is a row, and it is as short as one row where there is one."""
    for row in TRANSITIONS:
        if row.before is not None and row.before is not row.after:
            assert way(row.before, row.after) == (row.before, row.after)


@pytest.mark.parametrize(
    ("read_at", "asked_at", "doubtful"),
    [(LATER, LATER, False), (NOON_S, LATER, True), (NOON_S - 1, LATER, True), (LATER, NOON_S, True)],
)
def test_when_nobody_can_tell_which_is_newer(read_at: int, asked_at: int, *, doubtful: bool):
    """A webhook of the same second as the answer, or of a later one; or one received since the question."""
    solution = thought(("ACTIVE", 0))

    assert in_doubt(solution, reading("DEACTIVATED", read_at=read_at, asked_at=asked_at)) is doubtful


def test_what_was_never_heard_of_is_never_in_doubt():
    """There is nothing to be newer."""
    assert not in_doubt(None, reading("ACTIVE"))
