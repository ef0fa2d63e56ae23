"""Comparisons with the Graph API that somebody began: how far each has come, and what it found. Unix microseconds."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select, update

from partnerhook.store import ids
from partnerhook.store.schema import reconciliations


class RunState(StrEnum):
    """How it goes with one."""

    WAITING = "waiting"
    """Another process is reconciling; it begins when that has ended."""
    RUNNING = "running"
    DONE = "done"
    """It has ended; an app that could not be read is in its report."""
    FAILED = "failed"
    """It could not be done; `failure` says why."""
    LOST = "lost"
    """Nothing was heard of it for long: its process has died. What it repaired until then is repaired."""


class Run(NamedTuple):
    """One reconciliation."""

    id: int
    asked_at: int
    asked_by: str
    app: str
    """Only this one; empty: all."""
    only_checks: bool
    state: RunState
    done: int
    """Solutions read so far."""
    total: int
    """As many are known; there may be more."""
    seen_at: int
    """When its process last said that it works."""
    ended_at: int | None
    failure: str
    report: dict[str, Any] | None


UNDER_WAY = (RunState.WAITING, RunState.RUNNING)


def add(conn: Connection, asked_by: str, app: str, *, only_checks: bool, at: int) -> int:
    """Write down that one begins; its id."""
    (run_id,) = ids.reserve(conn, reconciliations.c.id, 1)
    conn.execute(
        insert(reconciliations).values(
            id=run_id,
            asked_at=at,
            asked_by=asked_by,
            app=app,
            only_checks=int(only_checks),
            state=RunState.RUNNING.value,
            done=0,
            total=0,
            seen_at=at,
            failure="",
        )
    )
    return run_id


def progress(conn: Connection, run_id: int, state: RunState, done: int, total: int, *, at: int) -> None:
    """It works, and has come so far."""
    values = {"state": state.value, "done": done, "total": total, "seen_at": at}
    conn.execute(update(reconciliations).where(reconciliations.c.id == run_id).values(**values))


def end(
    conn: Connection, run_id: int, state: RunState, *, report: dict[str, Any] | None, failure: str, at: int
) -> None:
    """It has ended."""
    text = None if report is None else json.dumps(report)
    values = {"state": state.value, "report": text, "failure": failure, "seen_at": at, "ended_at": at}
    conn.execute(update(reconciliations).where(reconciliations.c.id == run_id).values(**values))


def find(conn: Connection, run_id: int) -> Run | None:
    """One of them, or None."""
    row = conn.execute(select(reconciliations).where(reconciliations.c.id == run_id)).one_or_none()
    return None if row is None else _from_row(row)


def newest_under_way(conn: Connection, seen_since: int) -> Run | None:
    """The newest one that has not ended, and of which something was heard since then."""
    going_on = reconciliations.c.state.in_([one.value for one in UNDER_WAY]) & (reconciliations.c.seen_at >= seen_since)
    row = conn.execute(select(reconciliations).where(going_on).order_by(reconciliations.c.id.desc()).limit(1)).first()
    return None if row is None else _from_row(row)


def page(conn: Connection, *, before_id: int | None, limit: int) -> list[Run]:
    """The newest, or those before `before_id`, newest first; without their reports, which can be long."""
    columns = [column for column in reconciliations.c if column is not reconciliations.c.report]
    query = select(*columns).order_by(reconciliations.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(reconciliations.c.id < before_id)
    return [_from_row(row) for row in conn.execute(query)]


def drop_before(conn: Connection, run_id: int) -> None:
    """Forget all that were begun before this one."""
    conn.execute(delete(reconciliations).where(reconciliations.c.id < run_id))


def _from_row(row: Row[Any]) -> Run:
    values = {"report": None, **row._asdict()}
    report = values["report"]
    made = Run(**values)
    return made._replace(
        only_checks=bool(row.only_checks),
        state=RunState(row.state),
        report=None if report is None else json.loads(report),
    )
