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

from bench import box, deliveries, small, story
from bench.load import Shape
from bench.machine import Cores
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

    PARTS: ClassVar = (*(kind.value for kind in Kind), "batch", "million", "small", "box", "deliveries")

    complete: bool = True
    parts: tuple[str, ...] = PARTS
    connections: tuple[int, ...] = (256, 64, 1)
    rounds: int = 5
    seconds: int = 4
    apart: int = story.APART
    stored: int = 1_000_000
    batch: Shape = BATCH

    @classmethod
    def quick(cls) -> Self:
        """One short round of everything."""
        return cls(complete=False, rounds=1, seconds=2, stored=100_000)

    def changed(
        self,
        *,
        parts: tuple[str, ...] | None,
        connections: tuple[int, ...] | None,
        rounds: int | None,
        seconds: int | None,
        apart: int | None,
    ) -> Self:
        """With what is given; then no longer complete. Raises ValueError."""
        if unknown := set(parts or ()) - set(self.PARTS):
            raise ValueError(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(self.PARTS)}")
        return replace(
            self,
            parts=parts or self.parts,
            connections=connections or self.connections,
            rounds=rounds or self.rounds,
            seconds=seconds or self.seconds,
            apart=apart or self.apart,
            complete=self.complete and not any((parts, connections, rounds, seconds, apart)),
        )

    @property
    def needs_postgres(self) -> bool:
        """Whether somebody who is measured stores there."""
        return bool({Kind.POSTGRES.value, "batch"} & set(self.parts))

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
    help_s: float | None = None
    idle_bytes: int | None = None
    box: box.BoxFigures | None = None
    deliveries: deliveries.DeliveryFigures | None = None
    took_s: float = 0.0


def carry_out(plan: Plan, cores: Cores, folder: Path, tell: Callable[[str], None]) -> Results:
    """Measure. Raises BenchFailed."""
    results = Results(plan, datetime.now(UTC), cores)
    started = time.monotonic()
    if "small" in plan.parts:
        results.help_s = small.help_s(cores.server)
        results.idle_bytes = small.idle_bytes(folder, cores.server)
        tell(f"partnerhook --help: {results.help_s:.3f} s; idle server: {results.idle_bytes / 1e6:.0f} MB resident")
    with ExitStack() as stack:
        course = Course(rounds=plan.rounds, seconds=plan.seconds, cores=cores, folder=folder, tell=tell)
        if plan.needs_postgres:
            course = replace(course, postgres=stack.enter_context(postgres_running(folder, str(cores.load))))
        if plan.contenders:
            for connections in plan.connections:
                shape = Shape(connections=connections, apart=plan.apart)
                results.single[connections] = run_rounds(plan.contenders, shape, course)
        if "batch" in plan.parts:
            results.batch = run_rounds([OURS, POSTGRES], plan.batch, course)
    course = Course(rounds=plan.rounds, seconds=plan.seconds, cores=cores, folder=folder, tell=tell)
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
