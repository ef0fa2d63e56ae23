"""What time it is: the database's time, where several hosts share it.

No host's clock is trusted over another's: each knows how far it is off PostgreSQL's, and looks again now and then.
With SQLite there is one host, and its clock is the time.
"""

from __future__ import annotations

import time
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, text

from partnerhook.store.sql import is_postgresql

LOOKED_AT_EVERY_S: Final = 10.0

_their_time = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")


class _Off(NamedTuple):
    microseconds: int
    """PostgreSQL's clock less ours."""
    looked_at: float


_off: WeakKeyDictionary[Engine, _Off] = WeakKeyDictionary()


def now(conn: Connection) -> int:
    """Unix microseconds."""
    return _ours() + off(conn)


def off(conn: Connection) -> int:
    """How many microseconds the database's clock is ahead of this host's."""
    if not is_postgresql(conn):
        return 0
    known = _off.get(conn.engine)
    if known is None or time.monotonic() - known.looked_at > LOOKED_AT_EVERY_S:
        before = _ours()
        theirs: int = conn.execute(_their_time).scalar_one()
        known = _Off(theirs - (before + _ours()) // 2, time.monotonic())
        _off[conn.engine] = known
    return known.microseconds


def estimate(engine: Engine) -> int:
    """Unix microseconds without asking: as far off as was found last."""
    known = _off.get(engine)
    return _ours() + (0 if known is None else known.microseconds)


def _ours() -> int:
    return time.time_ns() // 1_000
