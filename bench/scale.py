"""The simulated tables of `docs/scale.md`: `python -m bench.scale` prints them, `--write` puts them into the page.

A test compares the page with what this prints. What was measured it reads from `docs/benchmarks.md`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bench.plan import ROOT
from bench.simulation import Costs, Simulation, Site

US: Final = 1e-6
MS: Final = 1e-3

PAGE: Final = ROOT / "docs" / "scale.md"


class Measured(NamedTuple):
    """A row of `docs/benchmarks.md`: ours on SQLite, one change per POST."""

    per_second: float
    p50: float
    busy: float
    """Share of its core that the server used."""


def measured() -> dict[int, Measured]:
    """By number of connections."""
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\d+) \| \(d\) ours \| ([\d,]+) \| [^|]+ \| ([\d.]+) \| [^|]+ \| [^|]* \| (\d+)% \|", page, re.MULTILINE
    )
    return {
        int(connections): Measured(int(rate.replace(",", "")), float(p50) * MS, int(busy) / 100)
        for connections, rate, p50, busy in rows
    }


def sqlite(found: dict[int, Measured]) -> tuple[Costs, float]:
    """Costs and flush that give what was measured with one connection and with the most."""
    alone, most = 1 / found[1].per_second, max(found)
    request = (1 / found[most].per_second - alone / most) / (1 - 1 / most)
    flush = alone * (1 - found[1].busy)
    return Costs(request=request, commit=alone - request - flush), flush


SOLUTIONS: Final = Costs(
    request=86 * US,
    commit=1_560 * US,
    database_request=45 * US,
    database_commit=1_300 * US,
    trips=7,
    trips_locked=2,
    database_locked=0.25,
    folds=True,
)
"""On PostgreSQL, without destinations. The lock is the order of notices."""
ROUTED: Final = Costs(
    request=79 * US,
    commit=2_220 * US,
    database_request=53 * US,
    database_commit=1_650 * US,
    trips=9,
    trips_locked=4,
    database_locked=0.5,
    folds=True,
)
"""With one destination: its deliveries are added under that lock too."""
PASSED_ON: Final = Costs(
    request=56 * US,
    commit=2_730 * US,
    database_request=19 * US,
    database_commit=1_180 * US,
    trips=7,
    trips_locked=5,
    database_locked=0.75,
)
"""Fields that are not ours, passed on to one target. The lock is the target's."""

PLACES: Final = (
    ("the same machine", 0.03 * MS, 0.2 * MS),
    ("the same zone", 0.25 * MS, 1 * MS),
    ("another zone", 1 * MS, 1 * MS),
    ("another zone, a slow disk", 1 * MS, 5 * MS),
    ("another region", 20 * MS, 1 * MS),
)
"""Where the database is: a round trip, a flush."""
RECEIVERS: Final = (1, 2, 4, 8, 16)


RATES: Final = (1_000, 5_000)


def as_markdown() -> str:
    """All tables."""
    tables = [_check(), _quiet(), _grown("Solutions", SOLUTIONS), _grown("Passed on", PASSED_ON), _hot()]
    return "\n\n".join("\n".join(table) for table in tables)


def write(page: Path) -> None:
    """Put each table in place of the one that begins alike."""
    text = page.read_text(encoding="utf-8")
    for table in as_markdown().split("\n\n"):
        head = re.escape(table.partition("\n")[0])
        text = re.sub(rf"^{head}\n(?:\|.*\n)+", lambda _, table=table: f"{table}\n", text, flags=re.MULTILINE)
    page.write_text(text, encoding="utf-8")


def _check() -> Iterator[str]:
    found = measured()
    costs, flush = sqlite(found)
    yield "| connections, SQLite | measured/s | simulated/s | measured p50 ms | simulated p50 ms |"
    yield "| --- | --- | --- | --- | --- |"
    for connections, one in found.items():
        simulated = Simulation(Site(costs=costs, connections=connections, flush=flush)).run()
        yield (
            f"| {connections} | {one.per_second:,} | {simulated.per_second:,.0f} | {one.p50 * 1e3:.2f} "
            f"| {simulated.p50 * 1e3:.2f} |"
        )


def _quiet() -> Iterator[str]:
    yield "| Solutions, 2 receivers: the database is in | " + " | ".join(f"{rate:,}/s" for rate in RATES) + " |"
    yield "| --- |" + " --- |" * len(RATES)
    for place, trip, flush in PLACES:
        found = [
            Simulation(Site(costs=SOLUTIONS, receivers=2, rate=rate, trip=trip, flush=flush)).run() for rate in RATES
        ]
        cells = [f"{one.p50 * 1e3:.0f} ({one.p99 * 1e3:.0f})" for one in found]
        yield f"| {place} | " + " | ".join(cells) + " |"


def _grown(name: str, costs: Costs) -> Iterator[str]:
    yield f"| {name}: the database is in | trip ms | flush ms | " + " | ".join(f"{n}" for n in RECEIVERS) + " |"
    yield "| --- | --- | --- |" + " --- |" * len(RECEIVERS)
    for place, trip, flush in PLACES:
        cells = []
        for receivers in RECEIVERS:
            found = Simulation(Site(costs=costs, receivers=receivers, trip=trip, flush=flush)).run()
            cells.append(f"{found.per_second:,.0f} ({found.p99 * 1e3:.0f})")
        yield f"| {place} | {trip * 1e3:g} | {flush * 1e3:g} | " + " | ".join(cells) + " |"


def _hot() -> Iterator[str]:
    yield "| solutions | destinations | webhooks/s | p99 ms | lock held |"
    yield "| --- | --- | --- | --- | --- |"
    for solutions in (1_000_000, 1_000, 2):
        for destinations, costs in ((0, SOLUTIONS), (1, ROUTED)):
            site = Site(costs=costs, receivers=4, trip=0.25 * MS, flush=1 * MS, solutions=solutions)
            found = Simulation(site).run()
            yield (
                f"| {solutions:,} | {destinations} | {found.per_second:,.0f} | {found.p99 * 1e3:.0f} "
                f"| {found.lock_held:.0%} |"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/scale.md")
    if parser.parse_args().write:
        write(PAGE)
    else:
        print(as_markdown())
