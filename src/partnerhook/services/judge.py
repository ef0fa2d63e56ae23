"""What Graph API readings mean for the registry, and taking over what it did not know; in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from partnerhook.core.drift import Drift, compare, in_doubt
from partnerhook.core.graph_readings import GraphReading, observe_reading
from partnerhook.core.notices import NoticeKind, Step
from partnerhook.graph import Role
from partnerhook.services.lease import Lease
from partnerhook.services.notify import Moved, Routes, Routing, notify
from partnerhook.services.patience import transaction
from partnerhook.services.project import append_and_project
from partnerhook.store import clock, graph_readings, numbers, solution_lists, solutions


class Judged(NamedTuple):
    """What some readings came to."""

    drifts: list[Drift]
    doubtful: list[str]
    """The solutions for which the reading may be older than what was heard: to be read again."""


class Readings(NamedTuple):
    """What one app was told."""

    app: str
    app_id: str
    role: Role | None
    """The side that was asked for; None: one solution was read by its id."""
    read: Sequence[GraphReading]


def judge(conn: Connection, told: Readings) -> Judged:
    """Compare only."""
    known = numbers.find(conn, [(told.app, one.solution_id) for one in told.read])
    stored = solutions.find_by_number(conn, known.values()).solutions
    judged = Judged([], [])
    for reading in {one.solution_id: one for one in told.read}.values():
        number = known.get((told.app, reading.solution_id))
        thought = None if number is None else stored.get(number)
        drift = compare(told.app, thought, reading)
        if drift is None:
            continue
        if in_doubt(thought, reading):
            judged.doubtful.append(reading.solution_id)
        else:
            judged.drifts.append(drift)
    return judged


def settle(conn: Connection, told: Readings, routes: Routes) -> Judged:
    """Compare, observe what differs, and keep what only the Graph API tells."""
    # Locked before it is compared: what differs must not change until it is settled.
    numbers.find(conn, [(told.app, one.solution_id) for one in told.read], lock=True)
    judged = judge(conn, told)
    now = clock.now(conn)
    observed = [observe_reading(drift.reading, app=told.app, received_at=now) for drift in judged.drifts]
    projected = append_and_project(conn, [(one, None) for one in observed])
    known = numbers.find(conn, [(told.app, one.solution_id) for one in told.read])
    renamed = _renamed(conn, told, known)
    graph_readings.save(conn, [(known[told.app, one.solution_id], _role(told, one), one) for one in told.read])
    notify(conn, *projected, routes)
    notify(conn, renamed, {}, routes)
    return judged


def _renamed(conn: Connection, told: Readings, known: Mapping[numbers.SolutionName, int]) -> dict[int, Moved]:
    """Only the Graph API tells a name, so that this is where a new one shows."""
    names = graph_readings.names(conn, known.values())
    renamed: dict[int, Moved] = {}
    changed = [
        (known[told.app, one.solution_id], one)
        for one in told.read
        if one.name and names.get(known[told.app, one.solution_id], "") not in {"", one.name}
    ]
    stored = solutions.find_by_number(conn, [number for number, _ in changed]).solutions
    for number, one in changed:
        solution = stored.get(number)
        if solution is not None:
            same = (solution.could_be, solution.since)
            detail = f"{names[number]}\n{one.name}\n{one.read_at}"
            step = Step(NoticeKind.RENAMED, *same, *same, solution.anomalies, corrected=False, key="", detail=detail)
            renamed[number] = solution, [step]
    return renamed


def _role(told: Readings, reading: GraphReading) -> str:
    """The owner's id tells it surely; else the list in which it stood."""
    if reading.owner_app is not None:
        return Role.OWNER if reading.owner_app.id == told.app_id else Role.PARTNER
    return told.role or ""


class Judge:
    """Judges page by page, each in a short transaction: compares only with `check`, else settles too."""

    def __init__(self, engine: Engine, routing: Routing, *, check: bool, lease: Lease | None = None) -> None:
        self._engine = engine
        self._routing = routing
        self._check = check
        self._lease = lease

    async def __call__(self, told: Readings) -> Judged:
        """What some readings come to. Raises StoreUnavailable; UnderWay where the lease was lost."""
        if self._check:
            return await transaction(self._engine, partial(judge, told=told), writes=False)
        if self._lease is not None:
            self._lease.check()
        work = partial(settle, told=told, routes=self._routing.now)
        return await transaction(self._engine, work, writes=True)

    async def known(self, app: str) -> set[str]:
        """The ids of the solutions that the registry has of an app."""
        wanted = solution_lists.SolutionFilter(app=app)
        found = await transaction(self._engine, partial(solution_lists.find, wanted=wanted), writes=False)
        return {one.solution_id for one in found}

    async def asked_in_vain(self, app: str, solution_id: str) -> None:
        """Remember that the Graph API tells nothing of a solution, so that it is not asked for again at once."""
        if self._check:
            return

        def work(conn: Connection) -> None:
            number = numbers.find(conn, [(app, solution_id)]).get((app, solution_id))
            if number is not None:
                graph_readings.asked_in_vain(conn, number, clock.now(conn))

        await transaction(self._engine, work, writes=True)
