"""Receivers with group commit on one database, simulated: what arithmetic does not tell. `bench/scale.py` asks it.

A receiver has one core. It reads a webhook, gathers what comes together, and commits it when the commit before is
done: round trips to the database, work on one of its cores, the locks of the batch's solutions, and a flush of the
log. Whoever commits notices, or passes on to a target, holds one lock for the last part of it: the order of notices,
or the target's row. Flushes are shared by commits that wait for one. Nothing else is in it: no checkpoints, no vacuum,
no other load, no network to Meta.

Times in it are of the model; the same seed gives the same table on any machine.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

BATCH_MAX: Final = 1_000
"""As in `store/writer.py`."""
SECONDS: Final = 1.0
WARM_UP: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What one kind of webhook costs on one kind of database, in seconds. `docs/scale.md` says where each is from."""

    request: float
    """Of the receiver's core, per webhook."""
    commit: float
    """Of the receiver's core, per commit."""
    database_request: float = 0.0
    """Of one of the database's cores, per webhook."""
    database_commit: float = 0.0
    trips: int = 0
    """Round trips of a commit."""
    trips_locked: int = 0
    """Of these, while the one lock is held that all such commits want; 0: there is none."""
    database_locked: float = 0.0
    """The share of the database's work while it is held."""
    folds: bool = False
    """Whether it is about solutions, and locks them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Who works, how far apart, on what."""

    costs: Costs
    receivers: int = 1
    connections: int = 256
    """Of each receiver; each sends again when it has its answer."""
    rate: float | None = None
    """Instead: webhooks per second for all receivers, at random."""
    solutions: int = 1_000_000
    trip: float = 0.0
    flush: float
    cores: int = 8
    """The database's."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came out."""

    per_second: float
    p50: float
    p99: float
    batch: float
    lock_held: float
    """Share of the time."""


@dataclass(slots=True)
class _Receiver:
    waiting: deque[tuple[float, float]] = field(default_factory=deque)
    """When each came, and when it was read."""
    core_free: float = 0.0
    commits: bool = False


@dataclass(slots=True, eq=False)
class _Commit:
    receiver: _Receiver
    came: list[float]
    solutions: frozenset[int]


class Simulation:
    """One run. Events are functions that are called in the order of their times."""

    def __init__(self, site: Site, seed: int = 1) -> None:
        self._site = site
        self._dice = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        self._receivers = [_Receiver() for _ in range(site.receivers)]
        self._cores = [0.0] * site.cores
        self._open: set[_Commit] = set()
        self._blocked: list[_Commit] = []
        self._locked: deque[_Commit] = deque()
        self._flushing = 0.0, 0.0
        """When the newest flush begins and ends."""
        self._held_since = self._held = 0.0
        self._latencies: list[float] = []
        self._batches: list[int] = []

    def run(self) -> Found:
        """Until its time is over."""
        self._begin()
        while self._events and self._events[0][0] < SECONDS:
            now, _, happen = heapq.heappop(self._events)
            happen(now)
        waits = sorted(self._latencies)
        return Found(
            per_second=len(waits) / (SECONDS - WARM_UP),
            p50=waits[len(waits) // 2],
            p99=waits[len(waits) * 99 // 100],
            batch=sum(self._batches) / len(self._batches),
            lock_held=self._held / SECONDS,
        )

    def _begin(self) -> None:
        site = self._site
        for receiver in self._receivers:
            if site.rate is None:
                for _ in range(site.connections):
                    self._arrive(receiver, 0.0)
            else:
                self._keep_coming(receiver, 0.0)

    def _at(self, time: float, happen: Callable[[float], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (time, self._count, happen))

    def _keep_coming(self, receiver: _Receiver, now: float) -> None:
        assert self._site.rate is not None
        after = self._dice.expovariate(self._site.rate / self._site.receivers)

        def come(then: float) -> None:
            self._arrive(receiver, then)
            self._keep_coming(receiver, then)

        self._at(now + after, come)

    def _arrive(self, receiver: _Receiver, now: float) -> None:
        receiver.core_free = max(receiver.core_free, now) + self._site.costs.request
        receiver.waiting.append((now, receiver.core_free))
        if not receiver.commits:
            self._take(receiver)

    def _take(self, receiver: _Receiver) -> None:
        """Commit what comes together, once it is read."""
        receiver.commits = True
        self._at(receiver.core_free, lambda now: self._commit(receiver, now))

    def _commit(self, receiver: _Receiver, now: float) -> None:
        if receiver.core_free > now and len(receiver.waiting) < BATCH_MAX:
            self._take(receiver)  # more has come meanwhile
            return
        came: list[float] = []
        while receiver.waiting and receiver.waiting[0][1] <= now and len(came) < BATCH_MAX:
            came.append(receiver.waiting.popleft()[0])
        receiver.core_free = max(receiver.core_free, now) + self._site.costs.commit
        commit = _Commit(receiver, came, self._solutions_of(came))
        self._at(receiver.core_free, lambda then: self._lock_solutions(commit, then))

    def _solutions_of(self, came: list[float]) -> frozenset[int]:
        if not self._site.costs.folds:
            return frozenset()
        return frozenset(self._dice.randrange(self._site.solutions) for _ in came)

    def _lock_solutions(self, commit: _Commit, now: float) -> None:
        if any(not commit.solutions.isdisjoint(other.solutions) for other in self._open):
            self._blocked.append(commit)
            return
        self._open.add(commit)
        costs = self._site.costs
        trips = (costs.trips - costs.trips_locked) * self._site.trip
        self._at(self._work(commit, now, locked=False) + trips, lambda then: self._lock_one(commit, then))

    def _lock_one(self, commit: _Commit, now: float) -> None:
        if not self._site.costs.trips_locked:
            self._write(commit, now)
            return
        self._locked.append(commit)
        if len(self._locked) == 1:
            self._held_since = now
            self._write(commit, now)

    def _write(self, commit: _Commit, now: float) -> None:
        costs = self._site.costs
        ready = self._work(commit, now, locked=True) if costs.trips_locked else now
        self._at(ready + costs.trips_locked * self._site.trip, lambda then: self._flush(commit, then))

    def _flush(self, commit: _Commit, now: float) -> None:
        """A flush that is under way is of no use to it; the next one is for all who wait for it."""
        begins, ends = self._flushing
        if now >= ends:
            self._flushing = now, now + self._site.flush
        elif now > begins:
            self._flushing = ends, ends + self._site.flush
        self._at(self._flushing[1], lambda then: self._answer(commit, then))

    def _work(self, commit: _Commit, now: float, *, locked: bool) -> float:
        """When one of the database's cores has done this part of it."""
        costs = self._site.costs
        whole = costs.database_commit + costs.database_request * len(commit.came)
        share = costs.database_locked if locked else 1 - costs.database_locked
        free = heapq.heappop(self._cores)
        done = max(free, now) + whole * share
        heapq.heappush(self._cores, done)
        return done

    def _answer(self, commit: _Commit, now: float) -> None:
        self._open.discard(commit)
        if self._site.costs.trips_locked:
            self._locked.popleft()
            self._held += now - self._held_since
            if self._locked:
                self._held_since = now
                self._write(self._locked[0], now)
        blocked, self._blocked = self._blocked, []
        for one in blocked:
            self._lock_solutions(one, now)
        self._batches.append(len(commit.came))
        receiver = commit.receiver
        receiver.commits = False
        for came in commit.came:
            if now > WARM_UP:
                self._latencies.append(now - came)
            if self._site.rate is None:
                self._arrive(receiver, now)
        if receiver.waiting and not receiver.commits:
            self._take(receiver)
