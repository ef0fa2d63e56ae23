"""What to do until the first webhook about a solution is there; the board shows it as long as there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.frame import Frame
from partnerhook.services.aside import aside
from partnerhook.services.first_steps import Step, first_steps
from partnerhook.services.management import Management


def routes(frame: Frame) -> list[Route]:
    """GET /first-steps."""

    async def show(request: Request) -> Response:
        return frame.page(request, "first_steps.html", {"steps": await steps(frame.management)})

    return [Route("/first-steps", show, methods=["GET"])]


async def steps(management: Management) -> Sequence[Step]:
    """Every step and how it stands; `first_run.html` shows them."""
    milestones, alarms = await asyncio.gather(aside(management.past.milestones), management.health.alarms_now())
    return first_steps(management.apps(), milestones, management.health.look().findings, alarms)
