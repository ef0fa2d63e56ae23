"""Whether all is right."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter

from partnerhook.api.keys import needs
from partnerhook.api.models import running as models
from partnerhook.api.routes.router import new_router
from partnerhook.core.access import Role
from partnerhook.core.timeline import clock
from partnerhook.services.health import Look
from partnerhook.services.management import Management

PATIENCE_S: Final = 20.0
"""With the doctor, who asks Meta and goes once round through the public URL."""


def routes(management: Management) -> APIRouter:
    """GET and POST /doctor."""
    router = new_router("running")

    @router.get("/doctor", response_model=models.Looked, **needs(Role.VIEWER))
    async def show_findings() -> dict[str, Any]:
        """Show what the doctor found last; where that is old it looks again, for whoever asks next."""
        return looked(management.health.look())

    @router.post("/doctor", response_model=models.Looked, **needs(Role.OPERATOR))
    async def examine() -> dict[str, Any]:
        """Look at everything that has to be right for webhooks to arrive, to be believed and to be kept.

        A test event goes round through the public URL, and Meta is asked about each app. Several who ask at the same
        time get what one look finds.
        """
        return looked(await management.health.look_at_everything(patience_s=PATIENCE_S))

    def looked(look: Look) -> dict[str, Any]:
        return {
            "looked_at": None if look.at is None else clock(int(look.at)),
            "under_way": look.under_way,
            "findings": [one._asdict() for one in look.findings],
        }

    return router
