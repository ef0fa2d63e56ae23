"""Leases: who may do what only one process at a time should do. Whoever dies holds his no longer than it lasts."""

from __future__ import annotations

from sqlalchemy import Connection, delete, or_, select

from partnerhook.store.schema import leases
from partnerhook.store.sql import insert, upsert


def take(conn: Connection, name: str, holder: str, *, now: int, lasts: int) -> bool:
    """Take a lease or renew it: from `now`, `lasts` long, both in microseconds. False: somebody else holds it."""
    wanted = insert(conn.dialect, leases).values(name=name, holder=holder, until=now + lasts)
    free = or_(
        leases.c.holder == holder,
        leases.c.until <= now,
        # Nobody takes one for longer: it is from before the clock was put back.
        leases.c.until > now + lasts,
    )
    taken = conn.execute(
        wanted.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": wanted.excluded.holder, "until": wanted.excluded.until},
            where=free,
        ).returning(leases.c.name)
    )
    return taken.first() is not None


def until(conn: Connection, name: str) -> int | None:
    """Until when a lease lasts (Unix microseconds); None where there is none."""
    found: int | None = conn.execute(select(leases.c.until).where(leases.c.name == name)).scalar()
    return found


def put(conn: Connection, name: str, *, until: int) -> None:
    """Have a lease that nobody holds."""
    upsert(conn, leases, ["name"], name=name, holder="", until=until)


def give_back(conn: Connection, name: str, holder: str) -> None:
    """End a lease, if it is still this holder's."""
    conn.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
