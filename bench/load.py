"""wrk as the load: one thread on its own core, every body new, signed as it goes."""

from __future__ import annotations

import ctypes.util
import json
import os
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from bench import story
from bench.servers import SECRET, BenchFailed, Server

SCRIPT: Final = Path(__file__).with_name("load.lua")
RESERVED: Final = 15_000_000
"""Numbers below are for what stands in the database before."""
RANGE: Final = 1_500_000
"""Numbers for one run, far more than any uses; a multiple of all steps times `apart`."""
RANGES: Final = (story.IDS * len(story.STEPS) - RESERVED) // RANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is sent, and how."""

    connections: int
    changes: int = 1
    apart: int = story.APART

    def __str__(self) -> str:
        connections = f"{self.connections} connection{'s' if self.connections > 1 else ''}"
        return connections if self.changes == 1 else f"{connections}, {self.changes:,} changes per POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of the load."""

    answers: int
    """200s, whole ones; requests under way at the end are not counted."""
    duration_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    server_cpu: float
    """Share of its core that the server used."""
    load_cpu: float
    """Share of its core that wrk used: near 1, it is wrk that was measured."""
    database_cpu: float = 0.0
    """Share of a core that PostgreSQL used."""

    @property
    def answers_s(self) -> float:
        """Requests answered each second."""
        return self.answers / self.duration_s


_ranges = count()


def run(server: Server, shape: Shape, *, core: int | str, seconds: int) -> Measured:
    """Load the server for a while. Raises BenchFailed where a single answer was not 200."""
    first = RESERVED + next(_ranges) % RANGES * RANGE
    command = ["taskset", "--cpu-list", str(core), "wrk", "--threads", "1", "--connections", str(shape.connections)]
    command += [
        "--duration",
        str(seconds),
        "--timeout",
        "30",
        "--script",
        str(SCRIPT),
        f"http://127.0.0.1:{server.port}",
    ]
    command += ["--", SECRET, _libcrypto(), str(first), str(shape.changes), str(shape.apart), *story.for_lua()]
    server_cpu_s = server.cpu_s
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    server_cpu_s = server.cpu_s - server_cpu_s
    measured = _measured(told, server, server_cpu_s, used.ru_utime + used.ru_stime)
    if measured.answers * shape.changes > RANGE - 2 * shape.connections * shape.changes:
        raise BenchFailed(f"wrk sent more than {RANGE:,} changes in one run, and so repeated some; take fewer seconds")
    return measured


def _measured(told: str, server: Server, server_cpu_s: float, load_cpu_s: float) -> Measured:
    lines = [line for line in told.splitlines() if line.startswith("measured ")]
    if len(lines) != 1:
        raise BenchFailed(f"wrk against {server.kind} said:\n{told}")
    result: dict[str, int] = json.loads(lines[0].removeprefix("measured "))
    wrong = {name: result[name] for name in ("not_200", "connect", "read", "write", "timeout") if result[name]}
    if wrong or not result["answers"]:
        raise BenchFailed(f"{server.kind} gave {result['answers']} answers, of which did not count: {wrong}")
    duration_s = result["duration_us"] / 1e6
    return Measured(
        answers=result["answers"],
        duration_s=duration_s,
        p50_ms=result["p50_us"] / 1e3,
        p99_ms=result["p99_us"] / 1e3,
        max_ms=result["max_us"] / 1e3,
        server_cpu=server_cpu_s / duration_s,
        load_cpu=load_cpu_s / duration_s,
    )


def _libcrypto() -> str:
    found = ctypes.util.find_library("crypto")
    if found is None:
        raise BenchFailed("wrk signs with OpenSSL's libcrypto, which was not found.")
    return found
