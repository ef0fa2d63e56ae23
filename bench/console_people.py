"""People who look at the console: each opens a page, hears its pulses, and fetches it again as the script does.

`python -m bench.console_people PORT TOKEN COUNT PATH...`: so many people, evenly over these pages, until stdin is
closed. For each line there it says how many pages they have fetched.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

import uvloop

from bench.servers import BenchFailed

SOON_S: Final = 0.12
APART_S: Final = 1.5
SHARE: Final = 20
"""As `console.js` has them: not at once, not more often, and for no more than such a part of the time."""

WITHIN_S: Final = 30.0


class Browser:
    """One connection, kept alive; a cookie."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> Self:
        """Connect."""
        self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    def close(self) -> None:
        """Let go."""
        if self._streams is not None:
            self._streams[1].close()

    async def ask(self, path: str) -> tuple[int, asyncio.StreamReader, int | None]:
        """Status of a page, where its body is to be read from, and how long that is."""
        if self._streams is None:
            await self.open()
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAccept: text/html\r\n"
            f"Cookie: partnerhook-{self._port}={self._token}\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        _, _, length = head.partition("\r\ncontent-length:")
        return int(head.split(" ", 2)[1]), reader, int(length.split("\r\n", 1)[0]) if length else None

    async def get(self, path: str) -> int:
        """Read a page to its end; its status."""
        status, reader, length = await self.ask(path)
        if length is None:
            raise BenchFailed(f"{path} has no Content-Length")
        await reader.readexactly(length)
        return status


@dataclass(slots=True)
class Person:
    """Somebody with a page open."""

    port: int
    token: str
    path: str
    took_s: list[float] = field(default_factory=list)
    """How long each fetch of the page took."""

    async def look(self) -> None:
        """Until it is cancelled."""
        page, stream = Browser(self.port, self.token), Browser(self.port, self.token)
        try:
            await self._fetch(page)
            _, pulses, _ = await stream.ask("/live")
            await self._follow(page, pulses)
        finally:
            page.close()
            stream.close()

    async def _follow(self, page: Browser, pulses: asyncio.StreamReader) -> None:
        told, not_before = b"", 0.0
        while True:
            line = await _newest(pulses, told)
            if line == told:
                continue
            told = line
            spread_s = float(line.split()[-1])
            await asyncio.sleep(max(SOON_S + random.uniform(0, spread_s), not_before - time.monotonic()))
            took_s = await self._fetch(page)
            not_before = time.monotonic() + max(APART_S, took_s * SHARE)

    async def _fetch(self, page: Browser) -> float:
        began = time.monotonic()
        status = await page.get(self.path)
        if status != 200:
            raise BenchFailed(f"{self.path} answered {status}")
        self.took_s.append(time.monotonic() - began)
        return self.took_s[-1]


async def _newest(pulses: asyncio.StreamReader, told: bytes) -> bytes:
    """The next pulse, or the last of those that have come meanwhile."""
    line = await _pulse(pulses)
    with suppress(TimeoutError):
        while True:
            line = await asyncio.wait_for(_pulse(pulses), 0.001)
    return line or told


async def _pulse(pulses: asyncio.StreamReader) -> bytes:
    while not (line := await pulses.readline()).startswith(b"data:"):
        if not line:
            raise BenchFailed("a live stream ended")
    return line


async def _crowd(port: int, token: str, count: int, paths: Sequence[str]) -> None:
    people = [Person(port, token, paths[number % len(paths)]) for number in range(count)]
    looking = [asyncio.create_task(one.look()) for one in people]
    while await asyncio.to_thread(sys.stdin.readline):
        for task in looking:
            if task.done():
                task.result()
        print(sum(len(one.took_s) for one in people), flush=True)
    for task in looking:
        task.cancel()
    await asyncio.gather(*looking, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(_crowd(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
