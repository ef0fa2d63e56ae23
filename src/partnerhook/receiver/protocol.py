"""uvicorn's HTTP protocol, with the deadlines and bounds it does not have."""

from __future__ import annotations

import asyncio
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


def bounded_protocol(
    *, header_deadline_s: float, body_deadline_s: float, connections_max: int
) -> type[HttpToolsProtocol]:
    """A protocol class for `uvicorn.Config(http=...)` that cuts slow clients off and counts connections."""

    class BoundedProtocol(HttpToolsProtocol):
        """One deadline is armed at a time: for the headers, then for the body, never while we work."""

        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(config, server_state, app_state, _loop)
            self._deadline: asyncio.TimerHandle | None = None
            self._header_bytes = 0
            self._reading_headers = True

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > connections_max:
                transport.write(BUSY)
                transport.close()
                return
            self._arm(header_deadline_s)

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._reading_headers:
                if self._deadline is None:
                    self._arm(header_deadline_s)  # the first bytes of another request on this connection
                self._header_bytes += len(data)
            super().data_received(data)
            if self._reading_headers and self._header_bytes > HEADER_BYTES_MAX and not self.transport.is_closing():
                self.send_400_response("The request's headers are too long.")

        def on_headers_complete(self) -> None:
            self._reading_headers = False
            self._header_bytes = 0
            self._arm(body_deadline_s)
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._disarm()
            self._reading_headers = True
            super().on_message_complete()

        def _arm(self, seconds: float) -> None:
            self._disarm()
            self._deadline = self.loop.call_later(seconds, self._too_slow)

        def _disarm(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_slow(self) -> None:
            self._deadline = None
            if self.transport.is_closing():
                return
            if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
                self.transport.write(TIMEOUT)
            self.transport.close()

    return BoundedProtocol
