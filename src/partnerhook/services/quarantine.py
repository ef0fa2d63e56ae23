"""What could not be understood when it came: read again with today's program, or given up for good.

Both change the receipt in the transaction in which they do the rest, so that doing it twice does nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from partnerhook.core.access import Actor
from partnerhook.core.account_update import CustomerUpdate
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.names import PARTNER_SOLUTIONS
from partnerhook.core.observations import Observation
from partnerhook.core.receipts import Fate, Outcome, Receipt
from partnerhook.core.signature import believe_again
from partnerhook.services.audit import Audit
from partnerhook.services.ingest import Arrival, Post, read, settled
from partnerhook.services.notify import Routes, notify
from partnerhook.services.patience import transact
from partnerhook.services.project import append_and_project
from partnerhook.store import customers, receipts

WHOLE_BODY = "$"


class BodyGone(PartnerhookError):
    """The raw body is not there any more: it was dropped or erased, and cannot be read again."""

    http_status_hint = 410


class Changed(NamedTuple):
    """What became of a receipt."""

    receipt: Receipt
    """As it is now; without its body."""
    body_kept: bool
    changed: int
    """How many of its changes are in quarantine no more."""


class Quarantine:
    """Raises StoreUnavailable. `routes`: who wants to hear of what is understood now."""

    def __init__(self, engine: Engine, audit: Audit, routes: Callable[[], Routes]) -> None:
        self._engine = engine
        self._audit = audit
        self._routes = routes

    def retry(self, actor: Actor, receipt_id: int) -> Changed | None:
        """Read its body again. None where there is no such receipt. Raises BodyGone."""
        return self._audited(actor, "retry", receipt_id, partial(retry, routes=self._routes()))

    def discard(self, actor: Actor, receipt_id: int) -> Changed | None:
        """Give up what is in quarantine of it. None where there is no such receipt."""
        return self._audited(actor, "discard", receipt_id, discard)

    def _audited(
        self, actor: Actor, action: str, receipt_id: int, work: Callable[..., Changed | None]
    ) -> Changed | None:
        found = transact(self._engine, partial(receipts.find, receipt_id=receipt_id), writes=False)
        if found is None or not found.quarantined:
            return None if found is None else _changed(found, found.outcomes)
        with self._audit.doing(actor, f"quarantine.{action}", f"receipt {receipt_id}"):
            return transact(self._engine, partial(work, receipt_id=receipt_id), writes=True)


def retry(conn: Connection, receipt_id: int, routes: Routes) -> Changed | None:
    """Read a receipt's body again; what is understood now goes the way of all that comes in, as of when it came."""
    found = receipts.find(conn, receipt_id, lock=True)
    if found is None or not found.quarantined:
        return None if found is None else _changed(found, found.outcomes)
    if found.body is None:
        raise BodyGone
    arrival = _newly_read(found, read(Post(believe_again(found.body), found.app, found.received_at, found.headers)))
    projected = append_and_project(conn, [(one, receipt_id) for one in arrival.observed])
    shared = [(key, found.app, update, found.received_at, receipt_id) for key, update in arrival.shared]
    fresh = set(projected.row_ids) | customers.append(conn, shared)
    outcomes = _in_place(found.outcomes, [settled(one, fresh) for one in arrival.outcomes])
    receipts.settle(conn, receipt_id, outcomes)
    notify(conn, *projected, routes)  # last, for others wait until it is committed
    return _changed(found, outcomes)


def discard(conn: Connection, receipt_id: int) -> Changed | None:
    """Take a receipt's changes out of quarantine; what they were and why stays."""
    found = receipts.find(conn, receipt_id, lock=True)
    if found is None:
        return None
    outcomes = [one._replace(fate=Fate.DISCARDED) if one.fate is Fate.QUARANTINED else one for one in found.outcomes]
    receipts.settle(conn, receipt_id, outcomes)
    return _changed(found, outcomes)


def _newly_read(stored: Receipt, arrival: Arrival) -> Arrival:
    """Of a body that was read again, only what was in quarantine: the rest was taken when it came."""
    observed, shared = iter(arrival.observed), iter(arrival.shared)
    outcomes: list[Outcome] = []
    news: list[Observation] = []
    customers_news: list[tuple[str, CustomerUpdate]] = []
    for outcome in arrival.outcomes:
        wanted = any(_covers(one, outcome.path) for one in stored.outcomes if one.fate is Fate.QUARANTINED)
        if wanted:
            outcomes.append(outcome)
        if not outcome.key:
            continue
        if outcome.field == PARTNER_SOLUTIONS:
            news += [one for one in (next(observed),) if wanted]
        else:
            customers_news += [one for one in (next(shared),) if wanted]
    return arrival._replace(outcomes=tuple(outcomes), observed=tuple(news), shared=tuple(customers_news))


def _in_place(stored: Sequence[Outcome], read_again: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The stored outcomes, those in quarantine replaced by what was read where they stood."""
    outcomes: list[Outcome] = []
    for one in stored:
        again = [other for other in read_again if _covers(one, other.path)] if one.fate is Fate.QUARANTINED else []
        outcomes += again or [one]
    return tuple(outcomes)


def _covers(quarantined: Outcome, path: str) -> bool:
    """Whether `path` is what was not understood, or a part of it."""
    whole = quarantined.path
    return whole in {WHOLE_BODY, path} or path.startswith((f"{whole}.", f"{whole}["))


def _changed(before: Receipt, outcomes: Sequence[Outcome]) -> Changed:
    after = before._replace(outcomes=tuple(outcomes), body=None)
    return Changed(after, before.body is not None, before.quarantined - after.quarantined)
