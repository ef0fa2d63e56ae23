"""What somebody should look at: decisions and what is overdue, oddities, what was not understood or not delivered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import read_form, visitor_of
from partnerhook.console.frame import Frame
from partnerhook.console.requests import here
from partnerhook.core.access import Role
from partnerhook.core.delivery import Fate
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.inbox import Turn
from partnerhook.core.names import Flag, Pending
from partnerhook.services.aside import aside
from partnerhook.services.inbox import COUNTED_MAX, Counts, Entry, Place
from partnerhook.services.management import Management
from partnerhook.services.outbox import DeliveryFilter, Listed
from partnerhook.services.query import ListedReceipt, ReceiptFilter
from partnerhook.services.targets import Configured

ROWS: Final = 25
PLACE: Final = re.compile(r"(?P<since>-?[0-9]{1,18})\.(?P<number>[0-9]{1,18})")
"""No more digits than a database's numbers have."""
FEW: Final = 5
"""Of what has a page of its own."""


def routes(frame: Frame) -> list[Route]:
    """GET /inbox, POST /inbox/reconcile."""
    management = frame.management

    async def show(request: Request) -> Response:
        odd = request.query_params.get("list") == "odd"
        after = _read_place(request.query_params.get("after", ""))
        look = management.inbox.odd if odd else management.inbox.waiting
        found, runs, counts, beside = await asyncio.gather(
            aside(look, after=after, limit=ROWS + 1),
            aside(management.reconciliations.page, before_id=None, limit=1),
            aside(management.inbox.counts),
            aside(_beside, management),
        )
        context = {
            "odd": odd,
            "rows": found[:ROWS],
            "next_step": next_step,
            "counts": counts,
            "most": COUNTED_MAX,
            "beside": beside,
            "unknown": any(one.turn is Turn.UNKNOWN or one.solution.anomalies for one in found),
            "run": runs[0] if runs else None,
            "clear": _clear(counts, beside.troubled),
            "older": here(request, after=_write_place(found[ROWS - 1].place)) if len(found) > ROWS else "",
            "first": here(request, after=None) if after else "",
        }
        return frame.page(request, "inbox.html", context)

    async def reconcile(request: Request) -> Response:
        await read_form(request, Role.OPERATOR)
        try:
            await management.reconciliations.begin(visitor_of(request).actor, None, check=False)
        except PartnerhookError as problem:
            return frame.lead_to("/inbox", str(problem), good=False)
        return frame.lead_to("/inbox", "The Graph API is asked about every solution. What it tells shows here.")

    return [Route("/inbox", show, methods=["GET"]), Route("/inbox/reconcile", reconcile, methods=["POST"])]


class Beside(NamedTuple):
    """The newest few of what has pages of its own."""

    quarantined: Sequence[ListedReceipt]
    dead: Sequence[Listed]
    troubled: Sequence[Configured]
    """Destinations and forward targets that fail, or are paused."""


def _beside(management: Management) -> Beside:
    return Beside(
        management.queries.receipts_page(ReceiptFilter(quarantined=True), before_id=None, limit=FEW),
        management.outbox.deliveries_page(DeliveryFilter(fate=Fate.DEAD), before_id=None, limit=FEW),
        [one for one in management.targets() if one.state != "works"],
    )


def _clear(counts: Counts, troubled: Sequence[Configured]) -> bool:
    return not any(counts) and not troubled


def next_step(entry: Entry) -> str:
    """What to do about a solution, in plain words."""
    if entry.turn is Turn.NOBODY:
        return _about_oddity(entry.solution.anomalies)
    asks = "to end it" if entry.solution.pending is Pending.PENDING_DEACTIVATION else "for it"
    if entry.turn is Turn.OURS:
        return f"Your partner asks {asks}. Look at it, then accept or reject."
    if entry.turn is Turn.THEIRS:
        return f"You asked {asks}, and your partner has not answered for long. Remind them; only they can answer."
    if len(entry.solution.could_be) > 1:
        return "What it is cannot be told from what was heard. Reconcile, so that the Graph API tells."
    return f"Somebody asks {asks}; whether you or your partner must answer is not known. Reconcile, so that it is."


def _about_oddity(flags: Sequence[Flag]) -> str:
    if Flag.AMBIGUOUS in flags or Flag.STEP_BACK in flags or Flag.STEP_MISSED in flags:
        return "Reconcile: the Graph API tells where it stands, and that settles it."
    return "See its timeline for what was odd; the next regular webhook settles it."


def _write_place(place: Place) -> str:
    return f"{place.since}.{place.number}"


def _read_place(text: str) -> Place | None:
    found = PLACE.fullmatch(text)
    return Place(int(found["since"]), int(found["number"])) if found else None
