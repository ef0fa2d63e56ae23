"""Who is signed in to the console, and the links that let people in, once. Unix microseconds; digests, no secrets."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from partnerhook.core.access import Role
from partnerhook.store.schema import sessions, sign_in_links


class SignInLink(NamedTuple):
    """A link that lets somebody in, once."""

    digest: str
    who: str
    role: Role
    created_at: int
    expires_at: int
    used_at: int | None = None


class Session(NamedTuple):
    """Somebody who is signed in."""

    digest: str
    who: str
    role: Role
    via: str
    created_at: int
    last_seen_at: int
    expires_at: int


def add_link(conn: Connection, link: SignInLink) -> None:
    """Store a new link."""
    conn.execute(insert(sign_in_links).values(**link._asdict()))


def find_link(conn: Connection, digest: str, now: int) -> SignInLink | None:
    """A link that still lets somebody in; None where it does not."""
    fresh = (sign_in_links.c.digest == digest) & sign_in_links.c.used_at.is_(None) & (sign_in_links.c.expires_at > now)
    row = conn.execute(select(sign_in_links).where(fresh)).one_or_none()
    return None if row is None else SignInLink._make(row)._replace(role=Role(row.role))


def use_link(conn: Connection, digest: str, now: int) -> bool:
    """Use it up; false where somebody else has done so meanwhile."""
    fresh = (sign_in_links.c.digest == digest) & sign_in_links.c.used_at.is_(None)
    return bool(conn.execute(update(sign_in_links).where(fresh).values(used_at=now)).rowcount)


def ever_signed_in(conn: Connection) -> bool:
    """Whether any link was ever used."""
    return bool(conn.execute(select(exists().where(sign_in_links.c.used_at.is_not(None)))).scalar_one())


def add(conn: Connection, session: Session) -> None:
    """Store a new session."""
    conn.execute(insert(sessions).values(**session._asdict()))


def find(conn: Connection, digest: str, now: int) -> Session | None:
    """A session that lasts still; None where there is none."""
    row = conn.execute(select(sessions).where(sessions.c.digest == digest, sessions.c.expires_at > now)).one_or_none()
    return None if row is None else _from_row(row)


def all_of(conn: Connection, now: int) -> list[Session]:
    """Everybody who is signed in, the newest first."""
    query = select(sessions).where(sessions.c.expires_at > now).order_by(sessions.c.created_at.desc())
    return [_from_row(row) for row in conn.execute(query)]


def seen(conn: Connection, digest: str, *, at: int, expires_at: int) -> None:
    """It was used, and lasts longer for that."""
    conn.execute(update(sessions).where(sessions.c.digest == digest).values(last_seen_at=at, expires_at=expires_at))


def end(conn: Connection, digest: str) -> None:
    """End one session."""
    conn.execute(delete(sessions).where(sessions.c.digest == digest))


def end_all(conn: Connection, who: str | None) -> int:
    """End every session, or all of one person, and take back the links that nobody has used; how many ended."""
    links, open_sessions = delete(sign_in_links).where(sign_in_links.c.used_at.is_(None)), delete(sessions)
    if who is not None:
        links, open_sessions = links.where(sign_in_links.c.who == who), open_sessions.where(sessions.c.who == who)
    conn.execute(links)
    return conn.execute(open_sessions).rowcount


def drop_over(conn: Connection, now: int) -> int:
    """Forget sessions and links whose time is over; how many. The link used last stays: somebody has signed in."""
    last_used = select(func.max(sign_in_links.c.used_at)).scalar_subquery()
    kept = sign_in_links.c.used_at.is_not(None) & (sign_in_links.c.used_at == last_used)
    links = conn.execute(delete(sign_in_links).where(sign_in_links.c.expires_at <= now, ~kept)).rowcount
    return links + conn.execute(delete(sessions).where(sessions.c.expires_at <= now)).rowcount


def _from_row(row: Row[Any]) -> Session:
    return Session._make(row)._replace(role=Role(row.role))
