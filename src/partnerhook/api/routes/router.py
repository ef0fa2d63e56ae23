"""What all routes have in common."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter

from partnerhook.api.keys import RoleRoute
from partnerhook.api.problems import MEDIA_TYPE, Problem

PREFIX: Final = "/api/v1"

_document: Final = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}


def _told(status: int, description: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": description, "content": _document}}


REFUSALS: Final = (
    _told(400, "The body cannot be read, or the cursor is none of this list's.")
    | _told(401, "No key, or a wrong or revoked one.")
    | _told(403, "The key's role is too weak.")
    | _told(422, "Some part of the request is wrong.")
    | _told(429, "Too many wrong keys from this address; `Retry-After` says when to try again.")
    | _told(503, "The database cannot be used now; `Retry-After` says when to try again.")
)
NOT_FOUND: Final = _told(404, "There is no such thing.")
CONFLICT: Final = _told(409, "It cannot be done as things stand.")
GONE: Final = _told(410, "The raw body was dropped or erased.")
WITH_BODY: Final = _told(413, "The body is too long.")
GRAPH: Final = _told(502, "The Graph API refused us; `detail` has Meta's words.")


def new_router(tag: str) -> APIRouter:
    """Routes of one kind of thing."""
    return APIRouter(prefix=PREFIX, tags=[tag], route_class=RoleRoute, responses=REFUSALS)
