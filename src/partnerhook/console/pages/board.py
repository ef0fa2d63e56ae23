"""The board: all solutions by state, those first that have waited longest."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console import lists
from partnerhook.console.frame import Frame
from partnerhook.console.pages import first_steps
from partnerhook.core.names import UNKNOWN
from partnerhook.services.aside import aside
from partnerhook.services.query import BoardColumn

CARDS: Final = 12
"""In a column: what can be taken in at a glance. The list has the rest."""


def routes(frame: Frame) -> list[Route]:
    """GET /."""

    async def show(request: Request) -> Response:
        wanted = lists.read(request.query_params)._replace(state=None)
        columns = await aside(frame.management.queries.board, CARDS, wanted.filter)
        context = {
            "columns": [one for one in columns if one.count or one.state is not UNKNOWN],
            "total": _total(columns),
            "wanted": wanted,
            "apps": [one.name for one in frame.management.apps()],
        }
        if not context["total"] and not wanted.narrowed:
            context["steps"] = await first_steps.steps(frame.management)
        return frame.page(request, "board.html", context)

    return [Route("/", show, methods=["GET"])]


def _total(columns: list[BoardColumn]) -> int:
    return sum(one.count for one in columns)
