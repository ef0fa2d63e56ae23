"""The console: all pages, behind the question who asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from partnerhook.console import live
from partnerhook.console.frame import Frame
from partnerhook.console.pages import (
    account,
    audit,
    board,
    deliveries,
    first_steps,
    inbox,
    observations,
    overview,
    quarantine,
    receipts,
    reference,
    replay,
    sign_in,
    solution,
    solution_acts,
    solutions,
    solutions_file,
    targets,
)
from partnerhook.console.visitors import Doors, Visitors
from partnerhook.core.errors import PartnerhookError
from partnerhook.services.management import Management


def create_console(management: Management, doors: Doors, openapi: Callable[[], dict[str, Any]]) -> ASGIApp:
    """The application. `openapi`: the API's document, for its reference."""
    frame = Frame(management)

    async def problem(request: Request, error: Exception) -> Response:
        status, text = _said(error)
        return frame.page(request, "problem.html", {"text": text, "status": status}, status)

    pages = Starlette(
        routes=[
            Route("/static/{name}", frame.file, methods=["GET"]),
            *live.routes(management.live),
            *sign_in.routes(frame, doors),
            *board.routes(frame),
            *solutions.routes(frame),
            *solution.routes(frame),
            *solution_acts.routes(frame),
            *first_steps.routes(frame),
            *inbox.routes(frame),
            *observations.routes(frame),
            *overview.routes(frame),
            *replay.routes(frame),
            *targets.routes(frame),
            *deliveries.routes(frame),
            *receipts.routes(frame),
            *quarantine.routes(frame),
            *account.routes(frame),
            *audit.routes(frame),
            *solutions_file.routes(frame),
            *reference.routes(frame, openapi),
        ],
        exception_handlers={HTTPException: problem, PartnerhookError: problem},
    )
    pages.router.redirect_slashes = False
    return Visitors(pages, management.access, doors)


def _said(error: Exception) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        return error.status_code, {404: "There is no such page."}.get(error.status_code, error.detail)
    status = error.http_status_hint if isinstance(error, PartnerhookError) else 500
    return max(status, 400), str(error)
