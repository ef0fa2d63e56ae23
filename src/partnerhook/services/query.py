"""Look things up: solutions, their history, observations, receipts. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.lifecycle import Solution
from partnerhook.core.observations import Observation
from partnerhook.core.receipts import Receipt
from partnerhook.core.timeline import Entry, timeline
from partnerhook.store import customers, deliveries, graph_readings, migrate, observations, receipts, solutions
from partnerhook.store.customers import CustomerEvent
from partnerhook.store.deliveries import Backlog
from partnerhook.store.engine import words_of
from partnerhook.store.graph_readings import GraphFacts
from partnerhook.store.observations import ObservationFilter
from partnerhook.store.receipts import ListedReceipt, ReceiptFilter
from partnerhook.store.solutions import SolutionFilter

__all__ = [
    "CustomerEvent",
    "GraphFacts",
    "ListedReceipt",
    "ObservationFilter",
    "Queries",
    "ReceiptFilter",
    "SolutionFilter",
    "Story",
]

PAGE: Final = 1_000
"""Items read in one transaction. A longer one would keep SQLite from cutting its write-ahead log short."""


class Story(NamedTuple):
    """All there is to know of one solution."""

    solution: Solution
    timeline: list[Entry]
    customers: list[CustomerEvent]
    graph: GraphFacts | None
    """What only the Graph API tells; None where it was never asked."""


class Totals(NamedTuple):
    """How much there is of what."""

    solutions: Mapping[tuple[str, str, str], int] = MappingProxyType({})
    """By (app, status, pending)."""
    waiting: Mapping[str, Backlog] = MappingProxyType({})
    """By target."""
    dead: Mapping[str, int] = MappingProxyType({})
    """Deliveries given up, by target."""


class Queries:
    """Every look-up, each in one read transaction of its own; long lists take one for each page."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list_solutions(self, wanted: SolutionFilter) -> list[Solution]:
        """All that fit, by app and solution id."""
        with self._reading() as conn:
            return solutions.find(conn, wanted)

    def solutions_page(
        self, wanted: SolutionFilter, *, after: tuple[str, str] | None, limit: int
    ) -> list[tuple[Solution, GraphFacts | None]]:
        """The next ones that fit, each with what only the Graph API tells; by app and solution id, behind `after`."""
        with self._reading() as conn:
            found = solutions.page(conn, wanted, after=after, limit=limit)
            facts = {key: told for one in found for key, told in graph_readings.find(conn, one.solution_id).items()}
        return [(one, facts.get((one.app, one.solution_id))) for one in found]

    def graph_facts(self) -> dict[tuple[str, str], GraphFacts]:
        """What only the Graph API tells, of every solution that it told of, by app and solution id."""
        with self._reading() as conn:
            return graph_readings.find(conn)

    def find_solutions(self, solution_id: str, app: str | None = None) -> list[Solution]:
        """The solution of this id, in each app that knows it."""
        with self._reading() as conn:
            return solutions.find_by_id(conn, solution_id, app)

    def story(self, app: str, solution_id: str) -> Story | None:
        """A solution with its timeline and customers, all as of one moment; None where it is not known."""
        with self._reading() as conn:
            found = solutions.find_by_id(conn, solution_id, app)
            history = observations.find(conn, app, solution_id)
            shared = customers.of_solution(conn, app, solution_id)
            told = graph_readings.find(conn, solution_id).get((app, solution_id))
        return Story(found[0], timeline(history), shared, told) if found else None

    def history(self, app: str, solution_id: str) -> list[Observation]:
        """Everything ever heard of one solution."""
        with self._reading() as conn:
            return observations.find(conn, app, solution_id)

    def observations(self, wanted: ObservationFilter, *, after_id: int = 0) -> Iterator[tuple[int, Observation]]:
        """All that fit and were stored after `after_id`, each with its id, in the order of arrival."""
        while True:
            with self._reading() as conn:
                page = observations.page(conn, wanted, after_id=after_id, limit=PAGE)
            if not page:
                return
            yield from page
            after_id = page[-1][0]

    def newest_observation_id(self) -> int:
        """The id of the observation that was stored last; 0 where there is none."""
        with self._reading() as conn:
            return observations.newest_id(conn)

    def receipts(self, wanted: ReceiptFilter) -> Iterator[ListedReceipt]:
        """All that fit, without their bodies, in the order of arrival."""
        after_id = 0
        while True:
            with self._reading() as conn:
                page = receipts.page(conn, wanted, after_id=after_id, limit=PAGE)
            if not page:
                return
            yield from page
            after_id = page[-1].receipt.id

    def receipt(self, receipt_id: int) -> Receipt | None:
        """One receipt, or None."""
        with self._reading() as conn:
            return receipts.find(conn, receipt_id)

    def totals(self) -> Totals:
        """What there is of each kind now."""
        with self._reading() as conn:
            return Totals(solutions.count_by_state(conn), deliveries.backlogs(conn), deliveries.dead(conn))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as conn, conn.begin():
                migrate.check(conn)
                yield conn
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"The database cannot be read: {words_of(error)}.") from None
