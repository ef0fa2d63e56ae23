"""How far a table is old: its ids grow with time, so that it is found by halves, without reading what is in between."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, func, select


def last_before(conn: Connection, ids: Column[Any], times: Column[Any], before: int, *, after_id: int = 0) -> int:
    """The last id behind `after_id` whose time is before `before`; `after_id` where there is none.

    Where the clock was put back, times do not grow with ids everywhere: then it is one such id out of several.
    """
    low = after_id
    high: int = conn.execute(_newest(ids)).scalar_one()
    while low < high:
        middle = (low + high + 1) // 2
        if conn.execute(_time_from(ids, times), {"id": middle}).scalar_one() < before:
            low = middle
        else:
            high = middle - 1
    return low


def oldest(conn: Connection, ids: Column[Any], *, from_id: int = 0) -> int | None:
    """The first id from `from_id` on; None where there is none. What is known to be gone need not be looked through."""
    found: int | None = conn.execute(_oldest(ids), {"id": from_id}).scalar()
    return found


@cache
def _newest(ids: Column[Any]) -> Select[Any]:
    return select(func.coalesce(func.max(ids), 0))


@cache
def _oldest(ids: Column[Any]) -> Select[Any]:
    return select(ids).where(ids >= bindparam("id")).order_by(ids).limit(1)


@cache
def _time_from(ids: Column[Any], times: Column[Any]) -> Select[Any]:
    return select(times).where(ids >= bindparam("id")).order_by(ids).limit(1)
