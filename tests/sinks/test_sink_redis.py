"""Redis streams, with a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance import Fact, Kit, Received, every_fact
from redis.asyncio import Redis
from servers import valkey

from partnerhook.sinks.redis import RedisSink


async def read(url: str) -> list[Received]:
    """Everything in the stream."""
    client = Redis.from_url(url)
    entries = await client.xrange("notices")
    await client.aclose()
    return [Received(fields[b"id"].decode(), fields[b"document"]) for _, fields in entries]


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    """A server of its own."""
    server = valkey(tmp_path)
    server.start()
    url = f"redis://127.0.0.1:{server.port}"
    yield Kit(lambda: RedisSink(url=url, stream="notices"), lambda: read(url), server.stop, server.start)
    server.stop()


@every_fact
def test_conforms(kit: Kit, fact: Fact):
    """As every kind."""
    asyncio.run(fact(kit))
