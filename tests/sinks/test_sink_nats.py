"""NATS JetStream, with a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from conformance import Fact, Kit, Received, deliver, every_fact, message
from servers import BusServer
from servers import nats as nats_server

from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.nats import NatsSink

SUBJECT = "partnerhook.notices"


async def make_stream(url: str) -> None:
    """One that is bound to the subject, and kept on the disk."""
    client = await nats.connect(url)
    await client.jetstream().add_stream(name="notices", subjects=[SUBJECT])
    await client.close()


async def read(url: str) -> list[Received]:
    """Everything in the stream."""
    client = await nats.connect(url)
    stream = client.jetstream()
    count = (await stream.stream_info("notices")).state.messages
    subscription = await stream.pull_subscribe(SUBJECT)
    found = await subscription.fetch(count, timeout=5) if count else []
    await client.close()
    return [Received((one.headers or {})["Nats-Msg-Id"], one.data) for one in found]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BusServer]:
    """A server of its own."""
    one = nats_server(tmp_path)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def kit(server: BusServer) -> Kit:
    """With a stream."""
    url = f"nats://127.0.0.1:{server.port}"
    asyncio.run(make_stream(url))
    return Kit(lambda: NatsSink(url=url, subject=SUBJECT), lambda: read(url), server.stop, server.start)


@every_fact
def test_conforms(kit: Kit, fact: Fact):
    """As every kind."""
    asyncio.run(fact(kit))


def test_repeats_are_dropped_by_the_stream(kit: Kit):
    """The message id is the notice's."""

    async def twice() -> None:
        sink = kit.open()
        for _ in range(2):
            await deliver(sink, message(1))
        assert [one.id for one in await kit.read()] == ["n-1"]
        await sink.close()

    asyncio.run(twice())


def test_no_stream(server: BusServer):
    """It is not taken, and what to do is said."""

    async def fail() -> None:
        sink = NatsSink(url=f"nats://127.0.0.1:{server.port}", subject="nobody.listens")
        with pytest.raises(PartnerhookError, match="no JetStream stream is bound to nobody"):
            await sink.deliver(message(1))
        await sink.close()

    asyncio.run(fail())
