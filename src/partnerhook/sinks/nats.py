"""NATS JetStream: each notice is published with its id, so that the stream drops repeats.

The stream is yours: one that is bound to the subject has to be there. Its `duplicate_window` (two minutes unless it
says otherwise) is for how long repeats are dropped.
Source: https://docs.nats.io/nats-concepts/jetstream/streams (read 2026-06).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from partnerhook.core.delivery import Answer
from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.extras import missing_extra
from partnerhook.sinks.sink import TAKEN, Message, cut

if TYPE_CHECKING:
    from nats.aio.client import Client

CONNECT_S: Final = 5.0
PUBLISH_S: Final = 10.0


class NatsSink:
    """One subject. `{type}` in it is the notice's type."""

    def __init__(self, *, url: str, subject: str) -> None:
        """Raises MissingExtra. `url` may hold a user and a password, or a token."""
        try:
            import nats
        except ImportError as problem:
            raise missing_extra("nats", problem) from None
        self._nats = nats
        self._url = url
        self._subject = subject
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def deliver(self, message: Message) -> Answer:
        """Publish it, and wait until the stream has stored it."""
        from nats.js.errors import NoStreamResponseError

        client = await self._connected()
        subject = self._subject.replace("{type}", message.type)
        headers = {"Nats-Msg-Id": message.id, "Content-Type": "application/cloudevents+json"}
        try:
            await client.jetstream(timeout=PUBLISH_S).publish(subject, message.body, headers=headers)
        except NoStreamResponseError:
            raise PartnerhookError(
                f"no JetStream stream is bound to {subject}: make one, with `nats stream add`"
            ) from None
        except Exception as error:  # noqa: BLE001 - the library raises what the socket raises, and more
            await self._disconnect(client)
            raise PartnerhookError(f"not published: {_said(error)}") from None
        return TAKEN

    async def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            await self._disconnect(self._client)

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is None or not self._client.is_connected:
                if self._client is not None:
                    await self._disconnect(self._client)
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> Client:
        async def ignore(_: Any) -> None:
            """What goes wrong is told by `deliver`."""

        try:
            return await self._nats.connect(
                self._url,
                allow_reconnect=False,
                connect_timeout=int(CONNECT_S),
                max_reconnect_attempts=1,
                error_cb=ignore,
                closed_cb=None,
            )
        except Exception as error:  # noqa: BLE001 - the library raises what the socket raises, and more
            raise PartnerhookError(f"NATS cannot be connected to: {_said(error)}") from None

    async def _disconnect(self, client: Client) -> None:
        if self._client is client:
            self._client = None
        if not client.is_closed:
            await client.close()


def _said(error: Exception) -> str:
    """Its kind and its text; the library's texts hold no URL."""
    return cut(f"{type(error).__name__} {error}")
