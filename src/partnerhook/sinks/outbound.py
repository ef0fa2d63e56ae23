"""The one way out over HTTP: a POST to a URL that somebody has configured, and nowhere else.

A name is resolved once; every address that it has must be public, and the connection goes to one of exactly these, so
that a name which changes between check and connect changes nothing. TLS is checked against the name. No redirect is
followed, no proxy of the environment is used, and what is read of an answer is bounded (httpcore2 takes headers of up
to 100 KB; of the body only what is shown is kept).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import time
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpcore2

from partnerhook import __version__
from partnerhook.core.addresses import is_public
from partnerhook.core.delivery import Answer, Reply
from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.sink import cut

BODY_BYTES_MAX: Final = 16_384
"""So much of an answer is read; then the connection is closed."""

KEEP_ALIVE_S: Final = 20.0
USER_AGENT: Final = f"partnerhook/{__version__}"

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a name, for a port."""


class NotSent(PartnerhookError):
    """The request did not get an answer; the message says why, without query or secret."""


class AddressRefused(NotSent):
    """The URL leads where it must not."""


class HttpAnswer(NamedTuple):
    """What came back."""

    status: int
    text: str
    """Its beginning, printable."""
    retry_after_s: float | None


def check_url(url: str, *, internal: bool) -> str:
    """The URL. Raises ValueError; the message goes on after what it is for. Addresses are checked when it is used."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme not in {"http", "https"} or not host or not url.isascii() or not url.isprintable():
        raise ValueError("is not https://HOST/PATH")
    if {" ", "\\", "%"} & {*parts.netloc, *url[: url.find(host)]} or " " in url or "\\" in url:
        raise ValueError("is not https://HOST/PATH")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("has a user or a fragment, and must not")
    if parts.scheme == "http" and not internal:
        raise ValueError("is plain http; it needs https, or internal = true where it leads into a network of your own")
    return url


async def resolve(host: str, port: int) -> list[str]:
    """All addresses that the system's resolver has for a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were checked, and to no name."""

    def __init__(self, *, internal: bool, resolve: Resolve) -> None:
        self._internal = internal
        self._resolve = resolve
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check all, connect to the first that answers."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise NotSent(f"{host} cannot be resolved") from None
        refused = [] if self._internal else [address for address in addresses if not is_public(address)]
        if refused or not addresses:
            raise AddressRefused(
                f"{host} is {', '.join(refused) or 'no address'}, which is not of the public internet; set"
                " internal = true where that is meant"
            )
        problem: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
        raise NotSent(f"{host}:{port} cannot be connected to: {problem or 'no answer'}")

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the library's signature, here and below
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        """Never."""
        raise AddressRefused("a Unix socket is no address")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


class Outbound:
    """POSTs, over connections that are kept. Used on one event loop."""

    def __init__(
        self,
        *,
        internal: bool,
        timeout_s: float,
        connections_max: int,
        ca_file: Path | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self._internal = internal
        self._timeout_s = timeout_s
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(cafile=ca_file),
            max_connections=connections_max,
            max_keepalive_connections=connections_max,
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=CheckedNetwork(internal=internal, resolve=resolve),
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """One POST; headers as given, with Host, Content-Length and, unless given, User-Agent. Raises NotSent."""
        parts = urlsplit(check_url(url, internal=self._internal))
        given = {name.lower() for name in headers}
        sent = [
            ("Host", parts.netloc),
            *(() if "user-agent" in given else (("User-Agent", USER_AGENT),)),
            ("Accept", "*/*"),
            *headers.items(),
            ("Content-Length", str(len(body))),
        ]
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(
                    url, body, [(name.encode(), value.encode("latin-1")) for name, value in sent]
                )
        except TimeoutError:
            raise NotSent(f"no answer within {self._timeout_s:g} s") from None
        except NotSent:
            raise
        except ssl.SSLError as error:
            raise NotSent(f"TLS failed: {error.reason or error}") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            raise NotSent(f"the connection broke: {str(error) or type(error).__name__}") from None

    async def _exchange(self, url: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> HttpAnswer:
        async with self._pool.stream("POST", url, headers=headers, content=body) as answer:
            read = b""
            async for chunk in answer.aiter_stream():
                read += chunk
                if len(read) >= BODY_BYTES_MAX:
                    break
        found = {name.lower(): value for name, value in answer.headers}
        return HttpAnswer(
            answer.status,
            cut(read[:BODY_BYTES_MAX].decode("utf-8", "replace")),
            retry_after_s(found.get(b"retry-after", b"").decode("latin-1")),
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._pool.aclose()


def retry_after_s(value: str) -> float | None:
    """How long a Retry-After header asks us to wait; None where it says nothing that can be understood."""
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (ValueError, TypeError, OverflowError):
        return None


def answer_of(answer: HttpAnswer) -> Answer:
    """What an HTTP answer means for a delivery."""
    status = answer.status
    if 200 <= status < 300:
        return Answer(Reply.TAKEN, status, answer.text)
    if status == 410:
        return Answer(Reply.GONE, status, answer.text)
    text = "it redirects, and redirects are not followed" if 300 <= status < 400 else answer.text
    return Answer(Reply.FAILED, status, text, answer.retry_after_s if status in {429, 503} else None)
