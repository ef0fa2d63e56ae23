"""The field's words: Meta's on the wire, ours for what they mean.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/partner_solutions
(read 2026-06-17) for the six statuses and two events; the Multi-Partner Solutions guide for the
seventh status, PENDING; the Graph API reference v25.0 for the two fields `status` and
`status_for_pending_request`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

WHATSAPP_OBJECT: Final = "whatsapp_business_account"
PARTNER_SOLUTIONS: Final = "partner_solutions"
ACCOUNT_UPDATE: Final = "account_update"

DASHBOARD_TEST_ID: Final = "0"
"""`entry.id` of what the App Dashboard's Test button sends: nobody's portfolio."""

EVENTS: Final = frozenset({"SOLUTION_CREATED", "SOLUTION_UPDATED"})


class Status(StrEnum):
    """Where a solution stands, as the Graph API's `status` has it; UNKNOWN is ours."""

    DRAFT = "DRAFT"
    INITIATED = "INITIATED"
    ACTIVE = "ACTIVE"
    REJECTED = "REJECTED"
    DEACTIVATED = "DEACTIVATED"
    UNKNOWN = "UNKNOWN"


class Pending(StrEnum):
    """What waits for an answer, as the Graph API's `status_for_pending_request` has it."""

    NONE = "NONE"
    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    PENDING_DEACTIVATION = "PENDING_DEACTIVATION"


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The two fields together: all that a webhook's `solution_status` tells. There are the seven below, no others."""

    status: Status
    pending: Pending

    @property
    def usable(self) -> bool:
        """Customers can be onboarded: active, also while a deactivation waits for its answer."""
        return self.status is Status.ACTIVE

    def __reduce__(self) -> tuple[Callable[[Status, Pending], State], tuple[Status, Pending]]:
        # A copy or a pickle of one of the seven is that one again: they are told apart by identity.
        return _the_state, (self.status, self.pending)


def _the_state(status: Status, pending: Pending) -> State:
    return next(state for state in STATES if (state.status, state.pending) == (status, pending))


DRAFT: Final = State(Status.DRAFT, Pending.NONE)
INITIATED: Final = State(Status.INITIATED, Pending.PENDING_ACTIVATION)
ACTIVE: Final = State(Status.ACTIVE, Pending.NONE)
DEACTIVATION_REQUESTED: Final = State(Status.ACTIVE, Pending.PENDING_DEACTIVATION)
REJECTED: Final = State(Status.REJECTED, Pending.NONE)
DEACTIVATED: Final = State(Status.DEACTIVATED, Pending.NONE)
UNKNOWN: Final = State(Status.UNKNOWN, Pending.NONE)

STATES: Final = (DRAFT, INITIATED, ACTIVE, DEACTIVATION_REQUESTED, REJECTED, DEACTIVATED, UNKNOWN)
"""In the order of a solution's life. Where one of several must be shown, it is the last of them."""

WORD_OF_STATE: Final = {
    DRAFT: "DRAFT",
    INITIATED: "INITIATED",
    ACTIVE: "ACTIVE",
    DEACTIVATION_REQUESTED: "PENDING_DEACTIVATION",
    REJECTED: "REJECTED",
    DEACTIVATED: "DEACTIVATED",
}
"""The reference's six words for `solution_status`."""

STATE_OF_WORD: Final = {word: state for state, word in WORD_OF_STATE.items()} | {
    "PENDING": INITIATED,  # only in the guide, defined there just as the reference defines INITIATED
}


class Flag(StrEnum):
    """What is odd about one observation, or about how a solution came to its state (an anomaly)."""

    STATUS_UNKNOWN = "status_unknown"
    STATUS_PENDING = "status_pending"
    EVENT_UNKNOWN = "event_unknown"
    EVENT_MISSING = "event_missing"
    TIME_MISSING = "time_missing"
    TIME_UNREADABLE = "time_unreadable"
    PORTFOLIO_MISSING = "portfolio_missing"
    OBJECT_MISSING = "object_missing"

    AMBIGUOUS = "ambiguous"
    STEP_BACK = "step_back"
    STEP_MISSED = "step_missed"
    STEP_UNEXPECTED = "step_unexpected"
    PORTFOLIO_CHANGED = "portfolio_changed"


MEANING_OF_FLAG: Final = {
    Flag.STATUS_UNKNOWN: "Meta sent a status word that is in none of its documents",
    Flag.STATUS_PENDING: "Meta sent the guide's word PENDING; it is read as INITIATED",
    Flag.EVENT_UNKNOWN: "Meta sent an event word that is in none of its documents",
    Flag.EVENT_MISSING: "the change carried no event",
    Flag.TIME_MISSING: "the webhook carried no time; it is ordered by when it was received",
    Flag.TIME_UNREADABLE: "the webhook's time could not be read; it is ordered by when it was received",
    Flag.PORTFOLIO_MISSING: "the webhook named no business portfolio",
    Flag.OBJECT_MISSING: "the webhook named no object; it is read as whatsapp_business_account",
    Flag.AMBIGUOUS: "several orders of the same second are possible and end differently",
    Flag.STEP_BACK: "the newest webhook leads back to an earlier state; read it again from the Graph API",
    Flag.STEP_MISSED: "a step in between was not heard: its webhook is still on the way, or lost",
    Flag.STEP_UNEXPECTED: "the lifecycle has no way from the state before to this one",
    Flag.PORTFOLIO_CHANGED: "webhooks named different business portfolios for this solution",
}
