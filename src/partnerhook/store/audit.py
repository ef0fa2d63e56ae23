"""The audit log: who changed what, when, from where, and how that ended. Appended; only the end is added later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from partnerhook.core.access import Actor, Role
from partnerhook.store import ids
from partnerhook.store.schema import audit_log


class AuditEntry(NamedTuple):
    """One thing that somebody did. Unix microseconds."""

    id: int
    at: int
    actor: Actor
    action: str
    """`solution.accept`, `delivery.retry` and so on."""
    subject: str
    """What it was done to."""
    details: dict[str, Any]
    outcome: str
    """`begun`, `done`, or why it was not done."""
    ended_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries to look at; None: all of them."""

    who: str | None = None
    action: str | None = None
    subject: str | None = None


def append(conn: Connection, actor: Actor, action: str, subject: str, details: dict[str, Any], *, at: int) -> int:
    """Write down that something is about to be done; the entry's id."""
    (entry_id,) = ids.reserve(conn, audit_log.c.id, 1)
    conn.execute(
        insert(audit_log).values(
            id=entry_id,
            at=at,
            **actor._asdict(),
            action=action,
            subject=subject,
            details=json.dumps(details),
            outcome="begun",
        )
    )
    return entry_id


def end(conn: Connection, entry_id: int, outcome: str, *, at: int) -> None:
    """Write down how it ended."""
    conn.execute(update(audit_log).where(audit_log.c.id == entry_id).values(outcome=outcome, ended_at=at))


def page(conn: Connection, wanted: AuditFilter, *, before_id: int | None, limit: int) -> list[AuditEntry]:
    """The next entries that fit, the newest first."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(audit_log.c.id < before_id)
    for column in ("who", "action", "subject"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(audit_log.c[column] == value)
    return [_from_row(row) for row in conn.execute(query)]


def _from_row(row: Row[Any]) -> AuditEntry:
    actor = Actor(row.who, Role(row.role), row.via, row.address)
    details = json.loads(row.details)
    return AuditEntry(row.id, row.at, actor, row.action, row.subject, details, row.outcome, row.ended_at)
