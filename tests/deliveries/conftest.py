"""A server with destinations, and real endpoints for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from endpoints import Endpoint, listening
from running import Serve, Server

Configure = Callable[..., Server]
"""Starts a server whose file has these tables."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """One endpoint."""
    with listening() as one:
        yield one


@pytest.fixture
def endpoints() -> Iterator[Callable[[], Endpoint]]:
    """As many as are asked for."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(listening())


@pytest.fixture
def configured(serve: Serve, tmp_path: Path) -> Configure:
    """`configured(table, table, ...)`: a server that runs with them."""

    def start(*tables: str, **settings: object) -> Server:
        folder = tmp_path / "configured"
        folder.mkdir(exist_ok=True)
        (folder / "partnerhook.toml").write_text("\n".join(tables))
        return serve(folder=folder, **settings)

    return start
