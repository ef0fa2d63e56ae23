"""An observation: one thing said about one solution, by whom, and when we heard it.

Identity is content. The payload has no event id, so the key is a hash of what was said; a second
delivery of the same change has the same key, whatever POST it comes in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from partnerhook.core.account_update import CustomerUpdate
from partnerhook.core.names import DASHBOARD_TEST_ID, STATE_OF_WORD, UNKNOWN, Flag, State
from partnerhook.core.partner_solutions import SolutionUpdate

MICROSECONDS = 1_000_000


class Source(StrEnum):
    """Who said it."""

    WEBHOOK = "webhook"
    GRAPH = "graph"


class Observation(NamedTuple):
    """One observation. Times of receipt are Unix microseconds of our clock, `time` is Meta's, in seconds."""

    key: str
    app: str
    solution_id: str
    portfolio_id: str
    event: str
    reported_status: str
    time: int | None
    received_at: int
    last_received_at: int
    repeats: int = 0
    """How often the same was delivered again."""
    source: Source = Source.WEBHOOK
    flags: tuple[Flag, ...] = ()
    receipt_id: int | None = None
    """The POST that brought it first."""

    @property
    def at(self) -> int:
        """Unix seconds by which it is ordered: Meta's `time`, or when we received it."""
        return self.received_at // MICROSECONDS if self.time is None else self.time

    @property
    def state(self) -> State:
        """What its word means."""
        return STATE_OF_WORD.get(self.reported_status, UNKNOWN)

    @property
    def test(self) -> bool:
        """Sent by the App Dashboard's Test button: tells nothing about a real solution."""
        return self.portfolio_id == DASHBOARD_TEST_ID


def observe(update: SolutionUpdate, *, app: str, received_at: int) -> Observation:
    """What app `app` heard at `received_at` (Unix microseconds)."""
    _, portfolio_id, time, event, solution_id, word, flags = update
    key = content_key(app, portfolio_id, solution_id, event, word, time)
    return Observation(
        key, app, solution_id, portfolio_id, event, word, time, received_at, received_at, 0, Source.WEBHOOK, flags
    )


def distinct(heard: Iterable[Observation]) -> list[Observation]:
    """Each observation once, with the first and last receipt of its repeats: what the store's unique index does."""
    by_key: dict[str, Observation] = {}
    for one in heard:
        known = by_key.get(one.key)
        by_key[one.key] = one if known is None else _repeated(known, one)
    return list(by_key.values())


def _repeated(known: Observation, again: Observation) -> Observation:
    return known._replace(
        received_at=min(known.received_at, again.received_at),
        last_received_at=max(known.last_received_at, again.last_received_at),
        repeats=known.repeats + again.repeats + 1,
        # A missing time and an unreadable one have the same key; which came first must not show.
        flags=max(known.flags, again.flags),
    )


def content_key(*content: str | int | None) -> str:
    """A hash of what was said: the same for each delivery of the same change.

    128 bits, hexadecimal. Lines cannot be confused: no part holds a line break, since words are
    printable and ids are digits (`reading`), and app names are checked by the configuration.
    """
    text = "\n".join(["" if part is None else f"{part}" for part in content])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def customer_key(update: CustomerUpdate, *, app: str) -> str:
    """The same for an event of a customer."""
    return content_key(
        app,
        update.entry_id,
        update.event,
        update.waba_id,
        update.owner_business_id,
        update.partner_app_id,
        update.solution_id,
        " ".join(update.solution_partner_business_ids),
        update.time,
    )
