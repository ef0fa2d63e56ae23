"""Whose answer a solution waits for, as the lifecycle's table and our role tell. Pure."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from partnerhook.core.names import State
from partnerhook.core.transitions import TRANSITIONS, Party


class Turn(StrEnum):
    """Who has to act next."""

    OURS = "ours"
    THEIRS = "theirs"
    UNKNOWN = "unknown"
    """It waits for an answer, but our role in it was never read."""
    NOBODY = "nobody"
    """It waits for nothing."""


@cache
def answers(state: State) -> tuple[tuple[Party, str], ...]:
    """Who may answer what is pending in a state, and with what; empty where nothing is."""
    if state.pending == "NONE":
        return ()
    return tuple((row.party, row.action) for row in TRANSITIONS if row.before is state)


def turn(state: State, role: str) -> Turn:
    """Whose turn it is. `role`: OWNER or PARTNER, as the Graph API has it; empty where that was never read."""
    parties = {party for party, _ in answers(state)}
    if not parties:
        return Turn.NOBODY
    if role.lower() not in set(Party):
        return Turn.UNKNOWN
    return Turn.OURS if Party(role.lower()) in parties else Turn.THEIRS
