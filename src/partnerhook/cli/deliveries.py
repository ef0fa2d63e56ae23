"""`partnerhook deliveries list | show | retry | discard`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.agreement import agreed
from partnerhook.cli.audited import audited
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import Column, Kind, put, show_attributes, show_document, show_items, show_list
from partnerhook.core.delivery import Fate
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.timeline import clock
from partnerhook.services import views
from partnerhook.services.outbox import Attempt, DeliveryFilter, Listed

DELIVERY_ID_MAX: Final = 2**63 - 1

app = App(
    name="deliveries",
    help="""Who got what, and what is still on its way: look at attempts, try again, give up.

    Example: `partnerhook deliveries list --fate dead`
    """,
)

DELIVERIES: Final = Kind[Listed](
    views.delivery,
    [
        Column("Delivery", lambda one: str(one.id), 8),
        Column("Target", lambda one: one.target, 12),
        Column("Of", views.cargo, 14),
        Column("Fate", lambda one: one.fate, 9),
        Column("Attempts", lambda one: str(one.attempts), 8),
        Column("Since", lambda one: clock(one.created_at // MICROSECONDS), 20, spare=1),
        Column("Next attempt", lambda one: clock(one.due_at // MICROSECONDS) if one.due_at else "", 20, spare=2),
    ],
)
ATTEMPTS: Final = Kind[Attempt](
    views.attempt,
    [
        Column("At", lambda one: clock(one.at // MICROSECONDS), 20),
        Column("Took", lambda one: f"{one.duration_us / 1000:.0f} ms", 8),
        Column("Reply", lambda one: one.answer.reply, 6),
        Column("Status", lambda one: str(one.answer.status or ""), 6),
        Column("Answer", lambda one: one.answer.text),
    ],
)

Target = Annotated[str | None, Parameter(help="Only of this destination or forward target.")]
OnlyFate = Annotated[Fate | None, Parameter(name="--fate", help="Only these: waiting, done, dead or discarded.")]
Solution = Annotated[str | None, Parameter(name="--solution", help="Only notices about this solution id.")]
Ids = Annotated[int, Parameter(help="Deliveries by number; without any: all dead ones that fit the options.")]
Yes = Annotated[bool, Parameter(negative=(), help="Do not ask.")]


@app.command(name="list")
def list_(
    *,
    target: Target = None,
    fate: OnlyFate = None,
    solution: Solution = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """List deliveries, all that fit, in the order in which they were enqueued.

    Example: `partnerhook deliveries list --target crm --fate waiting`
    """
    wanted = DeliveryFilter(target=target, fate=fate, solution_id=solution)
    found = bootstrap.outbox(config.load(config_file)).find(wanted)
    hint = "No delivery fits." if wanted != DeliveryFilter() else "Nothing was to be delivered yet."
    show_list(found, DELIVERIES, output, if_empty=hint)


@app.command
def show(
    delivery_id: Annotated[int, Parameter(help="The delivery's number, as `deliveries list` has it.")],
    *,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Show one delivery with each attempt: when, how long, and what was answered.

    Example: `partnerhook deliveries show 12 --format json`
    """
    if not 0 < delivery_id <= DELIVERY_ID_MAX:
        raise PartnerhookError(f"There is no delivery {delivery_id}.")
    outbox = bootstrap.outbox(config.load(config_file))
    found = outbox.delivery(delivery_id)
    if found is None:
        raise PartnerhookError(f"There is no delivery {delivery_id}.")
    one, attempts, notice = found
    kept = None if one.receipt_id is None else outbox.has_receipt(one.receipt_id)
    if output == "json":
        show_document(views.delivery_story(one, attempts, notice) | {"receipt_kept": kept})
        return
    more = f" ({notice.type} of {notice.subject})" if notice else ", which is not there any more" * (kept is False)
    show_attributes(
        [
            ("delivery", str(one.id)),
            ("target", one.target),
            ("of", f"{views.cargo(one)}{more}"),
            ("fate", one.fate),
            ("enqueued", clock(one.created_at // MICROSECONDS)),
            ("next attempt", clock(one.due_at // MICROSECONDS) if one.due_at else ""),
        ]
    )
    put("")
    show_items(attempts, ATTEMPTS)


@app.command
def retry(
    *ids: Ids,
    target: Target = None,
    solution: Solution = None,
    yes: Yes = False,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Try deliveries again that were given up, from the first attempt on.

    Example: `partnerhook deliveries retry --target crm --yes`
    """
    settings = config.load(config_file)
    outbox = bootstrap.outbox(settings)
    found = _chosen(outbox.find(DeliveryFilter(target=target, solution_id=solution)), ids, {Fate.DEAD, Fate.DISCARDED})
    if not ids:
        found = [one for one in found if one.fate is Fate.DEAD]
    count = 0
    if found and agreed(f"Try {len(found)} deliveries again?", yes=yes or bool(ids)):
        with audited(settings, "delivery.retry", f"{len(found)} deliveries", **_details(ids, target, solution)):
            count = outbox.retry(found)
    _tell(count, "put back", output)


@app.command
def discard(
    *ids: Ids,
    target: Target = None,
    solution: Solution = None,
    yes: Yes = False,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Give deliveries up: dead ones, or by number those that wait. `deliveries retry` brings them back by number.

    Example: `partnerhook deliveries discard 12 13`
    """
    settings = config.load(config_file)
    outbox = bootstrap.outbox(settings)
    found = _chosen(outbox.find(DeliveryFilter(target=target, solution_id=solution)), ids, {Fate.DEAD, Fate.WAITING})
    if not ids:
        found = [one for one in found if one.fate is Fate.DEAD]
    count = 0
    if found and agreed(f"Discard {len(found)} deliveries?", yes=yes or bool(ids)):
        with audited(settings, "delivery.discard", f"{len(found)} deliveries", **_details(ids, target, solution)):
            count = outbox.discard(found)
    _tell(count, "discarded", output)


def _chosen(found: Iterable[Listed], ids: Sequence[int], fates: set[Fate]) -> list[Listed]:
    chosen = [one for one in found if one.fate in fates and (not ids or one.id in ids)]
    missing = sorted(set(ids) - {one.id for one in chosen})
    if missing:
        numbers = ", ".join(map(str, missing))
        raise PartnerhookError(f"Of these none is {' or '.join(sorted(fates))}: {numbers}. Nothing was changed.")
    return chosen


def _details(ids: Sequence[int], target: str | None, solution: str | None) -> dict[str, Any]:
    """Which ones, for the audit log, as they were asked for."""
    asked = {"ids": [str(one) for one in ids], "target": target, "solution_id": solution}
    return {name: value for name, value in asked.items() if value}


def _tell(count: int, done: str, output: str) -> None:
    if output == "json":
        show_document({done.replace(" ", "_"): count})
    else:
        put(f"{count} deliveries {done}.")
