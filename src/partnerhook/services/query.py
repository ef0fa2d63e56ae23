"""Look things up: solutions, their history, observations, receipts. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.lifecycle import Solution
from partnerhook.core.observations import Observation
from partnerhook.core.receipts import Receipt
from partnerhook.store import migrate, observations, receipts, solutions
from partnerhook.store.solutions import SolutionFilter


class Queries:
    """Every look-up, each in one read transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list_solutions(self, wanted: SolutionFilter) -> list[Solution]:
        """All that fit, by app and solution id."""
        with self._reading() as conn:
            return solutions.find(conn, wanted)

    def find_solutions(self, solution_id: str, app: str | None = None) -> list[Solution]:
        """The solution of this id, in each app that knows it."""
        with self._reading() as conn:
            return solutions.find_by_id(conn, solution_id, app)

    def history(self, app: str, solution_id: str) -> list[Observation]:
        """Everything ever heard of one solution."""
        with self._reading() as conn:
            return observations.history(conn, app, solution_id)

    def receipt(self, receipt_id: int) -> Receipt | None:
        """One receipt, or None."""
        with self._reading() as conn:
            return receipts.find(conn, receipt_id)

    def count_by_state(self) -> dict[tuple[str, str, str], int]:
        """How many solutions are in each (app, status, pending)."""
        with self._reading() as conn:
            return solutions.count_by_state(conn)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as conn, conn.begin():
                migrate.check(conn)
                yield conn
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"The database cannot be read: {getattr(error, 'orig', error)}.") from None
