"""Destinations and forward targets as people see them: what is configured, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from partnerhook.services.outbox import Overview


class Configured(NamedTuple):
    """A destination or forward target, and how it stands."""

    name: str
    kind: str
    """One of the kinds of destinations, or `forward`."""
    where: str
    """As much of the URL as is no secret."""
    filters: dict[str, list[str]]
    overview: Overview

    @property
    def state(self) -> str:
        """works, failing or paused."""
        standing = self.overview.standing
        if standing.paused_at is not None:
            return "paused"
        return "works" if standing.failing_since is None else "failing"

    @property
    def waiting(self) -> int:
        """Deliveries that wait."""
        return self.overview.backlog.deliveries if self.overview.backlog else 0
