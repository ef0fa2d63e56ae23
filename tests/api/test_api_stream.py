"""The live stream and `listen --server`: nothing is lost, whatever breaks."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx2
import pytest
from rooms import Api

from partnerhook.core.access import Role
from partnerhook.services.access import Access, NewKey
from partnerhook.store.engine import open_engine
from postgres import free_port
from running import BIN, Serve, Server, wait_until, webhook

SECOND = 1_739_321_024


@pytest.fixture
def served(serve: Serve) -> Server:
    """A server whose management listener stays where it is when it is started again."""
    return serve(ADMIN_LISTEN=f"127.0.0.1:{free_port()}")


@pytest.fixture
def viewer(served: Server) -> NewKey:
    """A key that is enough to listen."""
    return Access(open_engine(f"sqlite:///{served.database}")).create_key("laptop", Role.VIEWER)


@pytest.fixture
def api(served: Server, viewer: NewKey) -> Iterator[Api]:
    """What a viewer gets."""
    with httpx2.Client(trust_env=False, timeout=30) as client:
        yield Api(client, served.admin_url, viewer.key)


class Event:
    """What stands between two blank lines."""

    def __init__(self, lines: list[str]) -> None:
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        self.comment = any(line.startswith(":") for line in lines)
        self.id = fields.get("id")
        self.document: dict[str, Any] | None = json.loads(fields["data"]) if "data" in fields else None


class Events:
    """One connection."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def next(self) -> Event:
        """The next event, or a comment; StopIteration at the end."""
        lines: list[str] = []
        for line in self._lines:
            if not line:
                return Event(lines)
            lines.append(line)
        raise StopIteration

    def notices(self, count: int) -> list[tuple[str, str]]:
        """Number and solution of the next notices."""
        found: list[tuple[str, str]] = []
        while len(found) < count:
            event = self.next()
            if event.document is not None:
                assert event.id is not None
                found.append((event.id, event.document["subject"]))
        return found

    def ends(self) -> bool:
        """Whether it ends by itself, by and by."""
        try:
            while True:
                self.next()
        except (StopIteration, httpx2.HTTPError):
            return True


