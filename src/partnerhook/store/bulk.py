"""Many rows for one statement, without paying per row for what only the statement needs.

A statement is written once, in terms of what is `Given`: a row's values. SQLite gets it with a placeholder for each
value and runs it row by row, inside of this process. PostgreSQL gets it once, over a table that it makes of all rows,
sent as one JSON text: a round trip for each row would cost more than all else. There no row sees what another row
of the same call did; whoever writes a statement has to make sure that none needs to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    LargeBinary,
    Table,
    TableClause,
    bindparam,
    column,
    select,
    table,
)
from sqlalchemy.sql.expression import Executable
from sqlalchemy.types import TypeEngine

from partnerhook.store.postgresql import in_pipeline, straight_to_driver
from partnerhook.store.sql import POSTGRESQL, insert, is_postgresql, sql_type

GIVEN: Final = "given"

COPIED_ROWS_MIN: Final = 1_000
"""Fewer, such as those of a commit, are sent with the statement itself: COPY costs a round trip more."""


class Given:
    """One row's values, by name: `given["number"]`."""

    def __init__(self, dialect: Dialect, types: dict[str, TypeEngine[Any]]) -> None:
        self.dialect = dialect
        self._types = types
        self._rows: TableClause | None = None
        if dialect.name == POSTGRESQL:
            self._rows = table(GIVEN, *[column(name, kind) for name, kind in types.items()])

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        if self._rows is not None:
            return self._rows.c[name]
        return bindparam(name, type_=self._types[name])

    def insert(self, into: Table, **values: ColumnElement[Any]) -> Any:
        """An insert of the row: of `values`, and of what is given for all other columns that are among the given."""
        wanted = {one.name: self[one.name] for one in into.c if one.name in self._types} | values
        made = insert(self.dialect, into)
        if self._rows is None:
            return made.values(wanted)
        return made.from_select(list(wanted), select(*wanted.values()).select_from(self._rows))


Build = Callable[[Given], Executable]
Returned = Sequence[tuple[Any, ...]]
Rows = Sequence[Any]
Run = Callable[[Connection, Sequence[tuple[Any, ...]]], Returned]


