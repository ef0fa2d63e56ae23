"""`partnerhook listen`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from partnerhook import bootstrap, config
from partnerhook.bootstrap.logs import set_up_logs
from partnerhook.cli import remote_stream
from partnerhook.cli.moments import WAYS_TO_SAY, Moment
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import leave_unread, note, put
from partnerhook.cli.remote_stream import Document
from partnerhook.core.delivery import Reply
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.health import TYPE_PREFIX
from partnerhook.core.notice_documents import AnyNotice, document
from partnerhook.services.outbox import NoticeFilter

if TYPE_CHECKING:
    from partnerhook.services.outbox import Outbox

KEY_VARIABLE: Final = "PARTNERHOOK_API_KEY"

POLL_S: Final = 0.3
RETRY_S: Final = 2.0


def listen(
    *,
    forward_to: Annotated[
        str | None, Parameter(help="POST each to this URL, as a destination of kind http would: for development.")
    ] = None,
    secret: Annotated[str | None, Parameter(help="whsec_...: sign what is forwarded.", env_var=())] = None,
    type_: Annotated[
        tuple[str, ...], Parameter(name="--type", help='Only these types, such as "solution.activated", "solution.*".')
    ] = (),
    solution: Annotated[str | None, Parameter(name="--solution", help="Only what is about this solution id.")] = None,
    since: Annotated[
        Moment | None, Parameter(help=f"Begin with what was told then, instead of where it stopped: {WAYS_TO_SAY}.")
    ] = None,
    name: Annotated[str, Parameter(help="Who listens: each name remembers where it stopped.")] = "default",
    server: Annotated[
        str | None, Parameter(help="Listen to a server elsewhere: the URL of its management listener. Needs a key.")
    ] = None,
    key_file: Annotated[
        Path | None, Parameter(help=f"A file that holds the key for --server. Without it: {KEY_VARIABLE}.")
    ] = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Print each notice as it is told, until Ctrl+C or SIGTERM; begins where it stopped the last time.

    Nothing is missed while it was off. The first time it begins with what is new. With `--format json`, a CloudEvents
    document per line. With `--forward-to` a notice is tried until the receiver takes it, each after the one before it.

    With `--server` it listens from anywhere, over the API (a viewer's key is enough): it begins with what is new, or at
    `--since`; where the connection breaks, it goes on behind the last notice that it heard.

    Example: `partnerhook listen --forward-to http://localhost:3000/hooks`
    """
    set_up_logs("console")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with asyncio.Runner() as runner:
            forward = bootstrap.developers_sink(forward_to, secret) if forward_to else None
            passing_on = f", and passing on to {forward_to}" if forward_to else ""

            def take(told: Document) -> None:
                put(json.dumps(told) if output == "json" else _line(told), at_once=True)
                if forward is not None:
                    runner.run(_until_taken(forward, told))

            if server is not None:
                key = _key(key_file)
                note(f"Listening to {server}{passing_on}; Ctrl+C ends it.")
                remote_stream.follow(server, key, remote_stream.Asked(type_, solution, since), take)
            settings = config.load(config_file)
            outbox = bootstrap.outbox(settings)
            kinds = tuple(one.removeprefix(TYPE_PREFIX) for one in type_) or None
            wanted = NoticeFilter(solution_id=solution, kinds=kinds, since=since)
            heard = outbox.heard(name)
            after_id = 0 if since is not None else outbox.newest_notice() if heard is None else heard
            outbox.hear(name, after_id)
            note(f"Listening as {name!r}{passing_on}; Ctrl+C ends it.")

            def take_and_remember(number: int, notice: AnyNotice) -> None:
                take(dict(document(notice)))
                outbox.hear(name, number)

            _follow(outbox, wanted, after_id, take_and_remember)
    except KeyboardInterrupt:
        leave_unread()


def _key(key_file: Path | None) -> str:
    """The key for a server. Never an argument: other users of this host can see those."""
    if key_file is not None:
        return config.read_secret_file(key_file)
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise PartnerhookError(f"A key is needed to listen to a server: set {KEY_VARIABLE}, or name a --key-file.")
    return key


def _follow(outbox: Outbox, wanted: NoticeFilter, after_id: int, take: Callable[[int, AnyNotice], None]) -> None:
    while True:
        for number, notice in outbox.notices(wanted, after_id=after_id):
            take(number, notice)
            after_id = number
        time.sleep(POLL_S)


async def _until_taken(forward: bootstrap.HandOver, told: Document) -> None:
    while True:
        answer = await forward(told)
        if answer.reply is Reply.TAKEN:
            note(f"  taken ({answer.status})")
            return
        note(f"  not taken ({answer.status or answer.text}); again in {RETRY_S:g} s")
        await asyncio.sleep(RETRY_S)


def _line(told: Document) -> str:
    """A notice in one line, whoever told it: the database, or a server."""
    kind, data = str(told["type"]).removeprefix(TYPE_PREFIX), told["data"]
    if "after" not in data:
        return f"{_second(told['time'])}  {kind:<32}  {told['subject']}: {data['summary']}"
    before = "nothing" if data["before"] is None else data["before"]["could_be"][-1]
    named = f" ({data['name']})" if data["name"] else ""
    after = data["after"]["could_be"][-1]
    return f"{_second(told['time'])}  {kind:<32}  {data['solution_id']}{named}  {before} -> {after}"


def _second(time: str) -> str:
    return f"{time[:19]}Z"
