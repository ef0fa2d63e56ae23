"""Who is told: destinations and forward targets."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request

from partnerhook.api.keys import actor_of, needs
from partnerhook.api.models import deliveries as models
from partnerhook.api.paging import Page
from partnerhook.api.parameters import Name
from partnerhook.api.problems import Refusal, not_found
from partnerhook.api.routes.router import CONFLICT, NOT_FOUND, WITH_BODY, new_router
from partnerhook.core.access import Role
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.services import management_views, views
from partnerhook.services.management import Management
from partnerhook.services.targets import Configured

FORWARD: Final = "forward"


def routes(management: Management) -> APIRouter:
    """/destinations, /forward."""
    router = new_router("destinations")
    outbox = management.outbox

    @router.get("/destinations", response_model=Page[models.Destination], **needs(Role.VIEWER))
    def list_destinations() -> dict[str, Any]:
        """List all destinations and forward targets of the configuration, with what waits for each."""
        return {"items": [views.target(one) for one in management.targets()], "next_cursor": None}

    @router.get("/forward", response_model=Page[models.Destination], **needs(Role.VIEWER))
    def list_forward_backlog() -> dict[str, Any]:
        """List the forward targets alone: how many POSTs and bytes wait for each, and since when."""
        found = [one for one in management.targets() if one.kind == FORWARD]
        return {"items": [views.target(one) for one in found], "next_cursor": None}

    @router.get("/destinations/{name}", response_model=models.Destination, responses=NOT_FOUND, **needs(Role.VIEWER))
    def show_destination(name: Name) -> dict[str, Any]:
        """Show a destination or a forward target: where it leads, what it wants, how it stands."""
        return views.target(find(name))

    @router.post(
        "/destinations/{name}/pause",
        response_model=models.Destination,
        responses=NOT_FOUND | WITH_BODY,
        **needs(Role.OPERATOR),
    )
    def pause_destination(request: Request, name: Name, asked: models.Pause) -> dict[str, Any]:
        """Attempt nothing there until it is resumed. What is for it waits, and is not given up."""
        find(name)
        with management.audit.doing(actor_of(request), "destination.pause", name, reason=asked.reason):
            outbox.pause(name, asked.reason)
        return views.target(find(name))

    @router.post(
        "/destinations/{name}/resume", response_model=models.Destination, responses=NOT_FOUND, **needs(Role.OPERATOR)
    )
    def resume_destination(request: Request, name: Name) -> dict[str, Any]:
        """Deliver again, beginning at once with whatever waits, oldest first."""
        find(name)
        with management.audit.doing(actor_of(request), "destination.resume", name):
            outbox.resume(name)
        return views.target(find(name))

    @router.post(
        "/destinations/{name}/test",
        response_model=models.Tested,
        responses=NOT_FOUND | CONFLICT,
        **needs(Role.OPERATOR),
    )
    async def test_destination(request: Request, name: Name) -> dict[str, Any]:
        """Send a test notice, now, past the queue: type `partnerhook.test`."""
        if name not in {one.name for one in await asyncio.to_thread(management.targets)}:
            raise not_found(f"destination {name!r} in the configuration")
        try:
            async with management.audit.doing_async(actor_of(request), "destination.test", name):
                return management_views.tried(name, await management.try_destination(name))
        except ConfigurationInvalid as problem:
            raise Refusal(409, str(problem)) from None

    def find(name: str) -> Configured:
        for one in management.targets():
            if one.name == name:
                return one
        raise not_found(f"destination {name!r} in the configuration")

    return router
