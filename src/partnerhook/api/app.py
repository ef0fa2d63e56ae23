"""The management API: /api/v1, described by its own OpenAPI document."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from partnerhook import __version__
from partnerhook.api import document, problems
from partnerhook.api.keys import BODY_BYTES_MAX
from partnerhook.api.routes import (
    actions,
    deliveries,
    description,
    destinations,
    doctor,
    log,
    notices,
    people,
    replay,
    running,
    solutions,
    stream,
)
from partnerhook.services.management import Management

ROOMS: Final = (solutions, actions, log, notices, replay, destinations, deliveries, doctor, running, people, stream)


def create_api(management: Management) -> FastAPI:
    """The application, without the question for a key (`api/keys.py`)."""
    app = FastAPI(
        title="Partnerhook",
        version=__version__,
        summary="The true state of every WhatsApp Multi-Partner Solution.",
        description=document.DESCRIPTION,
        # Their pages load scripts from elsewhere; ours are served by the console.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        redirect_slashes=False,
        max_body_size=BODY_BYTES_MAX,  # for what is sent in chunks; KeyRequired sees the length
        generate_unique_id_function=lambda route: route.name,
    )
    routers = [room.routes(management) for room in ROOMS]
    routers.append(description.routes(lambda: document.openapi(app)))
    for router in routers:
        app.include_router(router)
    problems.add_handlers(app, [route for router in routers for route in router.routes])
    return app
