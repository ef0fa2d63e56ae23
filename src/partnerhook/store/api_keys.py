"""Keys of scripts. What is kept of a key tells that it is right, and not what it is."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from partnerhook.core.access import Role
from partnerhook.store.schema import api_keys


class ApiKey(NamedTuple):
    """A key, as far as it is known. Unix microseconds."""

    id: str
    name: str
    role: Role
    digest: str
    created_at: int
    last_used_at: int | None
    revoked_at: int | None


def add(conn: Connection, key: ApiKey) -> None:
    """Store a new key."""
    conn.execute(insert(api_keys).values(**key._asdict()))


def find(conn: Connection, key_id: str) -> ApiKey | None:
    """One key, revoked or not; None where there is none."""
    row = conn.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    return None if row is None else _from_row(row)


def all_of(conn: Connection) -> list[ApiKey]:
    """Every key, oldest first."""
    return [_from_row(row) for row in conn.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))]


def used(conn: Connection, key_id: str, at: int) -> None:
    """It was shown."""
    conn.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=at))


def revoke(conn: Connection, key_id: str, at: int) -> bool:
    """It is good for nothing from now on; whether it was good until now."""
    good = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
    return bool(conn.execute(update(api_keys).where(good).values(revoked_at=at)).rowcount)


def _from_row(row: Row[Any]) -> ApiKey:
    return ApiKey._make(row)._replace(role=Role(row.role))
