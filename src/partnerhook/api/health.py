"""Alive, ready, and the metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from partnerhook.core.errors import StoreUnavailable
from partnerhook.services.meters import Meters
from partnerhook.services.query import Queries, Totals

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]

TEXT: Final = b"text/plain; charset=utf-8"
PATIENCE_S: Final = 5.0
"""With the database; whoever asks here has little of it."""
EXPOSITION: Final = b"text/plain; version=0.0.4; charset=utf-8"


class Health:
    """`/healthz`, `/readyz`, `/metrics`. `probe` raises StoreUnavailable where nothing can be stored now."""

    def __init__(self, meters: Meters, queries: Queries, probe: Callable[[], Awaitable[None]]) -> None:
        self._meters = meters
        self._queries = queries
        self._probe = probe

    async def __call__(
        self, scope: Scope, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        routes = {"/healthz": self._alive, "/readyz": self._ready, "/metrics": self._metrics}
        route = routes.get(scope["path"])
        if route is None:
            status, kind, body = 404, TEXT, b"There is nothing here."
        elif scope["method"] not in ("GET", "HEAD"):
            status, kind, body = 405, TEXT, b"Use GET."
        else:
            status, kind, body = await route()
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        if status == 405:
            headers.append((b"allow", b"GET, HEAD"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _alive(self) -> tuple[int, bytes, bytes]:
        return 200, TEXT, b"ok"

    async def _ready(self) -> tuple[int, bytes, bytes]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._probe()
        except StoreUnavailable as problem:
            return 503, TEXT, str(problem).encode()
        except TimeoutError:
            return 503, TEXT, b"The database has not answered for some seconds."
        return 200, TEXT, b"ready"

    async def _metrics(self) -> tuple[int, bytes, bytes]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                totals = await asyncio.to_thread(self._queries.totals)
        except (StoreUnavailable, TimeoutError):
            totals = Totals()  # the other metrics matter most just then
        return 200, EXPOSITION, self._meters.exposition(totals)
