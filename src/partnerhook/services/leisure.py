"""Long work that nobody waits for, on a database in which others have their webhooks stored: it rests in between."""

from __future__ import annotations

import asyncio
import time
from typing import Final

REST: Final = 4.0
"""So many times as long as a piece of it took: the database is busy with it for a fifth of the time at most."""


async def rest(began: float) -> None:
    """After a piece of work that began at `began` (of the monotonic clock, in seconds)."""
    await asyncio.sleep(REST * (time.monotonic() - began))
