"""The console, as a table, and what was expected of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bench.console import OBSERVATIONS, PEOPLE, RATE, SOLUTIONS, ConsoleFigures
from bench.table import Table

EXPECTED_P95_S: Final = 0.1
EXPECTED_DISTURBANCE: Final = 1.2


def table(name: str, found: ConsoleFigures) -> Table:
    """Pages, and what those who look at them cost."""
    rows = [
        (page, *(f"{seconds * 1_000:.1f}" for seconds in (took.p50_s, took.p95_s, took.first_s)))
        for page, took in found.pages.items()
    ]
    rows += [
        (f"answers to Meta at {RATE:g} a second, p99, nobody looks", "", f"{found.alone_p99_s * 1_000:.1f}", ""),
        (f"the same, {PEOPLE} people look", "", f"{found.watched_p99_s * 1_000:.1f}", ""),
        (f"of that, median of {found.pairs} pairs", "", f"{found.disturbance:.2f} x", ""),
        ("pages a second that they fetch", f"{found.fetches_s:.0f}", "", ""),
    ]
    title = f"The console of {name} with {SOLUTIONS:,} solutions and {OBSERVATIONS:,} observations"
    return Table(title, ("what", "p50 ms", "p95 ms", "the first ms"), rows)


def expected(name: str, found: ConsoleFigures) -> Iterator[tuple[str, str, str, bool]]:
    """What was expected, and what was found."""
    slowest, took = max(found.pages.items(), key=lambda one: one[1].p95_s)
    yield (
        f"every page of {name} ({slowest} is the slowest), p95",
        f"under {EXPECTED_P95_S * 1_000:.0f} ms",
        f"{took.p95_s * 1_000:.0f} ms",
        took.p95_s < EXPECTED_P95_S,
    )
    yield (
        f"answers' p99 of {name} while {PEOPLE} people look",
        f"{EXPECTED_DISTURBANCE:g} x the undisturbed",
        f"{found.disturbance:.2f} x",
        found.disturbance <= EXPECTED_DISTURBANCE,
    )
