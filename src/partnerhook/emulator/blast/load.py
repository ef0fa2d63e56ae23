"""Paces a load and counts what came of it. Memory does not grow with the load."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from partnerhook.core.errors import PartnerhookError
from partnerhook.emulator.blast.lives import Lives
from partnerhook.emulator.blast.outcome import Outcome
from partnerhook.emulator.blast.wire import Connection, Target

ANSWER_WITHIN_S: Final = 10.0
"""About as long as Meta waits; then an answer counts as none."""

TICK_S: Final = 0.002
"""Between two looks at what is due: at 10,000 a second, 20 POSTs leave together."""

PROGRESS_EVERY_S: Final = 0.2
REOPEN_AFTER_S: Final = 0.05
"""A receiver that refuses connections is not asked for them at the speed of light."""


class Load:
    """One load on its way to a receiver. `stop` ends it early; `run` returns what came of it.

    `rate`: POSTs a second at most. `seconds`: nothing is sent later, whatever is left.
    """

    def __init__(
        self,
        *,
        url: str,
        lives: Lives,
        app_secret: str,
        rate: float,
        connections: int,
        seconds: float = math.inf,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self._url = url
        self._target = Target.of(url)
        self._lives = lives
        self._app_secret = app_secret
        self._rate = rate
        self._connections = connections
        self._seconds = seconds
        self._on_progress = on_progress
        self._open: list[Connection] = []
        self._free: deque[Connection] = deque()
        self._reopening: set[asyncio.Task[None]] = set()
        self._outcome = Outcome()
        self._stopped = False
        self._started = 0.0

    def stop(self) -> None:
        """Send nothing more; what is under way is waited for."""
        self._stopped = True

    async def run(self) -> Outcome:
        """Send all of it. Raises PartnerhookError where the receiver cannot be reached at all."""
        try:
            await self._connect()
            self._started = time.perf_counter()
            await self._send_all()
            await self._last_answers()
            self._outcome.seconds = time.perf_counter() - self._started
        finally:
            await self._close()
        return self._outcome

    async def _connect(self) -> None:
        try:
            await self._open_one()  # alone: where there is no such host, once is enough to ask
            opening = (self._open_one() for _ in range(self._connections - 1))
            for failure in filter(None, await asyncio.gather(*opening, return_exceptions=True)):
                raise failure
        except (OSError, TimeoutError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error) or "it took too long"
            raise PartnerhookError(f"No answer from {self._url}: {reason}. Is the receiver running there?") from None

    async def _open_one(self) -> None:
        connection = Connection(self._answered)
        await connection.open(self._target)
        self._open.append(connection)
        self._free.append(connection)

    async def _send_all(self) -> None:
        told_at = 0.0
        while self._outcome.posts < self._lives.posts and not self._stopped:
            self._send_due()
            now = time.perf_counter()
            if now - self._started > self._seconds:
                self.stop()  # the receiver did not keep up: what is left is not sent
            if now - told_at > PROGRESS_EVERY_S:
                told_at = now
                self._look_after_all()
            await asyncio.sleep(TICK_S)

    def _due(self) -> int:
        """How many POSTs are due by now."""
        return min(int((time.perf_counter() - self._started) * self._rate) + 1, self._lives.posts)

    def _send_due(self) -> None:
        """Each POST that is due by now and has a connection; the others leave as soon as one is free."""
        outcome, due = self._outcome, self._due()
        while outcome.posts < due and self._free and not self._stopped:
            connection = self._free.popleft()
            if connection.usable:
                request = self._target.request(self._lives.body(outcome.posts), self._app_secret)
                outcome.posts += 1
                connection.send(request)
            else:
                self._replace(connection)

    def _answered(self, connection: Connection, status: int, seconds: float, why: str) -> None:
        if status:
            self._outcome.statuses[status] += 1
            self._outcome.latencies.add(seconds)
        else:
            self._outcome.failed(why)
        self._free.append(connection)
        # At once, not at the next tick: a connection that waits for the clock is a slower receiver than there is.
        self._send_due()

    def _replace(self, connection: Connection) -> None:
        """A connection has ended, as servers do with them: another one in its place."""
        self._open.remove(connection)
        task = asyncio.get_running_loop().create_task(self._reopen())
        self._reopening.add(task)
        task.add_done_callback(self._reopening.discard)

    async def _reopen(self) -> None:
        while not self._stopped and self._outcome.posts < self._lives.posts:
            try:
                await self._open_one()
            except (OSError, TimeoutError) as error:
                if self._outcome.posts < self._due():
                    self._outcome.posts += 1
                    self._outcome.failed(getattr(error, "strerror", None) or "no connection in time")
                await asyncio.sleep(REOPEN_AFTER_S)
            else:
                return

    def _look_after_all(self) -> None:
        """Tell how far it is, and wait no longer for answers that are too late."""
        self._on_progress(self._outcome.posts, self._lives.posts)
        for connection in tuple(self._open):
            if connection.late_s > ANSWER_WITHIN_S:
                connection.give_up(f"no answer within {ANSWER_WITHIN_S:g} s")

    async def _last_answers(self) -> None:
        while any(connection.late_s for connection in self._open):
            self._look_after_all()
            await asyncio.sleep(TICK_S)
        self._on_progress(self._outcome.posts, self._lives.posts)

    async def _close(self) -> None:
        self._stopped = True
        for task in tuple(self._reopening):
            task.cancel()
        await asyncio.gather(*self._reopening, return_exceptions=True)
        for connection in self._open:
            connection.give_up("stopped")
