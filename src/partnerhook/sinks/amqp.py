"""RabbitMQ and whatever else speaks AMQP 0.9.1: persistent messages, confirmed; one that no queue takes is a failure.

Exchange and queues are yours. Source: https://www.rabbitmq.com/docs/confirms (read 2026-06).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from partnerhook.core.delivery import Answer
from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.extras import missing_extra
from partnerhook.sinks.sink import TAKEN, Message

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection, AbstractExchange

CONNECT_S: Final = 5.0
CONFIRM_S: Final = 10.0


class AmqpSink:
    """One exchange (empty: the default one) and routing key, in which `{type}` is the notice's type."""

    def __init__(self, *, url: str, exchange: str, routing_key: str) -> None:
        """Raises MissingExtra. `url` may hold a user and a password."""
        try:
            import aio_pika
        except ImportError as problem:
            raise missing_extra("amqp", problem) from None
        self._pika = aio_pika
        self._url = url
        self._exchange = exchange
        self._routing_key = routing_key
        self._connection: AbstractConnection | None = None
        self._to: AbstractExchange | None = None
        self._connecting = asyncio.Lock()

    async def deliver(self, message: Message) -> Answer:
        """Publish it, and wait until the broker confirms that a queue has it."""
        to = await self._connected()
        made = self._pika.Message(
            message.body,
            message_id=message.id,
            type=message.type,
            content_type="application/cloudevents+json",
            delivery_mode=self._pika.DeliveryMode.PERSISTENT,
            headers={"key": message.key},
        )
        routing_key = self._routing_key.replace("{type}", message.type)
        try:
            await to.publish(made, routing_key, mandatory=True, timeout=CONFIRM_S)
        except self._pika.exceptions.PublishError:
            raise PartnerhookError(
                f"no queue takes it: nothing is bound with the routing key {routing_key!r}"
            ) from None
        except Exception as error:  # noqa: BLE001 - the library raises what the socket raises, and more
            await self.close()
            raise PartnerhookError(f"not confirmed: {type(error).__name__}") from None
        return TAKEN

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection, self._to = self._connection, None, None
        if connection is not None and not connection.is_closed:
            await connection.close()

    async def _connected(self) -> AbstractExchange:
        async with self._connecting:
            if self._to is None or self._connection is None or self._connection.is_closed:
                await self.close()
                self._to = await self._connect()
            return self._to

    async def _connect(self) -> AbstractExchange:
        try:
            async with asyncio.timeout(CONNECT_S):
                self._connection = await self._pika.connect(self._url)
                # Without on_return_raises what no queue takes would count as delivered.
                channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                if not self._exchange:
                    return channel.default_exchange
                return await channel.get_exchange(self._exchange, ensure=True)
        except Exception as error:  # noqa: BLE001 - the library raises what the socket raises, and more
            await self.close()
            raise PartnerhookError(f"the broker cannot be connected to: {type(error).__name__}") from None
