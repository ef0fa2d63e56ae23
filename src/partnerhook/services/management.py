"""What the faces to people and scripts are given: every look-up and every action, ready to be used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from partnerhook.services.access import Access
from partnerhook.services.act import Acts
from partnerhook.services.audit import Audit
from partnerhook.services.live import Live
from partnerhook.services.outbox import Outbox
from partnerhook.services.query import Queries
from partnerhook.services.targets import Configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Management:
    """The API and the console are made of these, and of nothing else."""

    access: Access
    acts: Acts
    audit: Audit
    queries: Queries
    outbox: Outbox
    live: Live
    targets: Callable[[], Sequence[Configured]]
    """Every destination and forward target of the configuration as it is now."""
