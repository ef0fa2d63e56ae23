"""A hint that there is work, for the workers of other processes. PostgreSQL only, and only a hint.

Whoever waits looks by itself every second or so: a hint that is lost, as behind a pooler, costs no more than that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine, text

from partnerhook.store.sql import is_postgresql

CHANNEL: Final = "partnerhook_work"
AGAIN_AFTER_S: Final = 5.0
LISTENER: Final[dict[str, Any]] = {
    "autocommit": True,
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "application_name": "partnerhook-listener",
}

log = structlog.get_logger("partnerhook.store")
_tell = text(f"NOTIFY {CHANNEL}")


def tell(conn: Connection) -> None:
    """Wake who waits for work, once this is committed."""
    if is_postgresql(conn):
        conn.execute(_tell)


async def hear(engine: Engine, wake: Callable[[], None]) -> None:
    """For ever: call `wake` when another process has told of work."""
    import psycopg  # noqa: PLC0415 - of an extra

    _, how = engine.dialect.create_connect_args(engine.url)
    while True:
        try:
            await _hear(await psycopg.AsyncConnection.connect(**{**how, **LISTENER}), wake)
        except psycopg.Error as error:
            log.debug("not listening for work; looking for it every second", reason=type(error).__name__)
        await asyncio.sleep(AGAIN_AFTER_S)


async def _hear(connection: Any, wake: Callable[[], None]) -> None:
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        async for _ in connection.notifies():
            wake()
