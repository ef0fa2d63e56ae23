"""What came in: observations, receipts, quarantine."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from partnerhook.api.keys import actor_of, needs
from partnerhook.api.models.log import ChangedReceipt, Erased, Receipt
from partnerhook.api.models.solutions import Observation
from partnerhook.api.paging import LIMIT, Cursor, Limit, Page, number_behind, page
from partnerhook.api.parameters import Flag, Number, OnlyApp, OnlySolution, Since, microseconds, number_of
from partnerhook.api.problems import Refusal, not_found
from partnerhook.api.routes.router import GONE, NOT_FOUND, new_router
from partnerhook.core.access import Role
from partnerhook.services import views
from partnerhook.services.management import Management
from partnerhook.services.quarantine import Changed
from partnerhook.services.query import ObservationFilter, ReceiptFilter

RAW: Final = "application/octet-stream"


class Raw(Response):
    """Bytes as they came."""

    media_type = RAW


def routes(management: Management) -> APIRouter:
    """GET /observations, /receipts, /quarantine and what is below them."""
    router = new_router("what came in")
    queries = management.queries

    @router.get("/observations", response_model=Page[Observation], **needs(Role.VIEWER))
    def list_observations(
        *,
        app: OnlyApp = None,
        solution_id: OnlySolution = None,
        since: Since = None,
        limit: Limit = LIMIT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """List what was heard, newest first. Repeats are counted, not listed."""
        wanted = ObservationFilter(app=app, solution_id=solution_id, since=microseconds(since))
        found = queries.observations_page(wanted, before_id=number_behind(cursor), limit=limit + 1)
        return page(found, limit, lambda one: one[0], lambda one: views.observation(one[1]))

    @router.get("/receipts", response_model=Page[Receipt], **needs(Role.VIEWER))
    def list_receipts(
        *, app: OnlyApp = None, quarantined: Flag | None = None, limit: Limit = LIMIT, cursor: Cursor = None
    ) -> dict[str, Any]:
        """List the POSTs that came in with a right signature, newest first."""
        return receipts_page(ReceiptFilter(app=app, quarantined=quarantined), limit, cursor)

    def receipts_page(wanted: ReceiptFilter, limit: int, cursor: str | None) -> dict[str, Any]:
        found = queries.receipts_page(wanted, before_id=number_behind(cursor), limit=limit + 1)
        return page(
            found, limit, lambda one: one.receipt.id, lambda one: views.receipt(one.receipt, body_kept=one.body_kept)
        )

    @router.get("/receipts/{receipt_id:digits}", response_model=Receipt, responses=NOT_FOUND, **needs(Role.VIEWER))
    def show_receipt(receipt_id: Number) -> dict[str, Any]:
        """Show one POST, and what became of each of its changes."""
        found = queries.receipt(number_of(receipt_id, "receipt"))
        if found is None:
            raise not_found(f"receipt {receipt_id}, or not any more: see receipts_keep_days")
        return views.receipt(found, body_kept=found.body is not None)

    @router.get(
        "/receipts/{receipt_id:digits}/body",
        response_class=Raw,
        responses={200: {"content": {RAW: {"schema": {"type": "string", "format": "binary"}}}}} | NOT_FOUND | GONE,
        **needs(Role.OPERATOR),
    )
    def download_body(receipt_id: Number) -> Response:
        """Download a POST's body, exactly as it came. It can hold people's messages."""
        found = queries.receipt(number_of(receipt_id, "receipt"))
        if found is None:
            raise not_found(f"receipt {receipt_id}, or not any more: see receipts_keep_days")
        if found.body is None:
            raise Refusal(410, f"The body of receipt {receipt_id} is not there any more.")
        # As a file: whoever follows a link to it must not have it shown as a page of ours.
        return Raw(found.body, headers={"Content-Disposition": f'attachment; filename="receipt-{found.id}.json"'})

    @router.delete(
        "/receipts/{receipt_id:digits}/body", response_model=Erased, responses=NOT_FOUND, **needs(Role.ADMIN)
    )
    def erase_body(request: Request, receipt_id: Number) -> dict[str, Any]:
        """Erase a POST's body, for whoever asks to be forgotten. The receipt stays, with its outcomes."""
        erased = management.erasing.erase(actor_of(request), number_of(receipt_id, "receipt"))
        if erased is None:
            raise not_found(f"receipt {receipt_id}")
        return {"erased": int(erased)}

    @router.get("/quarantine", response_model=Page[Receipt], **needs(Role.VIEWER))
    def list_quarantine(*, app: OnlyApp = None, limit: Limit = LIMIT, cursor: Cursor = None) -> dict[str, Any]:
        """List the POSTs with something that could not be understood, newest first."""
        return receipts_page(ReceiptFilter(app=app, quarantined=True), limit, cursor)

    @router.post(
        "/quarantine/{receipt_id:digits}/retry",
        response_model=ChangedReceipt,
        responses=NOT_FOUND | GONE,
        **needs(Role.OPERATOR),
    )
    def retry_quarantined(request: Request, receipt_id: Number) -> dict[str, Any]:
        """Read a body again with today's program. What is understood now is observed as of when it came.

        Done twice, the second one changes nothing.
        """
        return changed(management.quarantine.retry(actor_of(request), number_of(receipt_id, "receipt")), receipt_id)

    @router.post(
        "/quarantine/{receipt_id:digits}/discard",
        response_model=ChangedReceipt,
        responses=NOT_FOUND,
        **needs(Role.ADMIN),
    )
    def discard_quarantined(request: Request, receipt_id: Number) -> dict[str, Any]:
        """Give up what could not be understood of a POST. Its receipt and the reasons stay."""
        return changed(management.quarantine.discard(actor_of(request), number_of(receipt_id, "receipt")), receipt_id)

    def changed(done: Changed | None, receipt_id: str) -> dict[str, Any]:
        if done is None:
            raise not_found(f"receipt {receipt_id}")
        return {"changed": done.changed, "receipt": views.receipt(done.receipt, body_kept=done.body_kept)}

    return router
