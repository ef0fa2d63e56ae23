"""What a database says of itself: whether its commits survive, and whether there is room for more."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, text

from partnerhook.store.postgresql import is_pooled


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


class ServerSettings(NamedTuple):
    """PostgreSQL's own words."""

    version: str
    fsync: str
    full_page_writes: str
    synchronous_commit: str
    """For a transaction of ours that writes: never off."""
    in_recovery: bool
    connections: int
    connections_max: int
    pooled: bool
    """A pooler such as PgBouncer is in between."""

    @property
    def durable(self) -> bool:
        """Whether what is committed outlives a crash of the server."""
        return self.fsync == "on" and self.full_page_writes == "on"


def server_settings(conn: Connection) -> ServerSettings:
    """How durable commits are there, and how many may come."""
    row = conn.execute(
        text(
            "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('full_page_writes'),"
            " CASE current_setting('synchronous_commit') WHEN 'off' THEN 'local'"
            " ELSE current_setting('synchronous_commit') END, pg_is_in_recovery(),"
            " (SELECT sum(numbackends) FROM pg_stat_database), current_setting('max_connections')::integer"
        )
    ).one()
    return ServerSettings._make((*row, is_pooled(conn.connection.driver_connection)))


def free_bytes(file: Path) -> int:
    """Room on the disk of a file, for an ordinary user."""
    disk = os.statvfs(file.parent)
    return disk.f_bavail * disk.f_frsize
