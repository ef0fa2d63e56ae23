"""Work that people wait for, in a process that Meta waits for: it hands the interpreter over quickly.

Python lets one thread run at a time, and by default for 5 ms before another that waits gets its turn: longer than an
answer to Meta takes altogether, and that needs several turns. While people are served, turns are short. Each costs a
few microseconds, and so they are as long as ever while nobody is.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

TURN_S: Final = 0.000_2

_lock = threading.Lock()
_busy = 0
_usual_s = sys.getswitchinterval()


@contextmanager
def brisk() -> Iterator[None]:
    """Around work in a thread that is not the one which answers Meta."""
    _count(1)
    try:
        yield
    finally:
        _count(-1)


def _count(change: int) -> None:
    global _busy  # noqa: PLW0603 - the switch interval is the process's, too
    with _lock:
        _busy += change
        sys.setswitchinterval(TURN_S if _busy else _usual_s)
