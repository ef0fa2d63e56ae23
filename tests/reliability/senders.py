"""Meta's boxes that live and send, each to whichever receiver a load balancer would choose."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Sequence

from cluster import PARTIES, Cluster
from lives import Lives

from partnerhook.emulator.courier import Attempt
from running import SECRET

STEPS = 60
PAUSE_S = 0.25
"""Meta's clock runs fast in the box; while we are down it must not run away."""
CHAOS = ("all_but_losses", "all", "recut", "all_but_losses")


class Sender(threading.Thread):
    """A box that lives and sends, to whichever receiver a load balancer would choose."""

    def __init__(self, cluster: Cluster, chaos: str, seed: int, pause_s: float) -> None:
        super().__init__(name=f"{chaos}-{seed}", daemon=True)
        self.lives = Lives(chaos, seed, now=time.time())
        self.answered: list[bytes] = []
        """Bodies that were answered 200."""
        self.outages = 0
        """Attempts that nobody answered 200."""
        self.error: BaseException | None = None
        self._cluster = cluster
        self._pause_s = pause_s
        self._dice = random.Random(seed)
        self._aim()
        self.lives.box.courier.on_attempt = self._after

    def _aim(self) -> None:
        url = self._dice.choice(self._cluster.receivers).url
        self.lives.subscribe([f"{url}/webhook/{party}" for party in PARTIES], SECRET)

    def _after(self, attempt: Attempt) -> None:
        if attempt.status == 200:
            self.answered.append(attempt.body)
        elif not attempt.chaos:
            assert attempt.status in {0, 503}, attempt
            self.outages += 1
            time.sleep(self._pause_s)
        self._aim()

    def run(self) -> None:
        """The whole life."""
        try:
            asyncio.run(self._live())
        except BaseException as error:
            self.error = error
            raise

    async def _live(self) -> None:
        try:
            await self.lives.live(STEPS)
        finally:
            await self.lives.box.courier.close()


def begin(cluster: Cluster, seed: int, count: int, pause_s: float = PAUSE_S) -> list[Sender]:
    """Some boxes that send side by side, each with its kind of chaos. `pause_s`: after what was not answered 200."""
    senders = [Sender(cluster, CHAOS[number % len(CHAOS)], seed + number, pause_s) for number in range(count)]
    for sender in senders:
        sender.start()
    return senders


def end(senders: Sequence[Sender]) -> None:
    """All they had to say is said, and was answered 200 in the end."""
    for sender in senders:
        sender.join()
        assert sender.error is None
        assert sender.lives.box.outbox.given_up == 0
