"""docs/api.md: its examples work as they are written, and its tables are true."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from rooms import Filled, Room

from partnerhook.bootstrap import openapi
from partnerhook.core.access import Role

DOCUMENT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^curl .*$", DOCUMENT, re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_work(room: Room, there: Filled, example: str):
    """Each by itself, in a shell."""
    assert there.accepted
    keys = {"KEY": Role.VIEWER, "OPERATOR_KEY": Role.OPERATOR, "ADMIN_KEY": Role.ADMIN}
    variables = {name: room.keys[role] for name, role in keys.items()} | {"SERVER": room.server.admin_url}

    ended = subprocess.run(
        ["sh", "-c", example],
        env={"PATH": "/usr/bin:/bin", "no_proxy": "*", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("{")


def test_there_are_examples():
    """Of a list, an action, and what only an admin may."""
    assert len(EXAMPLES) >= 5


def test_places_that_are_named_are_there():
    """Each method and path in the table of actions."""
    paths = {path.removeprefix("/api/v1") for path in openapi()["paths"]}
    shapes = {re.sub(r"\{\w+\}", "{}", path) for path in paths}
    named = re.findall(r"`(?:GET|POST|DELETE) (/[a-z/{}]+)`", DOCUMENT)

    assert len(named) >= 8
    for one in named:
        assert re.sub(r"\{\w+\}", "{}", one) in shapes, one


def test_every_status_is_explained():
    """Each that an operation of the OpenAPI document can answer with, and no other."""
    told = {
        status
        for methods in openapi()["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
        if status >= "400"
    }
    rows = set(re.findall(r"^\| (\d{3}) \|", DOCUMENT, re.MULTILINE))

    assert rows == told | {"404", "405"}
