"""Kafka's protocol, with librdkafka's mock cluster over TCP: no trustworthy server can be installed here."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Producer
from conformance import Fact, Kit, Received, at_once, cancelled, deliver, in_order, intact, message
from servers import free_port

from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.kafka import KafkaSink

# The mock cannot be stopped and started on the same port; what is away is tried with a port that nobody has.
every_fact = pytest.mark.parametrize("fact", [intact, in_order, at_once, cancelled], ids=lambda fact: fact.__name__)


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    """A mock cluster of one broker, which lives as long as its producer."""
    mock = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mocked"})
    metadata = mock.list_topics(timeout=10)
    (broker,) = metadata.brokers.values()
    yield f"{broker.host}:{broker.port}"
    del mock


EMPTY_POLLS = 4


def read(brokers: str, topic: str) -> list[Received]:
    """Everything in the topic; of several partitions one after the other."""
    consumer = Consumer(
        {"bootstrap.servers": brokers, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest", "log_level": 0}
    )
    consumer.subscribe([topic])
    found: list[Received] = []
    empty = 0
    while not found or empty < EMPTY_POLLS:
        one = consumer.poll(0.3)
        empty += 1
        if one is not None and one.error() is None:
            found.append(Received(dict(one.headers() or [])["ce_id"].decode(), one.value() or b""))
            empty = 0
    consumer.close()
    return found


@pytest.fixture
def kit(brokers: str) -> Kit:
    """A topic of its own."""
    topic = f"notices-{uuid.uuid4().hex}"

    async def everything() -> list[Received]:
        return await asyncio.to_thread(read, brokers, topic)

    def nothing() -> None:
        raise AssertionError("the mock is not stopped")

    return Kit(lambda: KafkaSink(url=f"kafka://{brokers}", topic=topic), everything, nothing, nothing)


@every_fact
def test_conforms(kit: Kit, fact: Fact):
    """As every kind."""
    asyncio.run(fact(kit))


def test_nobody_listens():
    """It fails, and in time."""

    async def fail() -> None:
        sink = KafkaSink(url=f"127.0.0.1:{free_port()}", topic="notices")
        with pytest.raises(PartnerhookError, match="not acknowledged"):
            await asyncio.wait_for(sink.deliver(message(1)), 20)
        await sink.close()

    asyncio.run(fail())


def test_one_key_stays_in_order(kit: Kit):
    """Several keys at once, each in its order."""

    async def send() -> None:
        sink = kit.open()
        keys = [f"default/{number}" for number in range(5)]
        for number in range(10):
            await asyncio.gather(
                *[deliver(sink, message(number * 5 + index, key=key)) for index, key in enumerate(keys)]
            )
        order = [int(one.id.removeprefix("n-")) for one in await kit.read()]
        for index in range(5):
            mine = [number for number in order if number % 5 == index]
            assert mine == sorted(mine)
        await sink.close()

    asyncio.run(send())
