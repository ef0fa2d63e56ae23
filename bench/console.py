"""The console: how quick its pages are where there is much of everything, and what people cost who look at them."""

from __future__ import annotations

import asyncio
import re
import secrets
import subprocess
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Final, NamedTuple
from urllib.parse import quote

import uvloop
from sqlalchemy import select

from bench import story
from bench.console_people import Browser
from bench.servers import SECRET, BenchFailed, Kind, Server, running
from partnerhook.core.access import Role
from partnerhook.emulator.blast.lives import Lives
from partnerhook.emulator.blast.load import Load
from partnerhook.services.access import Access
from partnerhook.store.engine import open_engine
from partnerhook.store.schema import solutions

SOLUTIONS: Final = 100_000
OBSERVATIONS: Final = 1_000_000
LOOKS: Final = 60
"""At each page, the first one included, each over a connection of its own."""
PEOPLE: Final = 50
RATE: Final = 200.0
RATE_S: Final = 16
PAIRS_MIN: Final = 11
SETTLED_S: Final = 4.0

SOLUTION: Final = "{solution}"
PAGES: Final = {
    "board": "/",
    "list": "/solutions",
    "list, longest in their state first": "/solutions?sort=oldest",
    "search by a part of a name": f"/solutions?text={quote('with partner 77')}",
    "search by the beginning of an id": "/solutions?text=7000001",
    "solution": f"/solutions/default/{SOLUTION}",
    "inbox": "/inbox",
    "deliveries": "/deliveries",
    "receipts": "/receipts",
    "quarantine": "/quarantine",
    "overview": "/overview",
}
"""Every page that lists something. One that the server does not have is left out, and that is told."""


@dataclass(frozen=True, slots=True)
class PageFigures:
    """How long a page took, in seconds."""

    p50_s: float
    p95_s: float
    first_s: float
    """The first look since the server's start."""


@dataclass(frozen=True, slots=True)
class ConsoleFigures:
    """What came out."""

    pages: dict[str, PageFigures]
    alone_p99_s: float
    watched_p99_s: float
    """Answers to Meta: without anybody, and with fifty pages open."""
    disturbance: float
    """The median of the pairs' ratios."""
    pairs: int
    fetches_s: float
    """Pages per second that the fifty fetched."""


class Pair(NamedTuple):
    """One after the other on the same server."""

    alone_s: float
    watched_s: float
    fetches_s: float


def measure(kind: Kind, database: Path | str, rounds: int, cores: str, folder: Path) -> ConsoleFigures:
    """Everything, on one database: SQLite's file, or PostgreSQL's URL. Raises BenchFailed."""
    place = folder / "console"
    place.mkdir(exist_ok=True)
    url = f"sqlite:///{database}" if isinstance(database, Path) else database
    _fill(url)
    with _serving(kind, place, cores, database, url) as console:
        pages = {name: found for name, path in PAGES.items() if (found := uvloop.run(_page(console, path)))}
        pairs = [uvloop.run(_pair(console, swapped=bool(number % 2))) for number in range(max(rounds, PAIRS_MIN))]
    return ConsoleFigures(
        pages=pages,
        alone_p99_s=median(one.alone_s for one in pairs),
        watched_p99_s=median(one.watched_s for one in pairs),
        disturbance=median(one.watched_s / one.alone_s for one in pairs),
        pairs=len(pairs),
        fetches_s=median(one.fetches_s for one in pairs),
    )


def _fill(url: str) -> None:
    command = [sys.executable, "-m", "bench.console_fill", url, str(SOLUTIONS), str(OBSERVATIONS)]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, check=False)
    if done.returncode != 0:
        raise BenchFailed(f"filling the database ended with {done.returncode}")


@dataclass(frozen=True, slots=True)
class Console:
    """A server, and somebody who is signed in there."""

    server: Server
    admin_port: int
    token: str
    solution_id: str


