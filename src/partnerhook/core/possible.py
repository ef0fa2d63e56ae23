"""What may be done with a solution now, through the Graph API, and by whom: read off the lifecycle table.

The table has the guide's rule for who ends a solution: the owner asks, the invited partner answers. The reference lets
either side ask. So what is another side's there is offered all the same, with a word of doubt, and Meta decides.

Source: the Multi-Partner Solutions guide; the Graph API reference, v23.0 and v25.0 (read 2026-06-17).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from partnerhook.core.lifecycle import Solution
from partnerhook.core.timeline import say
from partnerhook.core.transitions import TRANSITIONS, Party


class Action(StrEnum):
    """What the Graph API can do with a solution that is there."""

    ACCEPT = "accept"
    REJECT = "reject"
    REQUEST_DEACTIVATION = "request-deactivation"
    ACCEPT_DEACTIVATION = "accept-deactivation"
    REJECT_DEACTIVATION = "reject-deactivation"

    @property
    def words(self) -> str:
        """As the lifecycle table has it."""
        return self.value.replace("-", " ")


EITHER_SIDES: Final = frozenset({Action.REQUEST_DEACTIVATION, Action.ACCEPT_DEACTIVATION, Action.REJECT_DEACTIVATION})
"""Of which Meta's documents do not agree on who may."""


class Possible(NamedTuple):
    """An action, whether it is allowed now, and why not; or, where it is, what is doubtful about it."""

    action: Action
    allowed: bool
    reason: str = ""


def possible(solution: Solution, role: Party | None) -> list[Possible]:
    """Every action that there is, in the order of a solution's life. `role`: our side; None: not known yet."""
    return [_judge(action, solution, role) for action in Action]


def _judge(action: Action, solution: Solution, role: Party | None) -> Possible:
    if len(solution.could_be) > 1:
        words = " or ".join(say(state) for state in solution.could_be)
        return Possible(action, allowed=False, reason=f"It is {words}: reconcile, so that the Graph API tells which.")
    rows = [row for row in TRANSITIONS if row.action == action.words]
    here = [row for row in rows if row.before is solution.state]
    if not here:
        needed = " or ".join(say(row.before) for row in rows)
        return Possible(action, allowed=False, reason=f"It is {say(solution.state)}, not {needed}.")
    if role is None:
        reason = "Whether this app owns it or was invited is not known yet: reconcile, and the Graph API tells."
        return Possible(action, allowed=False, reason=reason)
    party = here[0].party
    if role is party:
        return Possible(action, allowed=True)
    if action in EITHER_SIDES:
        doubt = f"The guide has the {party} do this; other documents of Meta let either side. Meta may refuse it."
        return Possible(action, allowed=True, reason=doubt)
    return Possible(action, allowed=False, reason=f"Only the {party} can: this app is the {role}.")
