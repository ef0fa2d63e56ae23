"""Rounds: each server started, warmed, measured and stopped in turn, so that a slow minute hits them all."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psycopg

from bench import load
from bench.load import Measured, Shape
from bench.machine import Cores
from bench.postgres import Postgres
from bench.servers import BenchFailed, Kind, running

WARM_UP_S: Final = 3
STORING: Final = (Kind.USUAL, Kind.OURS, Kind.POSTGRES)
PROBES: Final = 1
"""Webhooks that `running` sends to see that the server works."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One who is measured: a kind of server, and the database it starts on (None: an empty one)."""

    name: str
    kind: Kind
    database: Path | str | None = None
    """SQLite's file is copied for each round. PostgreSQL's database, a URL, is not: it keeps what each round adds."""


Rounds = dict[str, list[Measured]]
"""By contender; the same place in each list is the same round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How often and how long, where, and whom to tell."""

    rounds: int
    seconds: int
    cores: Cores
    folder: Path
    tell: Callable[[str], None]
    postgres: Postgres | None = None
    """Where somebody who is measured needs it."""


def run_rounds(contenders: Sequence[Contender], shape: Shape, course: Course) -> Rounds:
    """Measure every contender once in each round. Raises BenchFailed."""
    found: Rounds = {contender.name: [] for contender in contenders}
    for number in range(1, course.rounds + 1):
        for contender in contenders:
            one = _measure(contender, shape, course)
            found[contender.name].append(one)
            course.tell(
                f"{shape}, round {number} of {course.rounds}: {contender.name:<6} {one.answers_s:>8,.0f}/s"
                f"  p50 {one.p50_ms:.1f} ms  p99 {one.p99_ms:.1f} ms"
                f"  (server {one.server_cpu:.0%}, wrk {one.load_cpu:.0%}, PostgreSQL {one.database_cpu:.0%} of a core)"
            )
    return found


def _measure(contender: Contender, shape: Shape, course: Course) -> Measured:
    with room_for(course.folder) as room, _database(contender, room, course) as database:
        before = _newest(database)
        os.sync()  # what others have left to write is not written on this one's time
        with running(contender.kind, room, course.cores.server, database) as server:
            warm = load.run(server, shape, core=course.cores.load, seconds=WARM_UP_S)
            database_cpu_s = course.postgres.cpu_s if course.postgres else 0.0
            measured = load.run(server, shape, core=course.cores.load, seconds=course.seconds)
            database_cpu_s = (course.postgres.cpu_s if course.postgres else 0.0) - database_cpu_s
        if contender.kind in STORING:
            answers = warm.answers + measured.answers
            see_that_all_is_stored(contender.name, shape, answers, stored(database, after=before))
    return replace(measured, database_cpu=database_cpu_s / measured.duration_s)


@contextmanager
def _database(contender: Contender, room: Path, course: Course) -> Iterator[Path | str]:
    """What the contender starts on: SQLite's file, or a URL."""
    if contender.kind is not Kind.POSTGRES:
        file = room / "bench.db"
        if contender.database is not None:
            shutil.copyfile(contender.database, file)
        yield file
        return
    assert course.postgres is not None
    if isinstance(contender.database, str):
        course.postgres.settle()
        yield contender.database
        return
    url = course.postgres.new_database()
    course.postgres.settle()
    yield url
    course.postgres.drop(url)


@contextmanager
def room_for(folder: Path) -> Iterator[Path]:
    """A folder for one server, on the disk of the checkout; kept where something went wrong."""
    room = Path(tempfile.mkdtemp(dir=folder))
    yield room
    shutil.rmtree(room)


def _newest(database: Path | str) -> int:
    """The id of the newest observation; 0 where there is none."""
    return _one(database, "SELECT coalesce(max(id), 0) FROM observations")


def stored(database: Path | str, *, after: int) -> int:
    """How many observations there are behind this id."""
    return _one(database, f"SELECT count(*) FROM observations WHERE id > {after}")


def _one(database: Path | str, query: str) -> int:
    if isinstance(database, str):
        with psycopg.connect(database) as server:
            found = server.execute(query).fetchone()
            assert found is not None
            return int(found[0])
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(query).fetchone()[0])


def see_that_all_is_stored(name: str, shape: Shape, answers: int, stored: int) -> None:
    """What was answered 200 is there; besides it only what was under way when wrk hung up."""
    least = answers * shape.changes
    most = least + PROBES + 2 * shape.connections * shape.changes
    if not least <= stored <= most:
        raise BenchFailed(f"{name}: {least} to {most} observations should be stored, but {stored} are")
