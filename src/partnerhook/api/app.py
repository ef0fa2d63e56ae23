"""The management API: /api/v1, described by its own OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from partnerhook import __version__
from partnerhook.api import problems
from partnerhook.api.routes import solutions
from partnerhook.services.management import Management

PREFIX: Final = "/api/v1"
BODY_BYTES_MAX: Final = 64 * 1024
"""The longest request is a list of ids."""

DESCRIPTION: Final = (
    "Everything that the commands can do, for scripts. Each request shows a key: `Authorization: Bearer ph_...`;"
    " `partnerhook keys create` makes one. `x-role` names the weakest role that may: viewer, operator, admin."
    " Errors are problem documents (RFC 9457). Times are UTC; ids are strings of digits, for they have 64 bits."
)


def create_api(management: Management) -> FastAPI:
    """The application, without the question for a key (`api/keys.py`)."""
    app = FastAPI(
        title="Partnerhook",
        version=__version__,
        summary="The true state of every WhatsApp Multi-Partner Solution.",
        description=DESCRIPTION,
        # Their pages load scripts from elsewhere; ours are served by the console.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        redirect_slashes=False,
        max_body_size=BODY_BYTES_MAX,
    )
    problems.add_handlers(app)
    for room in (solutions,):
        app.include_router(room.routes(management), prefix=PREFIX)
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= _schemas_of(problems.Problem)
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]
    return document


def _schemas_of(model: type[problems.Problem]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    parts: dict[str, Any] = schema.pop("$defs", {})
    return {model.__name__: schema, **parts}
