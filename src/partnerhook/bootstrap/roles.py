"""What a process of `serve` does."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Any number of each may run on one PostgreSQL."""

    ALL = "all"
    RECEIVER = "receiver"
    """Takes Meta's webhooks: verifies, stores, answers."""
    WORKER = "worker"
    """Delivers, passes on, and looks after the rest: reconciliation, requests that nobody answers, retention."""

    @property
    def receives(self) -> bool:
        """It has the listener for Meta."""
        return self is not Role.WORKER

    @property
    def works(self) -> bool:
        """It delivers."""
        return self is not Role.RECEIVER
