"""The machine: which cores to use, and what it is."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("partnerhook", "uvicorn", "uvloop", "httptools", "sqlalchemy", "psycopg", "fastapi", "pywa", "aiosqlite")


class NotPossible(Exception):
    """The benchmark cannot run on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the server, another one for the load and this program."""

    server: int
    load: int

    @property
    def all(self) -> str:
        """Both, as `taskset` lists them."""
        return f"{self.server},{self.load}"


def choose_cores() -> Cores:
    """Two cores that share nothing, as far as the kernel tells. Raises NotPossible."""
    if not hasattr(os, "sched_getaffinity"):
        raise NotPossible("The benchmark pins processes to cores, which needs Linux.")
    for command, package in (("wrk", "wrk"), ("taskset", "util-linux")):
        if shutil.which(command) is None:
            raise NotPossible(f"The benchmark needs {command}; on Debian and Ubuntu: apt-get install {package}")
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise NotPossible("The benchmark needs two cores, one for the server and one for the load.")
    siblings = _siblings(usable[0])
    apart = [core for core in usable[1:] if core not in siblings]
    return Cores(usable[0], (apart or usable[1:])[0])


@contextmanager
def on_all(cores: Cores) -> Iterator[None]:
    """Have this program, and what it starts meanwhile, run where the kernel likes."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores.server, cores.load})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _siblings(core: int) -> set[int]:
    """The hardware threads of the same core."""
    listed = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    text = listed.read_text(encoding="ascii").strip() if listed.exists() else str(core)
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def describe(postgres_version: str | None) -> list[tuple[str, str]]:
    """What the figures were measured on, by name."""
    return [
        ("processor", _first_match(Path("/proc/cpuinfo"), r"model name\s*:\s*(.+)")),
        ("cores", str(os.cpu_count())),
        ("memory", _first_match(Path("/proc/meminfo"), r"MemTotal:\s*(.+)")),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        *((name, version(name)) for name in PACKAGES),
        ("SQLite", sqlite3.sqlite_version),
        ("PostgreSQL", postgres_version or "not used"),
        ("wrk", _wrk_version()),
    ]


def _wrk_version() -> str:
    told = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"wrk (\S+)", told.stdout + told.stderr)
    return found[1] if found else "unknown"


def _first_match(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.read_text(encoding="utf-8")) if path.exists() else None
    return found[1] if found else "unknown"
