"""Rooms for the API's tests: one to look at, for a whole file; and one of its own for whoever changes things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rooms import Filled, Room


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Room, Filled]]:
    with Room(tmp_path_factory.mktemp("api")) as room:
        yield room, room.fill()


@pytest.fixture(scope="module")
def room(_shared: tuple[Room, Filled]) -> Room:
    """A filled room, shared by the tests of a file."""
    return _shared[0]


@pytest.fixture(scope="module")
def there(_shared: tuple[Room, Filled]) -> Filled:
    """What is in it."""
    return _shared[1]
