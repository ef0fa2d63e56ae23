"""What came in and could not be understood: read again with today's program, or given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import read_form, visitor_of
from partnerhook.console.frame import Frame
from partnerhook.console.requests import here, must_be, number_asked, number_in_path
from partnerhook.core.access import Actor, Role
from partnerhook.core.errors import PartnerhookError
from partnerhook.services.aside import aside
from partnerhook.services.quarantine import Changed
from partnerhook.services.query import ReceiptFilter

ROWS: Final = 50


def routes(frame: Frame) -> list[Route]:
    """GET /quarantine; POST /receipts/ID/retry and /receipts/ID/discard."""
    management = frame.management

    async def show(request: Request) -> Response:
        before = number_asked(request, "before")
        found = await aside(
            management.queries.receipts_page, ReceiptFilter(quarantined=True), before_id=before, limit=ROWS + 1
        )
        rows = found[:ROWS]
        context = {
            "receipts": rows,
            "older": here(request, before=rows[-1].receipt.id) if len(found) > ROWS else "",
            "newest": here(request, before=None) if before else "",
        }
        return frame.page(request, "quarantine.html", context)

    async def retry(request: Request) -> Response:
        await read_form(request, Role.OPERATOR)
        changed, problem = await do(request, management.quarantine.retry)
        if changed is None:
            return frame.lead_to(_place(request), problem, good=False)
        left = changed.receipt.quarantined
        if not changed.changed:
            return frame.lead_to(_place(request), "It is not understood today either: nothing was changed.", good=False)
        return frame.lead_to(_place(request), "It is understood now." if not left else f"{left} changes are left.")

    async def ask_discard(request: Request) -> Response:
        must_be(request, Role.ADMIN)
        receipt_id = number_in_path(request)
        context = {
            "title": f"Give up what was not understood of receipt {receipt_id}?",
            "text": "It leaves the quarantine for good. The receipt stays, and so does its body for as long as bodies"
            " are kept.",
            "action": f"/receipts/{receipt_id}/discard",
            "button": "Give it up",
            "stops": True,
            "fields": {},
            "back": f"/receipts/{receipt_id}",
        }
        return frame.page(request, "ask.html", context)

    async def discard(request: Request) -> Response:
        await read_form(request, Role.ADMIN)
        changed, problem = await do(request, management.quarantine.discard)
        if changed is None:
            return frame.lead_to(_place(request), problem, good=False)
        return frame.lead_to(_place(request), "It is given up, and out of the quarantine.")

    async def do(request: Request, work: Callable[[Actor, int], Changed | None]) -> tuple[Changed | None, str]:
        """What became of it, or why nothing did."""
        try:
            changed = await asyncio.to_thread(work, visitor_of(request).actor, number_in_path(request))
        except PartnerhookError as error:
            return None, str(error)
        if changed is None:
            raise HTTPException(404, "There is no such receipt.")
        return changed, ""

    return [
        Route("/quarantine", show, methods=["GET"]),
        Route("/receipts/{id}/retry", retry, methods=["POST"]),
        Route("/receipts/{id}/discard", ask_discard, methods=["GET"]),
        Route("/receipts/{id}/discard", discard, methods=["POST"]),
    ]


def _place(request: Request) -> str:
    return f"/receipts/{number_in_path(request)}"
