"""Who waits for whom in PostgreSQL; in SQLite one transaction writes at a time, and nothing is to be done.

A transaction takes what it needs in this order, so that no two wait for each other:

    1. solutions    rows of `solution_numbers`, by number. Whoever changes a solution, or adds to what waits for its
                    lane or takes from that, holds it.
    2. order        one lock. Whoever adds notices holds it from numbering them to the commit, so that they are
                    seen in the order of their ids: who reads on from an id has missed nothing before it.
    3. targets      rows of `targets`, by name. The same as a solution's for the lane that is no solution's.
    4. all the rest
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, select, text

from partnerhook.store.schema import solution_numbers
from partnerhook.store.schema import targets as target_table
from partnerhook.store.sql import insert, is_postgresql, numbers_of, texts_of

ORDER: Final = 0x7061_7274_6E65_7201
"""Keys of advisory locks; nothing else in this database may use them. The letters are "partner"."""
MIGRATION: Final = 0x7061_7274_6E65_7202
RECONCILIATIONS: Final = 0x7061_7274_6E65_7203

_numbers = numbers_of("numbers")
_solutions = (
    select(solution_numbers.c.number)
    .where(solution_numbers.c.number.in_(select(_numbers.c.value)))
    .order_by(solution_numbers.c.number)
    .with_for_update()
)
_names = texts_of("names")
_targets = (
    select(target_table.c.name)
    .where(target_table.c.name.in_(select(_names.c.value)))
    .order_by(target_table.c.name)
    .with_for_update()
)
_advisory = text("SELECT pg_advisory_xact_lock(:key)")
_try_advisory = text("SELECT pg_try_advisory_xact_lock(:key)")


def solutions(conn: Connection, numbers: Iterable[int]) -> None:
    """Lock solutions until the commit."""
    if is_postgresql(conn) and (wanted := sorted(set(numbers))):
        conn.execute(_solutions, {"numbers": json.dumps(wanted)}).all()


def order(conn: Connection) -> None:
    """Lock the order of notices until the commit; numbering them does so too."""
    if is_postgresql(conn):
        conn.execute(_advisory, {"key": ORDER})


def reconciliations(conn: Connection) -> None:
    """Lock which reconciliations are under way until the commit; nothing else is locked besides."""
    if is_postgresql(conn):
        conn.execute(_advisory, {"key": RECONCILIATIONS})


def targets(conn: Connection, names: Iterable[str]) -> None:
    """Lock targets until the commit; one that nothing was remembered of is remembered from now on."""
    if not is_postgresql(conn) or not (wanted := sorted(set(names))):
        return
    if len(conn.execute(_targets, {"names": json.dumps(wanted)}).all()) < len(wanted):
        for name in wanted:
            conn.execute(
                insert(conn.dialect, target_table).values(name=name, paused_reason="").on_conflict_do_nothing()
            )
        conn.execute(_targets, {"names": json.dumps(wanted)}).all()


def migration_is_free(conn: Connection) -> bool:
    """Whether no other process migrates now; then this transaction has the lock."""
    return not is_postgresql(conn) or bool(conn.execute(_try_advisory, {"key": MIGRATION}).scalar_one())


def migration(conn: Connection) -> None:
    """Keep every other process from migrating until the commit, however long it takes."""
    if is_postgresql(conn):
        conn.execute(text("SET LOCAL lock_timeout = 0"))
        conn.execute(text("SET LOCAL statement_timeout = 0"))
        conn.execute(_advisory, {"key": MIGRATION})
