"""Reconciliation inside of `serve`: all of it now and then, sooner for solutions whose state is in doubt."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Engine

from partnerhook.core.errors import PartnerhookError, UnderWay
from partnerhook.graph import GraphError
from partnerhook.services.judge import Judge
from partnerhook.services.lease import Lease, holding
from partnerhook.services.meters import Meters
from partnerhook.services.patience import transaction
from partnerhook.services.reconcile import LEASE, AppReport, AskingApp, Reconciled, read_singly, reconcile
from partnerhook.store import graph_readings
from partnerhook.store.graph_readings import Spacing

log = structlog.get_logger("partnerhook.reconcile")

FIRST_AFTER_S: Final = 5.0
"""Long enough to have answered what waited at the door."""

JITTER: Final = 0.1
"""Processes that were started together do not ask together."""

LOOK_EVERY_S: Final = 30.0
DOUBTFUL_S: Final = 60.0
WAITING_S: Final = 300.0
"""Somebody has to answer a request: webhooks tell when, and this finds the one that was lost."""

READ_AT_ONCE_MAX: Final = 100
"""In one look; more wait for the next."""


async def keep_reconciled(engine: Engine, apps: Sequence[AskingApp], meters: Meters, *, every_s: float) -> None:
    """For ever. `every_s`: seconds between two runs over everything."""
    next_run = time.monotonic() + _about(min(FIRST_AFTER_S, every_s))
    while True:
        await asyncio.sleep(min(LOOK_EVERY_S, max(next_run - time.monotonic(), 0.0)))
        everything = time.monotonic() >= next_run
        if everything:
            next_run = time.monotonic() + _about(every_s)
        try:
            report = await (_run(engine, apps) if everything else _look(engine, apps, every_s))
        except UnderWay:
            continue  # another process is at it
        except PartnerhookError as problem:
            log.warning("not reconciled", reason=str(problem))
            meters.reconciliation_failed()
        except Exception as error:  # whatever it is: reconciliation goes on, and so does the receiver
            log.exception("not reconciled", error=type(error).__name__)
            meters.reconciliation_failed()
        else:
            meters.reconciled(report, everything=everything)
            _tell(report)


def _about(seconds: float) -> float:
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter, not a secret


async def _run(engine: Engine, apps: Sequence[AskingApp]) -> Reconciled:
    return await reconcile(engine, apps, patience_s=0)


async def _look(engine: Engine, apps: Sequence[AskingApp], every_s: float) -> Reconciled:
    """Read the solutions again that are in doubt: soon at first, then at twice the distance each time."""
    report = Reconciled(check=False)
    due = partial(
        graph_readings.due,
        apps=[app.name for app in apps],
        now=time.time_ns() // 1_000,
        spacing=Spacing(DOUBTFUL_S, WAITING_S, every_s),
        limit=READ_AT_ONCE_MAX,
    )
    wanted = await transaction(engine, due, writes=False)
    if not wanted:
        return report
    async with holding(engine, LEASE, patience_s=0) as lease:
        for app in apps:
            ids = [solution_id for name, solution_id in wanted if name == app.name]
            if ids:
                report.apps.append(await _read(engine, app, ids, lease))
    return report


async def _read(engine: Engine, app: AskingApp, ids: list[str], lease: Lease) -> AppReport:
    report = AppReport(app.name, read=len(ids), in_doubt=ids)
    try:
        async with app.open_graph() as graph:
            await read_singly(Judge(engine, check=False, lease=lease), graph, app, report, asyncio.sleep)
    except GraphError as problem:
        report.failure = str(problem)
    return report


def _tell(report: Reconciled) -> None:
    for drift in report.drift:
        log.warning(
            "drift repaired",
            app=drift.app,
            solution=drift.reading.solution_id,
            difference=str(drift.difference),
            graph=drift.reading.reported_status,
            missed=list(drift.missed),
        )
    for app in report.apps:
        if app.failure:
            log.warning("an app was not reconciled", app=app.app, reason=app.failure)
