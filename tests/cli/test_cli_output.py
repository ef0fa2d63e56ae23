"""Where the output cannot go."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from commands import Command

from running import BIN


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
@pytest.mark.parametrize(
    "arguments", [("version",), ("--help",), ("solutions", "list", "--format", "json")], ids=" ".join
)
def test_a_disk_that_is_full(command: Command, arguments: tuple[str, ...]):
    """A sentence and exit 1, not a traceback."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [BIN, *arguments],
            cwd=command.folder,
            env=command.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert ended.returncode == 1
    assert ended.stderr == "partnerhook: The output could not be written: No space left on device.\n"


def test_a_database_with_a_name_that_no_file_can_have(tmp_path: Path):
    """It is not there, and that is said."""
    ended = Command(tmp_path, DATABASE_URL=f"sqlite:///{'n' * 300}.db").run("solutions", "list")

    assert ended.returncode == 1
    assert "There is no database at" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_standard_output_at_all(command: Command):
    """A sentence, as for a disk that is full."""
    ended = subprocess.run(
        ["sh", "-c", f"exec {BIN} solutions list >&-"],
        env=command.environment,
        cwd=command.folder,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (1, "partnerhook: There is no standard output to write to.\n")
