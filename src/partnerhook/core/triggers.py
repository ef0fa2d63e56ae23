"""The six things that the webhook reference says a `partner_solutions` webhook is sent for, by name.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/partner_solutions
(read 2026-06-17), "Triggers". Their events and statuses are rows of the lifecycle's table.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from partnerhook.core.compose import Update
from partnerhook.core.names import ACTIVE, DEACTIVATION_REQUESTED, INITIATED, WORD_OF_STATE, State
from partnerhook.core.transitions import TRANSITIONS, Transition


class Trigger(NamedTuple):
    """One of the six: its name, other names that people try, and what is sent."""

    name: str
    aliases: tuple[str, ...]
    transition: Transition

    @property
    def event(self) -> str:
        """Meta's word for `event`."""
        return self.transition.event

    @property
    def solution_status(self) -> str:
        """Meta's word for `solution_status`; it names the trigger as well."""
        return WORD_OF_STATE[self.transition.after]

    def update(self, solution_id: str) -> Update:
        """What is sent for a solution."""
        return Update(self.event, solution_id, self.solution_status)


def _row(before: State | None, action: str) -> Transition:
    return next(row for row in TRANSITIONS if (row.before, row.action) == (before, action))


TRIGGERS: Final = (
    Trigger("draft-saved", ("draft", "save"), _row(None, "save as draft")),
    Trigger("request-sent", ("request", "sent", "send"), _row(None, "send request")),
    Trigger("accepted", ("accept",), _row(INITIATED, "accept")),
    Trigger("rejected", ("reject",), _row(INITIATED, "reject")),
    Trigger(
        "deactivation-requested",
        ("deactivation", "request-deactivation"),
        _row(ACTIVE, "request deactivation"),
    ),
    Trigger(
        "deactivated",
        ("deactivate", "accept-deactivation", "deactivation-accepted"),
        _row(DEACTIVATION_REQUESTED, "accept deactivation"),
    ),
)

TRIGGER_OF_NAME: Final = {trigger.name: trigger for trigger in TRIGGERS}


def find_trigger(name: str) -> Trigger | None:
    """The trigger of a name, an alias or a status word, in any case, with `-` or `_`; None where there is none."""
    wanted = name.strip().lower().replace("_", "-")
    for trigger in TRIGGERS:
        status = trigger.solution_status.lower().replace("_", "-")
        if wanted in (trigger.name, status, *trigger.aliases):
            return trigger
    return None
