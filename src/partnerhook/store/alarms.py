"""What is wrong with ourselves, for as long as it is."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from partnerhook.core.health import HealthKind
from partnerhook.store.schema import alarms
from partnerhook.store.sql import upsert


class Alarm(NamedTuple):
    """One that sounds. Unix microseconds."""

    since: int
    told_at: int


def find(conn: Connection, kind: HealthKind, subject: str) -> Alarm | None:
    """The alarm, or None where all is well."""
    query = select(alarms.c.since, alarms.c.told_at).where(alarms.c.kind == kind.value, alarms.c.subject == subject)
    row = conn.execute(query).one_or_none()
    return None if row is None else Alarm(row.since, row.told_at)


def save(conn: Connection, kind: HealthKind, subject: str, *, since: int, told_at: int) -> None:
    """It sounds, and was told."""
    upsert(conn, alarms, ["kind", "subject"], kind=kind.value, subject=subject, since=since, told_at=told_at)


def remove(conn: Connection, kind: HealthKind, subject: str) -> None:
    """All is well."""
    conn.execute(delete(alarms).where(alarms.c.kind == kind.value, alarms.c.subject == subject))
