"""`partnerhook listen`."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.logs import quiet_logs
from partnerhook.cli.moments import WAYS_TO_SAY, Moment
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import leave_unread, note, put
from partnerhook.core.delivery import Reply
from partnerhook.core.health import TYPE_PREFIX
from partnerhook.core.notice_documents import AnyNotice, Notice, document
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.timeline import clock, say
from partnerhook.services.outbox import NoticeFilter

if TYPE_CHECKING:
    from partnerhook.services.outbox import Outbox

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
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Print each notice as it is told, until Ctrl+C or SIGTERM; begins where it stopped the last time.

    Nothing is missed while it was off. The first time it begins with what is new. With `--format json`, a CloudEvents
    document per line. With `--forward-to` a notice is tried until the receiver takes it, each after the one before it.

    Example: `partnerhook listen --forward-to http://localhost:3000/hooks`
    """
    quiet_logs()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = config.load(config_file)
        outbox = bootstrap.outbox(settings)
        kinds = tuple(one.removeprefix(TYPE_PREFIX) for one in type_) or None
        wanted = NoticeFilter(solution_id=solution, kinds=kinds, since=since)
        heard = outbox.heard(name)
        after_id = 0 if since is not None else outbox.newest_notice() if heard is None else heard
        outbox.hear(name, after_id)
        note(f"Listening as {name!r}{f', and passing on to {forward_to}' if forward_to else ''}; Ctrl+C ends it.")
        with asyncio.Runner() as runner:
            forward = bootstrap.developers_sink(forward_to, secret) if forward_to else None

            def take(number: int, notice: AnyNotice) -> None:
                put(json.dumps(document(notice)) if output == "json" else _line(notice), at_once=True)
                if forward is not None:
                    runner.run(_until_taken(forward, notice))
                outbox.hear(name, number)

            _follow(outbox, wanted, after_id, take)
    except KeyboardInterrupt:
        leave_unread()


def _follow(outbox: Outbox, wanted: NoticeFilter, after_id: int, take: Callable[[int, AnyNotice], None]) -> None:
    while True:
        for number, notice in outbox.notices(wanted, after_id=after_id):
            take(number, notice)
            after_id = number
        time.sleep(POLL_S)


async def _until_taken(forward: bootstrap.HandOver, notice: AnyNotice) -> None:
    while True:
        answer = await forward(notice)
        if answer.reply is Reply.TAKEN:
            note(f"  taken ({answer.status})")
            return
        note(f"  not taken ({answer.status or answer.text}); again in {RETRY_S:g} s")
        await asyncio.sleep(RETRY_S)


def _line(notice: AnyNotice) -> str:
    told = clock(notice.noticed_at // MICROSECONDS)
    if not isinstance(notice, Notice):
        return f"{told}  {notice.kind:<32}  {notice.subject}: {notice.summary}"
    before = "nothing" if notice.before is None else say(notice.before.could_be[-1])
    named = f" ({notice.name})" if notice.name else ""
    return f"{told}  {notice.kind:<32}  {notice.solution_id}{named}  {before} -> {say(notice.after.could_be[-1])}"
