"""RabbitMQ, with a real private node; skipped where Debian's is not installed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import aio_pika
import pytest
from conformance import Fact, Kit, Received, every_fact, message
from servers import BusServer, rabbitmq, rabbitmq_binary

from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.amqp import AmqpSink

pytestmark = pytest.mark.skipif(rabbitmq_binary() is None, reason="rabbitmq-server is not installed")
QUEUE = "notices"


async def empty(url: str) -> None:
    """A durable queue with nothing in it."""
    async with await aio_pika.connect(url) as connection:
        queue = await (await connection.channel()).declare_queue(QUEUE, durable=True)
        await queue.purge()


async def read(url: str) -> list[Received]:
    """Everything in the queue."""
    found: list[Received] = []
    async with await aio_pika.connect(url) as connection:
        queue = await (await connection.channel()).declare_queue(QUEUE, durable=True)
        while one := await queue.get(fail=False, no_ack=True):
            found.append(Received(one.message_id or "", one.body))
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusServer]:
    """A node takes seconds to start: one for all."""
    one = rabbitmq(tmp_path_factory.mktemp("rabbit"))
    one.start()
    yield one
    one.stop()


@pytest.fixture
def kit(server: BusServer) -> Kit:
    """With an empty queue."""
    url = f"amqp://guest:guest@127.0.0.1:{server.port}/"
    asyncio.run(empty(url))
    return Kit(lambda: AmqpSink(url=url, exchange="", routing_key=QUEUE), lambda: read(url), server.stop, server.start)


@every_fact
def test_conforms(kit: Kit, fact: Fact):
    """As every kind."""
    asyncio.run(fact(kit))


def test_unroutable(kit: Kit, server: BusServer):
    """What no queue takes is not delivered."""
    del kit

    async def fail() -> None:
        url = f"amqp://guest:guest@127.0.0.1:{server.port}/"
        sink = AmqpSink(url=url, exchange="", routing_key="nobody")
        with pytest.raises(PartnerhookError, match="no queue takes it"):
            await sink.deliver(message(1))
        await sink.close()

    asyncio.run(fail())
