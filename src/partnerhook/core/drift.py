"""Whether what the Graph API says is what the registry thinks; and if not, what was missed."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from partnerhook.core.graph_readings import GraphReading
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import STATE_OF_WORD, UNKNOWN, WORD_OF_STATE, Flag, State
from partnerhook.core.transitions import way


class Difference(StrEnum):
    """How a reading differs from the registry."""

    NEW = "new"
    """The registry has never heard of the solution."""
    STATE = "state"
    """It is in another state than the registry thinks."""
    RESOLVED = "resolved"
    """The registry could not tell which of several states it is in."""
    CONFIRMED = "confirmed"
    """Nothing differs, but how it came there was odd; the reading settles that."""

    @property
    def drift(self) -> bool:
        """The registry was wrong, or did not know."""
        return self is not Difference.CONFIRMED


DOUBTS: Final = frozenset(
    {
        Flag.AMBIGUOUS,
        Flag.STEP_BACK,
        Flag.STEP_MISSED,
        Flag.STEP_UNEXPECTED,
        Flag.TIME_MISSING,
        Flag.TIME_UNREADABLE,
    }
)
"""Anomalies that a look at the Graph API settles."""


class Drift(NamedTuple):
    """One solution: what the registry thought, what the Graph API says, and what must have been missed."""

    app: str
    difference: Difference
    thought: Solution | None
    reading: GraphReading
    missed: tuple[str, ...]
    """The words of the webhooks that must have been missed, in their order; empty where nobody can tell."""


def compare(app: str, thought: Solution | None, reading: GraphReading) -> Drift | None:
    """How `reading` differs from what app `app` has in its registry; None where nothing does."""
    state = STATE_OF_WORD.get(reading.reported_status, UNKNOWN)
    if thought is None:
        return Drift(app, Difference.NEW, None, reading, ())
    if len(thought.could_be) > 1 and state in thought.could_be:
        return Drift(app, Difference.RESOLVED, thought, reading, ())
    if state is not thought.state or (state is UNKNOWN and reading.reported_status != thought.reported_status):
        return Drift(app, Difference.STATE, thought, reading, missed_webhooks(thought.state, state))
    if DOUBTS.intersection(thought.anomalies):
        return Drift(app, Difference.CONFIRMED, thought, reading, ())
    return None


def in_doubt(thought: Solution | None, reading: GraphReading) -> bool:
    """Whether `reading` may be older than what the registry heard: then it says nothing, and is to be read again.

    Either a webhook came after the request was sent, or the newest webhook is of the same second as the
    answer, or of a later one; inside of a second nobody can tell which is newer.
    """
    return thought is not None and (thought.last_seen >= reading.asked_at or thought.newest_at >= reading.read_at)


def missed_webhooks(before: State, after: State) -> tuple[str, ...]:
    """The words of the webhooks that lead from `before` to `after`; the shortest way, as the lifecycle has it."""
    states = way(before, after)
    return tuple(WORD_OF_STATE.get(entered, after.status.value) for _, entered in pairwise(states))
