"""A file of JSON lines: a CloudEvents document each, on the disk before it counts as delivered.

Lines that wait together share one fsync. A line that was cut short by a crash or a full disk is closed off by the next
one, so that at most that line cannot be read. A file that was rotated away is opened anew.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from partnerhook.core.delivery import Answer
from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.sink import TAKEN, Message


class FileSink:
    """One file; its folder has to be there."""

    def __init__(self, *, path: str) -> None:
        self._path = Path(path)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def deliver(self, message: Message) -> Answer:
        """Append it."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((message.body + b"\n", written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        await written
        return TAKEN

    async def close(self) -> None:
        """Finish what is being written."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            problem: PartnerhookError | None = None
            try:
                await asyncio.to_thread(_append, self._path, b"".join(line for line, _ in batch))
            except OSError as error:
                problem = PartnerhookError(f"the file cannot be written: {error.strerror}")
            for _, written in batch:
                if written.done():
                    continue
                if problem is None:
                    written.set_result(None)
                else:
                    written.set_exception(problem)
        self._writing = None


def _append(path: Path, lines: bytes) -> None:
    """Append to whatever has that name now, and have it on the disk. Raises OSError."""
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        written = 0
        while written < len(lines):
            written += os.write(descriptor, lines[written:])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
