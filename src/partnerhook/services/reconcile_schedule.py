"""Reconciliation inside of `serve`: all of it now and then, sooner for solutions whose state is in doubt."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy import Engine

from partnerhook.core.errors import PartnerhookError, UnderWay
from partnerhook.services.meters import Meters
from partnerhook.services.notify import Routing
from partnerhook.services.reconcile import LEASE, AskingApp, Reconciled, reconcile
from partnerhook.services.reconcile_doubtful import reconcile_doubtful
from partnerhook.services.turns import count, is_due

log = structlog.get_logger("partnerhook.reconcile")

FIRST_AFTER_S: Final = 5.0
"""Long enough to have answered what waited at the door."""

JITTER: Final = 0.1
"""Processes that were started together do not ask together."""

AFRESH_S: Final = 300.0
"""Who starts compares everything, for webhooks may have been missed; unless that was done no longer ago than this."""

LOOK_EVERY_S: Final = 30.0
"""For solutions in doubt. After a failure twice as long, and so on: a wrong token is not tried all day."""

TOLD_MAX: Final = 20
"""Repairs with a line of their own in the log; a first run can have thousands."""


async def keep_reconciled(
    engine: Engine, apps: Sequence[AskingApp], meters: Meters, routing: Routing, *, every_s: float
) -> None:
    """For ever. `every_s`: seconds between two runs over everything."""
    look_every_s = min(FIRST_AFTER_S, every_s)
    started = True
    while True:
        await asyncio.sleep(_about(min(look_every_s, every_s)))
        failed = True
        everything = False
        try:
            everything = await is_due(engine, LEASE, within_s=max(every_s - AFRESH_S, 0.0) if started else 0.0)
            started = False
            if everything:
                report = await reconcile(engine, apps, routing=routing, patience_s=0)
                await count(engine, LEASE, every_s=_about(every_s))
            else:
                report = await reconcile_doubtful(engine, apps, routing=routing, longest_s=every_s)
        except UnderWay:
            continue  # another process is at it
        except PartnerhookError as problem:
            log.warning("not reconciled", reason=str(problem))
            meters.reconciliation_failed()
        except Exception as error:  # whatever it is: reconciliation goes on, and so does the receiver
            log.exception("not reconciled", error=type(error).__name__)
            meters.reconciliation_failed()
        else:
            failed = report.failed
            meters.reconciled(report, everything=everything)
            _tell(report)
        look_every_s = min(look_every_s * 2, max(every_s, LOOK_EVERY_S)) if failed else LOOK_EVERY_S


def _about(seconds: float) -> float:
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter, not a secret


def _tell(report: Reconciled) -> None:
    for drift in report.drift[:TOLD_MAX]:
        log.warning(
            "drift repaired",
            app=drift.app,
            solution=drift.reading.solution_id,
            difference=str(drift.difference),
            graph=drift.reading.reported_status,
            missed=list(drift.missed),
        )
    if len(report.drift) > TOLD_MAX:
        log.warning("more drift repaired", count=len(report.drift) - TOLD_MAX)
    for app in report.apps:
        if app.failure:
            log.warning("an app was not reconciled", app=app.app, reason=app.failure)
