"""Looks that may take their time: one after the other, in a thread that gives way.

What goes through a table, as pages and retention do, takes the processor from whoever answers Meta, in this process or
beside it; two at once take twice as much. So each process has one thread for all of them, and the kernel lets every
other thread of ours go before it. It is for looking: whoever changes something, or reads for a long time, takes a
thread of his own.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, ParamSpec, TypeVar

NICER_BY: Final = 10
"""Of the 19 that there are. With all of them it would hardly run on a host that is busy with something else, and it
holds Python's interpreter now and then."""

Given = ParamSpec("Given")
Found = TypeVar("Found")


async def aside(look: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """As `asyncio.to_thread`, there."""
    in_context = partial(contextvars.copy_context().run, look, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_thread, in_context)


def _give_way() -> None:
    if sys.platform == "linux":  # where a thread has a niceness of its own
        here = threading.get_native_id()
        with suppress(OSError):  # a sandbox may forbid it: then it does not give way, and works all the same
            os.setpriority(os.PRIO_PROCESS, here, os.getpriority(os.PRIO_PROCESS, here) + NICER_BY)


_thread: Final = ThreadPoolExecutor(1, thread_name_prefix="partnerhook-aside", initializer=_give_way)
