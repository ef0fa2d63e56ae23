"""The emulated clock: as fast as one likes, and moved on by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

FAST_FORWARD_S: Final = 30 * 86_400
"""A clock that runs faster than ours begins this long ago: receivers rightly refuse times of the future."""

LONGEST_NAP_S: Final = 0.5
"""Of the real clock, where nothing is due."""


class Clock:
    """Unix seconds. `speed`: emulated seconds for each real one; 0: moved on by hand alone."""

    def __init__(
        self, speed: float = 1.0, start: float | None = None, real: Callable[[], float] = time.monotonic
    ) -> None:
        if speed < 0:
            raise ValueError("a clock's speed is 0 or more")
        self._real = real
        self._speed = speed
        self._from_real = real()
        self._from = start if start is not None else time.time() - (0 if speed == 1 else FAST_FORWARD_S)
        self._moved = asyncio.Event()

    @property
    def speed(self) -> float:
        """Emulated seconds for each real one."""
        return self._speed

    def now(self) -> float:
        """Unix seconds, emulated."""
        return self._from + (self._real() - self._from_real) * self._speed

    def set(self, *, speed: float | None = None, now: float | None = None) -> None:
        """Another speed or another time, from now on."""
        self._from, self._from_real = self.now() if now is None else now, self._real()
        self._speed = self._speed if speed is None else speed
        self._moved.set()

    def advance(self, seconds: float) -> None:
        """Move on by hand. Raises ValueError: it never goes back."""
        if seconds < 0:
            raise ValueError("a clock only goes forward")
        self._from += seconds
        self._moved.set()

    def wake(self) -> None:
        """Something new may be due: whoever sleeps looks again."""
        self._moved.set()

    async def sleep_until(self, due: float | None) -> None:
        """Until then, or until somebody moves the clock or wakes; at most a moment of real time."""
        real_s = LONGEST_NAP_S
        if due is not None and self._speed:
            real_s = min(real_s, max((due - self.now()) / self._speed, 0.0))
        try:
            await asyncio.wait_for(self._moved.wait(), real_s)
        except TimeoutError:
            return
        self._moved.clear()
