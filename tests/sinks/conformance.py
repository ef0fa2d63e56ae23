"""What every kind of destination does, against its real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import pytest

from partnerhook.core.delivery import Reply
from partnerhook.sinks.sink import Message, Sink

PASSWORD = "hush-hush"
FAILS_WITHIN_S = 20.0


class Received(NamedTuple):
    """A message as the server has it."""

    id: str
    body: bytes


class Kit(NamedTuple):
    """One kind with its server."""

    open: Callable[[], Sink]
    read: Callable[[], Awaitable[Sequence[Received]]]
    """Everything that the server has, in its order."""
    stop: Callable[[], None]
    start: Callable[[], None]
    keeps: bool = True
    """What the server has is still there after it was started again."""


def message(number: int, *, key: str = "default/77", text: str = "") -> Message:
    """One notice."""
    document = {"specversion": "1.0", "id": f"n-{number}", "type": "partnerhook.solution.activated", "data": text}
    return Message(f"n-{number}", key, "partnerhook.solution.activated", document)


async def deliver(sink: Sink, one: Message) -> None:
    """It is taken."""
    answer = await asyncio.wait_for(sink.deliver(one), FAILS_WITHIN_S)
    assert answer.reply is Reply.TAKEN


async def intact(kit: Kit) -> None:
    """Letters of all kinds, and a long one."""
    sink = kit.open()
    sent = [message(1, text='Zürich "中" \n \U0001f600'), message(2, text="x" * 500_000)]
    for one in sent:
        await deliver(sink, one)

    assert await kit.read() == [Received(one.id, one.body) for one in sent]
    await sink.close()


async def in_order(kit: Kit) -> None:
    """A hundred of one key, one after the other."""
    sink = kit.open()
    for number in range(100):
        await deliver(sink, message(number))

    assert [one.id for one in await kit.read()] == [f"n-{number}" for number in range(100)]
    await sink.close()


async def at_once(kit: Kit) -> None:
    """Fifty of as many keys, side by side."""
    sink = kit.open()
    await asyncio.gather(*[deliver(sink, message(number, key=f"default/{number}")) for number in range(50)])

    assert {one.id for one in await kit.read()} == {f"n-{number}" for number in range(50)}
    await sink.close()


async def away_and_back(kit: Kit) -> None:
    """While the server is away it fails in time, tells no secret, and works again afterwards."""
    sink = kit.open()
    await deliver(sink, message(1))
    kit.stop()
    begun = time.monotonic()
    with pytest.raises(Exception) as failure:  # noqa: PT011 - any: what matters is that it fails, and in time
        await asyncio.wait_for(sink.deliver(message(2)), FAILS_WITHIN_S)
    assert time.monotonic() - begun < FAILS_WITHIN_S
    assert PASSWORD not in str(failure.value)
    kit.start()

    until = time.monotonic() + 30
    while True:
        try:
            await deliver(sink, message(3))
            break
        except Exception:  # noqa: BLE001 - any, until it is up
            assert time.monotonic() < until
            await asyncio.sleep(0.2)

    found = {one.id for one in await kit.read()}
    assert {"n-1", "n-3"} <= found if kit.keeps else "n-3" in found
    await sink.close()


async def cancelled(kit: Kit) -> None:
    """Giving up one delivery leaves the others alone; closing twice is fine."""
    sink = kit.open()
    await deliver(sink, message(1))
    given_up = asyncio.create_task(sink.deliver(message(2)))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await deliver(sink, message(3))

    assert {"n-1", "n-3"} <= {one.id for one in await kit.read()}
    await sink.close()
    await sink.close()


FACTS = (intact, in_order, at_once, away_and_back, cancelled)
every_fact = pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
Fact = Callable[[Kit], Awaitable[None]]
