"""Compare the registry with the Graph API, and observe what it says where they differ.

Nothing is overwritten: what differs becomes an observation of source `graph` and goes through the one
funnel. Each page is judged in a short transaction of its own, so that a running receiver hardly notices;
and against what is stored at that moment, so that a webhook which came meanwhile is not undone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Engine

from partnerhook.core.drift import Drift
from partnerhook.core.graph_readings import GraphReading
from partnerhook.graph import (
    ActionRefused,
    GraphError,
    GraphUnreadable,
    NotFound,
    PermissionMissing,
    Role,
    SolutionPage,
)
from partnerhook.services.judge import Judge, Readings
from partnerhook.services.lease import holding
from partnerhook.services.notify import Routing

NEXT_SECOND_S: Final = 1.1
"""`Date` and `time` are in whole seconds: what cannot be told within one is read again in the next."""

TRIES_MAX: Final = 3

Sleep = Callable[[float], Awaitable[None]]

OF_ONE: Final = (ActionRefused, GraphUnreadable, PermissionMissing)
"""Errors that may be of one solution alone: it must not keep those behind it from being read."""

LEASE: Final = "reconcile"

RUN_PATIENCE_S: Final = 900.0
"""How long to wait for a run that is under way: a hundred thousand solutions take some minutes."""


class SolutionReader(Protocol):
    """What is needed of the Graph API."""

    def solution_pages(
        self, app_id: str, role: Role | None = None, limit: int = 100, *, detailed: bool = False
    ) -> AsyncIterator[SolutionPage]:
        """Every solution of an app."""

    async def solution(self, solution_id: str) -> GraphReading:
        """One solution."""


class AskingApp(NamedTuple):
    """A configured app that can ask the Graph API."""

    name: str
    app_id: str
    open_graph: Callable[[], AbstractAsyncContextManager[SolutionReader]]


@dataclass(slots=True)
class AppReport:
    """What one app's solutions came to."""

    app: str
    read: int = 0
    """How many solutions the Graph API told of."""
    drift: list[Drift] = field(default_factory=list)
    """Where the registry was wrong, or did not know."""
    confirmed: list[Drift] = field(default_factory=list)
    """Where nothing differed, and what had been odd is settled."""
    in_doubt: list[str] = field(default_factory=list)
    """Solutions that changed while they were read: the next run reads them again."""
    unlisted: list[str] = field(default_factory=list)
    """Solutions of the registry that the Graph API does not tell of: of another app, or gone."""
    unreadable: int = 0
    """Rows of the Graph API without an id or a status."""
    failure: str = ""
    """Why it was not read to its end; empty where it was."""

    def add(self, drifts: Sequence[Drift]) -> None:
        """What some readings showed."""
        self.drift += [one for one in drifts if one.difference.drift]
        self.confirmed += [one for one in drifts if not one.difference.drift]


@dataclass(slots=True)
class Reconciled:
    """What all of it came to."""

    check: bool
    """Nothing was changed."""
    apps: list[AppReport] = field(default_factory=list)

    @property
    def drift(self) -> list[Drift]:
        """Of all apps."""
        return [one for app in self.apps for one in app.drift]

    @property
    def failed(self) -> bool:
        """Some app was not read to its end."""
        return any(app.failure for app in self.apps)


async def reconcile(
    engine: Engine,
    apps: Sequence[AskingApp],
    *,
    routing: Routing,
    check: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    on_wait: Callable[[], None] = lambda: None,
    patience_s: float = RUN_PATIENCE_S,
    sleep: Sleep = asyncio.sleep,
) -> Reconciled:
    """Compare every solution of `apps`, repair what differs (not with `check`), and report it.

    One process at a time: `on_wait` is called where another one is at it. An app that cannot be read keeps none of
    the others from being read. Raises UnderWay, StoreUnavailable.
    """
    report = Reconciled(check)
    if check:
        await _all(Judge(engine, routing, check=True), apps, report, on_progress, sleep)
    else:
        async with holding(engine, LEASE, patience_s=patience_s, on_wait=on_wait) as lease:
            await _all(Judge(engine, routing, check=False, lease=lease), apps, report, on_progress, sleep)
    return report


async def _all(
    judge: Judge,
    apps: Sequence[AskingApp],
    report: Reconciled,
    on_progress: Callable[[int, int], None],
    sleep: Sleep,
) -> None:
    known = {app.name: await judge.known(app.name) for app in apps}
    total = sum(map(len, known.values()))
    for app in apps:
        one = AppReport(app.name)
        report.apps.append(one)
        try:
            async with app.open_graph() as graph:
                async for told in _lists(graph, app.app_id, one):
                    judged = await judge(Readings(app.name, app.app_id, *told))
                    one.add(judged.drifts)
                    one.in_doubt += judged.doubtful
                    known[app.name] -= {reading.solution_id for reading in told[1]}
                    done = sum(other.read for other in report.apps)
                    on_progress(done, max(total, done))
                await read_singly(judge, graph, app, one, sleep)
                one.unlisted += sorted(known[app.name])
        except GraphError as problem:
            one.failure = str(problem)


async def _lists(
    graph: SolutionReader, app_id: str, report: AppReport
) -> AsyncIterator[tuple[Role, Sequence[GraphReading]]]:
    """Every page of both roles, with all that can be told of each solution, where Meta tells that in lists."""
    for role in Role:
        begun = False
        try:
            async for page in graph.solution_pages(app_id, role, detailed=True):
                begun = True
                yield role, _counted(page, report)
        except ActionRefused:
            if begun:
                raise
            async for page in graph.solution_pages(app_id, role):
                yield role, _counted(page, report)


def _counted(page: SolutionPage, report: AppReport) -> Sequence[GraphReading]:
    report.read += len(page.readings)
    report.unreadable += page.unreadable
    return page.readings


async def read_singly(judge: Judge, graph: SolutionReader, app: AskingApp, report: AppReport, sleep: Sleep) -> None:
    """Read those in doubt one by one, in the next second; what is left changes faster than it can be read."""
    for _ in range(TRIES_MAX):
        if not report.in_doubt:
            return
        await sleep(NEXT_SECOND_S)
        doubtful, report.in_doubt = sorted(set(report.in_doubt)), []
        for solution_id in doubtful:
            try:
                reading = await graph.solution(solution_id)
            except NotFound:
                report.unlisted.append(solution_id)
                await judge.asked_in_vain(app.name, solution_id)
                continue
            except OF_ONE as problem:
                report.failure = f"Solution {solution_id}: {problem}"
                await judge.asked_in_vain(app.name, solution_id)
                continue
            judged = await judge(Readings(app.name, app.app_id, None, [reading]))
            report.add(judged.drifts)
            report.in_doubt += judged.doubtful
