"""PostgreSQL: any number of processes on any number of hosts, and what keeps them from waiting for each other's faults.

Everything works through a pooler that hands out connections by transaction (PgBouncer): nothing is remembered in a
session, every setting is of its transaction alone, and statements are prepared only where there is no pooler.

Sources (read 2026-11): https://www.postgresql.org/docs/18/runtime-config-client.html for the timeouts,
https://www.postgresql.org/docs/18/libpq-connect.html for the connection, https://www.pgbouncer.org/features.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from partnerhook.core.errors import ConfigurationInvalid

DRIVER: Final = "postgresql+psycopg"

CONNECT_S: Final = 5
SILENT_MS: Final = 6_000
"""Of a connection: what was sent and is not acknowledged for so long by the other host is lost."""

POOL_MAX: Final = 8
"""Connections of one process: the writer's, and a few for whoever looks."""
POOL_WAIT_S: Final = 5.0

PREPARED_AFTER: Final = 2
"""A statement that comes again is planned once."""

LOCK_MS: Final = 2_000
"""How long a statement waits for another transaction: well under the time Meta waits for an answer."""
STATEMENT_MS: Final = 10_000
LOOKING_MS: Final = 30_000
LOOKING_MIB: Final = 32
"""Memory for each sort of a look, and twice that for each of its hash tables: names that a search finds in millions."""
IDLE_MS: Final = 4_000
"""A transaction of a process that was halted, or cut off, lets go of its locks after so long: before who waits for them
loses patience (`LOCK_MS`, three times), and before newcomers are told that nothing is heard (five seconds)."""

_LOST: Final = (
    "SET LOCAL tcp_keepalives_idle = 2; SET LOCAL tcp_keepalives_interval = 2; "
    f"SET LOCAL tcp_keepalives_count = 2; SET LOCAL tcp_user_timeout = {SILENT_MS}"
)
"""The server, too, finds out that a host was cut off, and lets go of what that held."""

BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
COMMIT: Final = "COMMIT"
SETTINGS: Final = (
    f"SET LOCAL lock_timeout = {LOCK_MS}; SET LOCAL statement_timeout = {STATEMENT_MS}; "
    f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS}; {_LOST}; "
    # Even where the database was told otherwise: a commit is on its disk before it returns. A stricter setting, for
    # replicas, stays.
    "SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'local' "
    "ELSE current_setting('synchronous_commit') END, true)"
)
"""Of a transaction that writes. Where there is no pooler they are set once for the connection."""
USE_INDEXES: Final = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
LOOK: Final = (
    f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {LOOKING_MS}; "
    f"SET LOCAL idle_in_transaction_session_timeout = {LOOKING_MS}; SET LOCAL max_parallel_workers_per_gather = 0; "
    f"SET LOCAL work_mem = '{LOOKING_MIB}MB'"
)
"""One picture of the database for all statements of a look, and one processor: others are for whoever writes."""

POOLED: Final = "partnerhook_pooled"
PIPELINE: Final = "partnerhook_pipeline"

LOCK_NOT_HAD: Final = "55P03"
DEADLOCK: Final = "40P01"
SERIALIZATION: Final = "40001"


def open_server(url: URL) -> Engine:
    """An engine for a server. Nothing is connected yet. Raises ConfigurationInvalid."""
    if find_spec("psycopg") is None:
        raise ConfigurationInvalid(
            "database_url names PostgreSQL, whose driver is not installed: pip install 'partnerhook[postgres]'."
        )
    if url.drivername not in {"postgresql", "postgres", DRIVER}:
        raise ConfigurationInvalid("database_url begins with postgresql:// for PostgreSQL, without naming a driver.")
    if not url.database:
        raise ConfigurationInvalid("database_url names no database: postgresql://USER:PASSWORD@HOST/DATABASE.")
    engine = create_engine(
        url.set(drivername=DRIVER),
        poolclass=QueuePool,
        pool_size=2,
        max_overflow=POOL_MAX - 2,
        pool_timeout=POOL_WAIT_S,
        pool_pre_ping=True,
        hide_parameters=True,  # of statements in errors: they hold payloads
        connect_args={
            "autocommit": True,  # transactions begin in `_begin`, in one round trip with their settings
            "prepare_threshold": None,
            "connect_timeout": CONNECT_S,
            "keepalives_idle": 2,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": SILENT_MS,
            "application_name": "partnerhook",
        },
    )
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "after_cursor_execute", _executed)
    event.listen(engine, "commit", _commit)
    event.listen(engine, "rollback", _rollback)
    event.listen(engine, "invalidate", _invalidated)
    return engine


