"""uvicorn's HTTP protocol, with the deadlines and bounds it does not have."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from partnerhook.receiver.limits import CUT_OFF
from partnerhook.receiver.transport import LingeringTransport
from partnerhook.services.meters import Refusal

HEADER_BYTES_MAX: Final = 65_536
"""Request line and headers together, and likewise trailers; the parser itself would take any number."""

PIPELINED_MAX: Final = 32
"""Requests of one connection that wait for their answer. One segment could bring thousands, each with its cost."""

DISCARD_BYTES_MAX: Final = 64 * 1024 * 1024
"""How much is read and thrown away after an answer that came before the body's end, so that a sender
who writes before it reads still gets to its 413. The body deadline bounds the time."""

LINGER_S: Final = 2.0
"""How long a client that broke off otherwise may take to read why."""

REFUSED_MAX: Final = 256
"""Connections above the bound that are told so; beyond these they are dropped without a word."""

SWEEPS_PER_DEADLINE: Final = 4
"""How exactly deadlines are kept: one sweep over all connections costs less than a timer per request."""


def last_words(status: bytes, sentence: bytes, *headers: bytes) -> bytes:
    """An answer after which the connection ends, for what never becomes a request of the application."""
    lines = (
        b"HTTP/1.1 " + status,
        b"content-type: text/plain; charset=utf-8",
        b"content-length: %d" % len(sentence),
        *headers,
        b"connection: close",
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + sentence


BUSY: Final = last_words(b"503 Service Unavailable", b"Too many connections are open.", b"retry-after: 10")
TIMEOUT: Final = last_words(b"408 Request Timeout", b"The request took too long to come.")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one listener allows its clients, and who counts those that were refused."""

    header_deadline_s: float
    body_deadline_s: float
    keep_alive_s: float
    shutdown_grace_s: float
    connections_max: int
    refused: Callable[[Refusal], None]


class RequestRefused(Exception):
    """Raised through the parser, which then takes no more; the message is for the client."""


