"""Several workers on one PostgreSQL: how many deliveries a second they make of a burst.

The workers, PostgreSQL, one receiver that takes the burst and the listener (this process) share all cores.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Final

import uvloop

from bench import story
from bench.deliveries import BURST, destinations, listening
from bench.rounds import Course, room_for
from bench.servers import SECRET, Kind, Role, running
from partnerhook.core.signature import sign

COUNTS: Final = (1, 2, 4)
DESTINATIONS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One burst."""

    per_s: float
    workers_cpu: float
    """Share of a core that all workers used together."""
    database_cpu: float


Workers = dict[int, list[Delivered]]
"""By the number of workers; one for each round."""


def measure(course: Course) -> Workers:
    """1, 2 and 4 workers in each round. Raises BenchFailed."""
    found: Workers = {count: [] for count in COUNTS}
    for number in range(1, course.rounds + 1):
        for count in COUNTS:
            found[count].append(uvloop.run(_burst(count, course)))
        told = ", ".join(f"{count}: {bursts[-1].per_s:,.0f}/s" for count, bursts in found.items())
        course.tell(f"deliveries by workers, round {number} of {course.rounds}: {told}")
    return found


def per_s(bursts: list[Delivered]) -> float:
    """Deliveries per second, the median of the rounds."""
    return median(one.per_s for one in bursts)


async def _burst(count: int, course: Course) -> Delivered:
    assert course.postgres is not None
    async with listening() as (counted, port):
        with ExitStack() as stack:
            room = stack.enter_context(room_for(course.folder))
            (room / "partnerhook.toml").write_text(destinations(port, DESTINATIONS), encoding="utf-8")
            database = course.postgres.new_database()
            stack.callback(course.postgres.drop, database)
            course.postgres.settle()
            cores = course.cores.all
            workers = [
                stack.enter_context(running(Kind.POSTGRES, room, cores, database, role=Role.WORKER))
                for _ in range(count)
            ]
            receiver = stack.enter_context(running(Kind.POSTGRES, room, cores, database, role=Role.RECEIVER))
            await counted.wait_for(DESTINATIONS)
            workers_cpu_s = -sum(worker.cpu_s for worker in workers)
            database_cpu_s = -course.postgres.cpu_s
            started = time.perf_counter()
            for first in range(0, BURST, 1_000):
                body = story.body(first, changes=1_000, apart=BURST)
                await asyncio.to_thread(receiver.post, body, sign(body, SECRET))
            await counted.wait_for(DESTINATIONS * (1 + BURST))
            took_s = counted.last - started
            workers_cpu_s += sum(worker.cpu_s for worker in workers)
            database_cpu_s += course.postgres.cpu_s
    return Delivered(
        per_s=DESTINATIONS * BURST / took_s,
        workers_cpu=workers_cpu_s / took_s,
        database_cpu=database_cpu_s / took_s,
    )
