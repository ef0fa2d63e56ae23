"""The board: all solutions by state."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.frame import Frame
from partnerhook.services.query import SolutionFilter


def routes(frame: Frame) -> list[Route]:
    """GET /."""

    async def show(request: Request) -> Response:
        queries = frame.management.queries
        found = await asyncio.to_thread(queries.solutions_page, SolutionFilter(), after=None, limit=50)
        return frame.page(request, "board.html", {"solutions": found})

    return [Route("/", show, methods=["GET"])]
