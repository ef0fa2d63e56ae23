"""Who may do what: keys for scripts, links and sessions for people.

Looked up in the database each time: what was revoked is good for nothing at once, in every process.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine

from partnerhook.core.access import ID_BYTES, SECRET_BYTES, Role, digest, make_key, matches, split_key
from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.patience import transact, transaction
from partnerhook.store import api_keys, clock, sessions
from partnerhook.store.api_keys import ApiKey
from partnerhook.store.sessions import Session, SignInLink

__all__ = ["Access", "ApiKey", "NewKey", "NewSession", "Session", "SignInLink"]

LINK_LASTS_S: Final = 3_600.0
"""Long enough to find it in a log, short enough for a log that somebody else reads later."""

SESSION_IDLE_S: Final = 12 * 3_600.0
"""A session ends when nobody has used it for so long: a working day, and no night."""

SESSION_LASTS_S: Final = 7 * 86_400.0
"""And after a week in any case."""

NOTED_EVERY_S: Final = 60.0
"""How exact "last used" is: a write for each request would be too many."""

NOBODYS: Final = digest("")
"""Compared with where there is no such key, so that this takes as long as where there is one."""


class NewKey(NamedTuple):
    """A key that was just made: the only time at which it can be shown."""

    key: str
    stored: ApiKey


class NewSession(NamedTuple):
    """Somebody who was just let in. The token is the cookie's value."""

    token: str
    session: Session


class Access:
    """Every question and change, each in one short transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._note_from = 0.0
        """Where it could not be noted it is left for a while: nobody who looks is to wait for it again."""

    def create_key(self, name: str, role: Role) -> NewKey:
        """Make a key."""
        key = make_key(secrets.token_bytes(ID_BYTES), secrets.token_bytes(SECRET_BYTES))
        split = split_key(key)
        assert split is not None  # noqa: S101 - it was just made
        key_id, secret = split

        def write(conn: Connection) -> ApiKey:
            stored = ApiKey(key_id, name, role, digest(secret), clock.now(conn), None, None)
            api_keys.add(conn, stored)
            return stored

        return NewKey(key, transact(self._engine, write, writes=True))

    def keys(self) -> list[ApiKey]:
        """Every key, revoked ones too, oldest first."""
        return transact(self._engine, api_keys.all_of, writes=False)

    def revoke_key(self, key_id: str) -> bool:
        """End a key, at once and for good; whether it was good until now."""
        return transact(self._engine, lambda conn: api_keys.revoke(conn, key_id, clock.now(conn)), writes=True)

    def key(self, shown: str) -> ApiKey | None:
        """The key that was shown, if it is good."""
        split = split_key(shown)
        key_id, secret = split or ("", "")
        found = transact(self._engine, partial(api_keys.find, key_id=key_id), writes=False)
        right = matches(secret, found.digest if found else NOBODYS)
        if not right or split is None or found is None or found.revoked_at is not None:
            return None
        self._note_use(found)
        return found

    def new_link(self, who: str, role: Role, lasts_s: float = LINK_LASTS_S) -> str:
        """The token of a link that lets somebody in, once."""
        token = secrets.token_hex(SECRET_BYTES)

        add = partial(_add_link, token=token, who=who, role=role, lasts_s=lasts_s)
        transact(self._engine, add, writes=True)
        return token

    def link(self, token: str) -> SignInLink | None:
        """What a link is good for; None: nothing (any more)."""
        return transact(
            self._engine, lambda conn: sessions.find_link(conn, digest(token), clock.now(conn)), writes=False
        )

    async def first_link(self, who: str, role: Role) -> str | None:
        """The token of a link, as long as nobody has ever used one; None from then on. Waits for whoever writes."""
        token = secrets.token_hex(SECRET_BYTES)

        def write(conn: Connection) -> bool:
            if sessions.ever_signed_in(conn):
                return False
            _add_link(conn, token, who, role, LINK_LASTS_S)
            return True

        made = await transaction(self._engine, write, writes=True, patience_s=math.inf)
        return token if made else None

    def sign_in(self, link_token: str) -> NewSession | None:
        """Use a link up; None where it is good for nothing (any more)."""

        def write(conn: Connection) -> NewSession | None:
            now = clock.now(conn)
            link = sessions.find_link(conn, digest(link_token), now)
            if link is None or not sessions.use_link(conn, link.digest, now):
                return None
            return _open(conn, link.who, link.role, "session", now)

        return transact(self._engine, write, writes=True)

    def let_in(self, who: str, role: Role, via: str) -> NewSession:
        """A session for somebody whom another one vouches for: a proxy, or the machine itself."""
        return transact(self._engine, lambda conn: _open(conn, who, role, via, clock.now(conn)), writes=True)

    def session(self, token: str) -> Session | None:
        """Who is signed in by this token; None: nobody (any more)."""
        kept = digest(token)

        def read(conn: Connection) -> tuple[int, Session | None]:
            now = clock.now(conn)
            return now, sessions.find(conn, kept, now)

        now, found = transact(self._engine, read, writes=False)
        if found is not None and now - found.last_seen_at > NOTED_EVERY_S * MICROSECONDS:
            until = min(
                now + int(SESSION_IDLE_S * MICROSECONDS), found.created_at + int(SESSION_LASTS_S * MICROSECONDS)
            )
            self._note(partial(sessions.seen, digest=kept, at=now, expires_at=until))
        return found

    def sessions(self) -> list[Session]:
        """Everybody who is signed in, the newest first."""
        return transact(self._engine, lambda conn: sessions.all_of(conn, clock.now(conn)), writes=False)

    def sign_out(self, token: str) -> None:
        """End one session."""
        transact(self._engine, partial(sessions.end, digest=digest(token)), writes=True)

    def sign_out_everywhere(self, who: str | None = None) -> int:
        """End every session of one person, or of everybody, and every link that was not used; how many ended."""
        return transact(self._engine, partial(sessions.end_all, who=who), writes=True)

    def _note_use(self, key: ApiKey) -> None:
        now = clock.estimate(self._engine)
        if key.last_used_at is None or now - key.last_used_at > NOTED_EVERY_S * MICROSECONDS:
            self._note(partial(api_keys.used, key_id=key.id, at=now))

    def _note(self, write: Callable[[Connection], Any]) -> None:
        """If it can be done now: on a full disk, and beside a long write, people have to see what is wrong."""
        if time.monotonic() < self._note_from:
            return
        try:
            transact(self._engine, write, writes=True, patience_s=0)
        except StoreUnavailable:
            self._note_from = time.monotonic() + NOTED_EVERY_S


def _add_link(conn: Connection, token: str, who: str, role: Role, lasts_s: float) -> None:
    now = clock.now(conn)
    sessions.add_link(conn, SignInLink(digest(token), who, role, now, now + int(lasts_s * MICROSECONDS)))


def _open(conn: Connection, who: str, role: Role, via: str, now: int) -> NewSession:
    token = secrets.token_hex(SECRET_BYTES)
    until = now + int(SESSION_IDLE_S * MICROSECONDS)
    session = Session(digest(token), who, role, via, now, now, until)
    sessions.add(conn, session)
    return NewSession(token, session)
