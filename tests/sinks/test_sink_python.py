"""The user's own function: called with the document, and kept from touching anything else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from conformance import Fact, Kit, Received, at_once, cancelled, in_order, intact, message

from partnerhook.core.delivery import Reply
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.sinks.python import PythonSink
from partnerhook.sinks.sink import TAKEN, Message
from running import wait_until

FUNCTIONS = '''
"""What a user might have written."""

import asyncio
import threading

documents, threads = [], []
go_on = threading.Event()


def note(document):
    documents.append(document)
    threads.append(threading.current_thread().name)
    document.clear()


async def note_async(document):
    await asyncio.sleep(0)
    note(document)


class Object:
    async def __call__(self, document):
        note(document)

    def method(self, document):
        note(document)


an_object = Object()


def fail(document):
    raise LookupError("no shelf\\nfor " + document["id"])


async def fail_async(document):
    raise LookupError("no shelf\\nfor " + document["id"])


def leave(document):
    raise SystemExit(3)


async def leave_async(document):
    raise SystemExit(3)


async def cancelled_by_itself(document):
    raise asyncio.CancelledError


def forgot_async(document):
    return note_async(document)


def block(document):
    documents.append(document)
    go_on.wait()


async def block_async(document):
    block(document)


async def wait_for_ever(document):
    try:
        await asyncio.Event().wait()
    finally:
        documents.append("cancelled")


def no_argument():
    pass


def two_arguments(one, two):
    pass


a_number = 5
'''

MESSAGE = Message(
    "n1", "app/1", "partnerhook.solution.activated", {"id": "n1", "data": {"solution_id": "1", "name": "Ünï"}}
)


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The user's module, importable; functions that block end with the test."""
    name = f"users_module_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__(name)

    yield module

    module.go_on.set()
    del sys.modules[name]


def sink_of(module: ModuleType, name: str, concurrency: int = 4) -> PythonSink:
    """The destination that calls this function."""
    return PythonSink(path=f"{module.__name__}:{name}", concurrency=concurrency)


async def until(condition: Callable[[], object], what: str) -> None:
    """Waits without holding up the event loop."""
    await asyncio.to_thread(wait_until, condition, what)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["note", "note_async", "an_object", "an_object.method"])
async def test_called(functions: ModuleType, name: str):
    """It gets the document, a fresh one each time, in a thread that is not ours."""
    sink = sink_of(functions, name)
    seen = []
    functions.documents = type("Seen", (), {"append": lambda _, document: seen.append(dict(document))})()

    answers = [await sink.deliver(MESSAGE), await sink.deliver(MESSAGE)]

    await sink.close()
    assert answers == [TAKEN, TAKEN]
    assert seen == [MESSAGE.document, MESSAGE.document]
    assert threading.current_thread().name not in functions.threads


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fail", "LookupError: no shelf for n1"),
        ("fail_async", "LookupError: no shelf for n1"),
        ("leave", "SystemExit: 3"),
        ("leave_async", "SystemExit: 3"),
        ("cancelled_by_itself", "CancelledError:"),
        ("forgot_async", "The function returned a coroutine; it must be written as `async def`."),
    ],
)
async def test_failing(functions: ModuleType, name: str, text: str):
    """Whatever it raises is a failed attempt, told on one line; the next call is made all the same."""
    sink = sink_of(functions, name, concurrency=1)

    answers = [await sink.deliver(MESSAGE), await sink.deliver(MESSAGE)]

    await sink.close()
    assert [(answer.reply, answer.text) for answer in answers] == [(Reply.FAILED, text)] * 2


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["block", "block_async"])
async def test_blocking(functions: ModuleType, name: str):
    """A function that never returns holds up its own destination only, and closing does not wait for it."""
    blocked, other = sink_of(functions, name, concurrency=1), sink_of(functions, "note_async")
    hanging = asyncio.ensure_future(blocked.deliver(MESSAGE))
    await until(lambda: functions.documents, "the function was called")

    answer = await other.deliver(MESSAGE)

    assert answer == TAKEN
    assert not hanging.done()
    hanging.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(blocked.close(), other.close())


