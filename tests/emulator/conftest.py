"""Boxes and callbacks that end with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from boxed import Boxed
from callbacks import Callback


@pytest.fixture
def start() -> Iterator[Callable[..., Boxed]]:
    """Starts a box, as in `start("openapi", messaging="any")`."""
    with ExitStack() as opened:
        yield lambda *profile, **how: opened.enter_context(Boxed(*profile, **how))


@pytest.fixture
def boxed(start: Callable[..., Boxed]) -> Boxed:
    """A box as the guide has it."""
    return start()


@pytest.fixture
def callback() -> Iterator[Callback]:
    """A receiver that answers as it should."""
    with Callback() as callback:
        yield callback
