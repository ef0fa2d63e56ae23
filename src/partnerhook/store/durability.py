"""What a database says of itself: whether its commits survive, and whether there is room for more."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, text


class Durability(NamedTuple):
    """SQLite's own words."""

    version: str
    journal_mode: str
    synchronous: int
    """2: FULL. A commit is on the disk before it returns."""


def durability(conn: Connection) -> Durability:
    """How durable commits on this connection are."""
    return Durability(
        str(conn.execute(text("SELECT sqlite_version()")).scalar_one()),
        str(conn.execute(text("PRAGMA journal_mode")).scalar_one()),
        int(conn.execute(text("PRAGMA synchronous")).scalar_one()),
    )


def free_bytes(file: Path) -> int:
    """Room on the disk of a file, for an ordinary user."""
    disk = os.statvfs(file.parent)
    return disk.f_bavail * disk.f_frsize
