"""Webhooks at a steady pace to every receiver, whatever becomes of those before: what was answered, and how soon."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from running import Server, post_bytes, webhook

EVERY_S = 0.25
PATIENCE_S = 15.0
ANSWERED_S = 9.0
"""docs/postgresql.md: the longest that anybody waits for a 503."""
AT_ONCE_FROM_S = 6.0
"""The same: after so long of silence, and a second, whoever comes is told at once; but for one try after the other."""
SLACK_S = 2.0
"""For a machine that is busy with something else."""
TRIES_MOST = 0.25
"""Of all who come. A try takes five seconds, and takes along who comes at the same moment."""
FIRST_ID = 9_000_000
"""Of solutions that nothing but probes tells of."""


class Probe(NamedTuple):
    """One webhook."""

    receiver: str
    solution_id: str
    at: float
    status: int
    """0: no answer."""
    took_s: float

    @property
    def answered_at(self) -> float:
        """Or given up."""
        return self.at + self.took_s


class Prober:
    """Sends probes until it is told to end."""

    def __init__(self, receivers: Sequence[Server]) -> None:
        self.probes: list[Probe] = []
        """Those that have ended."""
        self._receivers = receivers
        self._ending = threading.Event()
        self._threads: list[tuple[float, threading.Thread]] = []
        self._clock = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._clock.start()

    def stop(self) -> None:
        """Send no more, and wait for what is under way."""
        self._ending.set()
        self._clock.join()
        for _, thread in self._threads:
            thread.join()

    def all_sent_to(self, receiver: str, since: float, until: float) -> list[Probe]:
        """What was sent to one receiver in a while; waits until the last of it has ended."""
        for at, thread in list(self._threads):
            if at < until:
                thread.join()
        return [one for one in self.probes if one.receiver == receiver and since <= one.at < until]

    def recovered_at(self, receiver: str, since: float) -> float | None:
        """When a receiver answered 200 for the first time after that."""
        at = [one.answered_at for one in self.probes if one.receiver == receiver and one.status == 200]
        return min((one for one in at if one > since), default=None)

    def _run(self) -> None:
        solution_id = FIRST_ID
        while not self._ending.wait(EVERY_S):
            for receiver in self._receivers:
                solution_id += 1
                thread = threading.Thread(target=self._send, args=(receiver, str(solution_id)), daemon=True)
                self._threads.append((time.monotonic(), thread))
                thread.start()

    def _send(self, receiver: Server, solution_id: str) -> None:
        at = time.monotonic()
        try:
            with receiver.connect(timeout_s=PATIENCE_S) as client:
                status = client.send(post_bytes(webhook(solution_id), path="/webhook/owner")).answer().status
        except OSError:
            status = 0
        self.probes.append(Probe(receiver.folder.name, solution_id, at, status, time.monotonic() - at))


def check_refusals(probes: Sequence[Probe], since: float, until: float) -> str:
    """While the database said nothing everybody was told 503 in time, and nothing else; what there is to say of it."""
    told = [one for one in probes if one.answered_at < until]
    newcomers = [one for one in probes if one.at > since + AT_ONCE_FROM_S]
    tries = [one for one in newcomers if one.took_s > SLACK_S]
    longest_s = max(one.took_s for one in probes)
    assert {one.status for one in told} == {503}
    assert {one.status for one in probes} <= {200, 503}
    assert longest_s < ANSWERED_S + SLACK_S
    assert len(tries) <= TRIES_MOST * len(newcomers)
    at_once_s = sorted(one.took_s for one in newcomers)[len(newcomers) // 2]
    return (
        f"{len(told)} webhooks heard 503, the longest after {longest_s:.1f} s; of {len(newcomers)} from the sixth "
        f"second on {len(tries)} not at once, half of them within {1000 * at_once_s:.0f} ms"
    )


@contextmanager
def probing(receivers: Sequence[Server]) -> Iterator[Prober]:
    """Probes for a while."""
    prober = Prober(receivers)
    prober.start()
    try:
        yield prober
    finally:
        prober.stop()
