"""Whoever shows wrong keys again and again is told to wait. In memory, for each process by itself.

Only wrong ones count: a missing key is no try, and a right one is let in whatever others at its address did.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

TRIES_MAX: Final = 10
WITHIN_S: Final = 60.0
"""Ten wrong keys a minute: many for somebody who mistyped, nothing for somebody who guesses at 256 bits."""

ADDRESSES_MAX: Final = 10_000
"""Remembered; the one that failed longest ago is forgotten first."""


class FailedTries:
    """Wrong keys by address."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds that only grow."""
        self._clock = clock
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def failed(self, address: str) -> int:
        """Count a wrong key; how many seconds to wait before the next one, 0: none."""
        now = self._clock()
        tries = self._tries.pop(address, deque())
        while tries and tries[0] <= now - WITHIN_S:
            tries.popleft()
        wait_s = math.ceil(tries[0] + WITHIN_S - now) if len(tries) >= TRIES_MAX else 0
        if not wait_s:
            tries.append(now)
        self._tries[address] = tries
        if len(self._tries) > ADDRESSES_MAX:
            self._tries.popitem(last=False)
        return wait_s
