"""What a solution is and waits for, in plain words: for people who have not read Meta's documents."""

from __future__ import annotations

from typing import Final, NamedTuple

from partnerhook.console.words import NAME_OF_STATE
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    INITIATED,
    REJECTED,
    UNKNOWN,
    Pending,
    State,
)
from partnerhook.core.transitions import TRANSITIONS, Party
from partnerhook.services.query import GraphFacts

MEANING_OF_STATE: Final = {
    DRAFT: "A draft: nobody but its owner hears of it until the request is sent.",
    INITIATED: "The request was sent, and has not been answered. No customer can be onboarded yet.",
    ACTIVE: "It works: customers can be onboarded through it.",
    DEACTIVATION_REQUESTED: (
        "It still works: customers can be onboarded through it. Its end was asked for, and has not been answered."
    ),
    REJECTED: "It has ended before it began. Who still wants it proposes a new one.",
    DEACTIVATED: "It has ended: no customer can be onboarded through it. Those it had are looked after elsewhere.",
    UNKNOWN: "Meta sent a word for its state that is in none of its documents.",
}
"""A sentence or two for each state."""


class Turn(NamedTuple):
    """Who has to do something about a solution."""

    text: str
    ours: bool


def role_of(facts: GraphFacts | None) -> Party | None:
    """Our side of a solution; None where the Graph API has not told it."""
    role = facts.role.lower() if facts else ""
    return Party(role) if role in set(Party) else None


def name_of(solution: Solution, facts: GraphFacts | None) -> str:
    """What it is called: by its id where nobody has told a name."""
    return facts.name if facts and facts.name else solution.solution_id


def other_side(facts: GraphFacts | None) -> str:
    """The apps of the other side, by name; empty where the Graph API has not told who that is."""
    role = role_of(facts)
    if facts is None or role is None:
        return ""
    others = [facts.owner_app] if role is Party.PARTNER else [one.app for one in facts.partners]
    return ", ".join(one.name or one.id for one in others if one is not None)


def meaning(solution: Solution) -> str:
    """Where it stands, in plain words."""
    if len(solution.could_be) > 1:
        names = " or ".join(NAME_OF_STATE[state].lower() for state in solution.could_be)
        return f"It is {names}: several webhooks have the same second, and their order cannot be told."
    return MEANING_OF_STATE[solution.state]


def turn(solution: Solution, facts: GraphFacts | None) -> Turn | None:
    """What waits for whom; None where nothing waits for anybody, or nobody can tell."""
    state = solution.state
    if state.pending is Pending.NONE or len(solution.could_be) > 1:
        return None
    awaited = _who_answers(state)
    what = "accept or reject it" if state is INITIATED else "accept or decline its end"
    role = role_of(facts)
    if role is None:
        who = "The invited partner" if awaited is Party.PARTNER else "The owner"
        return Turn(f"{who} has to {what}", ours=False)
    if role is awaited:
        return Turn(f"You have to {what}", ours=True)
    return Turn(f"{other_side(facts) or 'The other side'} has to {what}", ours=False)


def _who_answers(state: State) -> Party:
    return next(row.party for row in TRANSITIONS if row.before is state)
