"""What runs in the management process: `python -m partnerhook.bootstrap.managing CHANNEL`, started by `serve` alone.

CHANNEL is the descriptor of the socket that connections come through; the settings come through stdin, again whenever
they change. It ends when either is closed: whoever started it has ended.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from partnerhook.bootstrap.management_process import LENGTH_BYTES

if TYPE_CHECKING:
    from partnerhook.config import Settings

NICER_BY: Final = 19
"""Of the 19 that there are."""
CONNECTIONS_MAX: Final = 300
"""People have two for each open page."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]


def main(descriptor: int) -> None:
    """Until whoever started this process ends."""
    for for_both in (signal.SIGINT, signal.SIGHUP):  # whoever started this process hears them, and tells it
        signal.signal(for_both, signal.SIG_IGN)
    import uvloop

    uvloop.run(_manage(descriptor))


def _give_way() -> None:
    """Let whoever answers Meta have the processor at once when he wants it, in the middle of a page.

    Niceness alone does not do that: Linux lets a process finish its turn of some milliseconds, however nice it is. For
    an idle one there is no such turn. Source (read 2026-11-25): https://man7.org/linux/man-pages/man7/sched.7.html
    """
    with suppress(OSError):  # a sandbox may forbid it: then nobody gives way, and all works the same
        if sys.platform == "linux":
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        else:
            os.nice(NICER_BY)


async def _manage(descriptor: int) -> None:
    from partnerhook.bootstrap.logs import set_up_logs
    from partnerhook.bootstrap.management import for_people, front, management
    from partnerhook.bootstrap.store import open_store
    from partnerhook.receiver.handover import received
    from partnerhook.receiver.protocol import Bounds
    from partnerhook.receiver.server import KEEP_ALIVE_S, serve_received
    from partnerhook.services.live import Live
    from partnerhook.services.outbox import Outbox
    from partnerhook.services.query import Queries

    told = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    first = await _next(told)
    if first is None:
        return
    now = [first]
    set_up_logs(first.log_format)
    channel = socket.socket(fileno=descriptor)
    channel.setblocking(False)  # noqa: FBT003 - the method has no keyword

    def end() -> None:
        with suppress(OSError):
            channel.shutdown(socket.SHUT_RDWR)

    async def hear() -> None:
        while (settings := await _next(told)) is not None:
            now[0] = settings
        end()

    loop.add_signal_handler(signal.SIGTERM, end)
    hearing = asyncio.create_task(hear())
    engine = open_store(first)
    live = Live(Queries(engine), Outbox(engine))
    bounds = Bounds(
        header_deadline_s=first.header_deadline_s,
        body_deadline_s=first.body_deadline_s,
        keep_alive_s=KEEP_ALIVE_S,
        shutdown_grace_s=first.shutdown_grace_s,
        connections_max=CONNECTIONS_MAX,
        refused=lambda _reason: None,
    )
    scripts = management(engine, live, lambda: now[0])
    app = front(_ask_who_answers_meta, scripts, for_people(scripts, engine), first)
    _give_way()  # not before: beside somebody who takes all there is it would hardly come to its first page
    await serve_received(app, bounds, received(channel), on_stop=live.end)
    hearing.cancel()


async def _next(told: asyncio.StreamReader) -> Settings | None:
    """The settings that are told next; None: nothing will be."""
    try:
        message = await told.readexactly(int.from_bytes(await told.readexactly(LENGTH_BYTES)))
    except asyncio.IncompleteReadError:
        return None
    settings: Settings = pickle.loads(message)  # noqa: S301 - by the process that started this one, through its pipe
    return settings


async def _ask_who_answers_meta(
    scope: Scope, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """A probe on a connection that a page was asked for before, as proxies have them: ask where it is answered."""
    import httpx2

    host, port = scope["server"]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}{scope['path']}"
    shown = {name: value for name, value in scope["headers"] if name == b"authorization"}
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
            answer = await client.request(scope["method"], url, headers=shown)
        status, body = answer.status_code, answer.content
        kept = [(name, answer.headers[name]) for name in ("content-type", "www-authenticate") if name in answer.headers]
    except httpx2.HTTPError as error:
        status, body, kept = 502, str(error).encode(), []
    headers = [*[(name.encode(), value.encode()) for name, value in kept], (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    main(int(sys.argv[1]))
