"""`partnerhook observations list | tail`."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.moments import WAYS_TO_SAY, Moment
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import Column, Kind, leave_unread, note, put, show_list
from partnerhook.core.observations import MICROSECONDS, Observation
from partnerhook.core.timeline import clock
from partnerhook.services import views

if TYPE_CHECKING:
    from partnerhook.services.query import ObservationFilter, Queries

POLL_S: Final = 0.3
"""Between two looks for something new. Short for a person; one look costs a millisecond."""

app = App(
    name="observations",
    help="""List what was heard, or follow it live: one observation for each thing said about a solution.

    Example: `partnerhook observations tail`
    """,
)

OBSERVATIONS: Final = Kind[Observation](
    views.observation,
    [
        Column("Received", lambda one: clock(one.received_at // MICROSECONDS), 20),
        Column("App", lambda one: one.app, 7, spare=4),
        Column("Solution", lambda one: one.solution_id, 16),
        Column("Meta's time", lambda one: "" if one.time is None else clock(one.time), 20, spare=3),
        Column("Portfolio", lambda one: one.portfolio_id, 16, spare=5),
        Column("Source", lambda one: one.source, 7, spare=7),
        Column("Repeats", lambda one: str(one.repeats or ""), 2, spare=2),
        Column("Flags", lambda one: ",".join((*one.flags, *(("test",) if one.test else ()))), 1, spare=1),
        Column("Event", lambda one: one.event, 16),
        Column("Meta's word", lambda one: one.reported_status),
    ],
)


OnlySolution = Annotated[str | None, Parameter(name="--solution", help="Only what was said about this solution id.")]
OnlyApp = Annotated[str | None, Parameter(name="--app", help="Only what this Meta app heard, by its name here.")]


@app.command(name="list")
def list_(
    *,
    solution: OnlySolution = None,
    only_app: OnlyApp = None,
    since: Annotated[Moment | None, Parameter(help=f"Only what was received then or later: {WAYS_TO_SAY}.")] = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """List what was heard, all that fits, in the order of arrival. Repeats are counted, not listed.

    Example: `partnerhook observations list --solution 774485461512159 --since 7d`
    """
    from partnerhook.services.query import ObservationFilter

    wanted = ObservationFilter(app=only_app, solution_id=solution, since=since)
    found = bootstrap.queries(config.load(config_file)).observations(wanted)
    hint = (
        "Nothing was heard yet. `partnerhook receipts list` shows whether anything came in at all."
        if wanted == ObservationFilter()
        else "No observation fits. `partnerhook observations list` shows all."
    )
    show_list((one for _, one in found), OBSERVATIONS, output, if_empty=hint)


@app.command
def tail(
    *,
    solution: OnlySolution = None,
    only_app: OnlyApp = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Follow what is heard: print each new observation as soon as it is stored, until Ctrl+C or SIGTERM.

    With `--format json`, one JSON object per line. It reads the database, so it works beside a
    running `serve` and does not disturb it.

    Example: `partnerhook observations tail --format json | jq .reported_status`
    """
    from partnerhook.services.query import ObservationFilter

    # Both signals end it the same way, wherever it stands: also while the reader of our output does not read.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        queries = bootstrap.queries(config.load(config_file))
        newest = queries.newest_observation_id()
        note("Following what is heard; Ctrl+C ends it.")
        _follow(queries, ObservationFilter(app=only_app, solution_id=solution), newest, as_json=output == "json")
    except KeyboardInterrupt:
        leave_unread()


def _follow(queries: Queries, wanted: ObservationFilter, after_id: int, *, as_json: bool) -> None:
    while True:
        for row_id, one in queries.observations(wanted, after_id=after_id):
            put(json.dumps(views.observation(one)) if as_json else OBSERVATIONS.line(one), at_once=True)
            after_id = row_id
        time.sleep(POLL_S)
