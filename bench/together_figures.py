"""Several receivers and several workers on one PostgreSQL, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from bench.load import Measured
from bench.receivers import CONNECTIONS, Receivers
from bench.table import Table
from bench.workers import DESTINATIONS, Workers, per_s


def receivers_table(found: Receivers) -> Table:
    """Speed, and what a webhook costs each of those who share the cores."""
    rows = [("(a) bare uvicorn", *_row(found.bare, found))]
    rows += [(f"{count} of (e)", *_row(measured, found)) for count, measured in found.ours.items()]
    head = ("receivers", "req/s", "of (a)", "of one of (e)", "p99 ms", *(f"{who}, µs per request" for who in WHO))
    return Table(
        f"Several receivers on one PostgreSQL, {CONNECTIONS} connections in all, everybody on all cores", head, rows
    )


WHO = ("receivers", "PostgreSQL", "wrk")


def _row(measured: Sequence[Measured], found: Receivers) -> Iterator[str]:
    yield f"{median(one.answers_s for one in measured):,.0f}"
    yield f"{_times(measured, found.bare):.2f} x"
    yield f"{_times(measured, found.ours[1]):.2f} x"
    yield f"{median(one.p99_ms for one in measured):.0f}"
    yield f"{median(one.server_cpu / one.answers_s for one in measured) * 1e6:.0f}"
    yield f"{median(one.database_cpu / one.answers_s for one in measured) * 1e6:.0f}"
    yield f"{median(one.load_cpu / one.answers_s for one in measured) * 1e6:.0f}"


def _times(measured: Sequence[Measured], others: Sequence[Measured]) -> float:
    return median(one.answers_s / other.answers_s for one, other in zip(measured, others, strict=True))


def workers_table(found: Workers, bare_s: float | None) -> Table:
    """Deliveries per second, and what one costs."""
    rows = []
    for count, bursts in found.items():
        speed = per_s(bursts)
        times = median(one.per_s / alone.per_s for one, alone in zip(bursts, found[1], strict=True))
        rows.append(
            (
                f"{count}",
                f"{speed:,.0f}",
                f"{speed / bare_s:.3f} x" if bare_s else "",
                f"{times:.2f} x",
                f"{median(one.workers_cpu / one.per_s for one in bursts) * 1e6:.0f}",
                f"{median(one.database_cpu / one.per_s for one in bursts) * 1e6:.0f}",
            )
        )
    head = ("workers", "deliveries/s", "of (a)'s req/s", "of one worker", *(f"{who}, µs each" for who in WHO_DELIVERS))
    return Table(
        f"Several workers on one PostgreSQL, a burst to {DESTINATIONS} destinations, everybody on all cores", head, rows
    )


WHO_DELIVERS = ("workers", "PostgreSQL")