@contextmanager
def _serving(kind: Kind, folder: Path, cores: str, database: Path | str, url: str) -> Iterator[Console]:
    engine = open_engine(url)
    with running(kind, folder, cores, database) as server:
        access = Access(engine)
        entered = access.sign_in(access.new_link("bench", Role.ADMIN))
        assert entered is not None
        with engine.connect() as conn, conn.begin():
            solution_id: str = conn.execute(select(solutions.c.solution_id).limit(1)).scalar_one()
        yield Console(server, _admin_port(folder / f"{kind}.log"), entered.token, solution_id)
    engine.dispose()


def _admin_port(log: Path) -> int:
    """Where the management listener is: the log says so."""
    found = re.findall(r"listener=admin url=http://\S*:(\d+)", log.read_text(encoding="utf-8"))
    if not found:
        raise BenchFailed("the server's log does not say where its management listener is")
    return int(found[-1])


async def _page(console: Console, path: str) -> PageFigures | None:
    """How long a page takes, with each look over a new connection; None where there is no such page."""
    place = path.replace(SOLUTION, console.solution_id)
    took: list[float] = []
    for _ in range(LOOKS):
        browser = Browser(console.admin_port, console.token)
        began = time.perf_counter()
        status = await browser.get(place)
        took.append(time.perf_counter() - began)
        browser.close()
        if status == 404:
            return None
        if status != 200:
            raise BenchFailed(f"{place} answered {status}")
    return PageFigures(median(took), quantiles(took, n=20)[18], took[0])


async def _pair(console: Console, *, swapped: bool) -> Pair:
    """p99 of the answers to a steady load, without anybody and with fifty people; in either order."""
    fetches: list[float] = []

    async def alone() -> float:
        return await _answers_p99(console.server.port)

    async def watched() -> float:
        async with _people(console) as people:
            before = await people.fetched()
            p99 = await _answers_p99(console.server.port)
            fetches.append((await people.fetched() - before) / RATE_S)
            return p99

    if swapped:
        watched_s, alone_s = await watched(), await alone()
    else:
        alone_s, watched_s = await alone(), await watched()
    return Pair(alone_s, watched_s, fetches[0])


class Crowd(NamedTuple):
    """People in a process of their own, as browsers are: whoever times the answers is not kept from it by them."""

    process: Process

    async def fetched(self) -> int:
        """How many pages, until now. Raises BenchFailed."""
        asked, told = self.process.stdin, self.process.stdout
        if asked is None or told is None:
            raise BenchFailed("those who look cannot be asked")
        asked.write(b"\n")
        line = await told.readline()
        if not line:
            raise BenchFailed("those who look have stopped")
        return int(line)


@asynccontextmanager
async def _people(console: Console) -> AsyncIterator[Crowd]:
    """Fifty people, evenly over all pages, each with a page open and its live stream."""
    paths = [path.replace(SOLUTION, console.solution_id) for path in await _there(console)]
    command = ["-m", "bench.console_people", str(console.admin_port), console.token, str(PEOPLE), *paths]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=Path(__file__).parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        await asyncio.sleep(SETTLED_S)
        yield Crowd(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _there(console: Console) -> list[str]:
    browser = Browser(console.admin_port, console.token)
    found = [path for path in PAGES.values() if await browser.get(path.replace(SOLUTION, console.solution_id)) == 200]
    browser.close()
    return found


async def _answers_p99(port: int) -> float:
    first = 10**14 + secrets.randbelow(10**6) * 10**6
    load = Load(
        url=f"http://127.0.0.1:{port}/webhook",
        lives=Lives(int(RATE * RATE_S), 200, 1, first, story.PORTFOLIO_ID, int(time.time())),
        app_secret=SECRET,
        rate=RATE,
        connections=8,
    )
    outcome = await load.run()
    p99 = outcome.latencies.milliseconds(0.99)
    if p99 is None or set(outcome.statuses) != {200}:
        raise BenchFailed(f"answered {outcome.statuses}")
    return p99 / 1_000
