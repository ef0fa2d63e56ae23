"""Work that nobody waits for leaves the database to others most of the time."""

from __future__ import annotations

import asyncio
import time

from partnerhook.services.leisure import REST, rest


def test_it_rests_for_longer_than_it_worked():
    """In proportion: on a slow disk a piece takes longer, and others need more."""
    worked_s = 0.05
    called_at = time.monotonic()

    asyncio.run(rest(called_at - worked_s))

    assert time.monotonic() - called_at >= REST * worked_s
