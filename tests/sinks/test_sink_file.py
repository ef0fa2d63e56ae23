"""A file of JSON lines, on a real disk."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from conformance import Fact, Kit, Received, at_once, cancelled, deliver, in_order, intact, message

from partnerhook.core.errors import PartnerhookError
from partnerhook.sinks.file import FileSink

every_fact = pytest.mark.parametrize("fact", [intact, in_order, at_once, cancelled], ids=lambda fact: fact.__name__)


def read(path: Path) -> list[Received]:
    """Every line."""
    return [Received(json.loads(line)["id"], line) for line in path.read_bytes().split(b"\n")[:-1]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where it is written to."""
    return tmp_path / "notices.jsonl"


@pytest.fixture
def kit(path: Path) -> Kit:
    """Nothing has to be started."""

    async def everything() -> list[Received]:
        return read(path)

    return Kit(lambda: FileSink(path=str(path)), everything, lambda: None, lambda: None)


@every_fact
def test_conforms(kit: Kit, fact: Fact):
    """As every kind."""
    asyncio.run(fact(kit))


def test_a_line_that_was_cut_short(kit: Kit, path: Path):
    """The next one begins on a line of its own: nothing else is lost."""
    path.write_bytes(b'{"id": "whole"}\n{"id": "cut')

    asyncio.run(deliver(kit.open(), message(1)))

    lines = path.read_bytes().split(b"\n")
    assert lines[:2] == [b'{"id": "whole"}', b'{"id": "cut']
    assert json.loads(lines[2])["id"] == "n-1"


def test_rotated_away(kit: Kit, path: Path):
    """A file that was moved is not written to any more."""
    sink = kit.open()
    asyncio.run(deliver(sink, message(1)))
    path.rename(path.with_suffix(".1"))

    asyncio.run(deliver(sink, message(2)))

    assert [one.id for one in read(path)] == ["n-2"]


def test_no_folder(tmp_path: Path):
    """It fails, and says why."""
    sink = FileSink(path=str(tmp_path / "nowhere" / "notices.jsonl"))

    with pytest.raises(PartnerhookError, match="No such file or directory"):
        asyncio.run(deliver(sink, message(1)))
