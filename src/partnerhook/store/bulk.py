"""Many rows for one statement, without paying per row for what only the statement needs.

SQLAlchemy compiles the statement once; the driver then gets plain tuples. On the path of every
webhook this halves the cost of a row, and the SQL is still SQLAlchemy's for either database.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.expression import Executable


class Bulk:
    """A statement for rows of `parameters`, in this order."""

    def __init__(self, statement: Executable, *parameters: str) -> None:
        self._statement = statement
        self._parameters = parameters
        self._sql = lru_cache(maxsize=2)(self._compile)

    def run(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Execute it for each of `rows`."""
        if rows:
            conn.exec_driver_sql(self._sql(conn.dialect), list(rows))

    def _compile(self, dialect: Dialect) -> str:
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=list(self._parameters))  # type: ignore[attr-defined]
        if tuple(compiled.positiontup or ()) != self._parameters:
            raise ValueError(f"the statement takes {compiled.positiontup}, not {self._parameters}")
        return str(compiled)
