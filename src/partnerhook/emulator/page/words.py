"""What states, actions and refusals are called on the page: plain words, beside Meta's own."""

from __future__ import annotations

from typing import Final, NamedTuple

from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    INITIATED,
    REJECTED,
    State,
)
from partnerhook.emulator.graph.problems import problem
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.rules import Rules


class Badge(NamedTuple):
    """A state at a glance."""

    text: str
    tone: str
    """The class that colours it; the text alone says enough."""


BADGES: Final = {
    DRAFT: Badge("Draft", "quiet"),
    INITIATED: Badge("Waits for an answer", "initiated"),
    ACTIVE: Badge("Active", "good"),
    DEACTIVATION_REQUESTED: Badge("Active, deactivation requested", "waiting"),
    REJECTED: Badge("Rejected", "bad"),
    DEACTIVATED: Badge("Deactivated", "over"),
}


def badge(state: State) -> Badge:
    """The badge of a state."""
    return BADGES[state]


class Button(NamedTuple):
    """How an action of the lifecycle is offered."""

    label: str
    weight: str
    """`main`: what moves the story on; `plain`; `stop`: what ends something."""


BUTTONS: Final = {
    "send request": Button("Send the request", "main"),
    "accept": Button("Accept", "main"),
    "reject": Button("Reject", "stop"),
    "request deactivation": Button("Request deactivation", "stop"),
    "accept deactivation": Button("Accept the deactivation", "main"),
    "reject deactivation": Button("Decline, keep it active", "plain"),
}
"""By the lifecycle's words. A rename needs a name: it has a form of its own."""


def refusal(refused: Refused, rules: Rules) -> str:
    """Why not, for the person who clicked. What a failed handshake is told is Meta's own sentence, error 2200."""
    if refused.kind is Refusal.CALLBACK_FAILED:
        return problem(refused, rules).message
    if refused.kind is Refusal.NOT_FOUND:
        return "It is not there any more."
    if refused.kind in {Refusal.BAD_PARAMETER, Refusal.MESSAGING}:
        return f"{refused.about[:1].upper()}{refused.about[1:]}."
    return refused.sentence
