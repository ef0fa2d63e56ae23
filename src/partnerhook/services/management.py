"""What the faces to people and scripts are given: every look-up and every action, ready to be used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from partnerhook.services.access import Access
from partnerhook.services.act import Acts
from partnerhook.services.audit import Audit
from partnerhook.services.erase import Erasing
from partnerhook.services.figures import Past
from partnerhook.services.health import Health
from partnerhook.services.inbox import Inbox
from partnerhook.services.live import Live
from partnerhook.services.outbox import Outbox
from partnerhook.services.quarantine import Quarantine
from partnerhook.services.query import Queries
from partnerhook.services.reconcile_runs import Runs
from partnerhook.services.replay import Replays
from partnerhook.services.targets import Configured, ConfiguredApp, Tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Management:
    """The API and the console are made of these, and of nothing else."""

    access: Access
    acts: Acts
    audit: Audit
    health: Health
    inbox: Inbox
    queries: Queries
    outbox: Outbox
    erasing: Erasing
    quarantine: Quarantine
    reconciliations: Runs
    live: Live
    apps: Callable[[], Sequence[ConfiguredApp]]
    """Every app of the configuration as it is now."""
    past: Past
    replays: Replays
    targets: Callable[[], Sequence[Configured]]
    """Every destination and forward target of the configuration as it is now."""
    try_destination: Callable[[str], Awaitable[Tried]]
    """Send a destination a test notice, past the queue. Raises ConfigurationInvalid: it gets POSTs as they came."""
