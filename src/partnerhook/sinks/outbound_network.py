"""Connections to addresses that were checked, and to no name.

A name is resolved once for each connection, every address that it has must be public, and the connection goes to one
of exactly these: a name that changes between check and connect (DNS rebinding) changes nothing. TLS begins after that
and knows the name alone: it is sent as SNI, and the certificate must be for it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

import httpcore2

from partnerhook.core.addresses import is_public
from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.daemon_threads import DaemonThreads
from partnerhook.sinks.outbound_url import INTERNAL

TRIED_MAX: Final = 4
"""So many addresses of a name are tried; all of them are checked."""

CONNECT_S: Final = 3.0
"""So long an address has while there are others: a lost SYN is sent again after 1 s. The last one has what is left."""

LOOKUPS_MAX: Final = 4
"""Names that are looked up at once; more would be more questions for the same name."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, for a port. Raises OSError."""


Dial = Callable[..., Awaitable[httpcore2.AsyncNetworkStream]]
"""Connects to an address, with the arguments of `connect_tcp`."""


class NotSent(PartnerhookError):
    """There was no answer. The message says why, and holds no path, no query and no header."""


class AddressRefused(NotSent):
    """The URL leads where it must not."""


class SystemResolver:
    """The system's resolver, in threads of its own: names of others that hang must not keep ours waiting."""

    def __init__(self) -> None:
        self._threads = DaemonThreads("lookups", LOOKUPS_MAX)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """All addresses that it has for a name."""
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.wrap_future(self._threads.submit(look_up))
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def close(self) -> None:
        """Let go."""
        self._threads.close()


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """What httpcore2 connects with. `internal`: any address will do."""

    def __init__(self, *, internal: bool, resolve: Resolve, dial: Dial | None = None) -> None:
        """`dial`: connects to an address that was checked; without it, over TCP."""
        self._internal = internal
        self._resolve = resolve
        self._dial = dial or httpcore2.AnyIOBackend().connect_tcp

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check all, connect to the first that can be reached. Raises NotSent, AddressRefused."""
        addresses = await self._addresses(host, port)
        until = time.monotonic() + (timeout or TRIED_MAX * CONNECT_S)
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            limit = (until - time.monotonic()) / left
            if left > 1:
                limit = min(CONNECT_S, limit)
            try:
                return TcpStream(await self._dial(str(address), port, limit, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                why = _why(error)
        raise NotSent(f"{host} cannot be connected to at {address}, port {port}: {why}")

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the library's signature, here and below
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        """Never."""
        raise AddressRefused("a Unix socket is no address of the internet")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        """Where to connect to. One address among them that is not public spoils all: a name is its owner's."""
        found = await self._found(host, port)
        refused = [] if self._internal else [str(address) for address in found if not is_public(address)]
        if refused:
            named = ", ".join(refused[:TRIED_MAX])
            raise AddressRefused(f"{host} leads to {named}, which is not of the public internet; {INTERNAL}")
        if not found:
            raise NotSent(f"{host} cannot be resolved: it has no address")
        return found[:TRIED_MAX]

    async def _found(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        try:
            return [ip_address(host)]
        except ValueError:
            pass  # a name
        try:
            # Read as addresses: what the resolver says must not be resolved once more.
            return [ip_address(address) for address in await self._resolve(host, port)]
        except OSError as error:
            raise NotSent(f"{host} cannot be resolved: {error.strerror or error}") from None
        except ValueError:
            raise NotSent(f"{host} cannot be resolved") from None


class TcpStream(httpcore2.AsyncNetworkStream):
    """A connection that is closed where TLS does not come about; httpcore2 forgets it where it is cancelled then."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109, D102 - the library's
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109, D102 - the library's
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:  # noqa: D102 - the library's
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:  # noqa: D102 - the library's
        return self._stream.get_extra_info(info)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
    ) -> httpcore2.AsyncNetworkStream:
        """TLS on top of it."""
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._stream.aclose()
            raise


def _why(error: Exception) -> str:
    """The system's words for what lies under the layers of libraries."""
    if isinstance(error, httpcore2.ConnectTimeout):
        return "no answer in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
        cause = cause.__cause__
    return "no connection"
