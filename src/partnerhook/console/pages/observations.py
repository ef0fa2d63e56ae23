"""The log of observations: everything that was heard, newest first."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.frame import Frame
from partnerhook.console.requests import here, number_asked, word_asked
from partnerhook.services.aside import aside
from partnerhook.services.query import ObservationFilter

ROWS: Final = 50


def routes(frame: Frame) -> list[Route]:
    """GET /observations."""

    async def show(request: Request) -> Response:
        wanted = ObservationFilter(app=word_asked(request, "app"), solution_id=word_asked(request, "solution"))
        before = number_asked(request, "before")
        look = frame.management.queries.observations_page
        found = await aside(look, wanted, before_id=before, limit=ROWS + 1)
        rows = found[:ROWS]
        context = {
            "observations": rows,
            "wanted": wanted,
            "apps": [one.name for one in frame.management.apps()],
            "older": here(request, before=rows[-1][0]) if len(found) > ROWS else "",
            "newest": here(request, before=None) if before else "",
        }
        return frame.page(request, "observations.html", context)

    return [Route("/observations", show, methods=["GET"])]
