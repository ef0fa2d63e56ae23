"""Two listeners in one process: one for Meta, one for people. Ends in order on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast

import structlog
import uvicorn

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.receiver.protocol import Bounds, bounded, sweep

log = structlog.get_logger("partnerhook.server")

SOCKET_BACKLOG: Final = 2_048
"""Connections the kernel holds while we are busy."""

KEEP_ALIVE_S: Final = 75
"""Longer than common proxies keep theirs (nginx: 60 s), so that it is never we who close on a request under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One listener: where, what answers there, and its bounds."""

    name: str
    host: str
    port: int
    app: Callable[..., Awaitable[None]]
    bounds: Bounds


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: two of them would fight over one process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


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
    servers = [_server(listener) for listener, _ in bound]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    running = [
        asyncio.create_task(server.serve(sockets=[sock])) for server, (_, sock) in zip(servers, bound, strict=True)
    ]
    while not all(server.started for server in servers):
        await asyncio.wait(running, timeout=0.005, return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            if task.done():
                task.result()  # it could not start: say why
    urls = {listener.name: _url(sock) for listener, sock in bound}
    for name, url in urls.items():
        log.info("listening", listener=name, url=url)
    sweeps = [
        asyncio.create_task(sweep(server.server_state, listener.bounds))
        for server, (listener, _) in zip(servers, bound, strict=True)
    ]
    await on_start(urls)
    await stop.wait()
    log.info("stopping: no new connections; requests under way are finished")
    for server in servers:
        server.should_exit = True
    await on_stop()
    await asyncio.gather(*running)
    for task in sweeps:
        task.cancel()


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _server(listener: Listener) -> _Server:
    return _Server(
        uvicorn.Config(
            listener.app,
            http=bounded(listener.bounds),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=SOCKET_BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=cast("int", listener.bounds.shutdown_grace_s),  # it only waits for so long
        )
    )
