"""Ids that grow: the order of arrival."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Select, bindparam, func, select, text

from partnerhook.store.bulk import Query
from partnerhook.store.sql import is_postgresql, numbers_of

_next = "SELECT nextval(CAST(:sequence AS regclass)) AS id FROM generate_series(1, :count)"
_span = Query(text(f"SELECT min(id), max(id) FROM ({_next}) ids"))  # noqa: S608
_span_in_order = Query(
    text(
        "WITH alone AS MATERIALIZED (SELECT pg_advisory_xact_lock(:key)) "  # noqa: S608
        f"SELECT min(id), max(id) FROM ({_next}, alone) ids"
    )
)
_other = _next.replace(":", ":other_")
_spans = Query(
    text(
        "SELECT one.first, one.last, other.first, other.last"  # noqa: S608
        f" FROM (SELECT min(id) AS first, max(id) AS last FROM ({_next}) ids) one,"
        f" (SELECT min(id) AS first, max(id) AS last FROM ({_other}) ids) other"
    )
)
_each = text(_next)

TRIES: Final = 3


def reserve(conn: Connection, column: Column[Any], count: int, *, lock: int | None = None) -> Sequence[int]:
    """`count` unused ids, in their order; with `lock`, once that was got (PostgreSQL: the key of an advisory lock).

    SQLite: what follows the newest, for this transaction holds the only write lock. PostgreSQL: of a sequence, so
    that transactions side by side get different ones; mostly one after the other, else as they come.
    """
    if count == 0:
        return range(0)
    if not is_postgresql(conn):
        newest: int = conn.execute(_newest(column)).scalar_one()
        return range(newest + 1, newest + 1 + count)
    wanted = {"sequence": sequence_of(column), "count": count}
    for _ in range(TRIES):
        if lock is None:
            ((first, last),) = _span.rows(conn, **wanted)
        else:
            ((first, last),) = _span_in_order.rows(conn, **wanted, key=lock)
        if last - first == count - 1:
            return range(first, last + 1)
    return sorted(conn.execute(_each, wanted).scalars())


def reserve_both(conn: Connection, one: tuple[Column[Any], int], other: tuple[Column[Any], int]) -> list[Sequence[int]]:
    """The same of two columns, in one round trip where there are round trips."""
    if not is_postgresql(conn) or not one[1] or not other[1]:
        return [reserve(conn, *one), reserve(conn, *other)]
    wanted = {"sequence": sequence_of(one[0]), "count": one[1], "other_sequence": sequence_of(other[0])}
    (spans,) = _spans.rows(conn, **wanted, other_count=other[1])
    return [
        range(first, last + 1) if last - first == count - 1 else reserve(conn, column, count)
        for (column, count), first, last in ((one, *spans[:2]), (other, *spans[2:]))
    ]


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
