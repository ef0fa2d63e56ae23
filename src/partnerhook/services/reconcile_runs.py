"""Reconciliations that somebody begins and does not wait for: how far they have come stands in the database.

So any process can tell of them. One whose process dies says nothing any more, and is told as lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine

from partnerhook.core.access import Actor
from partnerhook.core.errors import PartnerhookError, StoreUnavailable
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services import views
from partnerhook.services.audit import Audit
from partnerhook.services.notify import Routes, Routing
from partnerhook.services.patience import transact, transaction
from partnerhook.services.reconcile import AskingApp, Reconciled, reconcile
from partnerhook.store import clock, locks, reconciliations
from partnerhook.store.reconciliations import UNDER_WAY, Run, RunState

__all__ = ["NobodyToAsk", "OtherRun", "Run", "RunState", "Runs"]

log = structlog.get_logger("partnerhook.reconcile")

SEEN_EVERY_S: Final = 2.0
LOST_AFTER_S: Final = 60.0
"""Thirty times as long: a busy database keeps nobody waiting for that long."""

KEPT: Final = 1_000
"""Runs that are remembered; beyond it the oldest are forgotten."""

REPORTED_MAX: Final = 1_000
"""Of each list of a report. A first run can find a hundred thousand differences: the command reports them all."""


class NobodyToAsk(PartnerhookError):
    """No app has an app_id and an access_token, so that there is nobody to ask the Graph API as."""

    http_status_hint = 409


class OtherRun(PartnerhookError):
    """Another reconciliation is under way; wait until it has ended."""

    http_status_hint = 409


class Runs:
    """Used on one event loop. Raises StoreUnavailable."""

    def __init__(
        self, engine: Engine, audit: Audit, routes: Callable[[], Routes], apps: Callable[[], Sequence[AskingApp]]
    ) -> None:
        """`routes`: who wants to hear of it; `apps`: those that can ask the Graph API; as configured now."""
        self._engine = engine
        self._audit = audit
        self._routes = routes
        self._apps = apps
        self._under_way: set[asyncio.Task[None]] = set()

    async def begin(self, actor: Actor, app: str | None, *, check: bool) -> Run:
        """Begin one; the same as is under way is not begun twice. Raises NobodyToAsk, OtherRun."""
        apps = [one for one in self._apps() if app in {None, one.name}]
        if not apps:
            raise NobodyToAsk(f"App {app} has no app_id and access_token." if app is not None else None)
        add = partial(_begin, asked_by=actor.who, app=app or "", check=check)
        async with self._audit.doing_async(actor, "reconcile.start", app or "all apps", check=check):
            run, begun = await transaction(self._engine, add, writes=True)
        if begun:
            task = asyncio.create_task(self._work(run.id, apps, check=check))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return run

    def find(self, run_id: int) -> Run | None:
        """One of them, or None."""
        return transact(self._engine, partial(_find, run_id=run_id), writes=False)

    def page(self, *, before_id: int | None, limit: int) -> list[Run]:
        """The newest, or those before `before_id`, newest first, without their reports."""
        return transact(self._engine, partial(_page, before_id=before_id, limit=limit), writes=False)

    async def _work(self, run_id: int, apps: Sequence[AskingApp], *, check: bool) -> None:
        said = _Said()
        telling = asyncio.create_task(self._tell(run_id, said))
        state, report, failure = RunState.FAILED, None, "The server was stopped."
        try:
            found = await reconcile(
                self._engine,
                apps,
                routing=Routing(self._routes()),
                check=check,
                on_progress=said.progress,
                on_wait=said.wait,
            )
            state, report, failure = RunState.DONE, summary(found), ""
        except PartnerhookError as problem:
            failure = str(problem)
        except Exception as error:  # whatever it is: whoever waits for it is told that it has ended
            log.exception("a reconciliation ended", error=type(error).__name__)
            failure = f"It ended with {type(error).__name__}; the log says more."
        finally:
            telling.cancel()
            ended = partial(_end, run_id=run_id, said=said, state=state, report=report, failure=failure)
            await transaction(self._engine, ended, writes=True)

    async def _tell(self, run_id: int, said: _Said) -> None:
        while True:
            await asyncio.sleep(SEEN_EVERY_S)
            try:
                await transaction(self._engine, partial(_progress, run_id=run_id, said=said), writes=True)
            except StoreUnavailable as problem:
                log.warning("how far a reconciliation has come could not be written down", reason=str(problem))


class _Said:
    """How far it has come, as it said last."""

    def __init__(self) -> None:
        self.state = RunState.RUNNING
        self.done = 0
        self.total = 0

    def progress(self, done: int, total: int) -> None:
        self.state, self.done, self.total = RunState.RUNNING, done, total

    def wait(self) -> None:
        self.state = RunState.WAITING


def summary(found: Reconciled) -> dict[str, Any]:
    """The report as it is kept: that of the command, its lists cut."""
    report = views.reconciled(found)
    lists = {name: value for name, value in report.items() if isinstance(value, list)}
    counts = {name: len(value) for name, value in lists.items()}
    return report | {name: value[:REPORTED_MAX] for name, value in lists.items()} | {"counts": counts}


def _begin(conn: Connection, asked_by: str, app: str, *, check: bool) -> tuple[Run, bool]:
    """The run, and whether it was begun just now."""
    locks.reconciliations(conn)  # or two processes would each see none, and begin one
    now = clock.now(conn)
    other = reconciliations.newest_under_way(conn, now - int(LOST_AFTER_S * MICROSECONDS))
    if other is not None:
        if (other.app, other.only_checks) != (app, check):
            raise OtherRun(f"Reconciliation {other.id} is under way; wait until it has ended.")
        return other, False
    run_id = reconciliations.add(conn, asked_by, app, only_checks=check, at=now)
    reconciliations.drop_before(conn, run_id - KEPT)
    run = reconciliations.find(conn, run_id)
    assert run is not None  # noqa: S101 - it was just added
    return run, True


def _find(conn: Connection, run_id: int) -> Run | None:
    found = reconciliations.find(conn, run_id)
    return None if found is None else _as_of(found, clock.now(conn))


def _page(conn: Connection, *, before_id: int | None, limit: int) -> list[Run]:
    now = clock.now(conn)
    return [_as_of(one, now) for one in reconciliations.page(conn, before_id=before_id, limit=limit)]


def _as_of(run: Run, now: int) -> Run:
    silent = run.state in UNDER_WAY and run.seen_at < now - int(LOST_AFTER_S * MICROSECONDS)
    failure = "Its process has died; what it repaired until then is repaired. Begin another one."
    return run._replace(state=RunState.LOST, failure=failure) if silent else run


def _progress(conn: Connection, run_id: int, said: _Said) -> None:
    reconciliations.progress(conn, run_id, said.state, said.done, said.total, at=clock.now(conn))


def _end(
    conn: Connection, run_id: int, said: _Said, *, state: RunState, report: dict[str, Any] | None, failure: str
) -> None:
    now = clock.now(conn)
    reconciliations.progress(conn, run_id, state, said.done, said.total, at=now)
    reconciliations.end(conn, run_id, state, report=report, failure=failure, at=now)
