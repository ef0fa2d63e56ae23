"""Read those solutions again whose state is in doubt, or that have waited long for somebody's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine

from partnerhook.graph import GraphError
from partnerhook.services.judge import Judge
from partnerhook.services.lease import holding
from partnerhook.services.notify import Routing
from partnerhook.services.patience import transaction
from partnerhook.services.reconcile import LEASE, AppReport, AskingApp, Reconciled, Sleep, read_singly
from partnerhook.store import clock, graph_readings
from partnerhook.store.graph_readings import Spacing
from partnerhook.store.numbers import SolutionName

DOUBTFUL_S: Final = 60.0
WAITING_S: Final = 300.0
"""Somebody has to answer a request: webhooks tell when, and this finds the one that was lost."""

READ_AT_ONCE_MAX: Final = 100
"""In one look; more wait for the next."""


async def reconcile_doubtful(
    engine: Engine, apps: Sequence[AskingApp], *, routing: Routing, longest_s: float, sleep: Sleep = asyncio.sleep
) -> Reconciled:
    """Soon at first, then at twice the distance each time, up to `longest_s`. Raises UnderWay, StoreUnavailable."""
    report = Reconciled(check=False)

    def due(conn: Connection) -> list[SolutionName]:
        names, spacing = [app.name for app in apps], Spacing(DOUBTFUL_S, WAITING_S, longest_s)
        return graph_readings.due(conn, names, clock.now(conn), spacing, READ_AT_ONCE_MAX)

    wanted = await transaction(engine, due, writes=False)
    if not wanted:
        return report
    async with holding(engine, LEASE, patience_s=0) as lease:
        for app in apps:
            ids = [solution_id for name, solution_id in wanted if name == app.name]
            if ids:
                judge = Judge(engine, routing, check=False, lease=lease)
                report.apps.append(await _read(judge, app, ids, sleep))
    return report


async def _read(judge: Judge, app: AskingApp, ids: list[str], sleep: Sleep) -> AppReport:
    report = AppReport(app.name, read=len(ids), in_doubt=ids)
    try:
        async with app.open_graph() as graph:
            await read_singly(judge, graph, app, report, sleep)
    except GraphError as problem:
        report.failure = str(problem)
    return report
