"""What is only looked at is looked at one after the other, by a thread that gives way."""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
import threading
import time

import pytest

from partnerhook.services.aside import NICER_BY, aside

who = contextvars.ContextVar("who", default="nobody")


def test_one_after_the_other():
    """However many are asked for at once; each gets its own answer."""
    at_it: list[int] = []
    most: list[int] = []

    def look(number: int, *, plus: int) -> int:
        at_it.append(number)
        most.append(len(at_it))
        time.sleep(0.01)
        at_it.remove(number)
        return number + plus

    async def scenario() -> list[int]:
        return await asyncio.gather(*(aside(look, number, plus=100) for number in range(5)))

    assert asyncio.run(scenario()) == [100, 101, 102, 103, 104]
    assert set(most) == {1}


def test_what_goes_wrong_is_told_and_the_next_one_is_answered():
    """As by any call; and the context goes along."""

    async def scenario() -> str:
        with pytest.raises(ZeroDivisionError):
            await aside(lambda: 1 // 0)
        who.set("somebody")
        return await aside(who.get)

    assert asyncio.run(scenario()) == "somebody"


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has no niceness of its own here")
def test_it_gives_way():
    """Only that thread: whoever answers Meta is as quick as ever."""
    before = os.getpriority(os.PRIO_PROCESS, 0)

    looking = asyncio.run(aside(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))

    assert looking == min(before + NICER_BY, 19)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
