"""Kafka and whatever speaks its protocol: keyed by solution, acknowledged by all in-sync replicas.

The key keeps a solution's notices in one partition, and so in their order. The producer is idempotent. A message that
is given up here may still arrive late, as a repeat: its id tells.
Source: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md (read 2026-06).
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Final

from partnerhook.core.delivery import Answer
from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.extras import missing_extra
from partnerhook.sinks.sink import TAKEN, Message

GIVE_UP_S: Final = 10.0
POLL_S: Final = 0.05
FLUSH_S: Final = 2.0


class KafkaSink:
    """One topic. `url`: `kafka://HOST:PORT,HOST:PORT`, or without the scheme."""

    def __init__(self, *, url: str, topic: str) -> None:
        """Raises MissingExtra."""
        try:
            from confluent_kafka import KafkaException, Producer
        except ImportError as problem:
            raise missing_extra("kafka", problem) from None
        self._refused = (KafkaException, BufferError)
        self._topic = topic
        self._producer = Producer(
            {
                "bootstrap.servers": url.removeprefix("kafka://"),
                "client.id": "partnerhook",
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.timeout.ms": int(GIVE_UP_S * 1000),
                "socket.timeout.ms": 5_000,
                "log_level": 0,  # what goes wrong is told by `deliver`
            }
        )
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="partnerhook-kafka", daemon=True)
        self._thread.start()

    async def deliver(self, message: Message) -> Answer:
        """Produce it, and wait for the delivery report."""
        loop = asyncio.get_running_loop()
        reported: asyncio.Future[Any] = loop.create_future()

        def report(error: Any, _: Any) -> None:
            loop.call_soon_threadsafe(_end, reported, error)

        try:
            self._producer.produce(
                self._topic,
                value=message.body,
                key=message.key,
                headers={"content-type": "application/cloudevents+json", "ce_id": message.id, "ce_type": message.type},
                on_delivery=report,
            )
        except self._refused as error:
            raise PartnerhookError(f"not produced: {error}") from None
        refusal = await reported
        if refusal is not None:
            raise PartnerhookError(f"not acknowledged: {refusal.str()}")
        return TAKEN

    async def close(self) -> None:
        """Let go of connections; what is under way may still go out."""
        if not self._closing.is_set():
            self._closing.set()
            await asyncio.to_thread(self._thread.join)
            await asyncio.to_thread(self._producer.flush, FLUSH_S)

    def _poll(self) -> None:
        """Delivery reports come in a thread of ours, and only while somebody polls."""
        while not self._closing.is_set():
            self._producer.poll(POLL_S)


def _end(reported: asyncio.Future[Any], error: Any) -> None:
    if not reported.done():
        reported.set_result(error)
