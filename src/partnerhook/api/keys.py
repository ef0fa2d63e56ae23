"""Whose requests are answered. The key is asked for before anything else: before 404, before any validation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, Final

from fastapi import Request
from fastapi._compat import field_annotation_is_sequence
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from partnerhook.api import problems
from partnerhook.core.access import Actor, Role
from partnerhook.core.errors import PartnerhookError
from partnerhook.services.access import Access
from partnerhook.services.failed_tries import FailedTries

SCHEME: Final = b"bearer "
KEY_BYTES_MAX: Final = 200
BODY_BYTES_MAX: Final = 64 * 1024
"""The longest request is a list of ids."""
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
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            await problems.answer(413, f"A body may have {BODY_BYTES_MAX} bytes.")(scope, receive, send)
            return
        scope.setdefault("state", {})["actor"] = actor
        # The server leaves the body of the answer out. A stream would never end.
        if scope["method"] == "HEAD" and scope["path"] != problems.STREAM:
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)

    async def _actor(self, scope: Scope) -> Actor:
        if not any(name == b"authorization" for name, _ in scope["headers"]):
            raise _unauthorized("Show a key: `Authorization: Bearer ph_...`; `partnerhook keys create` makes one.")
        address = scope["client"][0] if scope.get("client") else ""
        shown = _shown(scope)
        key = await asyncio.to_thread(self._access.key, shown) if shown else None
        if key is not None:
            return Actor(key.name, key.role, f"key {key.id}", address)
        wait_s = self._failed.failed(address)
        if wait_s:
            raise problems.Refusal(429, "Too many wrong keys from this address.", {"Retry-After": str(wait_s)})
        raise _unauthorized("This key is wrong, or was revoked.")


def key_shown(request: Request) -> str:
    """The key that a request shows; empty where it shows none, or several things."""
    return _shown(request.scope)


def _shown(scope: Scope) -> str:
    shown = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(shown) != 1 or shown[0][: len(SCHEME)].lower() != SCHEME or len(shown[0]) > KEY_BYTES_MAX:
        return ""
    return str(shown[0][len(SCHEME) :].decode("latin-1").strip())


def _unauthorized(detail: str) -> problems.Refusal:
    return problems.Refusal(401, detail, {"WWW-Authenticate": 'Bearer realm="partnerhook"'})


def needs(role: Role) -> dict[str, Any]:
    """What a route is made with, to be answered for this role and those above it."""
    return {"openapi_extra": {ROLE: role.value}}


class RoleRoute(APIRoute):
    """A route that is refused (403) to weaker roles, before anything of the request is looked at.

    And then, where the query holds something that it does not know: a filter that is misspelt must not mean "all".
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The library's handler behind the question who asks."""
        needed = Role((self.openapi_extra or {})[ROLE])  # a route that names no role cannot be made
        handle = super().get_route_handler()
        known = {
            one.alias: field_annotation_is_sequence(one.field_info.annotation) for one in self.dependant.query_params
        }

        async def guarded(request: Request) -> Response:
            if not actor_of(request).role.may(needed):
                raise problems.Refusal(403, f"This needs the role {needed}; this key has {actor_of(request).role}.")
            wrong = list(_unknown(request.query_params, known))
            return problems.wrong_parts(wrong) if wrong else await handle(request)

        return guarded


def _unknown(query: QueryParams, known: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """What of a query means nothing, or two things. `known`: the parameters, and whether they may be repeated."""
    for name in query:
        if name not in known:
            yield f"query.{name}", f"There is no such parameter; there are: {', '.join(known) or 'none'}."
        elif not known[name] and len(query.getlist(name)) > 1:
            yield f"query.{name}", "It may be given once."


def actor_of(request: Request) -> Actor:
    """Who asks."""
    actor: Actor = request.state.actor
    return actor
