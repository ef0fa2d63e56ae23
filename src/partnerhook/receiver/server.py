"""Two listeners in one process: one for Meta, one for probes and people. Ends in order on SIGTERM.

Connections of a listener may be another process's to answer (`receiver/handover.py`); `serve_received` is that process.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, cast

import structlog
import uvicorn

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.receiver.handover import Elsewhere, first_path
from partnerhook.receiver.protocol import BUSY, Bounds, bounded, sweep
from partnerhook.services.meters import Refusal

log = structlog.get_logger("partnerhook.server")

SOCKET_BACKLOG: Final = 2_048
"""Connections the kernel holds while we are busy."""

KEEP_ALIVE_S: Final = 75
"""Longer than common proxies keep theirs (nginx: 60 s), so that it is never we who close on a request under way."""


ACCEPT_AGAIN_S: Final = 0.5

App = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One listener: where, what answers there, and its bounds."""

    name: str
    host: str
    port: int
    app: App
    bounds: Bounds
    elsewhere: Elsewhere | None = None
    """Who answers what this process does not."""


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: two of them would fight over one process."""

    def __init__(self, app: App, bounds: Bounds) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=bounded(bounds),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=SOCKET_BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=cast("int", bounds.shutdown_grace_s),  # it only waits for so long
            )
        )
        self.bounds = bounds

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def take(self, connection: socket.socket) -> None:
        """Answer on a connection that was accepted elsewhere."""

        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state={}
            )
            return made

        with suppress(OSError):  # it has gone meanwhile
            await asyncio.get_running_loop().connect_accepted_socket(protocol, connection)


def bind(listener: Listener) -> socket.socket:
    """The listening socket. Raises ConfigurationInvalid."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((listener.host, listener.port))
        # Here, and not when the server starts: two listeners may bind the same port, but only one can listen there.
        sock.listen(SOCKET_BACKLOG)
    except (OSError, TypeError, UnicodeError) as error:  # the last two: no name of a host
        sock.close()
        reason = getattr(error, "strerror", None) or "it is no address"
        raise ConfigurationInvalid(
            f"The {listener.name} listener cannot have {listener.host}:{listener.port}: {reason}."
        ) from None
    sock.setblocking(False)  # noqa: FBT003 - the method has no keyword
    return sock


async def serve(
    listeners: list[Listener],
    *,
    on_start: Callable[[dict[str, str]], Awaitable[None]],
    on_stop: Callable[[], Awaitable[None]],
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way. Raises ConfigurationInvalid: a port is taken.

    `on_start` is told where each listens, by name; `on_stop` ends answers that would never end by themselves.
    """
    bound: list[tuple[Listener, socket.socket]] = []
    try:
        bound.extend((listener, bind(listener)) for listener in listeners)
    except ConfigurationInvalid:
        for _, sock in bound:
            sock.close()
        raise
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    servers = [_Server(listener.app, listener.bounds) for listener, _ in bound]
    running = [
        asyncio.create_task(server.serve(sockets=[] if listener.elsewhere else [sock]))
        for server, (listener, sock) in zip(servers, bound, strict=True)
    ]
    await _started(servers, running)
    urls = {listener.name: _url(sock) for listener, sock in bound}
    for name, url in urls.items():
        log.info("listening", listener=name, url=url)
    beside = [asyncio.create_task(sweep(server.server_state, server.bounds)) for server in servers]
    accepting = [
        asyncio.create_task(_accept(sock, server, listener.elsewhere))
        for server, (listener, sock) in zip(servers, bound, strict=True)
        if listener.elsewhere
    ]
    await on_start(urls)
    await stop.wait()
    log.info("stopping: no new connections; requests under way are finished")
    for task in accepting:
        task.cancel()
    await asyncio.gather(*accepting, return_exceptions=True)
    await _stop(servers, running, beside, on_stop)


async def serve_received(
    app: App,
    bounds: Bounds,
    connections: AsyncIterator[socket.socket],
    *,
    on_stop: Callable[[], Awaitable[None]],
) -> None:
    """Answer on connections that another process accepted, until there come no more; then finish what is under way."""
    server = _Server(app, bounds)
    running = [asyncio.create_task(server.serve(sockets=[]))]
    await _started([server], running)
    beside = [asyncio.create_task(sweep(server.server_state, bounds))]
    async for connection in connections:
        await server.take(connection)
    await _stop([server], running, beside, on_stop)


async def _started(servers: list[_Server], running: list[asyncio.Task[None]]) -> None:
    while not all(server.started for server in servers):
        await asyncio.wait(running, timeout=0.005, return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            if task.done():
                task.result()  # it could not start: say why


async def _stop(
    servers: list[_Server],
    running: list[asyncio.Task[None]],
    beside: list[asyncio.Task[None]],
    on_stop: Callable[[], Awaitable[None]],
) -> None:
    for server in servers:
        server.should_exit = True
    await on_stop()
    await asyncio.gather(*running)
    for task in beside:
        task.cancel()


async def _accept(sock: socket.socket, server: _Server, elsewhere: Elsewhere) -> None:
    """For ever: find out whose each connection is. Ends with the listening socket closed."""
    loop = asyncio.get_running_loop()
    asking: set[asyncio.Task[None]] = set()
    try:
        while True:
            try:
                connection, _ = await loop.sock_accept(sock)
            except OSError as error:  # no descriptors are left, say; those who wait stay in the kernel's queue
                log.warning("a connection could not be accepted", reason=error.strerror)
                await asyncio.sleep(ACCEPT_AGAIN_S)
                continue
            if len(asking) < server.bounds.connections_max:
                task = loop.create_task(_lead(connection, server, elsewhere))
                asking.add(task)
                task.add_done_callback(asking.discard)
            else:
                server.bounds.refused(Refusal.CONNECTIONS)
                with connection, suppress(OSError):
                    connection.send(BUSY)
    finally:
        sock.close()
        for task in asking:
            task.cancel()


async def _lead(connection: socket.socket, server: _Server, elsewhere: Elsewhere) -> None:
    try:
        path = await first_path(connection, server.bounds.header_deadline_s)
    except asyncio.CancelledError:
        connection.close()
        raise
    if path is None:
        connection.close()
    elif elsewhere.wants(path):
        await elsewhere.take(connection)
    else:
        await server.take(connection)


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
