"""The database: there, of this version, durable; and how old the newest webhook is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import PartnerhookError
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.doctor.findings import Finding, doubtful, right, wrong
from partnerhook.store import engine as stores
from partnerhook.store import migrate, receipts
from partnerhook.store.durability import Durability, durability, free_bytes

ABOUT: Final = "database"
NEWEST: Final = "newest webhook"

SYNCHRONOUS: Final = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
FREE_BYTES_MIN: Final = 512 * 1024 * 1024
DAY_S: Final = 86_400
QUIET_DAYS: Final = 30


def look(engine: Engine) -> Iterator[Finding]:
    """What there is to say of it."""
    file = stores.sqlite_file(engine)
    if not stores.is_there(file):
        yield wrong(ABOUT, f"there is no database at {file}", "start `partnerhook serve`, or run `partnerhook migrate`")
        return
    try:
        with engine.connect() as conn, conn.begin():
            migrate.check(conn)
            settings = durability(conn)
            newest = receipts.newest(conn)
    except PartnerhookError as problem:
        yield wrong(ABOUT, str(problem).rstrip("."), "run `partnerhook migrate`")
        return
    except SQLAlchemyError as error:
        yield wrong(
            ABOUT, f"it cannot be read: {getattr(error, 'orig', error)}", "see that it is a file of this user's"
        )
        return
    yield _durable(settings)
    yield _writable(engine)
    yield _room(free_bytes(file))
    yield _newest(newest[1] if newest else None)


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


def _newest(received_at: int | None) -> Finding:
    if received_at is None:
        return doubtful(
            NEWEST, "none was ever received", "press Test in App Dashboard > Webhooks, or run `partnerhook trigger`"
        )
    days = (time.time() - received_at / MICROSECONDS) / DAY_S
    said = f"it came {days * 24:.1f} hours ago" if days < 2 else f"it came {days:.0f} days ago"
    if days > QUIET_DAYS:
        return doubtful(NEWEST, said, "if that is longer than you expect, press Test in App Dashboard > Webhooks")
    return right(NEWEST, said)
