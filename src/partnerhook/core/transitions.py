"""The lifecycle of a Multi-Partner Solution: one literal table, read aloud row by row.

docs/lifecycle.md and its diagram are drawn from it. Source: the Multi-Partner Solutions guide and
the webhook reference of `partner_solutions` (read 2026-06-17). "choice" marks what Meta's
documents leave open, and what we take it to be.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    INITIATED,
    REJECTED,
    STATES,
    UNKNOWN,
    Flag,
    State,
)


class Party(StrEnum):
    """Who acts: the partner that proposed the solution, or the one that was invited."""

    OWNER = "owner"
    PARTNER = "partner"


class Transition(NamedTuple):
    """One row: in `before`, `party` does `action`; then the solution is in `after` and `event` is sent."""

    before: State | None
    """None: there is no such solution yet."""
    action: str
    party: Party
    after: State
    event: str
    note: str = ""


CREATED: Final = "SOLUTION_CREATED"
UPDATED: Final = "SOLUTION_UPDATED"

TRANSITIONS: Final = (
    Transition(None, "save as draft", Party.OWNER, DRAFT, CREATED),
    Transition(None, "send request", Party.OWNER, INITIATED, CREATED),
    Transition(DRAFT, "send request", Party.OWNER, INITIATED, UPDATED, "choice: both event texts cover it"),
    Transition(DRAFT, "rename", Party.OWNER, DRAFT, UPDATED, "choice: whether a webhook is sent is not documented"),
    Transition(INITIATED, "accept", Party.PARTNER, ACTIVE, UPDATED),
    Transition(INITIATED, "reject", Party.PARTNER, REJECTED, UPDATED),
    Transition(ACTIVE, "rename", Party.OWNER, ACTIVE, UPDATED, "choice: whether a webhook is sent is not documented"),
    Transition(ACTIVE, "request deactivation", Party.OWNER, DEACTIVATION_REQUESTED, UPDATED),
    Transition(DEACTIVATION_REQUESTED, "accept deactivation", Party.PARTNER, DEACTIVATED, UPDATED),
    Transition(
        DEACTIVATION_REQUESTED,
        "reject deactivation",
        Party.PARTNER,
        ACTIVE,
        UPDATED,
        "choice: whether a webhook is sent is not documented",
    ),
    Transition(
        REJECTED, "rename", Party.OWNER, REJECTED, UPDATED, "choice: whether a webhook is sent is not documented"
    ),
)


@cache
def steps_between(before: State | None, after: State) -> int | None:
    """The fewest transitions that lead from `before` to `after`; None where no way leads there.

    0: the same state. Nobody knows what lies around UNKNOWN, so from and to it is one step.
    """
    if before is after:
        return 0
    if UNKNOWN in (before, after):
        return 1
    reached: set[State | None] = {before}
    for steps in range(1, len(STATES) + 1):
        reached |= {row.after for row in TRANSITIONS if row.before in reached}
        if after in reached:
            return steps
    return None


@cache
def way(before: State, after: State) -> tuple[State, ...]:
    """The states from `before` to `after` on the shortest way, both included; empty where no way leads there."""
    ways: list[tuple[State, ...]] = [(before,)]
    for _ in STATES:
        for one in ways:
            if one[-1] is after:
                return one
        ways = [(*one, row.after) for one in ways for row in TRANSITIONS if row.before is one[-1]]
    return ()


@cache
def oddity(before: State | None, after: State) -> Flag | None:
    """What is odd about hearing `after` when `before` was the state; None where the table has the step.

    A solution that is first heard of in the middle of its life is not odd: it was there before us.
    """
    steps = steps_between(before, after)
    if before is None or steps in (0, 1):
        return None
    if steps is not None:
        return Flag.STEP_MISSED
    return Flag.STEP_BACK if steps_between(after, before) is not None else Flag.STEP_UNEXPECTED
