"""Our own numbers for solutions: small, growing, given once, in the order in which solutions are first heard of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, func, select

from partnerhook.store import ids
from partnerhook.store.bulk import Bulk, Query, types_of
from partnerhook.store.schema import solution_numbers
from partnerhook.store.sql import is_postgresql, texts_of

SolutionName = tuple[str, str]
"""(app, solution_id)."""

_asked = texts_of("solution_ids")
_find = select(solution_numbers.c.app, solution_numbers.c.solution_id, solution_numbers.c.number).join_from(
    _asked, solution_numbers, solution_numbers.c.solution_id == _asked.c.value
)
_known = Query(_find)
_locked = Query(_find.order_by(solution_numbers.c.number).with_for_update(of=solution_numbers))
_add = Bulk(
    lambda given: given.insert(solution_numbers).on_conflict_do_nothing(index_elements=["solution_id", "app"]),
    **types_of(solution_numbers),
)


def assign(conn: Connection, names: Sequence[SolutionName]) -> list[int]:
    """The number of each of `names`; those not heard of before get one now. All are locked until the commit."""
    numbers = find(conn, names, lock=True)
    missing = [name for name in dict.fromkeys(names) if name not in numbers]
    if missing:
        numbers |= _number(conn, missing)
    return [numbers[name] for name in names]


def _number(conn: Connection, missing: Sequence[SolutionName]) -> dict[SolutionName, int]:
    """Number what nobody has numbered yet; another transaction may be at it, and then it is its number that counts."""
    new = dict(zip(missing, ids.reserve(conn, solution_numbers.c.number, len(missing)), strict=True))
    if not is_postgresql(conn):
        _add.run(conn, [(number, solution_id, app) for (app, solution_id), number in new.items()])
        return new
    # In one order for all, so that two who add the same do not wait for each other.
    _add.run(conn, [(new[name], name[1], name[0]) for name in sorted(missing)])
    return find(conn, missing, lock=True)


def find(conn: Connection, names: Iterable[SolutionName], *, lock: bool = False) -> dict[SolutionName, int]:
    """The numbers of those of `names` that were heard of; others of the same ids may be among them.

    `lock`: they are locked until the commit.
    """
    ids = {solution_id for _, solution_id in names}
    query = _locked if lock and is_postgresql(conn) else _known
    rows = query.rows(conn, solution_ids=json.dumps(list(ids)))
    return {(app, solution_id): number for app, solution_id, number in rows}


def having(solution_id: str, app: str | None = None) -> Select[tuple[int]]:
    """A subquery: the number of the solution of this id, in each app that knows it or in one."""
    numbers = select(solution_numbers.c.number).where(solution_numbers.c.solution_id == solution_id)
    return numbers if app is None else numbers.where(solution_numbers.c.app == app)


def count(conn: Connection) -> int:
    """How many solutions were ever heard of."""
    counted: int = conn.execute(select(func.count()).select_from(solution_numbers)).scalar_one()
    return counted
