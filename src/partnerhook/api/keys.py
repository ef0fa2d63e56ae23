"""Whose requests are answered. The key is asked for before anything else: before 404, before any validation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from partnerhook.api import problems
from partnerhook.core.access import Actor, Role
from partnerhook.core.errors import PartnerhookError
from partnerhook.services.access import Access
from partnerhook.services.failed_tries import FailedTries

SCHEME: Final = b"bearer "
KEY_BYTES_MAX: Final = 200
ROLE: Final = "x-role"
"""Where a route says, in the OpenAPI document too, which role it needs."""


class KeyRequired:
    """Around the API: lets nobody in without a good key."""

    def __init__(self, app: ASGIApp, access: Access, failed: FailedTries) -> None:
        self._app = app
        self._access = access
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            actor = await self._actor(scope)
        except problems.Refusal as refusal:
            response = problems.answer(refusal.status, refusal.detail, refusal.headers)
            await response(scope, receive, send)
            return
        except PartnerhookError as problem:
            await problems.answer(503, str(problem), {"Retry-After": "1"})(scope, receive, send)
            return
        scope.setdefault("state", {})["actor"] = actor
        await self._app(scope, receive, send)

    async def _actor(self, scope: Scope) -> Actor:
        shown = [value for name, value in scope["headers"] if name == b"authorization"]
        if not shown:
            raise _unauthorized("Show a key: `Authorization: Bearer ph_...`; `partnerhook keys create` makes one.")
        address = scope["client"][0] if scope.get("client") else ""
        key = None
        if len(shown) == 1 and shown[0][: len(SCHEME)].lower() == SCHEME and len(shown[0]) <= KEY_BYTES_MAX:
            key = await asyncio.to_thread(self._access.key, shown[0][len(SCHEME) :].decode("latin-1").strip())
        if key is not None:
            return Actor(key.name, key.role, f"key {key.id}", address)
        wait_s = self._failed.failed(address)
        if wait_s:
            raise problems.Refusal(429, "Too many wrong keys from this address.", {"Retry-After": str(wait_s)})
        raise _unauthorized("This key is wrong, or was revoked.")


def _unauthorized(detail: str) -> problems.Refusal:
    return problems.Refusal(401, detail, {"WWW-Authenticate": 'Bearer realm="partnerhook"'})


def needs(role: Role) -> dict[str, Any]:
    """What a route is made with, to be answered for this role and those above it."""
    return {"openapi_extra": {ROLE: role.value}}


class RoleRoute(APIRoute):
    """A route that is refused (403) to weaker roles, before anything of the request is looked at."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The library's handler behind the question who asks."""
        needed = Role((self.openapi_extra or {})[ROLE])  # a route that names no role cannot be made
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            if not actor_of(request).role.may(needed):
                raise problems.Refusal(403, f"This needs the role {needed}; this key has {actor_of(request).role}.")
            return await handle(request)

        return guarded


def actor_of(request: Request) -> Actor:
    """Who asks."""
    actor: Actor = request.state.actor
    return actor
