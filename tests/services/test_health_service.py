"""The doctor looks at everything when everything is asked for, and once for all who ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from partnerhook.services.doctor.findings import Finding, right
from partnerhook.services.health import Health, Look
from stores import new_store

WITHIN_S = 20.0


def test_a_quick_look_is_not_taken_for_a_whole_one(tmp_path: Path):
    """Opening a page begins a quick one; who asks for everything meanwhile gets everything."""
    engine = new_store(tmp_path)

    async def ask() -> list[Look]:
        going_on, go_on = asyncio.Event(), asyncio.Event()
        wholes = 0

        async def quick() -> AsyncIterator[Finding]:
            going_on.set()
            await go_on.wait()
            yield right("database", "it is there")

        async def whole() -> AsyncIterator[Finding]:
            nonlocal wholes
            wholes += 1
            yield right("callback", f"it was tried {wholes} times")

        health = Health(engine, quick=quick, whole=whole)
        health.look()
        await going_on.wait()
        asked = [asyncio.create_task(health.look_at_everything(patience_s=WITHIN_S)) for _ in range(3)]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(*asked)

    for look in asyncio.run(ask()):
        assert (look.whole, look.under_way) == (True, False)
        assert [one.said for one in look.findings] == ["it was tried 1 times"]
