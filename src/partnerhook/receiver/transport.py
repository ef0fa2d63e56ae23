"""A transport that does not take its answer back: closing waits, within bounds, for a client that still sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class LingeringTransport(asyncio.Transport):
    """`inner`, with a `close` that asks first.

    A socket closed with unread bytes resets the connection, and the client's kernel may throw the
    answer away with it. So where `still_sending` says so, `close` ends only our direction; what comes
    after is for the protocol to throw away, until the client hangs up or `close_now` is called.
    `still_sending` is asked at every close: a client that does not read keeps even a closed
    connection open, so this is where its owner sets a limit for that.
    """

    __slots__ = ("_inner", "_still_sending", "lingering")

    def __init__(self, inner: asyncio.Transport, still_sending: Callable[[], bool]) -> None:
        super().__init__()
        self._inner = inner
        self._still_sending = still_sending
        self.lingering = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; nothing any more once the answer's end is sent, or the connection is gone."""
        if data and not self.lingering and not self._inner.is_closing():
            self._inner.write(data)

    def close(self) -> None:
        """Close, or linger."""
        if self.lingering or self._inner.is_closing():
            return
        if self._still_sending() and self._inner.can_write_eof():
            self.lingering = True
            self._inner.write_eof()
            self._inner.resume_reading()
        else:
            self._inner.close()

    def close_now(self) -> None:
        """Close, whoever still sends. What is written still goes out."""
        self._still_sending()
        self._inner.close()

    def abort(self) -> None:
        """Close, and forget what is written."""
        self._inner.abort()

    def is_closing(self) -> bool:
        """Whether anything that is written now is lost."""
        return self.lingering or self._inner.is_closing()

    def pause_reading(self) -> None:
        """Let the client wait."""
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._inner.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The socket, addresses and so on."""
        return self._inner.get_extra_info(name, default)
