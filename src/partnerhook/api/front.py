"""The management listener: which path leads where, and what every answer has in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Face = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH: Final = frozenset({"/healthz", "/readyz", "/metrics"})
METRICS: Final = "/metrics"
API: Final = "/api"

HEADERS: Final = {
    # Names and words come from whoever can propose a solution: should one ever get past the templates' escaping,
    # there is nothing that it could load, run, or send anywhere.
    b"content-security-policy": b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    b" connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    # Not `no-referrer`: browsers then send our own forms with `Origin: null`.
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
"""On every answer, whoever asks; an answer that has one of its own keeps it."""


class Probes:
    """Health and metrics, in the process that they are about.

    Each answer ends its connection: whoever goes on to ask for a page begins anew, and is led to where pages are.
    """

    def __init__(self, health: Face, *, metrics: Face) -> None:
        """`metrics`: what answers /metrics, which may be closed."""
        self._health = health
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            face = self._metrics if scope["path"] == METRICS else self._health
            await face(scope, receive, _with_headers(send, HEADERS | {b"connection": b"close"}))


class Front:
    """The API and the console, each made when somebody first asks for it; and health, on the same connection."""

    def __init__(self, health: Face, api: Callable[[], Face], console: Callable[[], Face]) -> None:
        self._health = health
        self._make = {API: api, "": console}
        self._made: dict[str, Face] = {}
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        face = await self._face(scope["path"])
        await face(scope, receive, _with_headers(send, HEADERS))

    async def _face(self, path: str) -> Face:
        if path in HEALTH:
            return self._health
        which = API if path == API or path.startswith(f"{API}/") else ""
        async with self._making:
            if which not in self._made:
                self._made[which] = await asyncio.to_thread(self._make[which])
        return self._made[which]


def _with_headers(send: Send, wanted: Mapping[bytes, bytes]) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            there = {name.lower() for name, _ in headers}
            message = {**message, "headers": [*headers, *[one for one in wanted.items() if one[0] not in there]]}
        await send(message)

    return sent
