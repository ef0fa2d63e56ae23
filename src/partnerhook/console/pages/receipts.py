"""Every POST whose signature was right, what became of each of its changes, and its raw body."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import visitor_of
from partnerhook.console.frame import Frame
from partnerhook.console.requests import here, must_be, number_asked, number_in_path, word_asked
from partnerhook.core.access import Role
from partnerhook.core.receipts import Receipt
from partnerhook.services.aside import aside
from partnerhook.services.query import ReceiptFilter

ROWS: Final = 50
SHOWN_BYTES_MAX: Final = 256 * 1024
"""Of a body, on a page; the file has all of it."""


def routes(frame: Frame) -> list[Route]:
    """GET /receipts, one of them, and its body as a file."""
    queries = frame.management.queries

    async def show_list(request: Request) -> Response:
        only = request.query_params.get("quarantined", "")
        wanted = ReceiptFilter(app=word_asked(request, "app"), quarantined={"yes": True, "no": False}.get(only))
        before = number_asked(request, "before")
        found = await aside(queries.receipts_page, wanted, before_id=before, limit=ROWS + 1)
        rows = found[:ROWS]
        context = {
            "receipts": rows,
            "wanted": wanted,
            "only": only,
            "apps": [one.name for one in frame.management.apps()],
            "older": here(request, before=rows[-1].receipt.id) if len(found) > ROWS else "",
            "newest": here(request, before=None) if before else "",
        }
        return frame.page(request, "receipts.html", context)

    async def show(request: Request) -> Response:
        one = await find(request)
        context: dict[str, Any] = {"receipt": one._replace(body=None), "body_kept": one.body is not None, "body": None}
        if one.body is not None and visitor_of(request).may(Role.OPERATOR):
            context["body"] = await aside(readable, one.body)
        return frame.page(request, "receipt.html", context)

    async def body(request: Request) -> Response:
        must_be(request, Role.OPERATOR)
        one = await find(request)
        if one.body is None:
            raise HTTPException(410, "The body is not there any more: bodies are kept for raw_bodies_keep_days.")
        # The attack is a body that is HTML: as a file of no kind it is never drawn in this origin.
        headers = {"Content-Disposition": f'attachment; filename="receipt-{one.id}.json"'}
        return Response(one.body, media_type="application/octet-stream", headers=headers)

    async def find(request: Request) -> Receipt:
        found = await aside(queries.receipt, number_in_path(request))
        if found is None:
            raise HTTPException(404, "There is no such receipt, or not any more: see receipts_keep_days.")
        return found

    return [
        Route("/receipts", show_list, methods=["GET"]),
        Route("/receipts/{id}", show, methods=["GET"]),
        Route("/receipts/{id}/body", body, methods=["GET"]),
    ]


def readable(body: bytes) -> dict[str, Any]:
    """A body for people: indented where it is JSON; cut where it is long."""
    cut = len(body) > SHOWN_BYTES_MAX
    text = body[:SHOWN_BYTES_MAX].decode("utf-8", "backslashreplace")
    try:
        pretty = "" if cut else json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        pretty.encode()  # half of a surrogate pair is valid JSON, and no text
    except (ValueError, RecursionError):
        pretty = ""
    return {"text": pretty or text, "pretty": bool(pretty), "cut": cut}
