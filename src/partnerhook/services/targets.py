"""Destinations, forward targets and apps as people see them: what is configured, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from partnerhook.core.delivery import Answer, Reply

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


class Tried(NamedTuple):
    """How a destination took a test notice."""

    message_id: str
    answer: Answer
    seconds: float

    @property
    def taken(self) -> bool:
        """Whether it did."""
        return self.answer.reply is Reply.TAKEN


class ConfiguredApp(NamedTuple):
    """A Meta app. Of its secrets, only whether they are set."""

    name: str
    app_id: str
    """Empty where it is not set."""
    path: str
    """Of its callback URL."""
    callback_url: str
    """As Meta sees it; empty where public_url is not set."""
    secrets: int
    """How many app secrets are believed now."""
    receives: bool
    """Its secret and its verify token are set."""
    asks_graph: bool
    """Its app id and access token are set."""
