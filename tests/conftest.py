"""Fixtures that several rooms share: the real server as a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import postgres
from postgres import DEBIAN
from running import Serve, Server, check_log
from stores import DATABASES, DEBIANS_POSTGRESQL, close_all

NO_DEBIANS = pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's postgresql-15 is not installed")


@pytest.fixture(
    params=[pytest.param(one, marks=NO_DEBIANS if one == DEBIANS_POSTGRESQL else ()) for one in DATABASES],
    scope="module",
)
def database(request: pytest.FixtureRequest) -> str:
    """Which database; whatever uses it is tested on both."""
    return str(request.param)


@pytest.fixture(scope="session", autouse=True)
def _postgres() -> Iterator[None]:
    yield
    postgres.end()


@pytest.fixture(scope="module", autouse=True)
def _stores() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server with settings, as in `serve(CONNECTIONS_MAX=2)`; each is ended after the test.

    Whatever a test does to it: it never answers 500 and no traceback is in its log.
    """
    servers: list[Server] = []

    def start(*, folder: Path | None = None, command: Sequence[str] = (), **settings: object) -> Server:
        place = folder or tmp_path / f"server{len(servers)}"
        place.mkdir(exist_ok=True)
        server = Server(place, settings, command)
        servers.append(server)
        return server.start()

    yield start

    for server in servers:
        server.kill()
    for server in servers:
        check_log(server)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with default settings for all tests of a file; at the end it stops in order."""
    server = Server(tmp_path_factory.mktemp("server")).start()

    yield server

    try:
        assert server.stop() == 0
    finally:
        server.kill()
        check_log(server)
