"""Connections that another process answers: it gets them as they are, before anything of them was read.

Their first line says whose they are. It stays in the socket, and the socket itself is sent through a channel, a
pair of local sockets (`SCM_RIGHTS`): whoever gets it talks to the client as if he had accepted it himself. It costs
whoever gives it away two system calls, and nothing of what is said there later.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, Protocol
from urllib.parse import urlsplit

LINE_BYTES_MAX: Final = 8_192
"""Of a request's first line, as far as it is looked at."""
AGAIN_S: Final = 0.02
"""Between two looks at a line that comes in pieces, or at a channel that is full."""

_EMPTY: Final = b"\r\n"
"""Lines before the first one, which HTTP allows."""
_MARK: Final = b"\0"
"""A socket goes along with a byte."""


class Elsewhere(Protocol):
    """Who answers there."""

    def wants(self, path: str) -> bool:
        """Whether a connection that begins with a request for this path is to be answered there."""

    async def take(self, connection: socket.socket) -> None:
        """Have it. Nothing of it was read; it need not be closed."""


async def first_path(connection: socket.socket, within_s: float) -> str | None:
    """Which path the first request is for: empty if that is no request, None if nothing came. Nothing is read."""
    seen = b""
    with suppress(OSError):  # that the time is over, too
        async with asyncio.timeout(within_s):
            await _readable(connection)
            while b"\n" not in seen.lstrip(_EMPTY) and len(seen) < LINE_BYTES_MAX:
                before, seen = seen, connection.recv(LINE_BYTES_MAX, socket.MSG_PEEK)
                if not seen:
                    return None
                if seen == before:
                    await asyncio.sleep(AGAIN_S)
    if not seen:
        return None
    words = seen.lstrip(_EMPTY).partition(b"\n")[0].split()
    if len(words) != 3:
        return ""
    with suppress(ValueError):
        return urlsplit(words[1].decode("latin-1")).path
    return ""


async def send(channel: socket.socket, connection: socket.socket, within_s: float) -> None:
    """Send a connection to the channel's other end. Raises OSError; where that takes nothing, TimeoutError."""
    async with asyncio.timeout(within_s):
        while True:
            with suppress(BlockingIOError):
                socket.send_fds(channel, [_MARK], [connection.fileno()])
                return
            await asyncio.sleep(AGAIN_S)


async def received(channel: socket.socket) -> AsyncIterator[socket.socket]:
    """Every connection that is sent, until the other end is closed."""
    while True:
        await _readable(channel)
        try:
            mark, descriptors, _, _ = socket.recv_fds(channel, len(_MARK), 1)
        except BlockingIOError:
            continue
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - the function has no keyword
            connection = socket.socket(fileno=descriptor)
            connection.setblocking(False)  # noqa: FBT003 - the method has no keyword
            yield connection
        if not mark:
            return


async def _readable(sock: socket.socket) -> None:
    """Wait until something came, or the other end is closed."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    loop.add_reader(sock, came.set)
    try:
        await came.wait()
    finally:
        loop.remove_reader(sock)
