"""uvicorn's HTTP protocol, with the deadlines and bounds it does not have."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEADER_BYTES_MAX: Final = 65_536
"""Request line and headers together; the parser itself would take any number."""

BUSY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"content-type: text/plain; charset=utf-8\r\n"
    b"content-length: 30\r\nretry-after: 10\r\nconnection: close\r\n\r\n"
    b"Too many connections are open."
)
TIMEOUT: Final = (
    b"HTTP/1.1 408 Request Timeout\r\n"
    b"content-type: text/plain; charset=utf-8\r\n"
    b"content-length: 33\r\nconnection: close\r\n\r\n"
    b"The request took too long to come"
)


SWEEPS_PER_DEADLINE: Final = 4
"""How exactly deadlines are kept: one sweep over all connections costs less than a timer per request."""


@dataclass(slots=True)
class Bounds:
    """What one listener allows its clients."""

    header_deadline_s: float
    body_deadline_s: float
    connections_max: int


class BoundedProtocol(HttpToolsProtocol):
    """One thing is awaited from the client at a time: headers, then a body, then nothing while we work."""

    bounds: Bounds

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: float | None = None
        self._header_bytes = 0
        self._reading_headers = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected: it has its header deadline, if there is room for it."""
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections_max:
            transport.write(BUSY)
            transport.close()
            return
        self._deadline = self.loop.time() + self.bounds.header_deadline_s

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._reading_headers:
            if self._deadline is None:  # the first bytes of another request on this connection
                self._deadline = self.loop.time() + self.bounds.header_deadline_s
            self._header_bytes += len(data)
        super().data_received(data)
        if self._reading_headers and self._header_bytes > HEADER_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("The request's headers are too long.")

    def on_headers_complete(self) -> None:
        """The parser has all headers: from now on the body is awaited."""
        self._reading_headers = False
        self._header_bytes = 0
        self._deadline = self.loop.time() + self.bounds.body_deadline_s
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The parser has the whole request: it is our turn."""
        self._deadline = None
        self._reading_headers = True
        super().on_message_complete()

    def cut_off_if_slow(self, now: float) -> None:
        """Close the connection where its client has let a deadline pass."""
        if self._deadline is None or now < self._deadline or self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(TIMEOUT)
        self.transport.close()


def bounded(bounds: Bounds) -> type[BoundedProtocol]:
    """A protocol class for `uvicorn.Config(http=...)`."""
    return type("BoundedProtocol", (BoundedProtocol,), {"bounds": bounds})


async def sweep(state: ServerState, bounds: Bounds) -> None:
    """For ever: cut slow clients off."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(min(bounds.header_deadline_s, bounds.body_deadline_s, 4.0) / SWEEPS_PER_DEADLINE)
        now = loop.time()
        for connection in list(state.connections):
            if isinstance(connection, BoundedProtocol):
                connection.cut_off_if_slow(now)
