"""The database: there, of this version, durable; and how old the newest webhook is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import PartnerhookError
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.doctor.findings import Finding, doubtful, right, wrong
from partnerhook.store import clock, migrate, receipts, sqlite
from partnerhook.store import engine as stores
from partnerhook.store.durability import Durability, durability, free_bytes, server_settings
from partnerhook.store.engine import words_of

ABOUT: Final = "database"
NEWEST: Final = "newest webhook"

SYNCHRONOUS: Final = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
FREE_BYTES_MIN: Final = 512 * 1024 * 1024
DAY_S: Final = 86_400
CLOCK_OFF_MAX_S: Final = 2.0
CONNECTIONS_SPARE: Final = 5
QUIET_DAYS: Final = 30


def look(engine: Engine) -> Iterator[Finding]:
    """What there is to say of it."""
    if not stores.is_postgresql(engine) and not sqlite.is_there(sqlite.file_of(engine)):
        there = f"there is no database at {stores.place(engine)}"
        yield wrong(ABOUT, there, "start `partnerhook serve`, or run `partnerhook migrate`")
        return
    try:
        with engine.connect() as conn, conn.begin():
            migrate.check(conn)
            findings = list(_postgresql(conn) if stores.is_postgresql(engine) else _sqlite(conn, engine))
            newest = receipts.newest(conn)
            now = clock.now(conn)
    except PartnerhookError as problem:
        yield wrong(ABOUT, str(problem).rstrip("."), "run `partnerhook migrate`")
        return
    except SQLAlchemyError as error:
        yield wrong(
            ABOUT, f"it cannot be read: {words_of(error)}", "see that it is there, and that this user may use it"
        )
        return
    yield from findings
    yield _writable(engine)
    yield _newest(None if newest is None else (now - newest[1]) / MICROSECONDS / DAY_S)


def _sqlite(conn: Connection, engine: Engine) -> Iterator[Finding]:
    yield _durable(durability(conn))
    yield _room(free_bytes(sqlite.file_of(engine)))


def _postgresql(conn: Connection) -> Iterator[Finding]:
    settings = server_settings(conn)
    said = f"PostgreSQL {settings.version}, fsync={settings.fsync}, synchronous_commit={settings.synchronous_commit}"
    if settings.in_recovery:
        yield wrong(ABOUT, f"{said}, a standby", "name the primary in database_url; libpq: target_session_attrs")
    elif not settings.durable:
        yield wrong(ABOUT, said, "set fsync and full_page_writes to on: a 200 promises that nothing is lost")
    else:
        yield right(ABOUT, f"{said}: a commit is on the disk before a 200")
    if settings.pooled:
        yield right(ABOUT, "it is behind a pooler: no statement is prepared, and workers look for work every second")
    if abs(off := clock.off(conn)) > CLOCK_OFF_MAX_S * MICROSECONDS:
        said = f"this host's clock is {off / MICROSECONDS:+.1f} s off the database's"
        yield doubtful(ABOUT, said, "keep both in time (NTP); the database's is used")
    if settings.connections_max - settings.connections < CONNECTIONS_SPARE:
        said = f"{settings.connections} of {settings.connections_max} connections are taken"
        yield doubtful(ABOUT, said, "raise max_connections, or put PgBouncer in between")


def _durable(settings: Durability) -> Finding:
    said = f"journal_mode={settings.journal_mode}, synchronous={SYNCHRONOUS.get(settings.synchronous)}"
    if settings.journal_mode.lower() != "wal" or settings.synchronous < 2:
        return wrong(ABOUT, said, "keep it on a local disk: SQLite's write-ahead log does not work on network ones")
    return right(ABOUT, f"version {settings.version}, {said}: a commit is on the disk before a 200")


def _writable(engine: Engine) -> Finding:
    try:
        stores.probe(engine)
    except PartnerhookError as problem:
        return wrong(ABOUT, str(problem).rstrip("."), "every webhook is answered 503 until that is mended")
    return right(ABOUT, "it can be written")


def _room(free: int) -> Finding:
    said = f"{free / 1e9:.1f} GB are free on its disk"
    return (
        right(ABOUT, said) if free >= FREE_BYTES_MIN else wrong(ABOUT, said, "make room: a full disk is answered 503")
    )


def _newest(days: float | None) -> Finding:
    if days is None:
        return doubtful(
            NEWEST, "none was ever received", "press Test in App Dashboard > Webhooks, or run `partnerhook trigger`"
        )
    hours = days * 24
    said = "within the last hour" if hours < 1 else f"{hours:.0f} h ago" if days < 2 else f"{days:.0f} days ago"
    if days > QUIET_DAYS:
        return doubtful(
            NEWEST, f"it came {said}", "if that is longer than you expect, press Test in App Dashboard > Webhooks"
        )
    return right(NEWEST, f"it came {said}")
