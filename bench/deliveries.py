"""Deliveries: from a POST to its destination, how many a second, what bad destinations cost, the pass-through.

Whoever listens and whoever sends is this process, on the load's core; the server is on its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import uvloop

from bench import story
from bench.servers import SECRET, BenchFailed, Kind, Server, running
from partnerhook.core.compose import php_json
from partnerhook.core.signature import sign
from partnerhook.core.standard_webhooks import new_secret
from partnerhook.emulator.blast.lives import Lives
from partnerhook.emulator.blast.load import Load
from partnerhook.emulator.blast.outcome import Outcome

SINGLE: Final = 400
"""Webhooks one after the other, whose way to the destination is timed."""
APART_S: Final = 0.02
BURST: Final = 2_000
"""Notices that wait at once, for each destination."""
DESTINATIONS: Final = (1, 4, 16)
FORWARDED: Final = 6_000
PAIRS_MIN: Final = 5
RATE: Final = 200.0
"""POSTs a second, while their answers are timed."""
RATE_S: Final = 6
WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """What came out; medians over the rounds."""

    p50_s: float
    p99_s: float
    """From the moment a webhook is sent to the moment its destination has the notice."""
    delivered_s: dict[int, float]
    """Deliveries per second, by number of destinations."""
    undisturbed_p99_s: float
    disturbed_p99_s: float
    disturbance: float
    """The median of the pairs' ratios."""
    pairs: int
    forwarded_s: float
    """POSTs per second that came in and were passed on, from the first to the last."""
    accepted_s: float
    """POSTs per second that were answered meanwhile."""


class Listener(asyncio.Protocol):
    """A destination that costs as little as one can: counts requests, and remembers when each came."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Count and answer every request that is complete."""
        self._pending += data
        while True:
            head, separator, rest = self._pending.partition(b"\r\n\r\n")
            if not separator:
                return
            found = LENGTH.search(head)
            length = int(found[1]) if found else 0
            if len(rest) < length:
                return
            self._counted.take(rest[:length])
            self._pending = rest[length:]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")  # type: ignore[attr-defined]


LENGTH: Final = re.compile(rb"(?i)content-length: (\d+)")
ID: Final = re.compile(rb'"subject":"(\d+)"')


class Counted:
    """What a destination has got."""

    def __init__(self) -> None:
        self.count = 0
        self.at: dict[str, float] = {}
        self.last = 0.0

    def take(self, body: bytes) -> None:
        """One request."""
        self.count += 1
        self.last = time.perf_counter()
        if found := ID.search(body):
            self.at.setdefault(found[1].decode(), self.last)

    async def wait_for(self, count: int) -> None:
        """Until so many have come. Raises BenchFailed."""
        until = time.monotonic() + WITHIN_S
        while self.count < count:
            if time.monotonic() > until:
                raise BenchFailed(f"{self.count} of {count} were delivered within {WITHIN_S:g} s")
            await asyncio.sleep(0.005)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Counted, int]]:
    """A destination on a port, and what it has got."""
    counted = Counted()
    server = await asyncio.get_running_loop().create_server(lambda: Listener(counted), "127.0.0.1", 0)
    yield counted, server.sockets[0].getsockname()[1]
    server.close()


def measure(rounds: int, core: int, folder: Path) -> DeliveryFigures:
    """Everything. Raises BenchFailed."""
    place = folder / "deliveries"
    place.mkdir(exist_ok=True)
    ways, bursts, forwards = [], {count: [] for count in DESTINATIONS}, []
    for _ in range(rounds):
        ways.append(uvloop.run(_way(place, core)))
        for count in DESTINATIONS:
            bursts[count].append(uvloop.run(_burst(place, core, count)))
        forwards.append(uvloop.run(_forward(place, core)))
    pairs = [
        (_answers_p99(place, core, bad=False), _answers_p99(place, core, bad=True))
        for _ in range(max(rounds, PAIRS_MIN))
    ]
    return DeliveryFigures(
        p50_s=median(one[0] for one in ways),
        p99_s=median(one[1] for one in ways),
        delivered_s={count: median(found) for count, found in bursts.items()},
        undisturbed_p99_s=median(one[0] for one in pairs),
        disturbed_p99_s=median(one[1] for one in pairs),
        disturbance=median(bad / good for good, bad in pairs),
        pairs=len(pairs),
        forwarded_s=median(one[0] for one in forwards),
        accepted_s=median(one[1] for one in forwards),
    )


@contextmanager
def _server(folder: Path, core: int, configuration: str) -> Iterator[Server]:
    """Ours with a file and a database of its own."""
    (folder / "partnerhook.toml").write_text(configuration, encoding="utf-8")
    database = folder / f"{secrets.token_hex(4)}.db"
    with running(Kind.OURS, folder, core, database) as server:
        yield server


def destinations(port: int, count: int) -> str:
    """So many destinations that are all the same listener, as configuration."""
    secret = new_secret(bytes(32))
    return "\n".join(
        f'[[destinations]]\nname = "d{number}"\nurl = "http://127.0.0.1:{port}/hook"\n'
        f'internal = true\nsecret = "{secret}"\n'
        for number in range(count)
    )


