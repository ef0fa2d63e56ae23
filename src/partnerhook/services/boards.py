"""The board's columns and the first page of a list, found without an index that every webhook would have to keep.

Looking through a hundred thousand solutions once takes some hundredths of a second; sorting out of them the few that
have waited longest, for each state anew, takes as long again for each. But these few hardly change: whoever was the
last of them a moment ago still is, or somebody before him has left. So one look through the table counts, and one more
takes from every state what stands no further behind than that last one did. So it is with a list that is sorted by
age. See docs/adr/0021.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from partnerhook.core.names import State
from partnerhook.store import solution_lists
from partnerhook.store.solution_lists import Bound, Numbered, Place, SolutionFilter, SolutionSort, place

FEW: Final = 200
"""A state with no more than these is taken whole."""

REACH: Final = 2
"""Remembered is who stands at so many times the wanted place: so many may leave before all are looked through again."""

KEPT: Final = 64
"""Filters of which the last of each column are remembered: as many as people look at side by side."""

Bounds = dict[State, Bound]


class Boards:
    """Remembers who stood last in each column. Threads may share it: what is remembered is never needed."""

    def __init__(self) -> None:
        self._bounds: OrderedDict[tuple[int, SolutionFilter], Bounds] = OrderedDict()

    def look(
        self, conn: Connection, cards: int, wanted: SolutionFilter
    ) -> tuple[Mapping[State, int], Mapping[State, list[Numbered]]]:
        """How many that fit are in each state, and the first `cards` of each."""
        reach = cards * REACH
        counts = solution_lists.count_by_state(conn, wanted)
        before = self._bounds.get((cards, wanted), {})
        seen = {
            state: None if count <= FEW else before[state]
            for state, count in counts.items()
            if 0 < count <= FEW or (count and state in before)
        }
        heads: dict[State, list[Numbered]] = {state: [] for state in counts}
        heads |= solution_lists.waiting_longest(conn, wanted, reach, seen)
        for state, count in counts.items():
            if len(heads[state]) < min(cards, count):
                heads[state] = solution_lists.waiting_longest_in(conn, wanted, reach, state)
        self._remember((cards, wanted), heads)
        return counts, {state: head[:cards] for state, head in heads.items()}

    def _remember(self, which: tuple[int, SolutionFilter], heads: Mapping[State, list[Numbered]]) -> None:
        self._bounds[which] = {state: (head[-1][1].since, head[-1][0]) for state, head in heads.items() if head}
        self._bounds.move_to_end(which)
        if len(self._bounds) > KEPT:
            self._bounds.popitem(last=False)


class FirstPages:
    """Remembers who stood last on the first page of a list. Threads may share it, too."""

    def __init__(self) -> None:
        self._bounds: OrderedDict[tuple[SolutionFilter, SolutionSort, int], Place] = OrderedDict()

    def look(self, conn: Connection, wanted: SolutionFilter, sort: SolutionSort, limit: int) -> list[Numbered]:
        """The first `limit` that fit."""
        which, reach = (wanted, sort, limit), limit * REACH
        bound = self._bounds.pop(which, None)
        found: list[Numbered] = []
        if bound is not None:
            found = solution_lists.page(conn, wanted, sort=sort, after=None, limit=reach, up_to=bound)
        if len(found) < limit:
            found = solution_lists.page(conn, wanted, sort=sort, after=None, limit=reach)
        if found:
            self._bounds[which] = place(found[-1][1], sort)
            if len(self._bounds) > KEPT:
                self._bounds.popitem(last=False)
        return found[:limit]
