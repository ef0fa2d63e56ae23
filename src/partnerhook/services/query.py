"""Look things up: solutions, their history, observations, receipts. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import State
from partnerhook.core.observations import Observation
from partnerhook.core.receipts import Receipt
from partnerhook.core.timeline import Entry, timeline
from partnerhook.services.boards import Boards, FirstPages
from partnerhook.store import (
    customers,
    deliveries,
    figures,
    graph_readings,
    migrate,
    observations,
    receipts,
    solution_lists,
    solutions,
)
from partnerhook.store.customers import CustomerEvent
from partnerhook.store.deliveries import Backlog
from partnerhook.store.engine import words_of
from partnerhook.store.graph_readings import GraphFacts
from partnerhook.store.observations import ObservationFilter
from partnerhook.store.receipts import ListedReceipt, ReceiptFilter
from partnerhook.store.solution_lists import Numbered, SolutionFilter, SolutionSort, place

__all__ = [
    "BoardColumn",
    "CustomerEvent",
    "GraphFacts",
    "ListedReceipt",
    "ObservationFilter",
    "Queries",
    "ReceiptFilter",
    "SolutionFilter",
    "SolutionSort",
    "Story",
    "Told",
    "place",
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


FIRST_MAX: Final = 200
"""Longer first pages are not those that many look at again and again."""

Told = tuple[Solution, GraphFacts | None]
"""A solution, and what only the Graph API tells of it; None where it was never asked."""


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """One state, and who is in it."""

    state: State
    count: int
    cards: list[Told]
    """Some of them: those first that have been in it for longest."""


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
        self._boards = Boards()
        self._first_pages = FirstPages()

    def list_solutions(self, wanted: SolutionFilter) -> list[Solution]:
        """All that fit, by app and solution id."""
        with self._reading() as conn:
            return solution_lists.find(conn, wanted)

    def solutions_page(
        self,
        wanted: SolutionFilter,
        *,
        sort: SolutionSort = SolutionSort.ID,
        after: tuple[Any, ...] | None,
        limit: int,
    ) -> list[Told]:
        """The next ones that fit, behind the `place` of one that was told before; each with what only Graph tells."""
        with self._reading() as conn:
            if after is None and sort is not SolutionSort.ID and limit <= FIRST_MAX:
                return _told(conn, self._first_pages.look(conn, wanted, sort, limit))
            return _told(conn, solution_lists.page(conn, wanted, sort=sort, after=after, limit=limit))

    def board(self, cards: int, wanted: SolutionFilter) -> list[BoardColumn]:
        """A column for each state: how many fit, and the first `cards` of them, which have been in it for longest."""
        with self._reading() as conn:
            counts, heads = self._boards.look(conn, cards, wanted)
            told = {state: _told(conn, head) for state, head in heads.items()}
        return [BoardColumn(state, count, told[state]) for state, count in counts.items()]

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

    def observations_page(
        self, wanted: ObservationFilter, *, before_id: int | None, limit: int
    ) -> list[tuple[int, Observation]]:
        """The newest that fit, or those before `before_id`, each with its id, newest first."""
        with self._reading() as conn:
            return observations.page_back(conn, wanted, before_id=before_id, limit=limit)

    def count_milestones(self) -> int:
        """How many things have happened at least once that a new installation waits for."""
        with self._reading() as conn:
            return len(figures.milestones_of(conn))

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

    def receipts_page(self, wanted: ReceiptFilter, *, before_id: int | None, limit: int) -> list[ListedReceipt]:
        """The newest that fit, or those before `before_id`, without their bodies, newest first."""
        with self._reading() as conn:
            return receipts.page_back(conn, wanted, before_id=before_id, limit=limit)

    def receipt(self, receipt_id: int) -> Receipt | None:
        """One receipt, or None."""
        with self._reading() as conn:
            return receipts.find(conn, receipt_id)

    def newest_receipt(self) -> int:
        """The number of the receipt that was stored last; 0 where there is none."""
        with self._reading() as conn:
            newest = receipts.newest(conn)
        return newest[0] if newest else 0

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


def _told(conn: Connection, found: Sequence[Numbered]) -> list[Told]:
    facts = graph_readings.find_by_number(conn, [number for number, _ in found])
    return [(solution, facts.get(number)) for number, solution in found]
