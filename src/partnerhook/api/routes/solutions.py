"""Solutions: list, show."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from partnerhook.api.keys import needs
from partnerhook.api.models import ListedSolution
from partnerhook.api.paging import LIMIT, Cursor, Limit, Page, page, place_behind
from partnerhook.api.routes.router import new_router
from partnerhook.core.access import Role
from partnerhook.core.names import Pending, Status
from partnerhook.services import views
from partnerhook.services.management import Management
from partnerhook.services.query import SolutionFilter

Text = Annotated[str | None, Query(max_length=200)]


def routes(management: Management) -> APIRouter:
    """GET /solutions."""
    router = new_router("solutions")

    @router.get("/solutions", response_model=Page[ListedSolution], **needs(Role.VIEWER))
    def list_solutions(
        *,
        status: Status | None = None,
        pending: Pending | None = None,
        app: Text = None,
        portfolio_id: Text = None,
        limit: Limit = LIMIT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """List solutions, by app and solution id."""
        wanted = SolutionFilter(status=status, pending=pending, app=app, portfolio_id=portfolio_id)
        found = management.queries.solutions_page(wanted, after=place_behind(cursor, 2), limit=limit + 1)
        return page(found, limit, lambda one: (one[0].app, one[0].solution_id), lambda one: views.told(*one))

    return router
