"""Move everything from an SQLite file to PostgreSQL: resumable, and compared in the end.

The file is locked for as long as it takes: a receiver that runs on it answers 503, and Meta keeps what it has.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from partnerhook.core.errors import PartnerhookError, StoreUnavailable
from partnerhook.services.patience import transact
from partnerhook.store import migrate, moving, requests, schema
from partnerhook.store.engine import for_writing, place, words_of

MARK: Final = "move"
"""A request that nobody answers: in the target, from the first row to the last."""


class NotMoved(PartnerhookError):
    """What was to be moved did not arrive as it was."""


class Moved(NamedTuple):
    """What it came to."""

    rows: dict[str, int]
    """By table."""
    resumed: bool
    """An earlier try was gone on with."""
    checksum: str
    """Of all solutions, the same in both."""


def move(source: Engine, target: Engine, on_progress: Callable[[int, int], None]) -> Moved:
    """Copy what is not there yet, and compare. Raises StoreUnavailable, SchemaMismatch, NotMoved."""
    try:
        with for_writing(source.connect()) as conn, conn.begin() as held:
            migrate.check(conn)
            try:
                return _move(conn, target, on_progress)
            finally:
                held.rollback()  # nothing was written there
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The database {place(source)} cannot be read: {words_of(error)}.") from None


def _move(source: Connection, target: Engine, on_progress: Callable[[int, int], None]) -> Moved:
    now = moving.fingerprint(source)
    resumed = transact(target, partial(_begin, fingerprint=now), writes=True)
    wanted = moving.counts(source)
    total = sum(wanted[name] for name in moving.NUMBERED)
    done = 0
    for table in moving.NUMBERED:
        after = transact(target, partial(moving.newest, table=table), writes=False)
        there = transact(target, moving.counts, writes=False)[table] if after else 0
        done += there
        on_progress(done, total)
        for page in moving.pages(source, table, after=after):
            transact(target, partial(moving.write, table=table, rows=page), writes=True)
            done += len(page)
            on_progress(done, total)
    transact(target, partial(moving.write_small, rows=moving.read_small(source)), writes=True)
    transact(target, moving.finish, writes=True)
    checksum = _compare(source, target, wanted)
    transact(target, partial(requests.remove, name=MARK), writes=True)
    return Moved(wanted, resumed, checksum)


def _begin(conn: Connection, fingerprint: str) -> bool:
    """Mark the target, or find it marked by an earlier try; whether that is gone on with."""
    mark = requests.find(conn, MARK).get(MARK)
    if mark is None:
        there = {name: count for name, count in moving.counts(conn).items() if count}
        if there:
            told = ", ".join(f"{count} {name}" for name, count in there.items())
            raise NotMoved(f"The target has something in it already ({told}): name an empty database.")
    resumed = mark is not None and json.loads(mark.outcome)["fingerprint"] == fingerprint
    if mark is not None and not resumed:
        moving.clear(conn)  # the source has changed since: what is there may be out of date
    requests.write(conn, MARK, 0, json.dumps({"fingerprint": fingerprint}))
    return resumed


def _compare(source: Connection, target: Engine, wanted: dict[str, int]) -> str:
    found = transact(target, moving.counts, writes=False)
    differing = {name: (wanted[name], found[name]) for name in wanted if wanted[name] != found[name]}
    if differing:
        told = ", ".join(f"{name}: {there} of {count}" for name, (count, there) in differing.items())
        raise NotMoved(f"Rows are missing ({told}). Begin again with an empty database, and please report this.")
    solutions: Any = schema.solutions
    before = moving.checksum(source, solutions)
    after = transact(target, partial(moving.checksum, table=solutions), writes=False)
    if before != after:
        raise NotMoved("Solutions differ from those that were read. Begin again with an empty database, and report it.")
    return before
