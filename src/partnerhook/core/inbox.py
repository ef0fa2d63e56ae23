"""Whose answer a solution waits for, as far as the lifecycle's table and our role tell. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import Pending
from partnerhook.core.possible import Action, possible
from partnerhook.core.transitions import Party


class Turn(StrEnum):
    """Who has to act next."""

    OURS = "ours"
    THEIRS = "theirs"
    UNKNOWN = "unknown"
    """It waits for an answer, but our side is not known, or what it is cannot be told."""
    NOBODY = "nobody"
    """It waits for nothing."""


ANSWERS: Final = frozenset({Action.ACCEPT, Action.REJECT, Action.ACCEPT_DEACTIVATION, Action.REJECT_DEACTIVATION})


def turn(solution: Solution, role: Party | None) -> Turn:
    """Whose turn it is. `role`: our side; None: not known.

    Where the guide has the other side answer and other documents let either, it is the other side's: whoever asked to
    end a solution would else be told to answer for ever.
    """
    if solution.pending is Pending.NONE:
        return Turn.NOBODY
    if role is None or len(solution.could_be) > 1:
        return Turn.UNKNOWN
    answers = [one for one in possible(solution, role) if one.action in ANSWERS]
    return Turn.OURS if any(one.allowed and not one.reason for one in answers) else Turn.THEIRS