@pytest.mark.asyncio
async def test_the_slot_of_a_thread_stays_taken(functions: ModuleType):
    """A cancelled delivery leaves its thread at work; the next one waits until the function has ended."""
    sink = sink_of(functions, "block", concurrency=1)
    first = asyncio.ensure_future(sink.deliver(MESSAGE))
    await until(lambda: functions.documents, "the function was called")
    first.cancel()
    given_up = asyncio.ensure_future(sink.deliver(MESSAGE))
    third = asyncio.ensure_future(sink.deliver(MESSAGE))
    await asyncio.wait([first])
    given_up.cancel()
    await asyncio.wait([given_up])

    functions.go_on.set()
    answer = await third

    await sink.close()
    assert answer == TAKEN
    assert len(functions.documents) == 2, "what was given up before its turn is never called"


@pytest.mark.asyncio
async def test_a_coroutine_is_cancelled(functions: ModuleType):
    """Its slot is free as soon as it has ended; what is still at work when the sink closes is cancelled, too."""
    sink = sink_of(functions, "wait_for_ever", concurrency=1)

    for _ in range(2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sink.deliver(MESSAGE), 0.1)

    left = asyncio.ensure_future(sink.deliver(MESSAGE))
    await until(lambda: functions.documents == ["cancelled"] * 2, "both are cancelled")
    await asyncio.wait([left], timeout=0.1)
    await sink.close()
    assert functions.documents == ["cancelled"] * 3
    with pytest.raises(asyncio.CancelledError):
        await left
    with pytest.raises(RuntimeError, match="closed"):
        await sink.deliver(MESSAGE)


@pytest.mark.asyncio
async def test_at_once(functions: ModuleType):
    """So many calls as were allowed are under way at the same time, and no more."""
    sink = sink_of(functions, "block", concurrency=3)
    under_way = [asyncio.ensure_future(sink.deliver(MESSAGE)) for _ in range(5)]

    await until(lambda: len(functions.documents) == 3, "three are called")

    functions.go_on.set()
    assert await asyncio.gather(*under_way) == [TAKEN] * 5
    await sink.close()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("just_a_name", "is not like package.module:function"),
        ("os:", "is not like package.module:function"),
        ("os.path:../evil", "is not like package.module:function"),
        ("no_such_module_here:on_notice", "no_such_module_here cannot be imported: ModuleNotFoundError"),
        ("MODULE:on_notice", "has no on_notice"),
        ("MODULE:a_number", "is no function, but int"),
        ("MODULE:no_argument", "with one argument"),
        ("MODULE:two_arguments", "with one argument"),
    ],
)
def test_wrong_paths(functions: ModuleType, path: str, words: str):
    """What cannot be called is told when the destination is set up."""
    with pytest.raises(ConfigurationInvalid, match=words):
        PythonSink(path=path.replace("MODULE", functions.__name__))


def test_a_module_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module that raises, or ends the program, while it is imported is told as such."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "users_broken_module.py").write_text("1 / 0")
    (tmp_path / "users_leaving_module.py").write_text("raise SystemExit('bye')")

    for name, words in {"users_broken_module": "ZeroDivisionError", "users_leaving_module": "SystemExit: bye"}.items():
        with pytest.raises(ConfigurationInvalid, match=words):
            PythonSink(path=f"{name}:on_notice")


def test_no_calls_at_all(functions: ModuleType):
    """A concurrency of nothing is told."""
    with pytest.raises(ConfigurationInvalid, match="concurrency"):
        sink_of(functions, "note", concurrency=0)


@pytest.mark.parametrize("name", ["block", "block_async"])
def test_the_end_of_the_process(functions: ModuleType, tmp_path: Path, name: str):
    """A function that hangs does not hold it up."""
    program = f"""
import asyncio
from partnerhook.sinks.python import PythonSink
from partnerhook.sinks.sink import Message

async def main():
    sink = PythonSink(path="{functions.__name__}:{name}")
    try:
        await asyncio.wait_for(sink.deliver(Message("n1", "k", "t", {{"id": "n1"}})), 0.5)
    except TimeoutError:
        print("given up")
    await sink.close()

asyncio.run(main())
"""

    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "given up\n", "")


@pytest.mark.parametrize("fact", [intact, in_order, at_once, cancelled], ids=lambda fact: fact.__name__)
def test_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fact: Fact):
    """As every kind: what the function was given is what was sent."""
    (tmp_path / "kept_documents.py").write_text("kept = []\ndef keep(document): kept.append(document)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("kept_documents", None)

    async def read() -> list[Received]:
        kept = sys.modules["kept_documents"].kept
        return [Received(one["id"], message(0)._replace(document=one).body) for one in kept]

    kit = Kit(lambda: PythonSink(path="kept_documents:keep"), read, lambda: None, lambda: None)
    asyncio.run(fact(kit))
