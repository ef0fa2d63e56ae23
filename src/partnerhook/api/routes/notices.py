"""What was told: notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Response
from starlette.responses import JSONResponse

from partnerhook.api.keys import needs
from partnerhook.api.models.log import Notice
from partnerhook.api.paging import LIMIT, Cursor, Limit, Page, number_behind, page
from partnerhook.api.parameters import (
    Number,
    OnlyApp,
    OnlySolution,
    Since,
    Types,
    Until,
    microseconds,
    number_of,
)
from partnerhook.api.problems import not_found
from partnerhook.api.routes.router import NOT_FOUND, new_router
from partnerhook.core.access import Role
from partnerhook.core.health import TYPE_PREFIX
from partnerhook.core.notice_documents import document
from partnerhook.services import management_views
from partnerhook.services.management import Management
from partnerhook.services.outbox import NoticeFilter

CLOUDEVENTS: Final = "application/cloudevents+json"


AS_CLOUD_EVENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {CLOUDEVENTS: {"schema": {"type": "object"}}}}
}


class CloudEvent(JSONResponse):
    """A CloudEvents document in structured mode."""

    media_type = CLOUDEVENTS


def routes(management: Management) -> APIRouter:
    """GET /notices, GET /notices/{number}."""
    router = new_router("notices")
    outbox = management.outbox

    @router.get("/notices", response_model=Page[Notice], **needs(Role.VIEWER))
    def list_notices(
        *,
        app: OnlyApp = None,
        solution_id: OnlySolution = None,
        types: Types = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = LIMIT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """List what was told, newest first."""
        wanted = NoticeFilter(
            app=app,
            solution_id=solution_id,
            kinds=kinds_of(types),
            since=microseconds(since),
            until=microseconds(until),
        )
        found = outbox.notices_page(wanted, before_id=number_behind(cursor), limit=limit + 1)
        return page(found, limit, lambda one: one[0], lambda one: management_views.notice(*one))

    @router.get(
        "/notices/{notice:digits}",
        response_class=CloudEvent,
        responses=AS_CLOUD_EVENT | NOT_FOUND,
        **needs(Role.VIEWER),
    )
    def show_notice(notice: Number) -> Response:
        """Show a notice as destinations get it: a CloudEvents document."""
        number = number_of(notice, "notice")
        found = outbox.notices_page(NoticeFilter(), before_id=number + 1, limit=1) if number < 2**63 - 1 else []
        if not found or found[0][0] != number:
            raise not_found(f"notice {notice}")
        return CloudEvent(document(found[0][1]))

    return router


def kinds_of(types: Sequence[str] | None) -> tuple[str, ...] | None:
    """Types as notices are filtered by."""
    return tuple(one.removeprefix(TYPE_PREFIX) for one in types) if types else None
