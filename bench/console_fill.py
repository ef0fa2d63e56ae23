"""A database with many of everything, for the pages: written with SQL, for it is what a page reads that counts.

`python -m bench.console_fill DATABASE_URL SOLUTIONS OBSERVATIONS`: a process of its own, so that its memory does not
stay with the benchmark.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Final

import psycopg
from sqlalchemy import text

from bench import story
from partnerhook.store.engine import for_writing, is_postgresql, open_engine
from partnerhook.store.migrate import migrate

QUARANTINED_EVERY: Final = 2_000
DEAD_EVERY: Final = 1_000
WAITING_LAST: Final = 5_000
"""So many deliveries, the newest, wait."""

# Of a hundred solutions: most are in force or over, few on their way.
_STATUS: Final = """CASE WHEN m < 4 THEN 'DRAFT' WHEN m < 8 THEN 'INITIATED' WHEN m < 68 THEN 'ACTIVE'
    WHEN m < 78 THEN 'REJECTED' WHEN m < 98 THEN 'DEACTIVATED' WHEN m < 99 THEN 'ACTIVE' ELSE 'UNKNOWN' END"""
_PENDING: Final = """CASE WHEN m >= 4 AND m < 8 THEN 'PENDING_ACTIVATION' WHEN m = 98 THEN 'PENDING_DEACTIVATION'
    ELSE 'NONE' END"""
_WORD: Final = f"CASE WHEN m = 98 THEN 'PENDING_DEACTIVATION' ELSE {_STATUS} END"
_ID: Final = f"CAST({story.FIRST_ID} + n * {story.SCRAMBLE} % {story.IDS} AS text)"
_PORTFOLIO: Final = "CAST(506914300000000 + n % 2000 AS text)"
_OF: Final = "1 + (n * 7919) % :solutions"
"""The solution that something numbered n is of: each in its turn, apart from its neighbours."""

FILL: Final = (
    f"INSERT INTO solution_numbers SELECT n, {_ID}, 'default' FROM ({{solutions}}) s",
    f"""INSERT INTO solutions SELECT n, 'default', {_ID}, {_PORTFOLIO}, {_STATUS}, {_PENDING}, {_WORD}, {_WORD},
        :now - 60 - (n * 31) % 8000000, :now - 60, :us - n * 1000000, :us - n, :observations / :solutions,
        CASE WHEN n % 300 = 0 THEN 'step_back' ELSE '' END FROM (SELECT n, n % 100 AS m FROM ({{solutions}}) s) t""",
    """INSERT INTO graph_readings SELECT n, CASE WHEN n % 2 = 0 THEN 'OWNER' ELSE 'PARTNER' END,
        'Solution ' || CAST(n * 7 % 9973 AS text) || ' with Partner ' || CAST(n % 211 AS text), NULL, NULL, NULL,
        :now - 60, :us FROM ({solutions}) s""",
    """INSERT INTO receipts SELECT n, 'default', :us - (:observations - n) * 1000, 300, {body}, '',
        'entry[0].changes[0]' || {tab} || 'partner_solutions' || {tab} || 'observed' || {tab} || 'k' || CAST(n AS text)
        || {tab} || '506914300000000' || {tab} || '', CASE WHEN n % :quarantined = 0 THEN 1 ELSE 0 END, NULL
        FROM ({numbers}) s""",
    f"""INSERT INTO observations SELECT n, number, 'default',
        CAST({story.FIRST_ID} + number * {story.SCRAMBLE} % {story.IDS} AS text), 'k' || CAST(n AS text),
        CAST(506914300000000 + number % 2000 AS text), 'SOLUTION_UPDATED',
        CASE n / :solutions % 2 WHEN 0 THEN 'ACTIVE' ELSE 'PENDING_DEACTIVATION' END,
        :now - (:observations - n) / 100, :us - (:observations - n) * 1000, :us - (:observations - n) * 1000, 0,
        'webhook', '', n FROM (SELECT n, {_OF} AS number FROM ({{numbers}}) s) t""",
    f"""INSERT INTO notices SELECT n, {_OF}, CASE n % 2 WHEN 0 THEN 'solution.activated' ELSE
        'solution.deactivation_requested' END, n, 'ACTIVE', 1, 'ACTIVE', :now, :us, NULL FROM ({{numbers}}) s""",
    f"""INSERT INTO deliveries SELECT n, 'd' || CAST(n % 4 AS text), {_OF}, n, NULL, 0,
        CASE WHEN n > :observations - :waiting THEN 'waiting' WHEN n % :dead = 0 THEN 'dead' ELSE 'done' END, 1, :us,
        NULL, '', :us, CASE WHEN n <= :observations - :waiting THEN :us END FROM ({{numbers}}) s""",
    "INSERT INTO attempts SELECT n, n, :us, 2000, 'taken', 200, '' FROM ({numbers}) s",
)


def fill(url: str, solutions: int, observations: int) -> None:
    """Have so many of each."""
    engine = open_engine(url)
    migrate(engine)
    postgresql = is_postgresql(engine)
    numbers = "SELECT CAST(n AS bigint) AS n FROM generate_series(1, :{0}) n" if postgresql else _COUNTED
    words = {
        "solutions": numbers.format("solutions"),
        "numbers": numbers.format("observations"),
        "body": "decode(repeat('20', 300), 'hex')" if postgresql else "CAST(printf('%300s', '') AS blob)",
        "tab": "chr(9)" if postgresql else "char(9)",
    }
    now = int(time.time())
    given = {"solutions": solutions, "observations": observations, "now": now, "us": now * 1_000_000}
    given |= {"quarantined": QUARANTINED_EVERY, "dead": DEAD_EVERY, "waiting": WAITING_LAST}
    with for_writing(engine.connect()) as conn, conn.begin():
        if postgresql:
            conn.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in FILL:
            made = text(statement.format(**words))
            conn.execute(made, {name: given[name] for name in made.compile().params})
        if postgresql:
            for table, column in _SEQUENCES:
                conn.execute(text(f"SELECT setval('{table}_{column}_seq', {max(solutions, observations)})"))
    engine.dispose()
    if postgresql:  # as autovacuum leaves what has been there for longer
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("VACUUM (ANALYZE)")
            server.execute("CHECKPOINT")
    os.sync()  # what is to be written is written, so that nobody else's time goes into it


_COUNTED: Final = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :{0}) SELECT n FROM c"
_SEQUENCES: Final = (
    ("receipts", "id"),
    ("solution_numbers", "number"),
    ("observations", "id"),
    ("notices", "id"),
    ("deliveries", "id"),
    ("attempts", "id"),
)

if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
