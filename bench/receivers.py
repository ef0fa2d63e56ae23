"""Several receivers on one PostgreSQL.

All of them, PostgreSQL and the load share all cores, for two cores are too few to give each its own; so does the bare
server that they are compared with. What a webhook costs each of them in processor time tells the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from bench import load
from bench.load import Measured, Shape
from bench.rounds import WARM_UP_S, Course, room_for, see_that_all_is_stored, stored
from bench.servers import Kind, Server, running

COUNTS: Final = (1, 2, 4)
CONNECTIONS: Final = 256
"""Shared out among the receivers."""


@dataclass(frozen=True, slots=True)
class Receivers:
    """What came out, a `Measured` for each round: all receivers and all loads of a round as one."""

    bare: list[Measured]
    ours: dict[int, list[Measured]]
    """By the number of receivers."""


def measure(course: Course) -> Receivers:
    """Bare, then 1, 2 and 4 receivers, in each round. Raises BenchFailed."""
    found = Receivers([], {count: [] for count in COUNTS})
    for number in range(1, course.rounds + 1):
        found.bare.append(_one(Kind.BARE, 1, course))
        for count in COUNTS:
            found.ours[count].append(_one(Kind.POSTGRES, count, course))
        told = ", ".join(f"{count}: {measured[-1].answers_s:,.0f}/s" for count, measured in found.ours.items())
        course.tell(f"receivers, round {number} of {course.rounds}: bare: {found.bare[-1].answers_s:,.0f}/s, {told}")
    return found


def _one(kind: Kind, count: int, course: Course) -> Measured:
    assert course.postgres is not None
    with ExitStack() as stack:
        room = stack.enter_context(room_for(course.folder))
        database = course.postgres.new_database()
        stack.callback(course.postgres.drop, database)
        course.postgres.settle()
        with ExitStack() as serving:
            servers = [serving.enter_context(running(kind, room, course.cores.all, database)) for _ in range(count)]
            warm = _load(servers, WARM_UP_S, course)
            database_cpu_s = course.postgres.cpu_s
            measured = _load(servers, course.seconds, course)
            database_cpu_s = course.postgres.cpu_s - database_cpu_s
        if kind is Kind.POSTGRES:
            shape = Shape(connections=CONNECTIONS)
            see_that_all_is_stored(f"{count}", shape, warm.answers + measured.answers, stored(database, after=0))
    return replace(measured, database_cpu=database_cpu_s / measured.duration_s)


def _load(servers: Sequence[Server], seconds: int, course: Course) -> Measured:
    """A wrk for each, at the same time; all of it as one."""
    shape = Shape(connections=CONNECTIONS // len(servers))
    with ThreadPoolExecutor(len(servers)) as threads:
        parts = list(
            threads.map(lambda server: load.run(server, shape, core=course.cores.all, seconds=seconds), servers)
        )
    return Measured(
        answers=sum(part.answers for part in parts),
        duration_s=max(part.duration_s for part in parts),
        p50_ms=median(part.p50_ms for part in parts),
        p99_ms=max(part.p99_ms for part in parts),
        max_ms=max(part.max_ms for part in parts),
        server_cpu=sum(part.server_cpu for part in parts),
        load_cpu=sum(part.load_cpu for part in parts),
    )
