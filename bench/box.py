"""Meta in a box and the Graph client: how fast the box sends, what a call costs, how long reconciliation takes.

Run as a program in a process of its own, `python -m bench.box WHAT`, it measures one of them and prints a number.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx2

from bench.servers import BenchFailed, Kind, running
from partnerhook.emulator.outbox import Change
from partnerhook.emulator.run import new_box
from partnerhook.emulator.state import save
from partnerhook.emulator.world import Subscription
from partnerhook.graph import Graph

SENT: Final = 5_000
"""Webhooks that the box sends, to each of two apps half of them."""

CALLS: Final = 1_000
RECONCILED: Final = 10_000
ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class BoxFigures:
    """What came out; medians over the rounds."""

    sent_s: float
    """Webhooks per second that the box signs, sends and has answered."""
    bare_call_s: float
    """One GET of a solution with the HTTP client alone."""
    call_s: float
    """The same with the Graph client."""
    reconcile_new_s: float
    """All solutions, none of which the registry knows."""
    reconcile_again_s: float
    """Once more, with nothing to repair."""


def measure(rounds: int, server: int, load: int, folder: Path) -> BoxFigures:
    """Everything, each in a process on core `server`; whoever answers is on core `load`. Raises BenchFailed."""
    sent, calls, reconciled = [], [], []
    for number in range(rounds):
        with running(Kind.BARE, folder, load, folder / "unused.db") as bare:
            sent.append(_ask(server, "send", f"http://127.0.0.1:{bare.port}/webhook"))
        with _emulator(load, folder, solutions=1) as box:
            calls.append(_ask(server, "call", json.dumps(box)))
        with _emulator(load, folder, solutions=RECONCILED) as box:
            database = folder / f"reconcile{number}.db"
            reconciled.append(_ask(server, "reconcile", json.dumps(box), str(database)))
    return BoxFigures(
        sent_s=median(one["per_s"] for one in sent),
        bare_call_s=median(one["bare_s"] for one in calls),
        call_s=median(one["client_s"] for one in calls),
        reconcile_new_s=median(one["new_s"] for one in reconciled),
        reconcile_again_s=median(one["again_s"] for one in reconciled),
    )


def _ask(core: int, *what: str) -> dict[str, float]:
    command = ["taskset", "--cpu-list", str(core), sys.executable, "-m", "bench.box", *what]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"bench.box {what[0]} ended with {done.returncode}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


@contextmanager
def _emulator(core: int, folder: Path, *, solutions: int) -> Iterator[dict[str, Any]]:
    """`partnerhook emulate` on a core of its own, with so many solutions in its state."""
    state = folder / "box.json"
    state.unlink(missing_ok=True)
    _write_state(state, solutions)
    command = ["taskset", "--cpu-list", str(core), str(Path(sys.executable).with_name("partnerhook")), "emulate"]
    process = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--format", "json", "--state", str(state)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


def _write_state(file: Path, solutions: int) -> None:
    box = new_box(seed=1)
    owner, partner = box.world.apps.values()
    for number in range(solutions):
        solution = box.create(
            owner, name=f"Solution {number}", partner_app_id=partner.id, owner_permissions=["MESSAGING"]
        )
        if number % 2:
            box.act(solution, "accept", partner)
    save(box, file)


async def _send(url: str) -> dict[str, float]:
    box = new_box(seed=1)
    for app in box.world.apps.values():
        app.subscription = Subscription(callback_url=url, verify_token="", fields={"partner_solutions": "v25.0"})
        for number in range(SENT // 2):
            value = {"event": "SOLUTION_UPDATED", "solution_id": str(10**14 + number), "solution_status": "ACTIVE"}
            change = Change(entry_id=app.portfolio_id, time=number, field="partner_solutions", value=value)
            box.outbox.add(app.id, change, box.clock.now(), box.dice)
    started = time.perf_counter()
    carrying = asyncio.create_task(box.courier.run())
    while len(box.courier.attempts) < SENT:  # noqa: ASYNC110 - a courier has no end to wait for
        await asyncio.sleep(0.01)
    took_s = time.perf_counter() - started
    carrying.cancel()
    await asyncio.gather(carrying, return_exceptions=True)
    if not all(attempt.delivered for attempt in box.courier.attempts):
        raise BenchFailed("a webhook of the box was not delivered")
    return {"per_s": SENT / took_s}


async def _call(told: dict[str, Any]) -> dict[str, float]:
    app = told["apps"][0]
    async with Graph(app["access_token"], app_secret=app["app_secret"], url=f"{told['url']}/v25.0") as graph:
        (page,) = [page async for page in graph.solution_pages(app["app_id"])]
        solution_id = page.readings[0].solution_id
        client_s = await _timed(lambda: graph.solution(solution_id))
    headers = {"Authorization": f"Bearer {app['access_token']}"}
    async with httpx2.AsyncClient(headers=headers, trust_env=False) as client:
        bare_s = await _timed(lambda: client.get(f"{told['url']}/v25.0/{solution_id}"))
    return {"client_s": client_s, "bare_s": bare_s}


async def _timed(call: Any) -> float:
    taken = []
    for _ in range(CALLS):
        started = time.perf_counter()
        await call()
        taken.append(time.perf_counter() - started)
    return median(taken)


def _reconcile(told: dict[str, Any], database: str) -> dict[str, float]:
    app = told["apps"][0]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PARTNERHOOK_")} | {
        "PARTNERHOOK_DATABASE_URL": f"sqlite:///{database}",
        "PARTNERHOOK_GRAPH_URL": f"{told['url']}/v25.0",
        "PARTNERHOOK_APP_ID": app["app_id"],
        "PARTNERHOOK_APP_SECRET": app["app_secret"],
        "PARTNERHOOK_ACCESS_TOKEN": app["access_token"],
    }
    program = str(Path(sys.executable).with_name("partnerhook"))
    subprocess.run([program, "migrate"], env=environment, stdout=subprocess.DEVNULL, check=True)
    command = [program, "reconcile", "--format", "json"]
    found = []
    for expected in (RECONCILED, 0):
        started = time.perf_counter()
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        found.append(time.perf_counter() - started)
        if len(json.loads(done.stdout)["drift"]) != expected:
            raise BenchFailed(f"reconcile did not find {expected} differences")
        time.sleep(1.1)  # a webhook or reading of the same second would be in doubt
    return {"new_s": found[0], "again_s": found[1]}


def main() -> None:
    """Measure what is named, and print it as JSON."""
    what, *arguments = sys.argv[1:]
    if what == "send":
        print(json.dumps(asyncio.run(_send(arguments[0]))))
    elif what == "call":
        print(json.dumps(asyncio.run(_call(json.loads(arguments[0])))))
    else:
        print(json.dumps(_reconcile(json.loads(arguments[0]), arguments[1])))


if __name__ == "__main__":
    main()
