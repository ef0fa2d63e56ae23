"""Our own numbers for solutions: small, growing, given once, in the order in which solutions are first heard of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, bindparam, func, insert, select

from partnerhook.store.bulk import Bulk
from partnerhook.store.engine import reserve_ids
from partnerhook.store.schema import solution_numbers

SolutionName = tuple[str, str]
"""(app, solution_id)."""

_asked = func.json_each(bindparam("solution_ids")).table_valued("value")
_known = select(solution_numbers.c.app, solution_numbers.c.solution_id, solution_numbers.c.number).join_from(
    _asked, solution_numbers, solution_numbers.c.solution_id == _asked.c.value
)
_add = Bulk(insert(solution_numbers), *solution_numbers.c.keys())


def assign(conn: Connection, names: Sequence[SolutionName]) -> list[int]:
    """The number of each of `names`; those not heard of before get one now."""
    numbers = find(conn, names)
    missing = [name for name in dict.fromkeys(names) if name not in numbers]
    new = dict(zip(missing, reserve_ids(conn, solution_numbers.c.number, len(missing)), strict=True))
    _add.run(conn, [(number, solution_id, app) for (app, solution_id), number in new.items()])
    numbers |= new
    return [numbers[name] for name in names]


def find(conn: Connection, names: Iterable[SolutionName]) -> dict[SolutionName, int]:
    """The numbers of those of `names` that were heard of; others of the same ids may be among them."""
    ids = {solution_id for _, solution_id in names}
    rows = conn.execute(_known, {"solution_ids": json.dumps(list(ids))}).all()
    return {(app, solution_id): number for app, solution_id, number in rows}


def having(solution_id: str, app: str | None = None) -> Select[tuple[int]]:
    """A subquery: the number of the solution of this id, in each app that knows it or in one."""
    numbers = select(solution_numbers.c.number).where(solution_numbers.c.solution_id == solution_id)
    return numbers if app is None else numbers.where(solution_numbers.c.app == app)


def count(conn: Connection) -> int:
    """How many solutions were ever heard of."""
    counted: int = conn.execute(select(func.count()).select_from(solution_numbers)).scalar_one()
    return counted
