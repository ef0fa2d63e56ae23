"""PostgreSQL with many observations: what the program stored of one block of the story, again and again by SQL.

A block is as many solutions as are `apart`, from their draft to their end. In the next block they have other ids, and
everything happens later; nothing else differs. So these are the rows that the program would have stored, told in
minutes instead of an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import psycopg

from bench import story
from bench.fill import MICROSECONDS_APART, post, store
from bench.servers import BenchFailed
from partnerhook.services import ingest
from partnerhook.store.engine import open_engine

SOLUTIONS: Final = story.APART
CHANGES: Final = SOLUTIONS * len(story.STEPS)
"""In a block."""
SECONDS: Final = CHANGES // story.CHANGES_PER_SECOND
MICROSECONDS: Final = CHANGES * MICROSECONDS_APART
BLOCKS_AT_ONCE: Final = 100

ID: Final = f"({story.FIRST_ID} + (one.number - 1 + b * {SOLUTIONS}) * {story.SCRAMBLE} %% {story.IDS})::text"
"""The solution's id in block b; `one.number` is its number in the first."""
TIME: Final = f"({story.FIRST_TIME} + (heard.id - 1) / {story.CHANGES_PER_SECOND} + b * {SECONDS})"
KEY: Final = (
    f"left(encode(sha256(convert_to(concat_ws(E'\\n', heard.app, heard.portfolio_id, {ID}, heard.event,"
    f" heard.reported_status, {TIME}), 'UTF8')), 'hex'), 32)"
)
"""As `partnerhook.core.observations.content_key`; the last block is compared with it."""

COPIES: Final = (
    f"""INSERT INTO solution_numbers SELECT one.number + b * {SOLUTIONS}, {ID}, one.app
        FROM generate_series(%(first)s::bigint, %(last)s) b, solution_numbers one WHERE one.number <= {SOLUTIONS}
        ORDER BY 1""",
    f"""INSERT INTO solutions SELECT one.number + b * {SOLUTIONS}, one.app, {ID}, one.portfolio_id, one.status,
        one.pending, one.reported_status, one.could_be, one.since + b * {SECONDS}, one.newest_at + b * {SECONDS},
        one.first_seen + b * {MICROSECONDS}, one.last_seen + b * {MICROSECONDS}, one.observations, one.anomalies
        FROM generate_series(%(first)s::bigint, %(last)s) b, solutions one WHERE one.number <= {SOLUTIONS}
        ORDER BY 1""",
    f"""INSERT INTO observations SELECT heard.id + b * {CHANGES}, one.number + b * {SOLUTIONS}, heard.app, {ID}, {KEY},
        heard.portfolio_id, heard.event, heard.reported_status, {TIME}, heard.received_at + b * {MICROSECONDS},
        heard.last_received_at + b * {MICROSECONDS}, heard.repeats, heard.source, heard.flags,
        heard.receipt_id + b * {CHANGES}
        FROM generate_series(%(first)s::bigint, %(last)s) b, observations heard JOIN solution_numbers one
        ON one.number = heard.solution_number WHERE heard.id <= {CHANGES} ORDER BY 1""",
    f"""INSERT INTO receipts SELECT told.id + b * {CHANGES}, told.app, told.received_at + b * {MICROSECONDS},
        told.body_bytes, convert_to(replace(replace(convert_from(told.body, 'UTF8'), heard.solution_id, {ID}),
        heard.time::text, {TIME}::text), 'UTF8'), told.flags, replace(told.outcomes, heard.key, {KEY}),
        told.quarantined, told.headers
        FROM generate_series(%(first)s::bigint, %(last)s) b, receipts told
        JOIN observations heard ON heard.receipt_id = told.id
        JOIN solution_numbers one ON one.number = heard.solution_number WHERE told.id <= {CHANGES} ORDER BY 1""",
    f"""INSERT INTO notices SELECT told.id + b * {CHANGES}, told.solution_number + b * {SOLUTIONS}, told.kind,
        told.observation_id + b * {CHANGES}, told.before, told.before_since + b * {SECONDS}, told.after,
        told.since + b * {SECONDS}, told.noticed_at + b * {MICROSECONDS}, told.rest
        FROM generate_series(%(first)s::bigint, %(last)s) b, notices told WHERE told.id <= {CHANGES} ORDER BY 1""",
)
SEQUENCES: Final = {"receipts": "id", "solution_numbers": "number", "observations": "id", "notices": "id"}


def fill(url: str, count: int, tell: Callable[[str], None]) -> None:
    """Store the first `count` changes of the story (whole blocks), as if they had come at 1,000 a second until now."""
    blocks = count // CHANGES
    started = time.monotonic()
    begun = time.time_ns() // 1_000 - count * MICROSECONDS_APART
    engine = open_engine(url)
    store(engine, CHANGES, begun=begun)
    engine.dispose()
    with psycopg.connect(url, autocommit=True) as conn:
        for first in range(1, blocks, BLOCKS_AT_ONCE):
            for statement in COPIES:
                conn.execute(statement, {"first": first, "last": min(first + BLOCKS_AT_ONCE, blocks) - 1})
        for table, column in SEQUENCES.items():
            conn.execute(f"SELECT setval('{table}_{column}_seq', (SELECT max({column}) FROM {table}))")
        conn.execute("VACUUM (ANALYZE)")
        _see_that_the_last_is_right(conn, blocks * CHANGES, begun)
    tell(f"{blocks * CHANGES:,} observations stored on PostgreSQL in {time.monotonic() - started:.0f} s")


def _see_that_the_last_is_right(conn: psycopg.Connection, number: int, begun: int) -> None:
    """The newest observation, its body and its solution are as the program would have stored them."""
    last = post(number - 1, begun)
    (observed,) = ingest.read(last).observed
    wanted = (number, number, observed.key, observed.time, last.body.raw, story.STEPS[-1][1])
    found = conn.execute(
        "SELECT heard.id, (SELECT max(id) FROM notices), heard.key, heard.time, told.body,"
        " now.reported_status FROM observations heard JOIN receipts told ON told.id = heard.receipt_id"
        " JOIN solutions now ON now.number = heard.solution_number ORDER BY heard.id DESC LIMIT 1"
    ).fetchone()
    if found != wanted:
        raise BenchFailed(f"the database was filled wrongly: {found} instead of {wanted}")
