"""How far those have come who listen to the log of notices."""

from __future__ import annotations

from sqlalchemy import Connection, select

from partnerhook.store.schema import listeners
from partnerhook.store.sql import upsert


def position(conn: Connection, name: str) -> int | None:
    """The last notice that was heard; None where this listener is new."""
    found: int | None = conn.execute(select(listeners.c.notice_id).where(listeners.c.name == name)).scalar()
    return found


def move(conn: Connection, name: str, notice_id: int) -> None:
    """It has heard everything up to this notice."""
    upsert(conn, listeners, ["name"], name=name, notice_id=notice_id)
