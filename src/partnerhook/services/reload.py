"""Have running servers read their configuration again: asked for through the database, answered there too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Connection, Engine

from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.patience import transact, transaction
from partnerhook.store import requests

log = structlog.get_logger("partnerhook.config")

ASKED: Final = "reload"
ANSWERED: Final = "reload/"
POLL_S: Final = 1.0
WAIT_S: Final = 3.0
"""Longer than any server needs to see the request and to read a file."""


async def obey(engine: Engine, holder: str, reload: Callable[[], Awaitable[str]]) -> None:
    """For ever: call `reload` when somebody asks for it, and write down what it returns."""
    seen: int | None = None
    while True:
        await asyncio.sleep(POLL_S if seen is not None else 0)
        try:
            asked = (await transaction(engine, _asked, writes=False)) or 0
            if seen is None or asked == seen:
                seen = asked  # what was asked before we were there is no matter of ours
                continue
            seen = asked
            answer = partial(requests.write, name=ANSWERED + holder, at=asked, outcome=await reload())
            await transaction(engine, answer, writes=True)
        except StoreUnavailable as problem:
            log.warning("requests to reload cannot be read", reason=str(problem))


def ask(engine: Engine) -> dict[str, str]:
    """Have every server that runs on this database reload; what each answered within some seconds."""
    at = time.time_ns() // 1_000
    transact(engine, partial(requests.write, name=ASKED, at=at), writes=True)
    deadline = at + int(WAIT_S * MICROSECONDS)
    answers: dict[str, str] = {}
    while time.time_ns() // 1_000 < deadline:
        time.sleep(0.1)
        found = transact(engine, partial(requests.find, beginning=ANSWERED), writes=False)
        answers = {name.removeprefix(ANSWERED): one.outcome for name, one in found.items() if one.at == at}
    return answers


def _asked(conn: Connection) -> int | None:
    found = requests.find(conn, ASKED).get(ASKED)
    return None if found is None else found.at
