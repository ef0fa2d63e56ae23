"""Look-ups that many people do at once, done once for all of them.

Whoever looks because of a pulse finds what that pulse told of: what is kept was looked up after it, or it is looked up
now. Between two pulses, which come seldom where many people watch (`services/live.py`), all see the same.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Engine

from partnerhook.services.live import Live
from partnerhook.services.query import BoardColumn, Queries, SolutionFilter, SolutionSort, Told

KEPT_S: Final = 5.0
"""What no pulse tells of, a name that the Graph API told, is seen so much later."""

KEPT: Final = 100
"""Look-ups at most: each is one page of a list, some tens of kilobytes."""

ROWS_MAX: Final = 100
"""Longer pages are those of a file: nobody else looks at them, and those kept would hold 50,000 solutions."""

Found = TypeVar("Found")


class _Kept(NamedTuple):
    found: Any
    version: int
    """The newest observation, just before it was looked up."""
    until: float


class _Spot:
    """One look-up. Whoever comes while it is looked up waits for that."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: _Kept | None = None


class KeptQueries(Queries):
    """For people: the board and the lists of solutions, which cost most, are looked up once for everybody."""

    def __init__(self, engine: Engine, live: Live) -> None:
        super().__init__(engine)
        self._live = live
        self._spots: OrderedDict[Hashable, _Spot] = OrderedDict()
        self._lock = threading.Lock()

    def board(self, cards: int, wanted: SolutionFilter) -> list[BoardColumn]:
        """As `Queries` has it."""
        return self._once((cards, wanted), partial(super().board, cards, wanted))

    def solutions_page(
        self,
        wanted: SolutionFilter,
        *,
        sort: SolutionSort = SolutionSort.ID,
        after: tuple[Any, ...] | None,
        limit: int,
    ) -> list[Told]:
        """As `Queries` has it."""
        look = partial(super().solutions_page, wanted, sort=sort, after=after, limit=limit)
        return look() if limit > ROWS_MAX else self._once((wanted, sort, after, limit), look)

    def _once(self, key: Hashable, look: Callable[[], Found]) -> Found:
        spot = self._spot(key)
        with spot.lock:
            told = self._live.told
            needed = self.newest_observation_id() if told is None else told.observation_id
            if spot.kept is None or spot.kept.version < needed or time.monotonic() > spot.kept.until:
                version = self.newest_observation_id()
                spot.kept = _Kept(look(), version, time.monotonic() + KEPT_S)
            found: Found = spot.kept.found
            return found

    def _spot(self, key: Hashable) -> _Spot:
        with self._lock:
            spot = self._spots.setdefault(key, _Spot())
            self._spots.move_to_end(key)
            if len(self._spots) > KEPT:
                self._spots.popitem(last=False)
            return spot
