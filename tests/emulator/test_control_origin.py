"""The control API answers programs and our own page, and no page of others."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from partnerhook.emulator.run import new_box
from partnerhook.emulator.server import running_in_thread


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Of a box."""
    with running_in_thread(new_box()) as url:
        yield url


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/_control/clock"), ("GET", "/_control/")])
def test_pages_of_others_are_refused(url: str, headers: dict[str, str], status: int, method: str, path: str):
    """Also to look: there are tokens to see, though they belong to nobody."""
    answer = httpx2.request(method, url + path, headers=headers, trust_env=False)

    assert answer.status_code == status