async def _way(folder: Path, core: int) -> tuple[float, float]:
    """p50 and p99 from the POST to the destination, one after the other."""
    async with listening() as (counted, port):
        with _server(folder, core, destinations(port, 1)) as server:
            await counted.wait_for(1)
            sent: dict[str, float] = {}
            for number in range(SINGLE):
                body = story.body(number, apart=SINGLE)
                solution_id = _solution_id(body)
                sent[solution_id] = time.perf_counter()
                status = await asyncio.to_thread(server.post, body, sign(body, SECRET))
                if status != 200:
                    raise BenchFailed(f"answered {status}")
                await asyncio.sleep(APART_S)
            await counted.wait_for(1 + SINGLE)
    taken = sorted(counted.at[one] - at for one, at in sent.items())
    return median(taken), quantiles(taken, n=100)[98]


def _solution_id(body: bytes) -> str:
    found = re.search(rb'"solution_id":"(\d+)"', body)
    if found is None:
        raise BenchFailed("the story has no solution id")
    return found[1].decode()


async def _burst(folder: Path, core: int, count: int) -> float:
    """Deliveries per second of a burst, over all destinations."""
    async with listening() as (counted, port):
        with _server(folder, core, destinations(port, count)) as server:
            await counted.wait_for(count)
            started = time.perf_counter()
            for first in range(0, BURST, 1_000):
                body = story.body(first, changes=1_000, apart=BURST)
                await asyncio.to_thread(server.post, body, sign(body, SECRET))
            await counted.wait_for(count * (1 + BURST))
            return count * BURST / (counted.last - started)


def _message(number: int) -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "contacts": [{"profile": {"name": "Somebody"}, "wa_id": "16505551234"}],
        "messages": [
            {
                "from": "16505551234",
                "id": f"wamid.{number}",
                "timestamp": "1749416383",
                "type": "text",
                "text": {"body": "Does it come in another colour?"},
            }
        ],
    }
    change = {"field": "messages", "value": value}
    return php_json({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]})


async def _forward(folder: Path, core: int) -> tuple[float, float]:
    """POSTs per second that were passed on, and that were answered."""
    async with listening() as (counted, port):
        table = f'[[forward]]\nname = "inbox"\nurl = "http://127.0.0.1:{port}/"\ninternal = true\nconcurrency = 32\n'
        with _server(folder, core, table) as server:
            await counted.wait_for(1)
            load = Load(
                url=f"http://127.0.0.1:{server.port}/webhook",
                lives=_Messages(),  # type: ignore[arg-type] - all that a load asks of it
                app_secret=SECRET,
                rate=1e6,
                connections=64,
            )
            started = time.perf_counter()
            outcome = await load.run()
            if outcome.statuses != {200: FORWARDED}:
                raise BenchFailed(f"answered {outcome.statuses}")
            await counted.wait_for(1 + FORWARDED)
            return FORWARDED / (counted.last - started), FORWARDED / outcome.seconds


class _Messages:
    """People's messages, as a load."""

    posts = FORWARDED

    def body(self, number: int) -> bytes:
        """One of them."""
        return _message(number)


def _answers_p99(folder: Path, core: int, *, bad: bool) -> float:
    """p99 of the answers to a steady load; three destinations that work, or one that hangs, refuses and blocks each."""
    return uvloop.run(_steady(folder, core, bad=bad))


async def _steady(folder: Path, core: int, *, bad: bool) -> float:
    (folder / "blocking.py").write_text("import time\ndef take(document): time.sleep(3600)\n", encoding="utf-8")
    with _hanging() as hanging, _free() as refusing:
        async with listening() as (_, port):
            table = destinations(port, 3)
            if bad:
                table = "\n".join(
                    [
                        f'[[destinations]]\nname = "hangs"\nurl = "http://127.0.0.1:{hanging}/"\ninternal = true\n',
                        f'[[destinations]]\nname = "refuses"\nurl = "http://127.0.0.1:{refusing}/"\ninternal = true\n',
                        '[[destinations]]\nname = "blocks"\nkind = "python"\nfunction = "blocking:take"\n',
                    ]
                )
            with _server(folder, core, table) as server:
                outcome = await _load(server.port)
    p99 = outcome.latencies.milliseconds(0.99)
    if p99 is None or set(outcome.statuses) != {200}:
        raise BenchFailed(f"answered {outcome.statuses}")
    return p99 / 1_000


async def _load(port: int) -> Outcome:
    load = Load(
        url=f"http://127.0.0.1:{port}/webhook",
        lives=Lives(int(RATE * RATE_S), 200, 1, 10**14, story.PORTFOLIO_ID, int(time.time())),
        app_secret=SECRET,
        rate=RATE,
        connections=8,
    )
    return await load.run()


@contextmanager
def _hanging() -> Iterator[int]:
    """Accepts connections, and never answers."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(128)
        held: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(sock.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield sock.getsockname()[1]
        sock.shutdown(socket.SHUT_RDWR)
        for one in held:
            one.close()


@contextmanager
def _free() -> Iterator[int]:
    """A port that nobody listens on, for a while."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def expected(figures: DeliveryFigures, bare_s: float | None) -> Sequence[tuple[str, str, str, bool]]:
    """What was expected, and what was found."""
    rows = [
        (
            "answers' p99 with one destination that hangs, one that refuses and one that blocks",
            "1.2 x the undisturbed",
            f"{figures.disturbance:.2f} x",
            figures.disturbance <= 1.2,
        )
    ]
    if bare_s:
        forwarded = figures.forwarded_s / bare_s
        rows.append(("POSTs passed on, to (a) bare uvicorn", "0.15 x", f"{forwarded:.3f} x", forwarded >= 0.15))
    return rows
