"""A Redis or Valkey stream: each notice is one entry, with the fields id, type, key and document.

An entry is as durable as the server's settings make it: with `appendfsync always` it is on the disk when it is
acknowledged, with the default it may be lost in the server's last second.
Source: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ (read 2026-06).
"""

from __future__ import annotations

from typing import Any, Final

from partnerhook.core.delivery import Answer
from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.extras import missing_extra
from partnerhook.sinks.sink import TAKEN, Message

CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0


class RedisSink:
    """One stream, by its key."""

    def __init__(self, *, url: str, stream: str) -> None:
        """Raises MissingExtra, ValueError. `url` may hold a user and a password."""
        try:
            from redis.asyncio import Redis
            from redis.exceptions import RedisError
        except ImportError as problem:
            raise missing_extra("redis", problem) from None
        self._refused = (RedisError, OSError)
        self._stream = stream
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=CONNECT_S, socket_timeout=ANSWER_S, decode_responses=False
        )

    async def deliver(self, message: Message) -> Answer:
        """Add it to the stream."""
        fields: dict[Any, Any] = {
            "id": message.id,
            "type": message.type,
            "key": message.key,
            "document": message.body,
        }
        try:
            await self._redis.xadd(self._stream, fields)
        except self._refused as error:
            raise PartnerhookError(f"not added to the stream: {type(error).__name__}") from None
        return TAKEN

    async def close(self) -> None:
        """Let go of connections."""
        await self._redis.aclose()
