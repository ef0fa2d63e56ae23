"""One connection of a load: POSTs one after the other, as few instructions each as Python allows.

An HTTP client library takes longer for a POST than a good receiver does, and would be what is measured.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Final, NamedTuple, cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

from partnerhook.core.compose import headers

CONNECT_WITHIN_S: Final = 10.0


class Target(NamedTuple):
    """Where a load goes."""

    host: str
    port: int
    authority: str
    path: str
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str) -> Target:
        """From a URL that was checked."""
        parts = urlsplit(url)
        tls = ssl.create_default_context() if parts.scheme == "https" else None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.hostname or "", parts.port or (443 if tls else 80), parts.netloc, path, tls)

    def request(self, body: bytes, app_secret: str) -> bytes:
        """A signed POST as it goes over the wire."""
        named = {"Host": self.authority, **headers(body, app_secret), "Content-Length": len(body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return f"POST {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Connection(asyncio.Protocol):
    """Sends a request and tells when its answer is complete, or that there is none: `status` 0 and why."""

    def __init__(self, answered: Callable[[Connection, int, float, str], None]) -> None:
        self._answered = answered
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._sent_at = 0.0
        self._waiting = False

    async def open(self, target: Target) -> None:
        """Connect. Raises OSError or TimeoutError."""
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await asyncio.get_running_loop().create_connection(lambda: self, target.host, target.port, ssl=target.tls)

    @property
    def usable(self) -> bool:
        """Open, and nothing under way."""
        return self._transport is not None and not self._waiting and not self._transport.is_closing()

    @property
    def late_s(self) -> float:
        """How long its answer has been awaited; 0: none is."""
        return time.perf_counter() - self._sent_at if self._waiting else 0.0

    def send(self, request: bytes) -> None:
        """Send one request; only where it is usable."""
        assert self._transport is not None  # noqa: S101 - the caller has looked
        self._parser = HttpResponseParser(self)
        self._waiting, self._sent_at = True, time.perf_counter()
        self._transport.write(request)

    def give_up(self, why: str) -> None:
        """End it; an answer that is awaited will not come."""
        if self._transport is not None:
            self._transport.abort()
        self._end(0, why)

    def _end(self, status: int, why: str = "") -> None:
        if self._waiting:
            self._waiting = False
            self._answered(self, status, time.perf_counter() - self._sent_at, why)

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is none, but has all of it

    def data_received(self, data: bytes) -> None:
        """Something came back."""
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.give_up("what came back is not HTTP")

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side has closed."""
        self._transport = None
        self._end(0, f"the connection was lost: {exc}" if exc else "the connection was closed before an answer")

    # httptools calls this

    def on_message_complete(self) -> None:
        """The answer is complete."""
        status, keeps = self._parser.get_status_code(), self._parser.should_keep_alive()
        if status < 200:
            return  # 100 Continue and the like: the answer follows
        if not keeps and self._transport is not None:
            self._transport.close()
        self._end(status)
