"""How it runs: apps, reconciliations."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from partnerhook.api.keys import actor_of, needs
from partnerhook.api.models import running as models
from partnerhook.api.paging import LIMIT, Cursor, Limit, Page, number_behind, page
from partnerhook.api.parameters import Number, number_of
from partnerhook.api.problems import not_found
from partnerhook.api.routes.router import CONFLICT, NOT_FOUND, PREFIX, WITH_BODY, new_router
from partnerhook.core.access import Role
from partnerhook.services import management_views
from partnerhook.services.management import Management


def routes(management: Management) -> APIRouter:
    """/apps, /reconciliations."""
    router = new_router("running")
    runs = management.reconciliations

    @router.get("/apps", response_model=Page[models.App], **needs(Role.VIEWER))
    def list_apps() -> dict[str, Any]:
        """List the configured Meta apps. Of their secrets, only whether they are set."""
        return {"items": [management_views.app(one) for one in management.apps()], "next_cursor": None}

    @router.get("/reconciliations", response_model=Page[models.Reconciliation], **needs(Role.VIEWER))
    def list_reconciliations(*, limit: Limit = LIMIT, cursor: Cursor = None) -> dict[str, Any]:
        """List reconciliations that somebody began, newest first; not those of the schedule."""
        found = runs.page(before_id=number_behind(cursor), limit=limit + 1)
        return page(found, limit, lambda one: one.id, management_views.reconciliation)

    @router.post(
        "/reconciliations",
        status_code=202,
        response_model=models.Reconciliation,
        responses={202: {"headers": {"Location": {"schema": {"type": "string"}}}}} | CONFLICT | WITH_BODY,
        **needs(Role.OPERATOR),
    )
    async def begin_reconciliation(request: Request, response: Response, asked: models.Begin) -> dict[str, Any]:
        """Begin to compare the registry with the Graph API, and to repair what differs. `Location` tells how it goes.

        The same as is under way is not begun twice: the answer names that one.
        """
        run = await runs.begin(actor_of(request), asked.app, check=asked.check)
        response.headers["Location"] = f"{PREFIX}/reconciliations/{run.id}"
        return management_views.reconciliation(run)

    @router.get(
        "/reconciliations/{reconciliation:digits}",
        response_model=models.ShownReconciliation,
        responses=NOT_FOUND,
        **needs(Role.VIEWER),
    )
    def show_reconciliation(reconciliation: Number) -> dict[str, Any]:
        """Show how far a reconciliation has come, and, once it is done, what it found."""
        found = runs.find(number_of(reconciliation, "reconciliation"))
        if found is None:
            raise not_found(f"reconciliation {reconciliation}")
        return management_views.reconciliation(found) | {"report": found.report}

    return router
