"""A server with destinations that are no URL: a function that blocks, a file, people."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from tables import LIFE, TYPES, destination, step

from endpoints import Endpoint
from running import Server, wait_until

Configure = Callable[..., Server]


def test_a_function_that_blocks_delays_nobody(configured: Configure, endpoint: Endpoint, tmp_path: Path):
    """Neither Meta nor another destination, nor the end of the server."""
    (tmp_path / "blocking.py").write_text("import time\ndef take(document): time.sleep(3600)\n")
    server = configured(
        destination("blocks", kind="python", function="blocking:take", internal=None),
        destination("crm", url=endpoint.url),
        command=["env", f"PYTHONPATH={tmp_path}"],
    )

    begun = time.monotonic()
    for number in range(30):
        assert server.post(step(str(number), 0)).status == 200

    assert time.monotonic() - begun < 5
    wait_until(lambda: len(endpoint.got) == 30, "all at the other one")
    assert server.stop(within_s=30) == 0


def test_a_file(configured: Configure, tmp_path: Path):
    """A line for each notice."""
    path = tmp_path / "notices.jsonl"
    server = configured(destination("log", kind="file", path=str(path), internal=None))

    for number in range(len(LIFE)):
        server.post(step("77", number))

    wait_until(lambda: path.exists() and path.read_text().count("\n") == len(LIFE), "all lines")
    kinds = [json.loads(line)["type"] for line in path.read_text().splitlines()]
    assert kinds == [f"partnerhook.solution.{kind}" for kind in TYPES]


def test_people(configured: Configure, endpoint: Endpoint):
    """A burst over many solutions is one message."""
    server = configured(
        destination("people", kind="alert", urls=[endpoint.url.replace("http", "json")], group_s=1, internal=None)
    )

    for number in range(10):
        server.post(step(str(number), 0))

    wait_until(lambda: endpoint.got, "a message", within_s=20)
    (one,) = endpoint.documents()
    assert one["title"] == "10 solutions changed"