class Bulk:
    """A statement for rows of the values that `types` names, in this order."""

    def __init__(self, build: Build, **types: TypeEngine[Any]) -> None:
        self._build = build
        self._types = types
        self._runs: dict[str, Run] = {}

    def run(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> Returned:
        """Execute it for each of `rows`; what it returns, which only PostgreSQL is asked for: one statement has all."""
        if not rows:
            return []
        name = conn.dialect.name
        if name not in self._runs:
            self._runs[name] = self._compiled(conn.dialect)
        return self._runs[name](conn, rows)

    def _compiled(self, dialect: Dialect) -> Run:
        compiled = _compile(self._build(Given(dialect, self._types)), dialect)
        if dialect.name == POSTGRESQL:
            return _Together(str(compiled), self._types, returns=bool(compiled.effective_returning))
        return _EachByItself(str(compiled), tuple(self._types), tuple(compiled.positiontup or ()))


class Query:
    """A statement that asks, without paying for what only its first time needs."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._sql = ""

    def rows(self, conn: Connection, **parameters: Any) -> Rows:
        """What it finds: rows, as tuples."""
        return self.ask(conn, **parameters)()

    def ask(self, conn: Connection, **parameters: Any) -> Callable[[], Rows]:
        """Ask; what it finds is told when the returned function is called, so that other work can be done meanwhile."""
        if not is_postgresql(conn):
            found_at_once = conn.execute(self._statement, parameters).all()
            return lambda: found_at_once
        self._sql = self._sql or str(_compile(self._statement, conn.dialect))
        with straight_to_driver(conn, self._sql) as driver:
            cursor = driver.execute(self._sql, parameters)

        def answer() -> Rows:
            with straight_to_driver(conn, self._sql):
                found: Rows = cursor.fetchall()
            return found

        return answer


class insert_into:  # noqa: N801 - reads as a statement
    """Whole rows of a table, which nothing of the sort is in."""

    def __init__(self, into: Table) -> None:
        self._bulk = Bulk(lambda given: given.insert(into), **types_of(into))
        columns = ", ".join([f'"{one.name}"' for one in into.c])
        self._copy = f"COPY {into.name} ({columns}) FROM STDIN"

    def run(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert `rows`."""
        if len(rows) >= COPIED_ROWS_MIN and is_postgresql(conn) and not in_pipeline(conn):
            copy_rows(conn, self._copy, rows)
        else:
            self._bulk.run(conn, rows)


def copy_rows(conn: Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """PostgreSQL's fastest way in. Raises what any statement raises."""
    with straight_to_driver(conn, statement) as driver, driver.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def types_of(of: Table) -> dict[str, TypeEngine[Any]]:
    """The types of all columns of a table, by name."""
    return {one.name: one.type for one in of.c}


def _compile(statement: Executable, dialect: Dialect) -> Any:
    return statement.compile(dialect=dialect)  # type: ignore[attr-defined]


class _EachByItself:
    """SQLite: the driver runs the statement for each row."""

    def __init__(self, sql: str, given: tuple[str, ...], bound: tuple[str, ...]) -> None:
        self._sql = sql
        places = tuple(given.index(name) for name in bound)
        self._arrange = None if bound == given else itemgetter(*places)
        self._alone = len(places) == 1

    def __call__(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> Returned:
        if self._arrange is None:
            arranged = list(rows)
        else:
            arranged = [(self._arrange(row),) if self._alone else self._arrange(row) for row in rows]
        conn.exec_driver_sql(self._sql, arranged)
        return []


class _Together:
    """PostgreSQL: all rows as one table. Bytes go beside the JSON, one behind the other; it has their places."""

    def __init__(self, sql: str, types: dict[str, TypeEngine[Any]], *, returns: bool) -> None:
        self._returns = returns
        self._bytes_at = next((at for at, kind in enumerate(types.values()) if isinstance(kind, LargeBinary)), None)
        columns = ", ".join(_columns(types))
        self._sql = f"WITH {GIVEN} AS (SELECT {columns} FROM jsonb_array_elements(%s::jsonb) r) {sql}"  # noqa: S608

    def __call__(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> Returned:
        if self._bytes_at is None:
            return self._execute(conn, _json(rows))
        places, together = _side_by_side(rows, self._bytes_at)
        # Bytes first: their placeholder stands among the columns, before that of the rows.
        return self._execute(conn, together, _json(places))

    def _execute(self, conn: Connection, *parameters: Any) -> Returned:
        with straight_to_driver(conn, self._sql) as driver:
            cursor = driver.execute(self._sql, parameters)
            returned: Returned = cursor.fetchall() if self._returns else []
        return returned


def _json(rows: Sequence[Sequence[Any]]) -> str:
    return to_json(rows).decode()


def _columns(types: dict[str, TypeEngine[Any]]) -> Iterator[str]:
    for at, (name, kind) in enumerate(types.items()):
        if isinstance(kind, LargeBinary):
            part = f"substring(%s::bytea FROM (r->{at}->>0)::integer FOR (r->{at}->>1)::integer)"
            yield f'CASE WHEN (r->>{at}) IS NOT NULL THEN {part} END AS "{name}"'
        else:
            yield f'(r->>{at})::{sql_type(kind)} AS "{name}"'


def _side_by_side(rows: Sequence[tuple[Any, ...]], at: int) -> tuple[list[list[Any]], bytes]:
    places: list[list[Any]] = []
    parts: list[bytes] = []
    end = 0
    for row in rows:
        place = list(row)
        part = row[at]
        if part is not None:
            place[at] = (end + 1, len(part))
            parts.append(part)
            end += len(part)
        places.append(place)
    return places, b"".join(parts)
