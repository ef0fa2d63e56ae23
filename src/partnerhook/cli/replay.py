"""`partnerhook replay`."""

from __future__ import annotations

import time
from itertools import islice
from typing import Annotated, Final

from cyclopts import Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.agreement import agreed
from partnerhook.cli.audited import audited
from partnerhook.cli.moments import WAYS_TO_SAY, Moment
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import put, show_document
from partnerhook.cli.progress import progress
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.health import TYPE_PREFIX
from partnerhook.services import views
from partnerhook.services.outbox import NoticeFilter, wanted_by

PAGE: Final = 200


def replay(
    *,
    since: Annotated[Moment | None, Parameter(help=f"What was told then or later: {WAYS_TO_SAY}.")] = None,
    until: Annotated[Moment | None, Parameter(help="What was told before.")] = None,
    type_: Annotated[
        tuple[str, ...], Parameter(name="--type", help='Only these types, such as "solution.activated", "solution.*".')
    ] = (),
    solution: Annotated[str | None, Parameter(name="--solution", help="Only what is about this solution id.")] = None,
    destination: Annotated[
        tuple[str, ...], Parameter(name="--destination", help="Only to these; without it: to all that want it.")
    ] = (),
    rate: Annotated[float, Parameter(help="Notices per second at most, so that nobody is flooded.")] = 100.0,
    dry_run: Annotated[bool, Parameter(negative=(), help="Say what would be sent, and send nothing.")] = False,
    yes: Annotated[bool, Parameter(negative=(), help="Do not ask.")] = False,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Deliver notices of the past once more: to a new destination, or one that lost some.

    They have the ids that they had, so that whoever keeps ids drops what it knows. Each destination gets what its
    filters let through, in the order in which it was told, beside what is new. A running `serve` sends them.

    Example: `partnerhook replay --since 7d --destination crm --dry-run`
    """
    settings = config.load(config_file)
    routes = [one for one in bootstrap.routes(settings).destinations if not destination or one.target in destination]
    unknown = sorted(set(destination) - {one.target for one in routes})
    if unknown:
        raise PartnerhookError(f"There is no destination {', '.join(unknown)} in the configuration.")
    if rate <= 0:
        raise PartnerhookError("--rate is notices per second, and more than 0.")
    kinds = tuple(one.removeprefix(TYPE_PREFIX) for one in type_) or None
    wanted = NoticeFilter(solution_id=solution, kinds=kinds, since=since, until=until)
    outbox = bootstrap.outbox(settings)
    total = outbox.count_notices(wanted)
    if dry_run or not total or not routes or not agreed(f"Deliver {total} notices once more?", yes=yes):
        counts = dict.fromkeys((one.target for one in routes), 0)
        for _, notice in outbox.notices(wanted) if total else ():
            for one in routes:
                counts[one.target] += wanted_by(notice, one)
        _tell(total, counts, output, sent=False)
        return
    sent = 0
    found = outbox.notices(wanted)
    begun, done = time.monotonic(), 0
    told = {
        "types": list(type_),
        "solution_id": solution,
        "since": views.moment(since),
        "until": views.moment(until),
    }
    written_down = audited(
        settings,
        "notice.replay",
        f"{total} notices",
        destinations=[one.target for one in routes],
        **{name: value for name, value in told.items() if value},
    )
    with written_down, progress("Replaying") as on_progress:
        while page := list(islice(found, max(1, min(PAGE, int(rate))))):
            sent += outbox.replay(page, routes)
            done += len(page)
            on_progress(done, total)
            time.sleep(max(0.0, begun + done / rate - time.monotonic()))
    _tell(done, {"": sent}, output, sent=True)


def _tell(notices: int, counts: dict[str, int], output: str, *, sent: bool) -> None:
    deliveries = sum(counts.values())
    if output == "json":
        by_destination = {name: count for name, count in counts.items() if name}
        show_document(
            {"notices": notices, "deliveries": deliveries, "enqueued": sent, "by_destination": by_destination}
        )
        return
    for name, count in counts.items():
        if name:
            put(f"{name}: {count} of {notices} notices")
    put(f"{deliveries} deliveries {'are enqueued' if sent else 'would be made'}, of {notices} notices.")
