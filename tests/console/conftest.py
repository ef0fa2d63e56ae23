"""Fixtures of the console's tests: a real Chromium, and a stage that it looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from stage import Stage
from visit import CHROMIUM, FLAGS, Open, Visit


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """For a file and no longer: while it runs, an event loop does, and tests that have one of their own cannot."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for all tests of a file."""
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def visit(chromium: Browser, stage: Stage) -> Iterator[Open]:
    """Opens visits; each must end without an error in the browser, and without having asked another host anything."""
    visits: list[Visit] = []

    def begin(**how: Any) -> Visit:
        visits.append(Visit(chromium, how.pop("url", stage.url), **how))
        return visits[-1]

    yield begin

    for one in visits:
        one.end()
