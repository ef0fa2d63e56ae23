"""Fixtures for the Graph client: Meta played on a socket, and a client that loses no time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from played_meta import TOKEN, MakeGraph, PlayedMeta

from partnerhook.graph import Graph, Patience


@pytest.fixture
def meta() -> Iterator[PlayedMeta]:
    """On a port of its own, with nothing to say yet."""
    with PlayedMeta() as played:
        yield played


@pytest.fixture
def slept() -> list[float]:
    """Every wait for a turn, in seconds; none is waited."""
    return []


@pytest.fixture
def graph(meta: PlayedMeta, slept: list[float]) -> MakeGraph:
    """Makes clients of the played Meta, each with its own settings."""

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    def make(**settings: Any) -> Graph:
        settings = {"url": meta.url, "patience": Patience(backoff_s=0.001), "sleep": sleep} | settings
        return Graph(settings.pop("access_token", TOKEN), **settings)

    return make
