"""The one way out over HTTP: a POST to a URL that somebody has configured, and nowhere else.

    outbound_url       which URLs at all
    outbound_network   to which addresses; TLS by name
    outbound           the request, bounded in time and size
    outbound_answer    what the answer means

Nothing of the environment is used: no proxy, no certificates, no key log. No redirect is followed: httpcore2, which is
HTTP/1.1 and connections without a client on top, knows none. Nothing is decompressed.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpcore2
import httpx2

from partnerhook import __version__
from partnerhook.sinks.outbound_answer import HttpAnswer, answer_of, retry_after_s
from partnerhook.sinks.outbound_network import AddressRefused, CheckedNetwork, NotSent, Resolve, SystemResolver
from partnerhook.sinks.outbound_url import Place, check_url, read_url
from partnerhook.sinks.sink import cut

__all__ = ["AddressRefused", "HttpAnswer", "NotSent", "Outbound", "answer_of", "check_url"]

ANSWER_BYTES_MAX: Final = 16_384
"""So much of an answer's body is read; then the connection is closed. Its headers: httpcore2 has h11 take 100 KiB."""

ANSWER_S: Final = 2.0
"""So long its body is read. The status is the answer; what trickles in behind it must not turn it into a failure."""

KEEP_ALIVE_S: Final = 3.0
"""Shorter than servers keep theirs, 5 s where it is little: what we send must not cross with their goodbye."""

SOONER_S: Final = 0.05
"""Before `timeout_s` is over for the one who calls: our message says where it stood."""

USER_AGENT: Final = f"partnerhook/{__version__}"

STAGES: Final = {
    "connection.connect_tcp.started": "it was being looked up and connected to",
    "connection.start_tls.started": "it was asked for TLS",
    "http11.send_request_headers.started": "it was being sent to",
    "http11.receive_response_headers.started": "its answer was waited for",
}
"""httpcore2's names for where a request stands: https://www.encode.io/httpcore/extensions/#trace (read 2026-06)."""


class Progress:
    """Where a request stands; httpcore2 tells it."""

    def __init__(self) -> None:
        self.stage = "a connection was waited for"

    async def __call__(self, event: str, _: Mapping[str, Any]) -> None:
        """What has begun."""
        self.stage = STAGES.get(event, self.stage)


class Outbound:
    """POSTs, over connections that are kept. Used on one event loop."""

    def __init__(
        self,
        *,
        internal: bool,
        timeout_s: float,
        connections_max: int,
        ca_file: Path | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """`internal`: any address will do, and plain http. `ca_file`: trusted instead of the system's certificates.

        `resolve`: the addresses of a name; without it the system's resolver is asked.
        """
        self._internal = internal
        self._timeout_s = timeout_s
        self._resolver = SystemResolver()
        trust = _trust(ca_file)
        network = CheckedNetwork(internal=internal, resolve=resolve or self._resolver)
        self._free = [_connection(trust, network) for _ in range(connections_max)]
        self._turns = asyncio.Semaphore(connections_max)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """One POST; headers as given, with Host, Content-Length and, unless given, User-Agent. Raises NotSent."""
        try:
            place = read_url(url, internal=self._internal)
        except ValueError as problem:
            raise AddressRefused(f"the URL {problem}") from None
        progress = Progress()
        try:
            request = _request(place, body, headers)
            request.extensions = {"trace": progress, "timeout": {"connect": self._timeout_s}}
            return await self._exchange(request)
        except (TimeoutError, httpcore2.TimeoutException):
            raise NotSent(f"{place.host}: no answer within {self._timeout_s:g} s; {progress.stage}") from None
        except (UnicodeError, httpcore2.LocalProtocolError):
            # Their words would show the header.
            raise NotSent("the headers cannot be sent") from None
        except httpcore2.ConnectError as error:
            raise NotSent(_tls_problem(place.host, error)) from None
        except httpcore2.ProtocolError as error:
            raise NotSent(cut(f"{place.host} did not answer in HTTP/1.1: {error}")) from None
        except httpcore2.NetworkError:
            raise NotSent(f"{place.host}: the connection broke; {progress.stage}") from None

    async def close(self) -> None:
        """Let go of connections."""
        for connection in self._free:
            await connection.aclose()
        self._resolver.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[httpcore2.AsyncConnectionPool]:
        """The one used last: so few are kept open where few are needed."""
        async with self._turns:
            connection = self._free.pop()
            try:
                yield connection
            finally:
                self._free.append(connection)

    async def _exchange(self, request: httpcore2.Request) -> HttpAnswer:
        within_s = max(self._timeout_s - SOONER_S, 0.9 * self._timeout_s)
        async with asyncio.timeout(within_s) as limit, self._connection() as connection:
            until = limit.when()
            answer = await connection.handle_async_request(request)
            limit.reschedule(None)
            try:
                text = cut((await _beginning(answer, until)).decode("utf-8", "replace"))
            finally:
                # What is unread is never read: the connection is closed where something is.
                await answer.aclose()
        asked = [value.decode("latin-1") for name, value in answer.headers if name.lower() == b"retry-after"]
        return HttpAnswer(answer.status, text, retry_after_s(asked[0], time.time()) if asked else None)


def _connection(trust: ssl.SSLContext, network: CheckedNetwork) -> httpcore2.AsyncConnectionPool:
    """One connection, made anew when it has to be. A pool of many looks at each of them, twice for every request."""
    return httpcore2.AsyncConnectionPool(
        ssl_context=trust, max_connections=1, keepalive_expiry=KEEP_ALIVE_S, network_backend=network
    )


def _request(place: Place, body: bytes, headers: Mapping[str, str]) -> httpcore2.Request:
    sent = {"Host": place.authority, **headers, "Content-Length": str(len(body))}
    if "user-agent" not in {name.lower() for name in headers}:
        sent["User-Agent"] = USER_AGENT
    return httpcore2.Request(
        "POST",
        httpcore2.URL(
            scheme=place.scheme.encode(), host=place.host.encode(), port=place.port, target=place.target.encode()
        ),
        headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in sent.items()],
        content=body,
    )


async def _beginning(answer: httpcore2.Response, until: float | None) -> bytes:
    """As much of the body as comes in time and is shown. The status stands, however the body ends."""
    now = asyncio.get_running_loop().time()
    read = b""
    with suppress(TimeoutError, httpcore2.NetworkError, httpcore2.ProtocolError):
        async with asyncio.timeout_at(min(now + ANSWER_S, until or now)), aclosing(answer.aiter_stream()) as chunks:
            async for chunk in chunks:
                read += chunk
                if len(read) >= ANSWER_BYTES_MAX:
                    break
    return read[:ANSWER_BYTES_MAX]


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Which certificates are believed. `ssl.create_default_context` would read SSL_CERT_FILE and SSLKEYLOGFILE."""
    if ca_file is None:
        return httpx2.create_ssl_context(trust_env=False)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(ca_file)
    return trust


def _tls_problem(host: str, error: httpcore2.ConnectError) -> str:
    """Connecting has its own words (`outbound_network`): what is left is TLS."""
    cause = error.args[0] if error.args else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate of {host} is not believed: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError) and cause.reason:
        return f"TLS with {host} failed: {cause.reason.replace('_', ' ').lower()}"
    return f"TLS with {host} failed: it hung up"
