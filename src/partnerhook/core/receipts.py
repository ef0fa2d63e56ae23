"""A receipt: one POST as it came, and what became of each of its changes."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from partnerhook.core.names import Flag


class Fate(StrEnum):
    """What became of one change."""

    OBSERVED = "observed"
    """New to us, and in the log of observations."""
    DUPLICATE = "duplicate"
    """Heard before; counted on the observation it repeats."""
    TEST = "test"
    """The App Dashboard's Test button."""
    CUSTOMER = "customer"
    """An account was shared or unshared; the facts are kept."""
    RECORDED = "recorded"
    """A field the registry does not read."""
    FOREIGN_OBJECT = "foreign_object"
    """The POST is not about WhatsApp business accounts."""
    QUARANTINED = "quarantined"
    """Not understood; the reason and the raw body are kept."""
    DISCARDED = "discarded"
    """Not understood, and given up by a person; the reason stays."""


class Outcome(NamedTuple):
    """What became of the change at `path`; `$` is the whole body."""

    path: str
    field: str
    fate: Fate
    key: str = ""
    """The key of the observation or customer event; empty for all others."""
    entry_id: str = ""
    reason: str = ""
    """Why it is in quarantine, and what to do."""


class Stored(NamedTuple):
    """A POST that is durable, and what became of it."""

    receipt_id: int
    app: str
    body_bytes: int
    outcomes: tuple[Outcome, ...]


class Receipt(NamedTuple):
    """One POST whose signature was right."""

    id: int
    app: str
    received_at: int
    """Unix microseconds."""
    body_bytes: int
    body: bytes | None
    """As it came; None once the retention has dropped it."""
    flags: tuple[Flag, ...]
    outcomes: tuple[Outcome, ...]
    headers: str = ""
    """Those that a forwarded POST takes along, a line each; empty where it goes nowhere."""

    @property
    def quarantined(self) -> int:
        """How many of its changes are in quarantine."""
        return [outcome.fate for outcome in self.outcomes].count(Fate.QUARANTINED)

    @property
    def telling(self) -> bool:
        """Whether it tells, or may tell, of a solution or a customer: it is kept for ever."""
        return any(outcome.key or outcome.fate is Fate.QUARANTINED for outcome in self.outcomes)
