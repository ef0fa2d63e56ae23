"""The running API against its own description, by schemathesis: whatever is asked, the answer is as described.

The live stream is left out: it never ends. What it can be asked is in test_api_stream.py.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from rooms import PREFIX, Filled, Room

from partnerhook.core.access import Role

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).with_name("schemathesis")


def run(room: Room, folder: Path, *options: str, within_s: float) -> str:
    """Try everything; what it says, where it finds nothing wrong."""
    command = [
        PROGRAM,
        "--config-file",
        HERE / "schemathesis.toml",
        "run",
        f"{room.server.admin_url}{PREFIX}/openapi.json",
    ]
    key = f"Authorization: Bearer {room.keys[Role.ADMIN]}"
    ended = subprocess.run(
        [*command, "--header", key, "--exclude-path", f"{PREFIX}/stream", "--no-color", "--warnings", "off", *options],
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "SCHEMATHESIS_HOOKS": str(HERE / "formats.py")},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_every_answer_is_as_described(room: Room, there: Filled, tmp_path: Path):
    """Right requests are taken, wrong ones refused, in every phase but the stream; the same ones each time."""
    assert there.accepted

    told = run(room, tmp_path, "--seed", "1", "--max-examples", "4", within_s=500)

    assert "No issues found" in told


@pytest.mark.soak
def test_every_answer_is_as_described_for_longer(room: Room, there: Filled, tmp_path: Path):
    """With other requests each time; the seed is in what is shown."""
    assert there.accepted
    seed = str(secrets.randbelow(2**32))

    told = run(room, tmp_path, "--seed", seed, "--max-examples", "100", within_s=3_600)

    assert "No issues found" in told
