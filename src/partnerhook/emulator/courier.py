"""Carries parcels to callbacks over HTTP, as Meta does, and keeps what came of each attempt."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx2

from partnerhook.core.compose import headers
from partnerhook.emulator.outbox import Change, Parcel, body

if TYPE_CHECKING:
    from partnerhook.emulator.box import Box
    from partnerhook.emulator.world import App

ATTEMPTS_KEPT: Final = 10_000
AT_ONCE_MAX: Final = 64
"""POSTs under way at the same time: Meta delivers concurrently."""

ANSWER_CHARS_MAX: Final = 500
TRUNCATED: Final = "not read further"


class Attempt(NamedTuple):
    """One attempt to deliver a parcel, with the very bytes."""

    parcel_id: int
    number: int
    """1 for the first attempt."""
    app_id: str
    callback_url: str
    at: float
    """Unix seconds, emulated."""
    body: bytes
    headers: dict[str, str]
    status: int
    """0: no answer."""
    answer: str
    """The beginning of the answer, or why there was none."""
    milliseconds: float
    delivered: bool
    changes: int
    test: bool
    chaos: bool = False
    """It failed because the chaos wanted it."""


class Courier:
    """Sends what is due for a box. `run` goes on for ever; `settle` does it all at once, moving the clock."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.attempts: deque[Attempt] = deque(maxlen=ATTEMPTS_KEPT)
        self.on_attempt: Callable[[Attempt], None] = lambda _attempt: None
        """Told of each attempt, once it is over."""
        self.hold = False
        """Nothing is sent until somebody settles."""
        self._client: httpx2.AsyncClient | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._settling = asyncio.Lock()
        self._room = asyncio.Semaphore(AT_ONCE_MAX)

    async def run(self) -> None:
        """Send what is due, for ever. What is under way when it is cancelled is cancelled too."""
        try:
            while True:
                if not self._settling.locked() and not self.hold:
                    self._send_due()
                await self._box.clock.sleep_until(self._box.outbox.next_due())
        finally:
            for task in tuple(self._under_way):
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            await self.close()

    async def close(self) -> None:
        """Close the connections to callbacks."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _send_due(self) -> None:
        for parcel in self._box.outbox.take(self._box.clock.now(), self._box.dice):
            task = asyncio.create_task(self._carry(parcel))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def settle(self) -> int:
        """Send everything, one after the other, moving the clock on to whatever is next; returns the attempts made.

        Ends when each parcel is delivered or given up.
        """
        made = 0
        async with self._settling:
            await asyncio.gather(*self._under_way)
            while (due := self._box.outbox.next_due()) is not None:
                self._box.clock.advance(max(due - self._box.clock.now(), 0.0))
                for parcel in self._box.outbox.take(self._box.clock.now(), self._box.dice):
                    await self._carry(parcel)
                    made += 1
        return made

    async def deliver_due(self) -> None:
        """Send what is due now, one after the other; what fails is sent again when it is due again."""
        async with self._settling:
            for parcel in self._box.outbox.take(self._box.clock.now(), self._box.dice):
                await self._carry(parcel)

    async def forge(self, app: App, changes: list[Change]) -> None:
        """What somebody sends who knows an app's callback, but not its secret. Sent once."""
        if app.subscription is None:
            return
        forged = app.model_copy(update={"secret": secrets.token_hex(16)})
        parcel = Parcel(id=0, app_id=app.id, changes=changes, due=0, first_due=0)
        attempt = await self._attempt(parcel, forged)
        self.attempts.append(attempt)
        self.on_attempt(attempt)

    async def _carry(self, parcel: Parcel) -> None:
        app = self._box.world.apps.get(parcel.app_id)
        if app is None or app.subscription is None:
            self._box.outbox.given_up += len(parcel.changes)
            return
        async with self._room:
            attempt = await self._attempt(parcel, app)
        self.attempts.append(attempt)
        self.on_attempt(attempt)
        if not attempt.delivered:
            self._box.outbox.failed(parcel, self._box.clock.now(), self._box.rules, self._box.dice)
            self._box.clock.wake()

    async def _attempt(self, parcel: Parcel, app: App) -> Attempt:
        box, subscription = self._box, app.subscription
        assert subscription is not None  # noqa: S101 - the caller has looked
        raw = body(parcel.changes, include_values=subscription.include_values, escape_more=box.rules.escape_more)
        signed = headers(raw, app.secret)
        at, started = box.clock.now(), time.perf_counter()
        status, answer, chaos = 0, "it did not reach the callback (chaos)", True
        if not box.dice.falls(box.dice.chaos.unreachable):
            status, answer = await self._post(subscription.callback_url, raw, signed)
            chaos = False
        delivered = status == 200 or (box.rules.delivered == "2xx" and 200 <= status < 300)
        if delivered and box.dice.falls(box.dice.chaos.lost_answer):
            delivered, chaos, answer = False, True, f"the answer was lost (chaos): {answer}"
        return Attempt(
            parcel.id,
            parcel.attempts + 1,
            app.id,
            subscription.callback_url,
            at,
            raw,
            signed,
            status,
            answer,
            round((time.perf_counter() - started) * 1000, 1),
            delivered,
            len(parcel.changes),
            parcel.test,
            chaos,
        )

    async def _post(self, url: str, raw: bytes, signed: dict[str, str]) -> tuple[int, str]:
        if self._client is None:
            # No proxies or credentials from the environment, and no redirects: Meta has none of them either.
            self._client = httpx2.AsyncClient(trust_env=False, follow_redirects=False)
        try:
            async with asyncio.timeout(self._box.rules.read_timeout_s):
                response = await self._client.post(url, content=raw, headers=signed, timeout=None)
        except TimeoutError:
            return 0, "curl_errno = 28; curl_error = Operation timed out"
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            return 0, str(error) or type(error).__name__
        return response.status_code, printable(response.text)


def printable(text: str) -> str:
    """The beginning of an answer, fit for a terminal and a page."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:ANSWER_CHARS_MAX]).strip()
