"""What SQLite and PostgreSQL say differently, said once.

upsert(insert).on_conflict_do_update    both have it, and SQLAlchemy a function for each
least, greatest                         min and max in SQLite
values_of                               a list of values as rows: `json_each`, `jsonb_array_elements`
holds                                   whether some bytes are in others
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    LargeBinary,
    Table,
    TableValuedAlias,
    Text,
    bindparam,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

POSTGRESQL: Final = "postgresql"

Value = TypeVar("Value")


def is_postgresql(conn: Connection) -> bool:
    """Whether this connection is one to PostgreSQL; else it is one to SQLite."""
    return conn.dialect.name == POSTGRESQL


def insert(dialect: Dialect, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that knows what to do about conflicts."""
    return postgresql.insert(table) if dialect.name == POSTGRESQL else sqlite.insert(table)


def upsert(conn: Connection, table: Table, keys: list[str], **values: Any) -> None:
    """Have a row with these values: a new one, or the one with the same `keys` changed."""
    made = insert(conn.dialect, table).values(**values)
    changed = {name: value for name, value in values.items() if name not in keys}
    conn.execute(made.on_conflict_do_update(index_elements=keys, set_=changed))


class _Extreme(FunctionElement[Any]):
    inherit_cache = True

    def __init__(self, *clauses: ColumnElement[Any]) -> None:
        super().__init__(*clauses)
        self.type = clauses[0].type


class least(_Extreme):  # noqa: N801 - a function of SQL
    """The smallest."""

    name = "least"


class greatest(_Extreme):  # noqa: N801 - a function of SQL
    """The largest."""

    name = "greatest"


@compiles(least, "sqlite")
def _least(element: least, compiler: Any, **how: Any) -> str:
    return f"min({compiler.process(element.clauses, **how)})"


@compiles(greatest, "sqlite")
def _greatest(element: greatest, compiler: Any, **how: Any) -> str:
    return f"max({compiler.process(element.clauses, **how)})"


@compiles(least)
@compiles(greatest)
def _extreme(element: _Extreme, compiler: Any, **how: Any) -> str:
    return f"{element.name}({compiler.process(element.clauses, **how)})"


class holds(FunctionElement[bool]):  # noqa: N801 - a function of SQL
    """Whether the first bytes have the second ones in them."""

    inherit_cache = True
    type = Boolean()


@compiles(holds, "sqlite")
def _holds_sqlite(element: holds, compiler: Any, **how: Any) -> str:
    return f"instr({compiler.process(element.clauses, **how)}) > 0"


@compiles(holds, "postgresql")
def _holds_postgresql(element: holds, compiler: Any, **how: Any) -> str:
    whole, part = element.clauses
    return f"position({compiler.process(part, **how)} in {compiler.process(whole, **how)}) > 0"


SQL_TYPES: Final[tuple[tuple[type[TypeEngine[Any]], str], ...]] = (
    (BigInteger, "bigint"),
    (Integer, "integer"),
    (Text, "text"),
    (LargeBinary, "bytea"),
)


def sql_type(of: TypeEngine[Any]) -> str:
    """PostgreSQL's name for a type of ours."""
    return next(name for kind, name in SQL_TYPES if isinstance(of, kind))


class _Values(FunctionElement[Any]):
    inherit_cache = True
    name = "listed"


class _Texts(_Values):
    inherit_cache = True


@compiles(_Values, "sqlite")
@compiles(_Texts, "sqlite")
def _values_sqlite(element: _Values, compiler: Any, **how: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **how)})"


@compiles(_Values, "postgresql")
def _numbers_postgresql(element: _Values, compiler: Any, **how: Any) -> str:
    return f"(SELECT v::bigint AS value FROM {_elements(element, compiler, how)} v)"  # noqa: S608


@compiles(_Texts, "postgresql")
def _texts_postgresql(element: _Texts, compiler: Any, **how: Any) -> str:
    return f"(SELECT v AS value FROM {_elements(element, compiler, how)} v)"  # noqa: S608


def _elements(element: _Values, compiler: Any, how: dict[str, Any]) -> str:
    return f"jsonb_array_elements_text(({compiler.process(element.clauses, **how)})::jsonb)"


def numbers_of(parameter: str) -> TableValuedAlias:
    """The numbers of a JSON list that is bound to `parameter`, as rows with a `value`."""
    return _Values(bindparam(parameter, type_=Text())).table_valued("value")


def texts_of(parameter: str) -> TableValuedAlias:
    """The texts of a JSON list that is bound to `parameter`, as rows with a `value`."""
    return _Texts(bindparam(parameter, type_=Text())).table_valued("value")


Statement = TypeVar("Statement")


def for_each_dialect(build: Callable[[Dialect], Statement]) -> Callable[[Connection], Statement]:
    """A statement that is built once for each database."""
    built: dict[str, Statement] = {}

    def found(conn: Connection) -> Statement:
        name = conn.dialect.name
        if name not in built:
            built[name] = build(conn.dialect)
        return built[name]

    return found
