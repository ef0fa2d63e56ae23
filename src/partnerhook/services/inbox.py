"""What somebody should look at, the oldest first, each with whose turn it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine

from partnerhook.core.inbox import Turn, turn
from partnerhook.core.lifecycle import Solution
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.transitions import Party
from partnerhook.services.patience import transact
from partnerhook.store import clock, inbox
from partnerhook.store.inbox import Counts, Item, Place

__all__ = ["COUNTED_MAX", "Counts", "Entry", "Inbox", "Place"]

COUNTED_MAX: Final = 1_000
"""Beyond it "more" is all that anybody needs to know."""


class Entry(NamedTuple):
    """A solution that somebody should look at."""

    place: Place
    """What the next page begins behind."""
    solution: Solution
    name: str
    turn: Turn
    overdue: bool
    """It has waited for longer than was configured."""


class Inbox:
    """Every look in one read transaction. `overdue_after_s` as it is configured now; 0: nothing is ever overdue."""

    def __init__(self, engine: Engine, overdue_after_s: Callable[[], float]) -> None:
        self._engine = engine
        self._overdue_after_s = overdue_after_s

    def waiting(self, *, after: Place | None, limit: int) -> list[Entry]:
        """What is ours to answer, what may be, and what is overdue."""

        def read(conn: Connection) -> list[Entry]:
            before = self._overdue_before(conn)
            found = inbox.waiting(conn, overdue_before=before, after=after, limit=limit)
            return [_entry(one, before) for one in found]

        return transact(self._engine, read, writes=False)

    def odd(self, *, after: Place | None, limit: int) -> list[Entry]:
        """Solutions that came to be where they are in an odd way."""

        def read(conn: Connection) -> list[Entry]:
            before = self._overdue_before(conn)
            return [_entry(one, before) for one in inbox.odd(conn, after=after, limit=limit)]

        return transact(self._engine, read, writes=False)

    def counts(self) -> Counts:
        """How much there is; COUNTED_MAX and one more: more than is counted."""

        def read(conn: Connection) -> Counts:
            return inbox.counts(conn, overdue_before=self._overdue_before(conn), most=COUNTED_MAX + 1)

        return transact(self._engine, read, writes=False)

    def _overdue_before(self, conn: Connection) -> int:
        after_s = self._overdue_after_s()
        return int(clock.now(conn) // MICROSECONDS - after_s) if after_s else 0


def _entry(one: Item, overdue_before: int) -> Entry:
    role = Party(one.role.lower()) if one.role else None
    whose = turn(one.solution, role)
    overdue = whose is not Turn.NOBODY and one.solution.since < overdue_before
    return Entry(one.place, one.solution, one.name, whose, overdue)
