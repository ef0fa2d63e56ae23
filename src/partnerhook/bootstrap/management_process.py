"""The process that answers people and scripts, for the one that answers Meta: started when it is first needed.

What people look at takes memory, the processor, and Python's interpreter, of which a process has one. So whoever
answers Meta keeps nothing of it: he sends the connections there, as they are, and the settings. The kernel lets him go
first, at once. It ends with him, however that comes about.
"""

from __future__ import annotations

import asyncio
import pickle
import socket
import subprocess
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import structlog

from partnerhook.receiver.handover import send
from partnerhook.receiver.protocol import last_words

if TYPE_CHECKING:
    from partnerhook.config import Settings

log = structlog.get_logger("partnerhook.management")

LENGTH_BYTES: Final = 8
"""Before each message: how long it is."""
KILLED_AFTER_S: Final = 2.0
"""Beyond the time that it has for what is under way."""

_UNAVAILABLE: Final = (b"503 Service Unavailable", b"The console and the API could not be started; the log says why.")


class _Running(NamedTuple):
    process: Process
    channel: socket.socket
    """Connections go there."""
    settings: asyncio.StreamWriter
    """Settings go there; it is the other one's stdin."""
    watching: asyncio.Task[None]


class ManagementProcess:
    """There is at most one. Used on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: _Running | None = None
        self._starting = asyncio.Lock()
        self._ended = False

    def wants(self, path: str) -> bool:
        """All but what is asked of the process that answers Meta."""
        from partnerhook.api.front import HEALTH

        return path not in HEALTH and path.startswith("/")

    async def take(self, connection: socket.socket) -> None:
        """Have it answered there."""
        with connection:
            try:
                await self._send(connection)
            except OSError as error:  # that it takes too long, too
                log.warning("the management process cannot be reached", reason=str(error) or "it takes no connections")
                with suppress(OSError):
                    connection.send(last_words(*_UNAVAILABLE, b"retry-after: 1"))

    async def _send(self, connection: socket.socket) -> None:
        """Raises OSError."""
        running = await self._there()
        try:
            await send(running.channel, connection, self._settings.header_deadline_s)
        except ConnectionError:  # it has just ended, and that was not told yet
            self._forget(running.process)
            await send((await self._there()).channel, connection, self._settings.header_deadline_s)

    async def reconfigure(self, settings: Settings) -> None:
        """Have it work with these settings from now on."""
        self._settings = settings
        async with self._starting:
            if self._running is not None:
                with suppress(OSError):  # it has just ended; the next one begins with these
                    await _tell(self._running, settings)

    async def stop(self) -> None:
        """Let it finish what is under way, and end."""
        async with self._starting:
            self._ended = True
            running, self._running = self._running, None
        if running is None:
            return
        running.watching.cancel()
        running.channel.close()
        running.settings.close()
        try:
            async with asyncio.timeout(self._settings.shutdown_grace_s + KILLED_AFTER_S):
                await running.process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                running.process.kill()
            await running.process.wait()

    async def _there(self) -> _Running:
        """The one that runs; a new one where none does. Raises OSError."""
        async with self._starting:
            if self._ended:
                raise OSError("everything ends")
            if self._running is None:
                self._running = await self._start()
                await _tell(self._running, self._settings)
            return self._running

    async def _start(self) -> _Running:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the method has no keyword
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # nothing is imported from the working directory
                "-m",
                "partnerhook.bootstrap.managing",
                str(theirs.fileno()),
                stdin=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                # In our session: between sessions Linux shares the processor evenly, and asks nobody how nice he is.
            )
        told = cast("asyncio.StreamWriter", process.stdin)  # it was asked for
        return _Running(process, ours, told, asyncio.create_task(self._watch(process)))

    async def _watch(self, process: Process) -> None:
        status = await process.wait()
        tell = log.warning if status else log.info
        tell("the management process ended; there is a new one when somebody asks", status=status)
        self._forget(process)

    def _forget(self, process: Process) -> None:
        if self._running is not None and self._running.process is process:
            self._running.channel.close()
            self._running = None


async def _tell(running: _Running, settings: Settings) -> None:
    """Raises OSError where it has ended."""
    message = pickle.dumps(settings)
    running.settings.write(len(message).to_bytes(LENGTH_BYTES) + message)
    await running.settings.drain()
