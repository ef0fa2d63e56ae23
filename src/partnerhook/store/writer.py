"""Group commit: one thread writes, takes all that waits, commits once, and answers everybody.

Under load a commit serves hundreds of requests for the price of one; without load it serves one at
once. Nothing is answered before it is on the disk.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import StoreUnavailable
from partnerhook.store.engine import devote, for_writing, is_locked, is_passing, is_postgresql, words_of
from partnerhook.store.sqlite import Identity, identity

Job = TypeVar("Job")
Result = TypeVar("Result")

WAITING_MAX: Final = 20_000
"""Jobs that may wait. At the slowest commits seen this is a few seconds of work; beyond it Meta should ask again."""

BATCH_JOBS_MAX: Final = 1_000
BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
"""A commit's size: enough to make its cost vanish, and small enough that its rollback and its wait stay short."""

LOOKED_AFTER_EVERY_S: Final = 0.5

STALLED_S: Final = 5.0
"""A commit under way for longer than this is stuck on the disk; newcomers are told so instead of waiting behind it."""

SILENT_S: Final = 4.0
"""After a commit that failed only after this (a connection is waited for for longer, SQLite's lock is not) nobody waits
behind the next one: it is a trial, and the rest is told at once until it succeeds or fails sooner."""

GIVEN_UP_S: Final = 8.0
"""Who has waited for so long is told so too. Whatever becomes of it, Meta sends again what was not answered 200."""


@dataclass(frozen=True, slots=True)
class Committed(Generic[Result]):
    """What one commit did: for whoever measures."""

    jobs: int
    duration_s: float
    results: Sequence[Result]
    """Empty where the commit failed."""
    error: StoreUnavailable | None = None


@dataclass(slots=True)
class _Waiting(Generic[Job, Result]):
    job: Job
    size: int
    answer: asyncio.Future[Result]


SAYS_NOTHING: Final = "The database has not answered for some seconds."

TRIES_MAX: Final = 3

_STOP: Final = None


