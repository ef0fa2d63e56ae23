"""Ids that grow: the order of arrival."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, func, select, text

from partnerhook.store.sql import is_postgresql, numbers_of

_next = text("SELECT nextval(CAST(:sequence AS regclass)) FROM generate_series(1, :count)")


def reserve(conn: Connection, column: Column[Any], count: int) -> Sequence[int]:
    """`count` unused ids, in their order.

    SQLite: what follows the newest, for this transaction holds the only write lock. PostgreSQL: of a sequence, so
    that transactions side by side get different ones.
    """
    if count == 0:
        return range(0)
    if is_postgresql(conn):
        return list(conn.execute(_next, {"sequence": sequence_of(column), "count": count}).scalars())
    newest: int = conn.execute(_newest(column)).scalar_one()
    return range(newest + 1, newest + 1 + count)


def sequence_of(column: Column[Any]) -> str:
    """The name of the sequence behind a column."""
    return f"{column.table.name}_{column.name}_seq"


def existing(conn: Connection, column: Column[Any], ids: Sequence[int]) -> set[int] | None:
    """Which of `ids` there are; None: all of them, which is the rule."""
    if isinstance(ids, range):
        span = {"first": ids.start, "last": ids.stop - 1}
        if conn.execute(_count_between(column), span).scalar_one() == len(ids):
            return None
        return set(conn.execute(_between(column), span).scalars())
    found = set(conn.execute(_among(column), {"ids": json.dumps(ids)}).scalars())
    return None if len(found) == len(ids) else found


@cache
def _newest(column: Column[Any]) -> Select[Any]:
    return select(func.coalesce(func.max(column), 0))


@cache
def _between(column: Column[Any]) -> Select[Any]:
    return select(column).where(column.between(bindparam("first"), bindparam("last")))


@cache
def _count_between(column: Column[Any]) -> Select[Any]:
    return select(func.count()).where(column.between(bindparam("first"), bindparam("last")))


@cache
def _among(column: Column[Any]) -> Select[Any]:
    wanted = numbers_of("ids")
    return select(column).join_from(wanted, column.table, column == wanted.c.value)
