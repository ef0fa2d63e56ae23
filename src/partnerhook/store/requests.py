"""What running servers were asked to do, by another process through the database, and what came of it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from partnerhook.store.schema import requests
from partnerhook.store.sql import upsert


class Request(NamedTuple):
    """The newest of its name. Unix microseconds."""

    at: int
    outcome: str


def write(conn: Connection, name: str, at: int, outcome: str = "") -> None:
    """Ask, or answer."""
    upsert(conn, requests, ["name"], name=name, at=at, outcome=outcome)


def remove(conn: Connection, name: str) -> None:
    """It is over."""
    conn.execute(delete(requests).where(requests.c.name == name))


def find(conn: Connection, beginning: str) -> dict[str, Request]:
    """All whose name begins so."""
    rows = conn.execute(select(requests).where(requests.c.name.startswith(beginning, autoescape=True)))
    return {row.name: Request(row.at, row.outcome) for row in rows}