class GroupCommit(Generic[Job, Result]):
    """`apply` is given the jobs of one transaction; `salvage` a single job that `apply` cannot take.

    Jobs are submitted and answered on `loop`; `on_commit` is called there too.
    """

    def __init__(
        self,
        engine: Engine,
        loop: asyncio.AbstractEventLoop,
        apply: Callable[[Connection, Sequence[Job]], Sequence[Result]],
        salvage: Callable[[Connection, Job, Exception], Result],
        on_commit: Callable[[Committed[Result]], None],
    ) -> None:
        self._engine = engine
        self._apply = apply
        self._salvage = salvage
        self._on_commit = on_commit
        self._gathered: list[_Waiting[Job, Result]] = []
        self._queue: queue.SimpleQueue[list[_Waiting[Job, Result]] | None] = queue.SimpleQueue()
        self._waiting = 0
        self._gathered_before = 0
        self._handed_over: deque[tuple[float, list[_Waiting[Job, Result]]]] = deque()
        """What the thread was given, and when."""
        self._running = False
        self._stopping = False
        self._refused = False
        """Whether the newest commit was refused."""
        self._silent = False
        """Whether the database said nothing to the newest commit for a while, and then failed it."""
        self._connection: Connection | None = None
        self._identity: Identity | None = None
        self._busy_since: float | None = None
        self._loop = loop
        self._thread = threading.Thread(target=self._run, name="partnerhook-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._running = True
        self._thread.start()
        self._look_after()

    def submit(self, job: Job, size: int) -> asyncio.Future[Result]:
        """Have `job` (of `size` bytes) committed. The future fails with StoreUnavailable where that is impossible."""
        self.check()
        if self._waiting >= WAITING_MAX:
            raise StoreUnavailable("Too many webhooks wait for the database.")
        answer: asyncio.Future[Result] = self._loop.create_future()
        self._waiting += 1
        if not self._gathered:
            self._gathered_before = 0
            self._loop.call_soon(self._hand_over)
        self._gathered.append(_Waiting(job, size, answer))
        return answer

    def _hand_over(self) -> None:
        """Give the writer what was gathered, once a turn of the event loop has brought nothing more.

        Requests come in bursts, for answers go out in bursts. A burst that travels together costs one
        commit and one wake-up; a single request waits for one empty turn, some microseconds.
        """
        if self._gathered_before < len(self._gathered) < BATCH_JOBS_MAX:
            self._gathered_before = len(self._gathered)
            self._loop.call_soon(self._hand_over)
            return
        gathered, self._gathered = self._gathered, []
        self._handed_over.append((time.monotonic(), gathered))
        self._queue.put(gathered)

    def _look_after(self) -> None:
        """On the event loop, now and then: nobody waits for ever, whichever commit it is that takes so long."""
        while self._handed_over and all(one.answer.done() for one in self._handed_over[0][1]):
            self._handed_over.popleft()
        given_up = time.monotonic() - GIVEN_UP_S
        late = itertools.takewhile(lambda handed_over: handed_over[0] < given_up, self._handed_over)
        for one in itertools.chain.from_iterable(waiting for _, waiting in late):
            if not one.answer.done():
                one.answer.set_exception(StoreUnavailable(SAYS_NOTHING))
        if self._running:
            self._loop.call_later(LOOKED_AFTER_EVERY_S, self._look_after)

    def check(self) -> None:
        """Raises StoreUnavailable where the thread has ended or hangs."""
        busy_since = self._busy_since
        if busy_since is not None and (self._silent or time.monotonic() - busy_since > STALLED_S):
            raise StoreUnavailable(SAYS_NOTHING)
        if not self._running:
            raise StoreUnavailable("The writer is not running.")

    def stop(self, within_s: float | None = None) -> None:
        """Commit what waits, then end the thread. Called from another thread than the loop's.

        From the first refused commit on the rest is refused too. A thread that hangs on the disk for
        longer than `within_s` is left to its fate: the process may end, for nothing was promised.
        """
        self._stopping = True
        try:
            self._loop.call_soon_threadsafe(self._finish)
        except RuntimeError:
            self._queue.put(_STOP)  # the loop has ended: nobody waits any more
        if self._thread.ident is not None:
            self._thread.join(within_s)

    def _finish(self) -> None:
        """On the event loop, where jobs come in: what is being gathered goes before the end, and nothing after it."""
        self._running = False
        gathered, self._gathered = self._gathered, []
        self._queue.put(gathered)
        self._queue.put(_STOP)

    def _run(self) -> None:
        try:
            self._commit_until_stopped()
        finally:
            self._running = False
            self._disconnect()

    def _commit_until_stopped(self) -> None:
        waiting: list[_Waiting[Job, Result]] | None = []
        while waiting is not _STOP:
            waiting = self._queue.get()
            pending = list(waiting or ())
            while waiting is not _STOP and len(pending) < BATCH_JOBS_MAX and not self._queue.empty():
                waiting = self._queue.get()
                pending.extend(waiting or ())
            for batch in _batches(pending):
                self._commit(batch)

    def _commit(self, batch: Sequence[_Waiting[Job, Result]]) -> None:
        started = self._busy_since = time.monotonic()
        results: list[Result] = []
        failure: StoreUnavailable | None = None
        locked = False
        try:
            if self._stopping and self._refused:
                raise StoreUnavailable("the server stops")  # noqa: TRY301 - told to those who wait, as any other reason
            results = self._transact([one.job for one in batch])
        except Exception as error:  # noqa: BLE001 - the edge of this thread: whatever it was, the waiting are answered
            failure = StoreUnavailable(f"The database refused a commit: {words_of(error)}.")
            locked = is_locked(error)
            self._disconnect()
        took_s = time.monotonic() - started
        self._refused = failure is not None
        self._silent = self._refused and not locked and took_s > SILENT_S
        self._busy_since = None
        committed = Committed(len(batch), took_s, results, failure)
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more, and what is committed is committed
            self._loop.call_soon_threadsafe(self._answer, batch, committed)

    def _answer(self, batch: Sequence[_Waiting[Job, Result]], committed: Committed[Result]) -> None:
        """On the event loop: hand everybody of one commit their result."""
        self._waiting -= len(batch)
        if committed.error is not None:
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(StoreUnavailable(str(committed.error)))
        for one, result in zip(batch, committed.results, strict=False):
            if not one.answer.done():
                one.answer.set_result(result)
        self._on_commit(committed)

    def _transact(self, jobs: Sequence[Job]) -> list[Result]:
        try:
            return self._with_patience(lambda connection: list(self._apply(connection, jobs)))
        except Exception as error:
            if is_passing(error):
                raise
            # One job that the database cannot take must not fail its neighbours: each on its own.
            if len(jobs) > 1:
                return [result for job in jobs for result in self._transact([job])]
            reason = error  # its own name ends with this block
            return self._with_patience(lambda connection: [self._salvage(connection, jobs[0], reason)])

    def _with_patience(self, work: Callable[[Connection], list[Result]]) -> list[Result]:
        """Another transaction may have been in the way; SQLite has waited for it long enough by itself."""
        for _ in range(TRIES_MAX - 1 if is_postgresql(self._engine) else 0):
            try:
                return self._in_transaction(work)
            except SQLAlchemyError as error:
                if not is_locked(error):
                    raise
        return self._in_transaction(work)

    def _in_transaction(self, work: Callable[[Connection], list[Result]]) -> list[Result]:
        connection = self._connect()
        with connection.begin():
            results = work(connection)
            # What is committed into a file that somebody has removed or replaced is gone with this process.
            if self._identity is not None and identity(self._engine) != self._identity:
                raise StoreUnavailable("the database's file was replaced while it was open")
        return results

    def _connect(self) -> Connection:
        if self._connection is None:
            self._identity = None if is_postgresql(self._engine) else identity(self._engine)
            self._connection = for_writing(self._engine.connect())
            devote(self._connection)
        return self._connection

    def _disconnect(self) -> None:
        """After a failure begin afresh: a disk that came back may need its files opened anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(
                SQLAlchemyError, sqlite3.Error, OSError
            ):  # closing what is broken may fail; nothing is left to lose
                connection.invalidate()
                connection.close()


def _batches(pending: Sequence[_Waiting[Job, Result]]) -> Iterator[list[_Waiting[Job, Result]]]:
    """Cut into commits of bounded size; one job alone may be larger."""
    batch: list[_Waiting[Job, Result]] = []
    size = 0
    for one in pending:
        if batch and (len(batch) == BATCH_JOBS_MAX or size + one.size > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch
