"""What each process counted in each minute, and when something happened for the first time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, select

from partnerhook.core.figures import Figures, together
from partnerhook.store.schema import figures, milestones
from partnerhook.store.sql import insert, upsert


def add(conn: Connection, minute: int, process: str, counted: Figures) -> None:
    """So much more was counted by a process in a minute (Unix seconds / 60)."""
    same = (figures.c.minute == minute) & (figures.c.process == process)
    known = conn.execute(select(figures.c.figures).where(same)).scalar()
    sums = together([counted] if known is None else [json.loads(known), counted])
    upsert(conn, figures, ["minute", "process"], minute=minute, process=process, figures=json.dumps(sums))


def between(conn: Connection, first: int, last: int) -> list[tuple[int, Figures]]:
    """What was counted from minute `first` to `last`, by any process; a minute may be there more than once."""
    query = select(figures.c.minute, figures.c.figures).where(figures.c.minute.between(first, last))
    return [(row.minute, json.loads(row.figures)) for row in conn.execute(query)]


def drop_before(conn: Connection, minute: int) -> int:
    """Forget what is older; how many rows that were."""
    return conn.execute(delete(figures).where(figures.c.minute < minute)).rowcount


def reached(conn: Connection, names: Iterable[str], at: int) -> None:
    """These happened; the first time counts. Unix microseconds."""
    for name in names:
        new: Any = insert(conn.dialect, milestones).values(name=name, at=at)
        conn.execute(new.on_conflict_do_nothing())


def milestones_of(conn: Connection) -> dict[str, int]:
    """When what happened for the first time, by name."""
    return {row.name: row.at for row in conn.execute(select(milestones))}
