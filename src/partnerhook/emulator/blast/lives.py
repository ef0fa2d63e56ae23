"""What a load consists of: the lives of many solutions, told step by step. No two bodies are the same.

Each solution is saved as a draft, sent, accepted; then its deactivation is requested and declined, again
and again: every step is a row of the lifecycle's table, so a receiver ends with nothing odd.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from partnerhook.core.compose import Entry, Update, compose_entries
from partnerhook.core.names import ACTIVE, DEACTIVATION_REQUESTED, DRAFT, INITIATED, WORD_OF_STATE, State
from partnerhook.core.transitions import TRANSITIONS, Transition

BEGINS_WITH: Final = ((None, "save as draft"), (DRAFT, "send request"), (INITIATED, "accept"))
GOES_ON_WITH: Final = ((ACTIVE, "request deactivation"), (DEACTIVATION_REQUESTED, "reject deactivation"))


def _row(before: State | None, action: str) -> Transition:
    return next(row for row in TRANSITIONS if row.before is before and row.action == action)


BEGINNING: Final = tuple(_row(*step) for step in BEGINS_WITH)
CIRCLE: Final = tuple(_row(*step) for step in GOES_ON_WITH)


class Lives(NamedTuple):
    """A load of `changes` changes about `solutions` solutions, `per_post` of them in each POST."""

    changes: int
    solutions: int
    per_post: int
    first_id: int
    """The id of the first solution; the others follow it."""
    portfolio_id: str
    ends_at: int
    """Unix seconds of the last steps. Each solution takes a step a second, so the first ones lie before it."""

    @property
    def posts(self) -> int:
        """How many POSTs that is."""
        return -(-self.changes // self.per_post)

    def body(self, number: int) -> bytes:
        """The body of a POST, by its number from 0."""
        first = number * self.per_post
        return compose_entries(self._entry(change) for change in range(first, min(first + self.per_post, self.changes)))

    def _entry(self, number: int) -> Entry:
        """A change, by its number from 0: all solutions take their first step, then their second, and so on."""
        step, solution = divmod(number, self.solutions)
        row = BEGINNING[step] if step < len(BEGINNING) else CIRCLE[(step - len(BEGINNING)) % len(CIRCLE)]
        last = (self.changes - 1) // self.solutions
        update = Update(row.event, str(self.first_id + solution), WORD_OF_STATE[row.after])
        return Entry(self.portfolio_id, self.ends_at - last + step, [update])
