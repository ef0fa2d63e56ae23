"""A function of the user's own, called with each notice.

    [[destinations]]
    kind = "python"
    path = "my_package.my_module:on_notice"

    def on_notice(document: dict) -> None: ...          # or `async def`

What it returns is ignored; that it returns means the notice is taken. An exception means that it is not, and the
function is called again later, with the same document: `document["id"]` tells repeats.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from importlib import import_module
from operator import attrgetter
from threading import Lock, Thread
from typing import Any, Final

from partnerhook.core.delivery import Answer, Reply
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.sinks.daemon_threads import DaemonThreads
from partnerhook.sinks.sink import TAKEN, Message, cut

CONCURRENCY: Final = 4
CLOSE_S: Final = 1.0
"""So long may coroutines take to end when they are cancelled; a function that hangs is not waited for."""

Function = Callable[[dict[str, Any]], Any]


class PythonSink:
    """Calls a function: a plain one in threads, a coroutine function on an event loop, both of this sink alone.

    A function that blocks, or a coroutine that blocks its loop, delays deliveries of this destination and nothing
    else. A thread cannot be stopped: when a delivery is cancelled, its function goes on, and its slot, one of
    `concurrency`, is free only when the function ends. What it has done by then is done again later. A coroutine is
    cancelled, and its slot is free when it has ended.
    """

    def __init__(self, *, path: str, concurrency: int = CONCURRENCY) -> None:
        """`path`: `package.module:function`. Raises ConfigurationInvalid where that is no function to be called."""
        if concurrency < 1:
            raise ConfigurationInvalid("needs a concurrency of at least 1.")
        function = find_function(path)
        name = f"destination {path}"
        self._calls = _Coroutines(function, name, concurrency) if _is_async(function) else None
        self._threads = DaemonThreads(name, concurrency)
        self._function = function

    async def deliver(self, message: Message) -> Answer:
        """Call the function with a document of its own."""
        body = message.body
        if self._calls is not None:
            return await asyncio.wrap_future(self._calls.submit(body))
        return await asyncio.wrap_future(self._threads.submit(partial(_call, self._function, body)))

    async def close(self) -> None:
        """Let go. A function that hangs is not waited for."""
        self._threads.close()
        if self._calls is not None:
            await self._calls.close()


def find_function(path: str) -> Function:
    """The function that `package.module:function` names. Importing a module runs it.

    Raises ConfigurationInvalid, with words that go on after the destination's name.
    """
    module_name, colon, name = path.partition(":")
    if not colon or not all(part.isidentifier() for part in [*module_name.split("."), *name.split(".")]):
        raise ConfigurationInvalid(f"cannot call {path!r}: it is not like package.module:function.")
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as problem:
        raise ConfigurationInvalid(
            f"cannot call {path}: {module_name} cannot be imported: {_words(problem)}. It must be installed beside"
            " Partnerhook, or its folder be in PYTHONPATH."
        ) from problem
    try:
        function = attrgetter(name)(module)
    except AttributeError:
        raise ConfigurationInvalid(f"cannot call {path}: {module_name} has no {name}.") from None
    if not callable(function):
        raise ConfigurationInvalid(f"cannot call {path}: it is no function, but {type(function).__name__}.")
    if not _takes_one(function):
        raise ConfigurationInvalid(f"cannot call {path} with one argument, the document.")
    return function  # type: ignore[no-any-return]


def _takes_one(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind({})
    except TypeError:
        return False
    except ValueError:
        # Some that are written in C do not tell what they take.
        return True
    return True


def _is_async(function: Callable[..., Any]) -> bool:
    called = getattr(function, "__call__", None)  # noqa: B004 - of an object that is called like a function
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)


def _call(function: Function, body: bytes) -> Answer:
    try:
        result = function(json.loads(body))
    except BaseException as problem:  # noqa: BLE001 - also what would end a thread is a failed attempt
        return _failed(problem)
    if inspect.iscoroutine(result):
        result.close()
        return Answer(Reply.FAILED, text="The function returned a coroutine; it must be written as `async def`.")
    return TAKEN


def _failed(problem: BaseException) -> Answer:
    return Answer(Reply.FAILED, text=cut(_words(problem)))


def _words(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}"


class _Coroutines:
    """Calls of a coroutine function on an event loop of their own, in a thread of its own."""

    def __init__(self, function: Callable[[dict[str, Any]], Coroutine[Any, Any, Any]], name: str, count: int) -> None:
        self._function = function
        self._name = name
        self._free = asyncio.Semaphore(count)
        self._lock = Lock()
        self._loop: AbstractEventLoop | None = None
        self._ended: Future[None] = Future()
        self._closed = False

    def submit(self, body: bytes) -> Future[Answer]:
        with self._lock:
            if self._closed:
                raise RuntimeError("it is closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                Thread(target=self._run, args=(self._loop,), name=self._name, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(self._call(body), self._loop)

    async def close(self) -> None:
        with self._lock:
            first, self._closed = not self._closed, True
        if first and self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.wait([asyncio.wrap_future(self._ended)], timeout=CLOSE_S)

    async def _call(self, body: bytes) -> Answer:
        async with self._free:
            try:
                await self._function(json.loads(body))
            except BaseException as problem:
                # Also what would end the loop, as SystemExit, is a failed attempt.
                if isinstance(problem, asyncio.CancelledError) and _cancelled():
                    raise
                return _failed(problem)
        return TAKEN

    def _run(self, loop: AbstractEventLoop) -> None:
        try:
            loop.run_forever()
            loop.run_until_complete(_cancel_all())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
            self._ended.set_result(None)


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _cancelled() -> bool:
    """Whether it is this delivery that was cancelled, not something that the user's coroutine waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
