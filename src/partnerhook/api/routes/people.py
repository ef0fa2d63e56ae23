"""Who uses it: keys, sessions, the audit log. To be read; keys and links are made by commands, on the host."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from partnerhook.api.keys import needs
from partnerhook.api.models import running as models
from partnerhook.api.paging import LIMIT, Cursor, Limit, Page, number_behind, page
from partnerhook.api.parameters import Text
from partnerhook.api.routes.router import new_router
from partnerhook.core.access import Role
from partnerhook.services import management_views, views
from partnerhook.services.audit import AuditFilter
from partnerhook.services.management import Management


def routes(management: Management) -> APIRouter:
    """GET /keys, /sessions, /audit."""
    router = new_router("people")
    access = management.access

    @router.get("/keys", response_model=Page[models.Key], **needs(Role.ADMIN))
    def list_keys(*, limit: Limit = LIMIT, cursor: Cursor = None) -> dict[str, Any]:
        """List all keys, revoked ones too, oldest first. What is stored of a key does not tell it."""
        return part(access.keys(), limit, cursor, views.api_key)

    @router.get("/sessions", response_model=Page[models.Session], **needs(Role.ADMIN))
    def list_sessions(*, limit: Limit = LIMIT, cursor: Cursor = None) -> dict[str, Any]:
        """List who is signed in to the console, the newest first."""
        return part(access.sessions(), limit, cursor, views.session)

    @router.get("/audit", response_model=Page[models.AuditEntry], **needs(Role.ADMIN))
    def list_audit_log(
        *, who: Text = None, action: Text = None, subject: Text = None, limit: Limit = LIMIT, cursor: Cursor = None
    ) -> dict[str, Any]:
        """List who changed what, when and from where, newest first."""
        wanted = AuditFilter(who=who, action=action, subject=subject)
        found = management.audit.page(wanted, before_id=number_behind(cursor), limit=limit + 1)
        return page(found, limit, lambda one: one.id, management_views.audit_entry)

    def part(found: list[Any], limit: int, cursor: str | None, view: Any) -> dict[str, Any]:
        first = number_behind(cursor) or 0
        chosen = list(enumerate(found, 1))[first : first + limit + 1]
        return page(chosen, limit, lambda one: one[0], lambda one: view(one[1]))

    return router
