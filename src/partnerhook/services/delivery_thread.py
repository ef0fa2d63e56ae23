"""Deliveries run on a thread and an event loop of their own: whatever a client does there, the receiver goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

import structlog
import uvloop

from partnerhook.core.errors import StoreUnavailable
from partnerhook.services.deliver import Target, TargetLoop, release_the_dead
from partnerhook.services.meters import Meters
from partnerhook.services.notify import Routing
from partnerhook.services.write import Chore, Done, Writer

log = structlog.get_logger("partnerhook.deliver")

RETRY_S: Final = 1.0


class DeliveryThread:
    """A loop for each target. Made on the event loop of `writer`, and used from there."""

    def __init__(self, writer: Writer, routing: Routing, meters: Meters, now: Callable[[], int]) -> None:
        """`now`: Unix microseconds of the clock that all processes share."""
        self._writer = writer
        self._now = now
        self._routing = routing
        self._writers_loop = asyncio.get_running_loop()
        self._meters = meters
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="partnerhook-deliveries", daemon=True)
        self._loops: dict[str, tuple[TargetLoop, asyncio.Task[None]]] = {}
        self._released = False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Something was enqueued."""
        if self._loops and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    async def retarget(self, made: Callable[[], Sequence[Target]], *, within_s: float) -> None:
        """Deliver to these targets from now on, and finish what is under way to those before.

        `made` is called on the deliveries' own thread: clients belong to its loop. What it raises is raised here.
        """
        await asyncio.wrap_future(self._soon(self._retarget(made, within_s)))

    async def stop(self, within_s: float) -> None:
        """Finish what is under way, as far as it can be within that time."""
        if not self._thread.is_alive():
            return
        try:
            async with asyncio.timeout(within_s + 1):
                await asyncio.wrap_future(self._soon(self._retarget(list, within_s)))
        except TimeoutError:
            log.warning("a target holds up the end; what was under way will be sent again")
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, 1.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _soon(self, work: Any) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _wake(self) -> None:
        for loop, _ in self._loops.values():
            loop.wake()

    async def _retarget(self, made: Callable[[], Sequence[Target]], within_s: float) -> None:
        targets = made()  # first of all: where one of them is wrong, nothing has changed
        before, self._loops = self._loops, {}
        for target in targets:
            loop = TargetLoop(target, self._commit, self._routing, self._meters, self._now)
            self._loops[target.name] = loop, asyncio.create_task(self._keep(loop))
        await asyncio.gather(*[loop.stop(within_s) for loop, _ in before.values()], return_exceptions=True)
        for _, task in before.values():
            task.cancel()

    async def _keep(self, loop: TargetLoop) -> None:
        """Whatever goes wrong in a loop, it goes on: a fault with one delivery must not end all others."""
        while True:
            try:
                await self._release_the_dead()
                await loop.run()
            except StoreUnavailable:
                await asyncio.sleep(RETRY_S)
            except Exception as error:  # the edge of this loop
                log.exception("deliveries failed", target=loop.target.name, error=type(error).__name__)
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _release_the_dead(self) -> None:
        if not self._released:
            await self._commit(Chore(release_the_dead))
            self._released = True

    async def _commit(self, chore: Chore) -> Any:
        """Have the writer do it, in the next commit of everything."""
        done = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._submit(chore), self._writers_loop))
        if done.error is not None:
            raise done.error
        return done.result

    async def _submit(self, chore: Chore) -> Done:
        done = await self._writer.submit(chore, 0)
        assert isinstance(done, Done)  # noqa: S101 - what Work.apply gives for a chore
        return done
