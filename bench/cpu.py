"""Processor time of processes, as the kernel counts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")
PARENT, USED = 1, slice(11, 13)
USED_BY_ENDED_CHILDREN = slice(13, 15)
"""Fields of /proc/PID/stat behind the program's name; see proc(5)."""


def cpu_s(pid: int) -> float:
    """Processor time that a process has used so far, all threads."""
    return _seconds(_stat(pid), USED)


def cpu_s_with_children(pid: int) -> float:
    """The same with all its children, ended ones too."""
    children = sum(_seconds(stat, USED) for stat in _all_stats() if int(stat[PARENT]) == pid)
    own = _stat(pid)
    return children + _seconds(own, USED) + _seconds(own, USED_BY_ENDED_CHILDREN)


def _seconds(stat: list[str], fields: slice) -> float:
    return sum(int(ticks) for ticks in stat[fields]) / CLOCK_TICKS


def _all_stats() -> Iterator[list[str]]:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                yield _stat(int(process.name))


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