def is_pooled(connection: Any) -> bool:
    """Whether a pooler is in between: the process that it names is not the one that answers."""
    (answering,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    return bool(answering != connection.info.backend_pid)


def _connected(connection: Any, record: Any) -> None:
    record.info[POOLED] = is_pooled(connection)
    if not record.info[POOLED]:
        connection.prepare_threshold = PREPARED_AFTER
        connection.execute(SETTINGS.replace("SET LOCAL", "SET").replace(", true)", ", false)"))


class _Pipeline(NamedTuple):
    sync: Callable[[], None]
    """Wait for all that was sent. Raises what it came to."""
    leave: Callable[[], None]


def devote(connection: Connection) -> None:
    """Have this connection do nothing but write, and a lot of it.

    Its statements are sent without waiting for what the ones before came to (libpq's pipeline mode); who asks for rows
    waits. And they are planned for tables of any size: a statement is planned once, while a table may still be small
    enough to be read as a whole, and is used when it has millions of rows. All that this connection is asked for
    has an index.

    Behind a pooler nothing changes: there is no session there that is ours, and no statement is prepared. Source (read
    2026-11-25): https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html
    """
    if not connection.connection.info[POOLED]:
        driver: Any = connection.connection.driver_connection
        driver.execute(USE_INDEXES)
        entered = ExitStack()
        pipeline = entered.enter_context(driver.pipeline())
        connection.connection.info[PIPELINE] = _Pipeline(pipeline.sync, entered.close)


def in_pipeline(connection: Connection) -> bool:
    """Whether statements are sent on this connection without waiting."""
    return PIPELINE in connection.connection.info


@contextmanager
def straight_to_driver(conn: Connection, statement: str) -> Iterator[Any]:
    """The driver's own connection, where SQLAlchemy has nothing to add but time; its errors are SQLAlchemy's."""
    driver: Any = conn.connection.driver_connection
    try:
        yield driver
    except driver.Error as error:
        raise DBAPIError.instance(statement, None, error, driver.Error, dialect=conn.dialect) from error


def _executed(connection: Connection, *_: Any) -> None:
    """What goes through SQLAlchemy is waited for: it looks at once at what came back."""
    if in_pipeline(connection):
        connection.connection.info[PIPELINE].sync()


def _commit(connection: Connection) -> None:
    """By ourselves: with nothing that has come back yet the driver takes the transaction for one that has not begun.

    Where that fails SQLAlchemy takes the transaction for ended, and does not roll it back.
    """
    if not in_pipeline(connection):
        return
    with straight_to_driver(connection, COMMIT) as driver:
        try:
            told = driver.execute(COMMIT)
            connection.connection.info[PIPELINE].sync()
            if told.statusmessage != COMMIT:
                raise driver.OperationalError(f"the transaction ended with {told.statusmessage}")
        except driver.Error:
            _rollback(connection)
            with suppress(driver.Error):
                driver.rollback()
            raise


def _rollback(connection: Connection) -> None:
    """What was sent after a statement that failed was not executed; the answers that say so are of no use."""
    if in_pipeline(connection):
        with suppress(Exception):
            connection.connection.info[PIPELINE].sync()


def _invalidated(driver: Any, record: Any, _: Any) -> None:
    """Nothing is waited for on a connection that is given up."""
    if pipeline := record.info.pop(PIPELINE, None):
        driver.close()
        with suppress(Exception):
            pipeline.leave()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("partnerhook_writes", False)
    if in_pipeline(connection):
        with straight_to_driver(connection, BEGIN) as driver:
            driver.execute(BEGIN)
    elif not writes:
        connection.exec_driver_sql(LOOK)
    elif connection.connection.info[POOLED]:
        connection.exec_driver_sql(f"{BEGIN}; {SETTINGS}")
    else:
        connection.exec_driver_sql(BEGIN)


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code for an error; empty where it has none."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def is_locked(error: BaseException) -> bool:
    """Another transaction was in the way: what was refused will work soon."""
    return sqlstate(error) in {LOCK_NOT_HAD, DEADLOCK, SERIALIZATION}