class BoundedProtocol(HttpToolsProtocol):
    """One thing is awaited from the client at a time: headers, then a body, then nothing while we work."""

    bounds: Bounds
    transport: LingeringTransport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: float | None = None
        """When the client has to have sent what is awaited from it."""
        self._gone_by: float | None = None
        """When the connection ends, whatever the client does."""
        self._bytes_unread = 0
        """Came since the parser last made something of what came."""
        self._bytes_discarded = 0
        self._reading_headers = True
        self._unanswered: deque[RequestResponseCycle] = deque()
        """Requests in the order of their answers; only of the last one the body may be incomplete."""
        self._refusal: str | None = None
        """What the client will be told after the answers that it is owed."""
        self._stopping = False

    # What the transport tells.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected: it has its header deadline, if there is room for it."""
        super().connection_made(LingeringTransport(transport, self._client_still_sends))
        room = self.bounds.connections_max - len(self.connections)
        if room >= 0:
            self._deadline = self.loop.time() + self.bounds.header_deadline_s
        elif room >= -REFUSED_MAX:
            self._end(Refusal.CONNECTIONS, BUSY)
        else:
            self.bounds.refused(Refusal.CONNECTIONS)
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._refusal is not None or self.transport.is_closing():
            self._discard(len(data))
            return
        if self._reading_headers and not self._bytes_unread:
            self._deadline = self.loop.time() + self.bounds.header_deadline_s
        self._bytes_unread += len(data)
        super().data_received(data)
        if self._bytes_unread > HEADER_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("The request's headers are too long.")

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more. If it has sent all, it may still read its answer."""
        if not self._unanswered or self._unanswered[-1].more_body:
            return False
        self._unanswered[-1].keep_alive = False
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is left to answer."""
        self._disconnect()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        super().pause_writing()
        self._gone_by = self.loop.time() + self.bounds.body_deadline_s

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._gone_by = None

    # What the parser tells.

    def on_headers_complete(self) -> None:
        """The parser has all headers: from now on the body is awaited."""
        if self._bytes_unread > HEADER_BYTES_MAX and self._header_bytes() > HEADER_BYTES_MAX:
            raise self._refusing("The request's headers are too long.")
        if len(self._unanswered) >= PIPELINED_MAX:
            raise self._refusing("Too many requests are sent before their answers are read.")
        upgrade = self.parser.should_upgrade()
        if upgrade and self.parser.get_method() not in (b"GET", b"HEAD"):
            # The parser takes the body for another protocol then, and its signature could never match.
            raise self._refusing("There is nothing to upgrade to; send the request without an Upgrade header.")
        super().on_headers_complete()
        if upgrade:
            self.cycle.keep_alive = False
        self._unanswered.append(self.cycle)
        self.headers = []  # trailers are no headers: they came unseen by whoever stands in front of us
        self._reading_headers = False
        self._bytes_unread = self._bytes_discarded = 0
        self._deadline = self.loop.time() + self.bounds.body_deadline_s

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._bytes_unread = 0
        if self.cycle.response_complete:
            self._discard(len(body))
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser has the whole request: it is our turn."""
        self._reading_headers = True
        self._bytes_unread = 0
        if self.cycle.response_complete:  # answered before its body had come: this connection is idle now
            self.cycle.more_body = False
            self._deadline = self.loop.time() + self.bounds.keep_alive_s
        else:
            self._deadline = None
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """The parser takes no more. Requests that came before on this connection are answered first."""
        self._refusal = self._refusal or msg
        if not self._unanswered or self._unanswered[0].more_body:
            self._refuse()
        else:
            self.flow.pause_reading()

    # What the application tells.

    def on_response_complete(self) -> None:
        """An answer is out; the next one is due, or the client's next request."""
        if self._unanswered:
            self._unanswered.popleft()
        if self._refusal is not None and (not self._unanswered or self._unanswered[0].more_body):
            self.pipeline.clear()
            self._refuse()
            return
        super().on_response_complete()
        if self._deadline is not None:
            # While we were busy we may not have read what it sent.
            self._deadline = self.loop.time() + (
                self.bounds.header_deadline_s if self._reading_headers else self.bounds.body_deadline_s
            )

    # What the server tells.

    def shutdown(self) -> None:
        """The server stops: finish what is held, and give a body that is still coming half of the time left."""
        self._stopping = True
        if self.transport.is_closing() or not self._unanswered:
            self.transport.close_now()
            return
        newest = self._unanswered[-1]
        newest.keep_alive = False
        if newest.more_body and self._deadline is not None:
            patience_s = self.bounds.shutdown_grace_s / 2
            self._deadline = deadline = min(self._deadline, self.loop.time() + patience_s)
            self.loop.call_later(patience_s, lambda: self.cut_off_if_slow(deadline))

    def cut_off_if_slow(self, now: float) -> None:
        """End the connection where its client has let a deadline pass."""
        if self._gone_by is not None and now >= self._gone_by:
            self.transport.abort()
            return
        if self._deadline is None or now < self._deadline or self.transport.is_closing():
            return
        if self._unanswered and not self._unanswered[0].more_body:
            return  # it waits for us
        idle = self._reading_headers and not self._bytes_unread
        if idle or self._answered_early():
            self.transport.close_now()  # last words could be taken for the answer to a request just being sent
        else:
            self._end(Refusal.TOO_SLOW, TIMEOUT)

    # How a connection ends.

    def _refusing(self, sentence: str) -> RequestRefused:
        """What to raise inside of the parser."""
        self._refusal = sentence
        return RequestRefused(sentence)

    def _refuse(self) -> None:
        sentence = (self._refusal or "").encode()
        self._end(Refusal.NOT_HTTP, last_words(b"400 Bad Request", sentence))

    def _end(self, reason: Refusal, answer: bytes) -> None:
        """Tell the client why, unless it is in the middle of an answer or has had it, and close."""
        self.bounds.refused(reason)
        unanswered = self._unanswered[0] if self._unanswered else None
        if not self._answered_early() and (unanswered is None or not unanswered.response_started):
            self.transport.write(answer)
        self.transport.close()
        for cycle in self._unanswered:
            cast("dict[str, Any]", cycle.scope)[CUT_OFF] = True
        self._disconnect()

    def _disconnect(self) -> None:
        """Tell the application that nobody waits for these answers any more."""
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()
        self._unanswered.clear()

    def _discard(self, count: int) -> None:
        self._bytes_discarded += count
        if self._bytes_discarded > DISCARD_BYTES_MAX:
            self.transport.abort()

    def _client_still_sends(self) -> bool:
        """Asked by the transport that is told to close: is the client in the middle of something?"""
        cycle = self.cycle
        self._gone_by = self.loop.time() + (self.bounds.body_deadline_s if self._answered_early() else LINGER_S)
        if self._stopping:
            return False
        return cycle is None or cycle.more_body or self._refusal is not None or self._bytes_unread > 0

    def _answered_early(self) -> bool:
        """Whether the newest request had its answer while its body was still coming."""
        return self.cycle is not None and self.cycle.response_complete and self.cycle.more_body

    def _header_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)


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
