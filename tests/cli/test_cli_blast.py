"""`partnerhook blast` against the real receiver, and against one that misbehaves."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from commands import Command

from partnerhook.core.signature import verify
from partnerhook.services.query import SolutionFilter
from running import SECRET, Serve, Server, wait_until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def blast(folder: Path, *arguments: str, status: int = 0) -> dict[str, Any]:
    """Its document, where it ends with that status and says nothing else."""
    ended = Command(folder, APP_SECRET=SECRET).run("blast", *arguments, "--format", "json")
    assert (ended.returncode, ended.stderr) == (status, "")
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


@contextmanager
def receiver(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Answers each POST with the same bytes; none: closes. The URL, and the bodies that came."""
    bodies: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            received = b""
            while data := connection.recv(1_000_000):
                received += data
                while b"\r\n\r\n" in received:
                    head, _, rest = received.partition(b"\r\n\r\n")
                    fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
                    length = int(fields["content-length"])
                    if len(rest) < length:
                        break
                    bodies.append(verify(rest[:length], fields["x-hub-signature-256"], [SECRET]).raw)
                    received = rest[length:]
                    if not answer:
                        return
                    connection.sendall(answer)

    def listen() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook?a=b", bodies
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_lives_of_solutions(serve: Serve, tmp_path: Path):
    """All are taken; each solution lives by the lifecycle, and nothing about it is odd, nor heard twice."""
    server = serve()

    told = blast(tmp_path, "--url", f"{server.url}/webhook", "--count", "60", "--rate", "5000", "--solutions", "10")

    solutions = server.queries().list_solutions(SolutionFilter())
    story = server.queries().story("default", told["first_solution_id"])
    assert (told["posts"], told["changes"], told["solutions"]) == (60, 60, 10)
    assert (told["answers"], told["errors"]) == ({"200": 60}, {})
    assert 0 < told["p50_ms"] <= told["p99_ms"]
    assert sorted(int(one.solution_id) for one in solutions) == [int(told["first_solution_id"]) + n for n in range(10)]
    assert not [one for one in solutions if one.anomalies]
    assert story is not None
    assert [entry.observation.reported_status for entry in story.timeline] == [
        "DRAFT",
        "INITIATED",
        "ACTIVE",
        "PENDING_DEACTIVATION",
        "ACTIVE",
        "PENDING_DEACTIVATION",
    ]


def test_batches(tmp_path: Path):
    """Several changes in a POST; no two bodies are the same, and the last one holds what is left."""
    with receiver(OK) as (url, bodies):
        told = blast(tmp_path, "--url", url, "--count", "40", "--rate", "10000", "--changes", "25", "--solutions", "7")

    entries = [entry for body in bodies for entry in json.loads(body)["entry"]]
    assert (told["posts"], told["changes"], told["solutions"]) == (40, 1_000, 7)
    assert [len(json.loads(body)["entry"]) for body in bodies] == [25] * 40
    assert len({json.dumps(entry) for entry in entries}) == 1_000


def test_the_rate_is_kept(tmp_path: Path):
    """Neither slower nor faster, for so many seconds."""
    with receiver(OK) as (url, bodies):
        told = blast(tmp_path, "--url", url, "--rate", "100", "--for", "1", "--connections", "4")

    assert told["posts"] == len(bodies) == 100
    assert 0.9 <= told["seconds"] <= 2
    assert told["wanted_per_second"] == 100


def test_in_words(server: Server):
    """For people."""
    command = Command(server.folder, APP_SECRET=SECRET, LISTEN=server.url.removeprefix("http://"))

    lines = command.lines("blast", "--count", "5", "--rate", "1000")

    assert lines[:2] == ["sent            5 POSTs, 5 changes of 5 solutions", "answered 200    5"]
    assert lines[2].startswith("reached         ")
    assert lines[3].startswith("milliseconds    p50 ")


def test_a_progress_bar(server: Server):
    """On a terminal, and gone at the end."""
    command = Command(server.folder, APP_SECRET=SECRET)

    status, seen = command.on_terminal("blast", "--url", f"{server.url}/webhook", "--rate", "50", "--for", "0.5")

    assert status == 0
    assert "Sending" in seen
    assert "25/25" in seen


def test_refused_load(server: Server, tmp_path: Path):
    """Another status than 200 is counted, and exit 1."""
    told = blast(tmp_path, "--url", f"{server.url}/elsewhere", "--count", "5", "--rate", "1000", status=1)

    assert (told["answers"], told["errors"]) == ({"404": 5}, {})


@pytest.mark.parametrize(
    ("answer", "why"),
    [(b"", "the connection was closed before an answer"), (b"SSH-2.0-hello\r\n", "what came back is not HTTP")],
)
def test_no_answer(answer: bytes, why: str, tmp_path: Path):
    """Counted by reason; each POST goes on a connection of its own then."""
    with receiver(answer) as (url, _):
        told = blast(tmp_path, "--url", url, "--count", "6", "--rate", "1000", "--connections", "2", status=1)

    assert told["answers"] == {}
    assert told["errors"] == {why: 6}
    assert told["p50_ms"] is None


def test_a_receiver_that_closes_after_each_answer(tmp_path: Path):
    """Is asked again on another connection; nothing is lost."""
    with receiver(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) as (url, bodies):
        told = blast(tmp_path, "--url", url, "--count", "20", "--rate", "1000", "--connections", "3")

    assert told["answers"] == {"200": 20}
    assert len(bodies) == 20


def test_where_nobody_listens(tmp_path: Path):
    """One sentence with the URL, exit 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"

    ended = Command(tmp_path, APP_SECRET=SECRET).run("blast", "--url", url)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"partnerhook: No answer from {url}: Connection refused. Is the receiver running there?\n"


def test_it_is_ended_early(tmp_path: Path):
    """Ctrl-C: what was sent is reported."""
    with receiver(OK) as (url, bodies):
        process = Command(tmp_path, APP_SECRET=SECRET).start(
            "blast", "--url", url, "--rate", "50", "--for", "600", "--format", "json"
        )
        wait_until(lambda: bodies, "the first POST")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, "")
    assert json.loads(output)["answers"] == {"200": len(bodies)}


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--rate", "0"], 2, "--rate"),
        (["--rate", "100001"], 2, "--rate"),
        (["--count", "10000001"], 2, "--count"),
        (["--for", "0"], 2, "--for"),
        (["--connections", "0"], 2, "--connections"),
        (["--changes", "1001"], 2, "--changes"),
        (["--url", "nonsense"], 2, "--url"),
        (["--count", "1", "--for", "1"], 1, "--for and --count exclude each other"),
        (["--rate", "100000", "--for", "1000"], 1, "lower --rate or --for"),
        (["--count", "10000000", "--changes", "1000", "--solutions", "1"], 1, "raise --solutions"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_loads_that_cannot_be(arguments: list[str], status: int, told: str, tmp_path: Path):
    """It is said which number is wrong, and nothing is sent."""
    ended = Command(tmp_path, APP_SECRET=SECRET).run("blast", *arguments)

    assert ended.returncode == status
    assert told in ended.stderr


def test_the_secret_is_wanted(tmp_path: Path):
    """As `trigger` wants it."""
    ended = Command(tmp_path).run("blast")

    assert ended.returncode == 1
    assert "No app secret is set." in ended.stderr
