"""What is wrong with ourselves, for as long as it is."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, delete, select

from partnerhook.core.health import HealthKind
from partnerhook.store.schema import alarms
from partnerhook.store.sql import upsert


class Alarm(NamedTuple):
    """One that sounds. Unix microseconds."""

    kind: HealthKind
    subject: str
    since: int
    told_at: int
    summary: str
    remedy: str


def find(conn: Connection, kind: HealthKind, subject: str) -> Alarm | None:
    """The alarm, or None where all is well."""
    row = conn.execute(_all.where(alarms.c.kind == kind.value, alarms.c.subject == subject)).one_or_none()
    return None if row is None else _from_row(row)


def all_of(conn: Connection) -> list[Alarm]:
    """Every alarm that sounds, oldest first."""
    return [_from_row(row) for row in conn.execute(_all.order_by(alarms.c.since, alarms.c.kind, alarms.c.subject))]


def save(conn: Connection, alarm: Alarm) -> None:
    """It sounds, and was told."""
    upsert(conn, alarms, ["kind", "subject"], **alarm._asdict())


def remove(conn: Connection, kind: HealthKind, subject: str) -> None:
    """All is well."""
    conn.execute(delete(alarms).where(alarms.c.kind == kind.value, alarms.c.subject == subject))


_all: Final = select(*[alarms.c[name] for name in Alarm._fields])


def _from_row(row: Row[Any]) -> Alarm:
    return Alarm._make(row)._replace(kind=HealthKind(row.kind))
