"""The cost of being small: how long `partnerhook --help` takes, and what an idle server holds in memory."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Final

from bench.servers import Kind, running

HELPS: Final = 11
IDLE_S: Final = 1.0


def help_s(core: int) -> float:
    """Seconds of wall time, the median of several; the first, which may read from the disk, does not count."""
    command = ["taskset", "--cpu-list", str(core), str(Path(sys.executable).with_name("partnerhook")), "--help"]
    taken: list[float] = []
    for _ in range(HELPS + 1):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        taken.append(time.perf_counter() - started)
    return median(taken[1:])


def idle_bytes(folder: Path, core: int) -> int:
    """Resident memory of `partnerhook serve` that has taken a single webhook."""
    with running(Kind.OURS, folder, core, folder / "idle.db") as server:
        time.sleep(IDLE_S)
        return server.resident_bytes
