"""Threads for calls that may block for ever: they hold up neither the event loop nor the end of the process.

`concurrent.futures.ThreadPoolExecutor` cannot be used for that: Python waits for its threads at exit.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Final, NamedTuple, TypeVar

Result = TypeVar("Result")


class _Call(NamedTuple):
    future: Future[Any]
    function: Callable[[], Any]


_END: Final = None


class DaemonThreads:
    """At most `count` threads, started when they are needed. Calls beyond that wait for their turn, in order."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._count = count
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = Lock()
        self._started = 0
        self._wanted = 0
        """Calls that wait or run."""
        self._closed = False

    def submit(self, function: Callable[[], Result]) -> Future[Result]:
        """Call it in one of the threads. A call that still waits can be cancelled; one that runs cannot."""
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("it is closed")
            self._wanted += 1
            self._calls.put(_Call(future, function))
            if self._started < min(self._wanted, self._count):
                self._started += 1
                Thread(target=self._run, name=f"{self._name}-{self._started}", daemon=True).start()
        return future

    def close(self) -> None:
        """What waits is cancelled, what runs is left to itself. Each thread ends after the call that it is at."""
        with self._lock:
            self._closed = True
            while not self._calls.empty():
                call = self._calls.get()
                if call is not _END:
                    call.future.cancel()
            for _ in range(self._started):
                self._calls.put(_END)

    def _run(self) -> None:
        while (call := self._calls.get()) is not _END:
            if call.future.set_running_or_notify_cancel():
                _answer(call)
            with self._lock:
                self._wanted -= 1
            del call  # nothing is kept alive while the thread waits


def _answer(call: _Call) -> None:
    try:
        result = call.function()
    except BaseException as problem:  # noqa: BLE001 - whatever it is, it belongs to the one who called
        call.future.set_exception(problem)
    else:
        call.future.set_result(result)
