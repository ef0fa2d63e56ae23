"""Folders for the command: empty, filled to look at, filled to change."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Command, fill


@pytest.fixture
def empty(tmp_path: Path) -> Command:
    """A folder without a database."""
    return Command(tmp_path)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The story of `fill`, for tests that only look."""
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return Command(folder)


@pytest.fixture
def own(tmp_path: Path) -> Command:
    """The same story, for a test that changes it."""
    fill(tmp_path)
    return Command(tmp_path)