@contextmanager
def stream(api: Api, last: str | None = None, **params: Any) -> Iterator[Events]:
    """Listen, behind the notice `last`; once it is known where the stream begins."""
    headers = api.headers | ({} if last is None else {"Last-Event-ID": last})
    with api.client.stream("GET", f"{api.url}/stream", params=params, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = Events(answer)
        assert events.next().id is not None
        yield events


def tell(server: Server, *solution_ids: str) -> None:
    """A webhook of each."""
    for number, one in enumerate(solution_ids):
        assert server.post(webhook(one, SECOND + number)).status == 200


def test_a_notice_comes_as_it_is_told(served: Server, api: Api):
    """With its number and its CloudEvents document; what was told before does not come."""
    tell(served, "1")
    with stream(api) as events:
        tell(served, "2")
        ((number, solution),) = events.notices(1)

    assert (number, solution) == ("2", "2")
    assert api.get("/notices/2")["subject"] == "2"


def test_nothing_is_lost_across_a_restart(served: Server, api: Api):
    """Behind the last id, on a new connection to a new process; also what came while nobody listened."""
    with stream(api) as events:
        tell(served, "1", "2")
        (first, last) = events.notices(2)
        served.stop()
        assert events.ends()
    served.start()
    tell(served, "3")

    with stream(api, last[0]) as events:
        tell(served, "4")
        rest = events.notices(2)

    assert [solution for _, solution in [first, last, *rest]] == ["1", "2", "3", "4"]
    assert [number for number, _ in [first, last, *rest]] == ["1", "2", "3", "4"]


def test_only_what_is_asked_for(served: Server, api: Api):
    """By type and solution; where the stream stands is told all the same, so that filters make no gaps."""
    with stream(api, type="solution.activated", solution_id="2") as events:
        tell(served, "1")
        event = events.next()
        while event.id != "1":
            event = events.next()
        served.post(webhook("2", SECOND, "ACTIVE"))
        ((number, solution),) = events.notices(1)

    assert event.document is None
    assert (number, solution) == ("2", "2")


def test_the_past_comes_first_where_it_is_asked_for(served: Server, api: Api):
    """Since a time; however much that is."""
    tell(served, *map(str, range(1, 251)))

    with stream(api, since="2020-01-01T00:00:00Z") as events:
        tell(served, "999")
        found = events.notices(251)

    assert [number for number, _ in found] == [str(number) for number in range(1, 252)]


def test_a_stream_ends_with_its_key(served: Server, api: Api, viewer: NewKey):
    """Revoked, it hears nothing more."""
    with stream(api) as events:
        Access(open_engine(f"sqlite:///{served.database}")).revoke_key(viewer.stored.id)
        tell(served, "1")
        ended = events.ends()

    assert ended


def test_what_it_cannot_be_asked(api: Api):
    """A number that is none, a filter that is unknown: 422 before anything is sent."""
    api.refused("GET", "/stream", 422, headers={"Last-Event-ID": "x"})
    api.refused("GET", "/stream?solution=1", 422)


class Laptop:
    """`partnerhook listen --server` as a process, in a folder without a configuration or a database."""

    def __init__(self, folder: Path, server: Server, key: str, *options: str) -> None:
        self.said = folder / "said"
        self.told = folder / "told"
        command = [BIN, "listen", "--server", server.admin_url, *options]
        with self.told.open("wb") as out, self.said.open("wb") as err:
            self.process = subprocess.Popen(
                command, cwd=folder, env={"HOME": str(folder), "PARTNERHOOK_API_KEY": key}, stdout=out, stderr=err
            )

    def __enter__(self) -> Self:
        wait_until(lambda: "Listening to" in self.said.read_text(), "it listens", within_s=30)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def lines(self, count: int) -> list[str]:
        """What it has printed, once there are so many lines."""
        return wait_until(
            lambda: found if len(found := self.told.read_text().splitlines()) >= count else None,
            f"{count} lines",
            within_s=60,
        )


def test_listen_from_a_laptop_goes_on_after_a_restart(served: Server, viewer: NewKey, tmp_path: Path):
    """The same lines as beside the database; a server that was away has lost nothing; SIGTERM ends it."""
    with Laptop(tmp_path, served, viewer.key, "--since", "1d", "--format", "json") as laptop:
        tell(served, "1")
        laptop.lines(1)
        served.stop()
        served.start()
        tell(served, "2", "3")
        told = laptop.lines(3)
        laptop.process.send_signal(signal.SIGTERM)
        status = laptop.process.wait(15)

    beside = subprocess.run(
        [BIN, "listen", "--server", served.admin_url], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )
    assert [json.loads(line)["subject"] for line in told] == ["1", "2", "3"]
    assert status == 0
    assert viewer.key not in laptop.said.read_text() + laptop.told.read_text()
    assert beside.returncode == 1
    assert "PARTNERHOOK_API_KEY" in beside.stderr


def test_listen_with_a_key_that_is_not_good(served: Server, tmp_path: Path):
    """It says what the server said, once, and ends with 1."""
    (tmp_path / "key").write_text(f"ph_{'0' * 12}_{'0' * 64}\n")

    ended = subprocess.run(
        [BIN, "listen", "--server", served.admin_url, "--key-file", "key"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert "This key is wrong, or was revoked. (HTTP 401)" in ended.stderr


def test_listen_prints_what_it_prints_beside_the_database(served: Server, viewer: NewKey, tmp_path: Path):
    """Line by line the same text."""
    tell(served, "1", "2")
    with Laptop(tmp_path, served, viewer.key, "--since", "1d") as laptop:
        far = laptop.lines(2)
    near = subprocess.Popen(
        [BIN, "listen", "--since", "1d"], cwd=served.folder, env=served.environment, stdout=subprocess.PIPE, text=True
    )
    assert near.stdout is not None
    lines = [near.stdout.readline().rstrip("\n") for _ in range(2)]
    near.kill()
    near.wait()
    near.stdout.close()

    assert far == lines
