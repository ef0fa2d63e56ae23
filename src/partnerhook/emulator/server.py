"""Runs a box: its web server and its courier, in this event loop or in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import uvicorn

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.emulator.app import emulator
from partnerhook.emulator.box import Box

ENDS_WITHIN_S: Final = 2
STARTS_WITHIN_S: Final = 10.0


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: who runs the loop has them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running(box: Box, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """A box that answers and delivers; its URL. Raises ConfigurationInvalid where the port cannot be had."""
    sock = _bind(host, port)
    config = uvicorn.Config(
        emulator(box),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # Meta's clock is the box's own
        timeout_graceful_shutdown=ENDS_WITHIN_S,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    delivering = asyncio.create_task(box.courier.run())
    try:
        while not server.started:
            await asyncio.wait([serving], timeout=0.002)
            if serving.done():
                serving.result()
        address = sock.getsockname()
        yield f"http://{f'[{address[0]}]' if ':' in address[0] else address[0]}:{address[1]}"
    finally:
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        server.should_exit = True
        await serving
        sock.close()


@contextmanager
def running_in_thread(box: Box, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The same for programs without an event loop, such as tests."""
    started: list[str] = []
    failed: list[BaseException] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        try:
            async with running(box, host, port) as url:
                started.append(url)
                ready.set()
                await stop.wait()
        except BaseException as error:
            failed.append(error)
            ready.set()
            raise

    def main() -> None:
        with contextlib.suppress(ConfigurationInvalid), contextlib.closing(loop):
            loop.run_until_complete(run())

    thread = threading.Thread(target=main, name="meta-in-a-box", daemon=True)
    thread.start()
    if not ready.wait(STARTS_WITHIN_S):
        raise ConfigurationInvalid("The emulator did not start in time.")
    if failed:
        thread.join()
        raise failed[0]
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def _bind(host: str, port: int) -> socket.socket:
    # Named, not guessed: asyncio switches Nagle's algorithm off for sockets of this protocol alone, and with it
    # every answer would wait 40 ms.
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ConfigurationInvalid(f"The emulator cannot have {host}:{port}: {error.strerror}.") from None
    sock.setblocking(False)  # noqa: FBT003 - the method has no keyword
    return sock
