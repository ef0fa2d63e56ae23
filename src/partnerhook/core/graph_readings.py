"""What the Graph API says of a solution, as one of its observations.

The Graph API has two fields where a webhook has one word; ACTIVE with PENDING_DEACTIVATION is what the
webhook calls PENDING_DEACTIVATION. The time of a reading is the `Date` of the answer: Meta's clock, as
in a webhook's `time`, and not ours. It names no portfolio and no event.

Sources: the Graph API reference v25.0 (read 2026-06-17) for the fields; the Multi-Partner Solutions
guide for `partners`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from partnerhook.core.names import STATE_OF_WORD, Flag, Pending
from partnerhook.core.observations import Observation, Source, content_key


class AppReference(NamedTuple):
    """A Meta app, as the Graph API names it inside of other things."""

    id: str
    name: str = ""
    link: str = ""


class Partner(NamedTuple):
    """The invited side of a solution."""

    id: str
    """Of the partnership, not of the app."""
    status: str = ""
    app: AppReference | None = None
    permissions: tuple[str, ...] = ()


class GraphReading(NamedTuple):
    """One solution as the Graph API told of it."""

    solution_id: str
    status: str
    """Meta's word for `status`."""
    pending: str
    """Meta's word for `status_for_pending_request`; empty where it was not told."""
    read_at: int
    """Unix seconds: the `Date` of the answer, Meta's clock."""
    asked_at: int
    """Unix microseconds of our clock, when the request was sent."""
    name: str = ""
    owner_app: AppReference | None = None
    owner_permissions: tuple[str, ...] = ()
    partners: tuple[Partner, ...] = ()

    @property
    def reported_status(self) -> str:
        """The word that a webhook would use for both fields. A pair that is in no document stays a pair."""
        if self.pending == Pending.PENDING_DEACTIVATION:
            return Pending.PENDING_DEACTIVATION.value
        return self.status if self.pending in KNOWN_PENDING else f"{self.status}+{self.pending}"


KNOWN_PENDING: Final = frozenset({"", *Pending})
"""PENDING_ACTIVATION beside DRAFT, as one of Meta's samples has it, or NONE beside INITIATED change nothing."""


def observe_reading(reading: GraphReading, *, app: str, received_at: int) -> Observation:
    """The reading as an observation of app `app`. `received_at`: Unix microseconds of our clock."""
    word = reading.reported_status
    return Observation(
        content_key(app, Source.GRAPH, reading.solution_id, word, reading.read_at),
        app,
        reading.solution_id,
        "",
        "",
        word,
        reading.read_at,
        received_at,
        received_at,
        source=Source.GRAPH,
        flags=() if word in STATE_OF_WORD else (Flag.STATUS_UNKNOWN,),
    )
