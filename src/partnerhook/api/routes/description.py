"""The API's own description."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from fastapi import APIRouter

from partnerhook.api.keys import needs
from partnerhook.api.routes.router import new_router
from partnerhook.core.access import Role


def routes(openapi: Callable[[], dict[str, Any]]) -> APIRouter:
    """GET /openapi.json."""
    router = new_router("description")
    made = cache(openapi)

    @router.get("/openapi.json", **needs(Role.VIEWER))
    def show_openapi() -> dict[str, Any]:
        """Show this OpenAPI document."""
        return made()

    return router
