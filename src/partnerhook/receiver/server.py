"""Two listeners in one process: one for Meta, one for people. Ends in order on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import structlog
import uvicorn

from partnerhook.receiver.protocol import bounded_protocol

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
    connections_max: int
    header_deadline_s: float
    body_deadline_s: float
    shutdown_grace_s: float


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: two of them would fight over one process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(listener: Listener) -> socket.socket:
    """The listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((listener.host, listener.port))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)  # noqa: FBT003 - the method has no keyword
    return sock


async def serve(listeners: list[Listener]) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way. Raises OSError where a port is taken."""
    bound: list[tuple[Listener, socket.socket]] = []
    try:
        bound.extend((listener, bind(listener)) for listener in listeners)
    except OSError:
        for _, sock in bound:
            sock.close()
        raise
    servers = [(_server(listener), sock) for listener, sock in bound]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    running = [asyncio.create_task(server.serve(sockets=[sock])) for server, sock in servers]
    while not all(server.started for server, _ in servers):  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    for listener, sock in bound:
        host, port = sock.getsockname()[:2]
        log.info("listening", listener=listener.name, url=f"http://{f'[{host}]' if ':' in host else host}:{port}")
    await stop.wait()
    log.info("stopping: no new connections; requests under way are finished")
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*running)


def _server(listener: Listener) -> _Server:
    protocol: type[Any] = bounded_protocol(
        header_deadline_s=listener.header_deadline_s,
        body_deadline_s=listener.body_deadline_s,
        connections_max=listener.connections_max,
    )
    return _Server(
        uvicorn.Config(
            listener.app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=SOCKET_BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=max(1, round(listener.shutdown_grace_s)),
        )
    )
