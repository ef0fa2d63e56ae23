"""From rounds to figures: medians, ratios, and what was expected of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench import console_figures
from bench.box import RECONCILED, BoxFigures
from bench.deliveries import DeliveryFigures, expected
from bench.load import Measured
from bench.plan import EMPTY, FULL, OURS, POSTGRES, Results
from bench.rounds import Rounds
from bench.servers import Kind
from bench.table import Table
from bench.together_figures import receivers_table, workers_table

NAMES: Final = {
    Kind.BARE.value: "(a) bare uvicorn",
    Kind.PYWA.value: "(b) pywa",
    Kind.USUAL.value: "(c) the usual handler",
    Kind.OURS.value: "(d) ours",
    Kind.POSTGRES.value: "(e) ours on PostgreSQL",
}
EXPECTED_AT: Final = 256
EXPECTED_RATIOS: Final = ((Kind.BARE, 0.3), (Kind.PYWA, 2.0), (Kind.USUAL, 20.0))
EXPECTED_ON_POSTGRES: Final = 0.25
EXPECTED_CHANGES_S: Final = 25_000
EXPECTED_OF_EMPTY: Final = 0.9
EXPECTED_HELP_S: Final = 0.25
EXPECTED_IDLE_MB: Final = 90


@dataclass(frozen=True, slots=True)
class Expectation:
    """A figure that was promised, and what became of it."""

    what: str
    wanted: str
    got: str
    met: bool


def ratio(found: Rounds, one: str, other: str) -> float:
    """How many times faster `one` is than `other`: the median over the rounds, each compared with itself."""
    pairs = zip(found[one], found[other], strict=True)
    return median(mine.answers_s / theirs.answers_s for mine, theirs in pairs)


def tables(results: Results) -> Iterator[Table]:
    """Everything that was measured under load."""
    if results.single:
        yield _singles(results)
    if results.batch is not None:
        yield _batch(results)
    if results.million is not None:
        yield _million(results)
    if results.growth is not None:
        yield _growth(results.growth)
    if results.receivers is not None:
        yield receivers_table(results.receivers)
    if results.workers is not None:
        bare = results.receivers.bare if results.receivers else []
        yield workers_table(results.workers, _median(bare, lambda one: one.answers_s) if bare else None)
    if results.box is not None:
        yield _box(results.box)
    if results.deliveries is not None:
        yield _deliveries(results.deliveries)
    for kind, found in results.console.items():
        yield console_figures.table(NAMES[kind], found)


def _singles(results: Results) -> Table:
    head = ("connections", "server", *SPEED, "ours is", *CPU)
    rows = []
    for connections, found in results.single.items():
        for name, measured in found.items():
            compared = name != OURS.name and OURS.name in found
            times = f"{ratio(found, OURS.name, name):.2f} x" if compared else ""
            rows.append((str(connections), NAMES[name], *_speed(measured), times, *_cpu(measured)))
    return Table("One change per POST", head, rows)


def _batch(results: Results) -> Table:
    changes = results.plan.batch.changes
    rows = [
        (
            NAMES[name],
            f"{_changes_s(measured, changes):,.0f}",
            *_speed(measured),
            *_cpu(measured),
        )
        for name, measured in (results.batch or {}).items()
    ]
    title = f"{changes:,} changes per POST, {results.plan.batch.connections} connections"
    return Table(title, ("server", "changes/s", *SPEED, *CPU), rows)


def _million(results: Results) -> Table:
    names = {EMPTY: "nothing stored before", FULL: f"{results.plan.stored:,} observations stored before"}
    found = results.million or {}
    rows = [
        (names[name], *_speed(measured), f"{ratio(found, name, EMPTY):.2f} x", *_cpu(measured))
        for name, measured in found.items()
    ]
    head = ("(d) ours, 256 connections", *SPEED, "of the empty one's speed", *CPU)
    return Table(f"With {results.plan.stored:,} observations stored", head, rows)


def _growth(found: Rounds) -> Table:
    rows = [
        (
            "nothing stored before" if name == EMPTY else f"{name} observations stored before",
            *_speed(measured),
            f"{ratio(found, name, EMPTY):.2f} x",
            *_cpu(measured),
        )
        for name, measured in found.items()
    ]
    head = (f"{NAMES[Kind.POSTGRES]}, 256 connections", *SPEED, "of the empty one's speed", *CPU)
    return Table("With many observations stored on PostgreSQL", head, rows)


SPEED: Final = ("req/s", "lowest to highest", "p50 ms", "p99 ms")
CPU: Final = ("server's core", "wrk's core", "PostgreSQL on wrk's core")


def _speed(measured: list[Measured]) -> tuple[str, str, str, str]:
    speeds = [one.answers_s for one in measured]
    return (
        _rounded(median(speeds)),
        f"{_rounded(min(speeds))} to {_rounded(max(speeds))}",
        f"{_median(measured, lambda one: one.p50_ms):.2f}",
        f"{_median(measured, lambda one: one.p99_ms):.2f}",
    )


def _cpu(measured: list[Measured]) -> tuple[str, str, str]:
    database = _median(measured, lambda one: one.database_cpu)
    return (
        f"{_median(measured, lambda one: one.server_cpu):.0%}",
        f"{_median(measured, lambda one: one.load_cpu):.0%}",
        f"{database:.0%}" if database >= 0.005 else "",
    )


def _rounded(speed: float) -> str:
    return f"{speed:,.0f}" if speed >= 100 else f"{speed:.1f}"


def _changes_s(measured: list[Measured], changes: int) -> float:
    return _median(measured, lambda one: one.answers_s * changes)


def _median(measured: list[Measured], of: Callable[[Measured], float]) -> float:
    return median(of(one) for one in measured)


def expectations(results: Results) -> Iterator[Expectation]:
    """What was expected of that which was measured."""
    yield from _ratios(results)
    if results.batch is not None:
        got = _changes_s(results.batch[OURS.name], results.plan.batch.changes)
        yield Expectation(
            "in batches", f"{EXPECTED_CHANGES_S:,} changes/s", f"{got:,.0f}", met=got >= EXPECTED_CHANGES_S
        )
    if results.million is not None:
        got = ratio(results.million, FULL, EMPTY)
        what = f"with {results.plan.stored:,} observations stored"
        yield Expectation(
            what, f"{EXPECTED_OF_EMPTY} x the empty one's speed", f"{got:.2f} x", met=got >= EXPECTED_OF_EMPTY
        )
    for name in (name for name in results.growth or {} if name != EMPTY):
        got = ratio(results.growth or {}, name, EMPTY)
        what = f"on PostgreSQL with {name} observations stored"
        yield Expectation(
            what, f"{EXPECTED_OF_EMPTY} x the empty one's speed", f"{got:.2f} x", met=got >= EXPECTED_OF_EMPTY
        )
    if results.help_s is not None:
        got = results.help_s
        yield Expectation(
            "`partnerhook --help`", f"under {EXPECTED_HELP_S} s", f"{got:.2f} s", met=got < EXPECTED_HELP_S
        )
    if results.idle_bytes is not None:
        got = results.idle_bytes / 1e6
        yield Expectation(
            "idle server, resident", f"under {EXPECTED_IDLE_MB} MB", f"{got:.0f} MB", met=got < EXPECTED_IDLE_MB
        )
    if results.deliveries is not None:
        bare = results.single.get(EXPECTED_AT, {}).get(Kind.BARE.value)
        bare_s = median(one.answers_s for one in bare) if bare else None
        yield from (Expectation(*row) for row in expected(results.deliveries, bare_s))
    for kind, found in results.console.items():
        yield from (Expectation(*row) for row in console_figures.expected(NAMES[kind], found))


def _ratios(results: Results) -> Iterator[Expectation]:
    found = results.single.get(EXPECTED_AT, {})
    for kind, wanted in EXPECTED_RATIOS:
        if kind.value in found and OURS.name in found:
            got = ratio(found, OURS.name, kind.value)
            what = f"to {NAMES[kind.value]} at {EXPECTED_AT} connections"
            yield Expectation(what, f"{wanted:g} x", f"{got:.2f} x", met=got >= wanted)
    if Kind.BARE.value in found and POSTGRES.name in found:
        got = ratio(found, POSTGRES.name, Kind.BARE.value)
        what = f"on PostgreSQL, to {NAMES[Kind.BARE]} at {EXPECTED_AT} connections"
        yield Expectation(what, f"{EXPECTED_ON_POSTGRES:g} x", f"{got:.2f} x", met=got >= EXPECTED_ON_POSTGRES)


def _deliveries(found: DeliveryFigures) -> Table:
    rows = [
        ("from a POST to its HTTP destination, p50", f"{found.p50_s * 1000:.1f} ms"),
        ("the same, p99", f"{found.p99_s * 1000:.1f} ms"),
        *(
            (f"deliveries per second to {count} destination{'s' if count > 1 else ''}", f"{speed:,.0f}")
            for count, speed in found.delivered_s.items()
        ),
        ("p99 of answers to Meta, three destinations that work", f"{found.undisturbed_p99_s * 1000:.1f} ms"),
        ("the same, one hangs, one refuses, one blocks", f"{found.disturbed_p99_s * 1000:.1f} ms"),
        (f"of that, median of {found.pairs} pairs", f"{found.disturbance:.2f} x"),
        ("POSTs passed on per second, from the first to the last", f"{found.forwarded_s:,.0f}"),
        ("POSTs answered per second meanwhile", f"{found.accepted_s:,.0f}"),
    ]
    return Table("Deliveries", ("what", "found"), rows)


def _box(found: BoxFigures) -> Table:
    overhead = found.call_s / found.bare_call_s
    return Table(
        "Meta in a box and the Graph client",
        ("what", "found"),
        [
            ("webhooks per second that the box signs, sends and has answered by bare uvicorn", f"{found.sent_s:,.0f}"),
            ("a Graph call with the HTTP client alone", f"{found.bare_call_s * 1_000:.2f} ms"),
            ("the same with the Graph client", f"{found.call_s * 1_000:.2f} ms, {overhead:.2f} times as long"),
            (
                f"`reconcile` of {RECONCILED:,} solutions that the registry does not know",
                f"{found.reconcile_new_s:.1f} s",
            ),
            ("once more, with nothing to repair", f"{found.reconcile_again_s:.1f} s"),
        ],
    )
