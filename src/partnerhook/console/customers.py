"""The customers of a solution: what became of each account, and how many are new.

Source: the Multi-Partner Solutions guide (read 2026-06-17): a Tech Provider can onboard up to 200 new customers
in a rolling week. Whether a portfolio is a Tech Provider's or a Solution Partner's, neither webhooks nor the Graph
API tell; OWNER and PARTNER are sides of one solution, and either kind can be on either side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.query import CustomerEvent

WEEK_S: Final = 7 * 86_400
NEW_IN_A_WEEK_MAX: Final = 200

COMING: Final = frozenset({"PARTNER_ADDED", "PARTNER_APP_INSTALLED"})
GOING: Final = frozenset({"PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED"})


class Customer(NamedTuple):
    """An account that was shared through a solution. Unix seconds."""

    waba_id: str
    business_id: str
    since: int
    """When it was first shared."""
    gone_at: int | None
    """When it was taken away; None: it is still there."""
    receipt_id: int
    """Of the newest webhook about it."""


class Customers(NamedTuple):
    """All of them, the newest first."""

    all: Sequence[Customer]
    new_in_week: int
    """How many portfolios came in the last seven days."""

    @property
    def there(self) -> int:
        """How many are still there."""
        return sum(one.gone_at is None for one in self.all)


def customers_of(events: Iterable[CustomerEvent], now: int) -> Customers:
    """What the events of a solution say by `now` (Unix seconds)."""
    found: dict[str, Customer] = {}
    for event in sorted(events, key=_at):
        found[event.waba_id] = _after(found.get(event.waba_id), event)
    came: dict[str, int] = {}
    for one in found.values():
        who = one.business_id or one.waba_id
        came[who] = min(came.get(who, one.since), one.since)
    new = sum(now - WEEK_S < since <= now for since in came.values())
    return Customers(sorted(found.values(), key=lambda one: -one.since), new)


def _after(known: Customer | None, event: CustomerEvent) -> Customer:
    at = _at(event)
    gone_at = at if event.event in GOING else None if event.event in COMING or known is None else known.gone_at
    business_id = event.owner_business_id or (known.business_id if known else "")
    return Customer(event.waba_id, business_id, known.since if known else at, gone_at, event.receipt_id)


def _at(event: CustomerEvent) -> int:
    return event.received_at // MICROSECONDS if event.time is None else event.time
