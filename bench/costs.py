"""What a commit takes of processors: `python -m bench.costs URL`, on an empty database, for `docs/scale.md`.

Processor time, not time: of this process, and of the PostgreSQL process that serves it, if that is on this machine. It
is split into what a commit takes, however many webhooks are in it, and what each webhook in it takes.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from bench.disk import KINDS, Kind, post
from partnerhook.services import ingest
from partnerhook.store.engine import devote, for_writing, is_postgresql, open_engine
from partnerhook.store.migrate import migrate

SMALL: Final = 1
LARGE: Final = 250
WEBHOOKS: Final = {SMALL: 400, LARGE: 5_000}
"""How many of them go into commits of each size."""
ROUNDS: Final = 3


class Cost(NamedTuple):
    """Microseconds of processors: ours and the database's."""

    ours: float
    databases: float


def split(connection: Connection, kind: Kind, first: int) -> tuple[Cost, Cost]:
    """(for a commit, for each webhook in it): from commits of one and commits of many."""
    small, large = (_per_commit(connection, kind, first + size, size) for size in (SMALL, LARGE))
    each = [(many - one) / (LARGE - SMALL) for one, many in zip(small, large, strict=True)]
    return Cost(*[one - per for one, per in zip(small, each, strict=True)]), Cost(*each)


def _per_commit(connection: Connection, kind: Kind, first: int, size: int) -> Cost:
    commits = WEBHOOKS[size] // size
    now = time.time_ns() // 1_000
    batches = [[post(kind.body(first + at * size + number), now) for number in range(size)] for at in range(commits)]
    backend = _backend(connection)
    ours, databases = time.process_time(), _used_s(backend)
    for posts in batches:
        with connection.begin():
            ingest.commit(connection, posts, kind.routes)
    return Cost((time.process_time() - ours) / commits * 1e6, (_used_s(backend) - databases) / commits * 1e6)


def _backend(connection: Connection) -> int | None:
    if not is_postgresql(connection.engine):
        return None
    with connection.begin():
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _used_s(process: int | None) -> float:
    if process is None or not (status := Path(f"/proc/{process}/stat")).exists():
        return 0.0
    fields = status.read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Every kind, in rounds, so that a slow minute hits all of them; medians."""
    parser = argparse.ArgumentParser(prog="python -m bench.costs", description=__doc__)
    parser.add_argument("url")
    engine = open_engine(parser.parse_args().url)
    migrate(engine)
    found: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in KINDS}
    with for_writing(engine.connect()) as connection:
        devote(connection)  # as the writer has it
        for number in range(ROUNDS):
            for at, (name, kind) in enumerate(KINDS.items()):
                found[name].append(split(connection, kind, (number * len(KINDS) + at) * 200_000))
    for name, rounds in found.items():
        commit, each = ([round(median(one)) for one in zip(*parts, strict=True)] for parts in zip(*rounds, strict=True))
        print(f"{name}: a commit {commit[0]} us ours, {commit[1]} us the database's; each {each[0]} us, {each[1]} us")


if __name__ == "__main__":
    main()
