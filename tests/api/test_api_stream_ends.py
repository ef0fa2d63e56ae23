"""A stream that is far behind ends like any other: with its key, and with the server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from partnerhook.api.app import create_api
from partnerhook.api.keys import KeyRequired
from partnerhook.api.routes.stream import AT_ONCE
from partnerhook.bootstrap.management import management
from partnerhook.config import Settings
from partnerhook.core.access import Role
from partnerhook.core.compose import Update, compose
from partnerhook.services.access import Access
from partnerhook.services.failed_tries import FailedTries
from partnerhook.services.live import Live
from partnerhook.services.outbox import Outbox
from partnerhook.services.query import Queries
from stores import arrive, deliver, new_store
from strategies import NOON_S

WITHIN_S = 60.0
COUNT = 3 * AT_ONCE

End = Callable[[Live, Access, str], Awaitable[object]]


async def revoked(_live: Live, access: Access, key_id: str) -> object:
    """Its key is good for nothing any more."""
    return await asyncio.to_thread(access.revoke_key, key_id)


async def stopped(live: Live, _access: Access, _key_id: str) -> object:
    """The server stops."""
    return await live.end()


@pytest.mark.parametrize("end", [revoked, stopped])
def test_one_that_is_far_behind_ends(tmp_path: Path, end: End):
    """After what it has read already, and not after all that there is."""
    engine = new_store(tmp_path)
    updates = [Update("SOLUTION_CREATED", str(number), "DRAFT") for number in range(1, COUNT + 1)]
    deliver(engine, arrive(compose("5", NOON_S, updates)))
    access = Access(engine)
    made = access.create_key("laptop", Role.VIEWER)
    live = Live(Queries(engine), Outbox(engine))
    api = KeyRequired(create_api(management(engine, live, Settings)), access, FailedTries(lambda: 0.0))
    told: list[bytes] = []
    ended = False

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()

    async def send(message: Any) -> None:
        nonlocal ended
        if b"event: notice" in message.get("body", b""):
            told.append(message["body"])
            if not ended:
                ended = True
                await end(live, access, made.stored.id)

    async def listen() -> None:
        asked = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "GET",
            "path": "/api/v1/stream",
            "raw_path": b"/api/v1/stream",
            "root_path": "",
            "scheme": "http",
            "query_string": b"since=2020-01-01T00:00:00Z",
            "headers": [(b"authorization", f"Bearer {made.key}".encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        async with asyncio.timeout(WITHIN_S):
            await api(asked, receive, send)

    asyncio.run(listen())

    assert len(told) == AT_ONCE
