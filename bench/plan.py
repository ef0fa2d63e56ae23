"""What is measured, in which order and for how long."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final, Self

from bench import box, console, deliveries, fill_postgres, receivers, small, story, workers
from bench.load import Shape
from bench.machine import Cores, on_all
from bench.postgres import postgres_running
from bench.rounds import Contender, Course, Rounds, run_rounds
from bench.servers import BenchFailed, Kind

ROOT: Final = Path(__file__).resolve().parent.parent
EMPTY: Final = "empty"
FULL: Final = "full"
OURS: Final = Contender(Kind.OURS.value, Kind.OURS)
POSTGRES: Final = Contender(Kind.POSTGRES.value, Kind.POSTGRES)

BATCH: Final = Shape(connections=8, changes=1_000, apart=10_000)
"""Eight connections, so that never more POSTs are under way than lie between two steps of a solution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A complete run, unless something was changed."""

    PARTS: ClassVar = (
        *(kind.value for kind in Kind),
        "batch",
        "million",
        "growth",
        "receivers",
        "workers",
        "small",
        "box",
        "deliveries",
        "console",
    )

    complete: bool = True
    parts: tuple[str, ...] = PARTS
    connections: tuple[int, ...] = (256, 64, 1)
    rounds: int = 5
    seconds: int = 4
    apart: int = story.APART
    stored: int = 1_000_000
    grown: tuple[int, ...] = (1_000_000, 10_000_000)
    """The same on PostgreSQL."""
    rounds_together: int = 3
    """Rounds of several receivers, and of several workers, who take long to start."""
    batch: Shape = BATCH

    @classmethod
    def quick(cls) -> Self:
        """One short round of everything."""
        return cls(complete=False, rounds=1, seconds=2, stored=100_000, grown=(100_000,), rounds_together=1)

    def changed(
        self,
        *,
        parts: tuple[str, ...] | None,
        connections: tuple[int, ...] | None,
        rounds: int | None,
        seconds: int | None,
        apart: int | None,
        grown: tuple[int, ...] | None,
    ) -> Self:
        """With what is given; then no longer complete. Raises ValueError."""
        if unknown := set(parts or ()) - set(self.PARTS):
            raise ValueError(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(self.PARTS)}")
        return replace(
            self,
            parts=parts or self.parts,
            connections=connections or self.connections,
            rounds=rounds or self.rounds,
            rounds_together=rounds or self.rounds_together,
            grown=grown or self.grown,
            seconds=seconds or self.seconds,
            apart=apart or self.apart,
            complete=self.complete and not any((parts, connections, rounds, seconds, apart, grown)),
        )

    @property
    def contenders(self) -> list[Contender]:
        """Who is measured with one change per POST."""
        return [Contender(kind.value, kind) for kind in Kind if kind.value in self.parts]


@dataclass(slots=True)
class Results:
    """What came out."""

    plan: Plan
    started: datetime
    cores: Cores
    single: dict[int, Rounds] = field(default_factory=dict)
    """By number of connections."""
    batch: Rounds | None = None
    million: Rounds | None = None
    growth: Rounds | None = None
    receivers: receivers.Receivers | None = None
    workers: workers.Workers | None = None
    help_s: float | None = None
    idle_bytes: int | None = None
    box: box.BoxFigures | None = None
    deliveries: deliveries.DeliveryFigures | None = None
    console: dict[Kind, console.ConsoleFigures] = field(default_factory=dict)
    postgres_version: str | None = None
    took_s: float = 0.0


def carry_out(plan: Plan, cores: Cores, folder: Path, tell: Callable[[str], None]) -> Results:
    """Measure. Raises BenchFailed."""
    results = Results(plan, datetime.now(UTC), cores)
    started = time.monotonic()
    if "small" in plan.parts:
        results.help_s = small.help_s(cores.server)
        results.idle_bytes = small.idle_bytes(folder, cores.server)
        tell(f"partnerhook --help: {results.help_s:.3f} s; idle server: {results.idle_bytes / 1e6:.0f} MB resident")
    course = Course(rounds=plan.rounds, seconds=plan.seconds, cores=cores, folder=folder, tell=tell)
    _measure_pinned(plan, course, results)
    _measure_together(plan, course, results)
    if "million" in plan.parts:
        contenders = [Contender(EMPTY, Kind.OURS), Contender(FULL, Kind.OURS, _filled(plan.stored, folder, tell))]
        results.million = run_rounds(contenders, Shape(connections=256, apart=plan.apart), course)
    if "box" in plan.parts:
        results.box = box.measure(plan.rounds, cores.server, cores.load, folder)
        tell(f"box: {results.box}")
    if "deliveries" in plan.parts:
        results.deliveries = deliveries.measure(plan.rounds, cores.server, folder)
        tell(f"deliveries: {results.deliveries}")
    results.took_s = time.monotonic() - started
    return results


def _measure_pinned(plan: Plan, course: Course, results: Results) -> None:
    """One server, alone on its core; PostgreSQL shares the other one with the load."""
    with ExitStack() as stack:
        if {Kind.POSTGRES.value, "batch", "growth"} & set(plan.parts):
            postgres = stack.enter_context(postgres_running(course.folder, str(course.cores.load)))
            results.postgres_version = postgres.version
            course = replace(course, postgres=postgres)
        if plan.contenders:
            for connections in plan.connections:
                shape = Shape(connections=connections, apart=plan.apart)
                results.single[connections] = run_rounds(plan.contenders, shape, course)
        if "batch" in plan.parts:
            results.batch = run_rounds([OURS, POSTGRES], plan.batch, course)
        if "growth" in plan.parts:
            contenders = [Contender(EMPTY, Kind.POSTGRES), *(_grown(count, course) for count in plan.grown)]
            results.growth = run_rounds(contenders, Shape(connections=256, apart=plan.apart), course)


def _measure_together(plan: Plan, course: Course, results: Results) -> None:
    """Several processes and PostgreSQL, on all cores."""
    if not {"receivers", "workers", "console"} & set(plan.parts):
        return
    with postgres_running(course.folder, course.cores.all) as postgres:
        results.postgres_version = postgres.version
        course = replace(course, postgres=postgres, rounds=plan.rounds_together)
        if "receivers" in plan.parts:
            results.receivers = receivers.measure(course)
        if "workers" in plan.parts:
            results.workers = workers.measure(course)
        if "console" in plan.parts:
            databases = {Kind.OURS: course.folder / "console.db", Kind.POSTGRES: postgres.new_database()}
            for kind, database in databases.items():
                with on_all(course.cores):
                    found = console.measure(kind, database, plan.rounds, course.cores.all, course.folder)
                results.console[kind] = found
                course.tell(f"console on {kind}: {found}")


def _grown(count: int, course: Course) -> Contender:
    """A database of PostgreSQL with `count` observations."""
    assert course.postgres is not None
    url = course.postgres.new_database()
    fill_postgres.fill(url, count, course.tell)
    return Contender(f"{count:,}", Kind.POSTGRES, url)


def _filled(count: int, folder: Path, tell: Callable[[str], None]) -> Path:
    """A database with `count` observations."""
    file = folder / "filled.db"
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "bench.fill", str(file), str(count)], cwd=ROOT, check=False)
    if done.returncode != 0:
        raise BenchFailed(f"filling the database ended with {done.returncode}")
    took_s = time.monotonic() - started
    tell(f"{count:,} observations stored in {took_s:.0f} s, {file.stat().st_size / 1e6:,.0f} MB")
    return file
