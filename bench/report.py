"""What came out, as text for the terminal and as docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from bench.figures import expectations, tables
from bench.machine import describe
from bench.plan import Results
from bench.postgres import SETTINGS
from bench.rounds import WARM_UP_S
from bench.table import Table

HEAD: Final = """\
# Benchmarks

Written by `make bench`; not by hand. Figures of one machine on one day: compare the ratios, not the numbers.

What is compared, each with the same requests:

- **(a) bare uvicorn** answers 200 once it has read the body: the ceiling of this server and this load.
- **(b) pywa**: its FastAPI webhook (`pywa_async`, twice as fast as its synchronous one) with the signature
  check on. It stores nothing, and answers before it looks at the update.
- **(c) the usual handler**: FastAPI and async SQLAlchemy on SQLite (aiosqlite, WAL, `synchronous=FULL`), signature
  check, a session and a commit for each request; no deduplication, no state. `bench/apps/usual.py`.
- **(d) ours**: `partnerhook serve` as it is installed: signature, log of observations without duplicates, state of
  every solution, receipts with raw bodies, on SQLite (WAL, `synchronous=FULL`); 200 only after the commit.
- **(e) ours on PostgreSQL**: the same with `PARTNERHOOK_DATABASE_URL=postgresql://...`, over TCP, `fsync` on.
"""

METHOD: Final = """\
## How it was measured

The server is pinned to core {server}; wrk (one thread) and the benchmark itself to core {load}. wrk makes and signs
each body as it goes, in Meta's form and none twice. Every answer must be 200: a single other one fails the run.
PostgreSQL (the wheel's, with {settings}) is on wrk's core: one receiver has a core to
itself, as the bare server has, and what is left of the other one is PostgreSQL's. What each took of its core is beside
the figures; where wrk and PostgreSQL together come near 100%, it is they who were measured.

A solution is drafted, proposed, accepted, asked to end and ended. These five steps come {apart:,} changes apart
({batch_apart:,} where a POST has {changes:,}), so that the server has to look up what it stored before; solution ids
are scrambled over their range, so that indexes are hit everywhere and not at their right end.

One after the other, each server is started with a database of its own on the disk of the checkout, warmed for {warm} s,
measured for {seconds} s and stopped; {rounds} such rounds ({rounds_together} of several receivers or workers).
Figures are medians over the rounds; so are ratios, each round compared with itself. Of (c), (d) and (e) the stored
observations are counted afterwards: all that were answered 200 are there. All run with uvloop and httptools, without
access log. (a), (b) and (c) leave Python's garbage collector as it is; (d) and (e) set it, as `partnerhook serve`
always does.

Many observations on PostgreSQL are what the program stored of 5,000 changes, repeated by SQL with other ids, keys and
times; the last of them is compared with what the program would have stored. Such a database is filled once, vacuumed,
and keeps what the rounds add. PostgreSQL is told to write a checkpoint before each measurement.

Several receivers share both cores with PostgreSQL and wrk (one for each receiver, at the same time), and so does the
bare server beside them: two cores cannot give each its own. There the speed shows whether receivers are in each
other's way; how far more cores carry follows from the processor time that a request takes of each. Workers are
measured in the same way: from the POSTs of 2,000 changes, for four destinations, to the last delivery.

Meta in a box runs on one core and whoever answers or asks on the other. A call is a GET of one solution, median of a
thousand, one after the other; `reconcile` is the command as a process, from its start to its end, reading pages of 100
in both roles from the emulator.

Of deliveries the server is alone on its core; whoever sends and whoever listens is the benchmark itself, on the other.
The way is timed with one webhook after the other; deliveries per second are those of a burst of 2,000 notices for each
destination, signed. Answers are timed at a steady 200 a second, in pairs: three HTTP destinations that work, and then
one that hangs, one that refuses and one whose function blocks. Passed on are messages from 64 connections, as fast as
they are answered, to one target with a concurrency of 32.

Of the console each page is fetched sixty times, signed in, over a connection of its own, with 100,000 solutions and
1,000,000 observations, receipts, notices and deliveries stored (by SQL) and nothing coming in; the first look after the
server's start counts among them. Then webhooks come at a steady 200 a second, in pairs: nobody looks, and fifty people
have a page open each, hear its live stream and fetch the page again as the console's script does. There all of it runs
where the kernel puts it, on two cores: the server's two processes, PostgreSQL, those who look (in a process of their
own, as browsers are), and whoever sends and times.

## What this does not measure

- A network or TLS: all is loopback, and TLS is the proxy's.
- Several hosts, PostgreSQL on a host of its own, other disks. A disk that takes longer to sync slows
  (c) in proportion, (d) and (e) much less, (a) and (b) not at all.
- Bodies of other fields, duplicates, late ones; what a bot would do with an update after pywa's 200.
- What a single webhook waits on a quiet day, except at 1 connection. wrk sends the next request when it has its answer,
  so at 64 and 256 connections the latency is mostly the queue that these connections form.
- Days: memory, checkpoints and retention under long load. `make soak` looks at some of that.
"""


def as_text(results: Results) -> str:
    """For the terminal."""
    return "\n\n".join(_text(table) for table in _all_tables(results))


def as_markdown(results: Results) -> str:
    """For docs/benchmarks.md."""
    plan = results.plan
    method = METHOD.format(
        settings=", ".join(f"`{setting}`" for setting in SETTINGS),
        server=results.cores.server,
        load=results.cores.load,
        apart=plan.apart,
        batch_apart=plan.batch.apart,
        changes=plan.batch.changes,
        warm=WARM_UP_S,
        seconds=plan.seconds,
        rounds=plan.rounds,
        rounds_together=plan.rounds_together,
    )
    when = f"{results.started:%Y-%m-%d}; it took {results.took_s / 60:.0f} minutes"
    machine = Table(f"The machine ({when})", ("what", "which"), describe(results.postgres_version))
    return "\n".join([HEAD, *(_markdown(table) for table in _all_tables(results)), method, _markdown(machine)])


def _all_tables(results: Results) -> Iterator[Table]:
    hoped = [(one.what, one.wanted, one.got, "met" if one.met else "MISSED") for one in expectations(results)]
    if hoped:
        yield Table("Expected and found", ("(d) ours", "expected", "found", ""), hoped)
    yield from tables(results)


def _text(table: Table) -> str:
    widths = [max(len(row[column]) for row in (table.head, *table.rows)) for column in range(len(table.head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table.rows]
    head = "  ".join(cell.ljust(width) for cell, width in zip(table.head, widths, strict=True))
    return "\n".join(line.rstrip() for line in (table.title, head, *lines))


def _markdown(table: Table) -> str:
    lines = [_line(table.head), _line("---" for _ in table.head), *(_line(row) for row in table.rows)]
    return f"## {table.title}\n\n" + "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
