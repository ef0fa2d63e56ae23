"""Tell those who want to hear it what happened to a solution; in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from partnerhook.core.lifecycle import Solution
from partnerhook.core.notices import Step
from partnerhook.core.routing import About, ForwardRoute, Route, wants
from partnerhook.core.timeline import say
from partnerhook.store import clock, notices, outbox
from partnerhook.store.notices import Told
from partnerhook.store.outbox import Wanted


class Routes(NamedTuple):
    """Who wants to hear of what, as it is configured now."""

    destinations: tuple[Route, ...] = ()
    forward: tuple[ForwardRoute, ...] = ()


NOBODY = Routes()


class Routing:
    """The routes, for whoever works on while the configuration may change."""

    def __init__(self, now: Routes = NOBODY) -> None:
        self.now = now


Moved = tuple[Solution | None, list[Step]]
"""A solution after what was new of it, and the steps that it took."""


def notify(conn: Connection, moved: Mapping[int, Moved], row_ids: Mapping[str, int], routes: Routes) -> None:
    """Store a notice for each step, and a delivery for each destination that wants it.

    `moved`: by the numbers of the solutions; `row_ids`: of new observations, by their keys.
    """
    told = [(number, step, row_ids.get(step.key)) for number, (_, steps) in moved.items() for step in steps]
    if not told:
        return
    now = clock.now(conn)
    ids = notices.append(conn, told, now=now)
    if routes.destinations:
        _route(conn, zip(ids, told, strict=True), moved, routes.destinations, now)


def _route(
    conn: Connection,
    told: Iterable[tuple[int, Told]],
    moved: Mapping[int, Moved],
    destinations: Sequence[Route],
    now: int,
) -> None:
    wanted: list[Wanted] = []
    for notice_id, (number, step, _) in told:
        solution = moved[number][0]
        if solution is not None:
            subject = about(solution, step)
            to = [route.target for route in destinations if wants(route, subject)]
            wanted += [Wanted(target, number, notice_id, None, 0) for target in to]
    outbox.enqueue(conn, wanted, now=now)


def about(solution: Solution, step: Step) -> About:
    """What filters look at."""
    return About(step.kind, solution.app, say(step.after[-1]), solution.portfolio_id, solution.solution_id)
