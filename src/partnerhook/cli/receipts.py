"""`partnerhook receipts list | show | retry | discard | erase`."""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

from cyclopts import App, Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.agreement import agreed
from partnerhook.cli.audited import actor, audited
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import Column, Kind, put, show_attributes, show_document, show_items, show_list
from partnerhook.cli.progress import progress
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.receipts import Fate, Outcome, Receipt
from partnerhook.core.timeline import clock
from partnerhook.services import views
from partnerhook.services.quarantine import BodyGone, Changed

RECEIPT_ID_MAX: Final = 2**63 - 1
"""The largest number that a database can be asked for."""

app = App(
    name="receipts",
    help="""List and show the POSTs that came in with a right signature; work on quarantine; erase bodies.

    Example: `partnerhook receipts list --quarantined`
    """,
)

# Rows are (receipt, whether its body is kept).
RECEIPTS: Final = Kind[tuple[Receipt, bool]](
    lambda row: views.receipt(row[0], body_kept=row[1]),
    [
        Column("Receipt", lambda row: str(row[0].id), 7),
        Column("Received", lambda row: clock(row[0].received_at // MICROSECONDS), 20),
        Column("App", lambda row: row[0].app, 7, spare=2),
        Column("Bytes", lambda row: str(row[0].body_bytes), 7, spare=1),
        Column("Body", lambda row: "kept" if row[1] else "dropped", 7, spare=3),
        Column("Outcomes", lambda row: _fates(row[0]), 1),
        Column("Reason", lambda row: next((one.reason for one in row[0].outcomes if one.reason), "")),
    ],
)
OUTCOMES: Final = Kind[Outcome](
    views.outcome,
    [
        Column("Change", lambda one: one.path, 20),
        Column("Outcome", lambda one: one.fate, 11),
        Column("Observation", lambda one: one.key, 32, spare=3),
        Column("Entry", lambda one: one.entry_id, 16, spare=2),
        Column("Field", lambda one: one.field, 17, spare=1),
        Column("Reason", lambda one: one.reason),
    ],
)


Ids = Annotated[int, Parameter(help="Receipts by number; without any: all in quarantine.")]
Yes = Annotated[bool, Parameter(negative=(), help="Do not ask.")]


def _fates(receipt: Receipt) -> str:
    """How many changes became what: `observed:2,duplicate:1`."""
    counts = Counter(one.fate for one in receipt.outcomes)
    return ",".join(f"{fate}:{counts[fate]}" for fate in Fate if counts[fate])


@app.command(name="list")
def list_(
    *,
    quarantined: Annotated[
        bool | None, Parameter(help="Only those with a change that could not be understood.")
    ] = None,
    only_app: Annotated[
        str | None, Parameter(name="--app", help="Only what this Meta app received, by its name here.")
    ] = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """List the POSTs that came in, all that fit, in the order of arrival.

    Example: `partnerhook receipts list --quarantined --format json`
    """
    from partnerhook.services.query import ReceiptFilter

    wanted = ReceiptFilter(app=only_app, quarantined=quarantined)
    found = bootstrap.queries(config.load(config_file)).receipts(wanted)
    hint = (
        "Nothing came in yet: no POST with a right signature. The log of `partnerhook serve` tells of refused ones."
        if wanted == ReceiptFilter()
        else "No receipt fits. `partnerhook receipts list` shows all."
    )
    show_list(found, RECEIPTS, output, if_empty=hint)


@app.command
def retry(*ids: Ids, yes: Yes = False, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Read quarantined bodies again with today's program; what is understood now is observed as of when it came.

    What was understood at the time is left alone: nothing doubles. A body that was dropped cannot be read again.

    Example: `partnerhook receipts retry 12`
    """
    settings = config.load(config_file)
    quarantine = bootstrap.quarantine(settings)
    chosen = _chosen(ids, settings)
    gone: list[int] = []
    understood = 0
    if chosen and agreed(f"Read {len(chosen)} bodies again?", yes=yes or bool(ids)):
        for receipt_id in chosen:
            try:
                done = quarantine.retry(actor(), receipt_id)
            except BodyGone:
                gone.append(receipt_id)
                continue
            understood += _known(done, receipt_id).changed
    if output == "json":
        show_document({"understood": understood, "bodies_gone": [str(one) for one in gone]})
        return
    put(f"{understood} changes are understood now.")
    if gone:
        put(f"The bodies of these are not there any more: {', '.join(map(str, gone))}.")


@app.command
def discard(*ids: Ids, yes: Yes = False, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Give up what could not be understood: it leaves quarantine for good. The receipt stays, with the reason.

    Example: `partnerhook receipts discard 12 13`
    """
    settings = config.load(config_file)
    quarantine = bootstrap.quarantine(settings)
    chosen = _chosen(ids, settings)
    discarded = 0
    if chosen and agreed(f"Give up what is in quarantine of {len(chosen)} receipts, for good?", yes=yes or bool(ids)):
        for receipt_id in chosen:
            discarded += _known(quarantine.discard(actor(), receipt_id), receipt_id).changed
    if output == "json":
        show_document({"discarded": discarded})
    else:
        put(f"{discarded} changes discarded.")


def _chosen(ids: Sequence[int], settings: config.Settings) -> list[int]:
    from partnerhook.services.query import ReceiptFilter

    if wrong := [one for one in ids if not 0 < one <= RECEIPT_ID_MAX]:
        raise PartnerhookError(f"There is no receipt {wrong[0]}.")
    if ids:
        return list(ids)
    return [one.receipt.id for one in bootstrap.queries(settings).receipts(ReceiptFilter(quarantined=True))]


def _known(done: Changed | None, receipt_id: int) -> Changed:
    if done is None:
        raise PartnerhookError(f"There is no receipt {receipt_id}. `partnerhook receipts list` shows those there are.")
    return done


@app.command
def erase(
    *ids: Annotated[int, Parameter(help="Receipts by number.")],
    containing: Annotated[
        str | None, Parameter(help="All whose body holds this text, such as a telephone number or a name.")
    ] = None,
    yes: Annotated[bool, Parameter(negative=(), help="Do not ask.")] = False,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Erase the raw bodies of POSTs, by number or by a text in them, for whoever asks to be forgotten.

    The receipt stays, with its size and outcomes, and so do observations and solutions: these hold ids, words and
    times. A forward target that still waits for it does not get it. Old bytes may stay in free pages of an SQLite file
    until they are written over; `VACUUM` removes them.

    Example: `partnerhook receipts erase --containing 4915112345678`
    """
    settings = config.load(config_file)
    if bool(ids) == bool(containing):
        raise PartnerhookError("Name receipts by number, or a text with --containing; not both.")
    if wrong := [one for one in ids if not 0 < one <= RECEIPT_ID_MAX]:
        raise PartnerhookError(f"There is no receipt {wrong[0]}.")
    found = list(ids)
    if containing:
        with progress("Looking") as on_progress:
            found = bootstrap.find_bodies(settings, containing, on_progress)
    erased = 0
    if found and agreed(f"Erase the bodies of {len(found)} receipts, for good?", yes=yes):
        details = {"ids": [str(one) for one in ids]} if ids else {"by": "a text in them"}
        with audited(settings, "receipt.erase", f"{len(found)} receipts", **details):
            erased = bootstrap.erase_bodies(settings, found)
    if output == "json":
        show_document({"erased": erased})
    else:
        put(f"{erased} bodies erased.")


@app.command
def show(
    receipt_id: Annotated[int, Parameter(help="The receipt's number, as `receipts list` has it.")],
    *,
    raw: Annotated[
        bool, Parameter(negative=(), help="Write the body to stdout, exactly as it came, and nothing else.")
    ] = False,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Show one POST: what became of each of its changes, and with --raw the very bytes that came.

    Bodies can hold people's messages, so they are dropped after `raw_bodies_keep_days`. Receipts that tell nothing of a
    solution are deleted after `receipts_keep_days`.

    Example: `partnerhook receipts show 12 --raw > body.json`
    """
    settings = config.load(config_file)
    queries = bootstrap.queries(settings)
    receipt = queries.receipt(receipt_id) if 0 < receipt_id <= RECEIPT_ID_MAX else None
    if receipt is None and 0 < receipt_id < queries.newest_receipt():
        raise PartnerhookError(
            f"Receipt {receipt_id} is not there any more: those that tell nothing of a solution are kept for"
            f" {settings.receipts_keep_days:g} days (receipts_keep_days). `partnerhook receipts list` shows the others."
        )
    if receipt is None:
        raise PartnerhookError(f"There is no receipt {receipt_id}. `partnerhook receipts list` shows those there are.")
    if raw:
        _write_raw(receipt, settings.raw_bodies_keep_days)
    elif output == "json":
        show_document(views.receipt(receipt, body_kept=receipt.body is not None))
    else:
        _show_text(receipt)


def _write_raw(receipt: Receipt, keep_days: float) -> None:
    if receipt.body is None:
        raise PartnerhookError(
            f"The body of receipt {receipt.id} is not there any more: bodies are kept for"
            f" {keep_days:g} days (raw_bodies_keep_days)."
        )
    if sys.stdout.isatty() and _would_steer_a_terminal(receipt.body):
        raise PartnerhookError(
            f"The body of receipt {receipt.id} holds control characters that a terminal would obey;"
            f" write it to a file: `partnerhook receipts show {receipt.id} --raw > body`."
        )
    sys.stdout.buffer.write(receipt.body)
    sys.stdout.buffer.flush()


def _would_steer_a_terminal(body: bytes) -> bool:
    text = body.decode("utf-8", "surrogateescape")
    return any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\r\n\t" for letter in set(text))


def _show_text(receipt: Receipt) -> None:
    show_attributes(
        [
            ("receipt", str(receipt.id)),
            ("app", receipt.app),
            ("received", clock(receipt.received_at // MICROSECONDS)),
            ("bytes", str(receipt.body_bytes)),
            ("body", "dropped" if receipt.body is None else "kept; --raw writes it"),
            ("flags", ", ".join(receipt.flags)),
            ("quarantined", str(receipt.quarantined)),
        ]
    )
    put("\nChanges")
    show_items(receipt.outcomes, OUTCOMES)
