"""`partnerhook observations`: what was heard, listed and followed."""

from __future__ import annotations

import fcntl
import json
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO

import pytest
from commands import ODD, SOLUTION, Command, at, body

from partnerhook.core.observations import MICROSECONDS
from running import wait_until
from stores import arrive, deliver, new_store


def test_list_as_json(command: Command):
    """Every observation once, in the order of arrival, with every documented key."""
    listed = command.json("observations", "list")

    assert [one["reported_status"] for one in listed[:4]] == ["DRAFT", "ACTIVE", "INITIATED", "ACTIVE"]
    assert listed[1] == {
        "key": listed[1]["key"],
        "app": "default",
        "solution_id": SOLUTION,
        "portfolio_id": "506914307656634",
        "event": "SOLUTION_UPDATED",
        "reported_status": "ACTIVE",
        "time": "2025-06-15T15:06:42Z",
        "at": "2025-06-15T15:06:42Z",
        "received_at": "2025-06-15T15:06:42.500000Z",
        "last_received_at": "2025-06-15T15:06:50.000000Z",
        "repeats": 1,
        "source": "webhook",
        "flags": [],
        "test": False,
        "receipt_id": "2",
    }
    assert [one["test"] for one in listed] == [False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (["--solution", SOLUTION], 4),
        (["--app", "other"], 2),
        (["--app", "other", "--solution", ODD], 1),
        (["--since", "2025-06-15T15:06:45Z"], 2),
        (["--since", "2025-06-15T17:06:45.5+02:00"], 1),
        (["--since", "2025-06-15"], 6),
        (["--since", "1h"], 0),
        (["--since", "999999d"], 6),
    ],
    ids=str,
)
def test_filters(command: Command, filters: Sequence[str], count: int):
    """By solution, by app, by when it was received first."""
    assert len(command.json("observations", "list", *filters)) == count


@pytest.mark.parametrize("since", ["yesterday", "5", "9" * 400 + "d", ""])
def test_a_time_that_is_none(command: Command, since: str):
    """It is called wrongly: exit 2, with an example."""
    ended = command.run("observations", "list", "--since", since)

    assert ended.returncode == 2
    assert "2h" in ended.stderr


def test_list_as_lines(command: Command):
    """One line for each, printable, without tabs."""
    lines = command.lines("observations", "list")

    assert len(lines) == 6
    assert all(line.isprintable() for line in lines)
    assert lines[4].endswith(r"[bold red]NEW[/] \x1b[31m")


def test_nothing_fits(command: Command):
    """The hint is for people; the array for scripts is empty."""
    ended = command.run("observations", "list", "--solution", "5")

    assert (ended.returncode, ended.stdout) == (0, "")
    assert "No observation fits" in ended.stderr
    assert command.json("observations", "list", "--solution", "5") == []


def test_more_than_a_page(empty: Command):
    """However many there are, the list is complete and in order."""
    changes = [
        {
            "field": "partner_solutions",
            "value": {"event": "SOLUTION_CREATED", "solution_id": str(n), "solution_status": "DRAFT"},
        }
        for n in range(2_500)
    ]
    raw = {"object": "whatsapp_business_account", "entry": [{"id": "5", "time": 1_750_000_000, "changes": changes}]}
    deliver(new_store(empty.folder), arrive(json.dumps(raw).encode()))

    listed = empty.json("observations", "list")

    assert [one["solution_id"] for one in listed] == [str(n) for n in range(2_500)]
    assert len(empty.json("solutions", "list")) == 2_500


@contextmanager
def follow(command: Command, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`observations tail`, once it follows; ended in any case."""
    with command.start("observations", "tail", *arguments) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "Following what is heard; Ctrl+C ends it.\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_tail(own: Command, number: signal.Signals):
    """What was there before is not told; what comes is told as it comes; both signals end it in order."""
    engine = new_store(own.folder)
    with follow(own, "--format", "json") as process:
        assert process.stdout is not None
        for after, word in enumerate(["REJECTED", "DEACTIVATED"], start=60):
            deliver(engine, arrive(body(word, after=after), received_at=at(after)))
            # A repeat is no news.
            deliver(engine, arrive(body("DRAFT"), received_at=at(after)))

            heard = json.loads(process.stdout.readline())

            assert (heard["reported_status"], heard["received_at"]) == (word, f"2025-06-15T15:07:{after - 20}.000000Z")
        process.send_signal(number)

        assert process.wait(10) == 0
        assert process.stdout.read() == ""
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_tail_of_one_solution(own: Command):
    """Filters hold for what comes, and lines are the same as those of the list."""
    engine = new_store(own.folder)
    with follow(own, "--solution", ODD, "--app", "other") as process:
        assert process.stdout is not None
        deliver(engine, arrive(body("REJECTED", after=60)))
        deliver(engine, arrive(body("REJECTED", after=60, solution=ODD), app="default"))
        deliver(engine, arrive(body("REJECTED", after=61, solution=ODD), app="other", received_at=at(61)))

        line = process.stdout.readline()

        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
    assert line.rstrip("\n") == own.lines("observations", "list", "--solution", ODD, "--app", "other")[-1]


def full(pipe: IO[str]) -> bool:
    """Its last page is begun: whoever writes lines to it is about to wait, or waits."""
    (waiting,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))
    return bool(waiting > fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) - 4_096)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the size of a pipe")
def test_tail_whose_reader_does_not_read(own: Command):
    """A full pipe does not keep it from ending."""
    with follow(own) as process:
        engine = new_store(own.folder)
        for second in range(0, 2_000, 500):
            deliver(engine, *[arrive(body("ACTIVE", after=100 + second + n)) for n in range(500)])
        stdout = process.stdout
        assert stdout is not None
        wait_until(lambda: full(stdout), "the pipe is full")

        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0


def test_a_span_is_counted_back_from_now(empty: Command):
    """`--since 1h` finds what has just been received."""
    now = datetime.now(UTC).timestamp()
    deliver(new_store(empty.folder), arrive(body("ACTIVE"), received_at=round((now - 1_800) * MICROSECONDS)))

    assert len(empty.json("observations", "list", "--since", "1h")) == 1
    assert empty.json("observations", "list", "--since", "20m") == []
