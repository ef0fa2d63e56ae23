"""Who is told, and how: destinations and forward targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partnerhook.config import Settings
    from partnerhook.services.notify import Routes


def routes(settings: Settings) -> Routes:
    """Who wants to hear of what."""
    from partnerhook.services.notify import NOBODY

    del settings
    return NOBODY
