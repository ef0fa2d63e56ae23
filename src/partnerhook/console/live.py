"""Tells open pages that there is something new: they fetch themselves again. One look for all pages that are open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from partnerhook.core.errors import StoreUnavailable
from partnerhook.services.live import Live

EVENT_STREAM: Final = "text/event-stream"

IDLE_S: Final = 15.0
"""A line is sent at least so often: proxies end what is silent for long."""


def routes(live: Live) -> list[Route]:
    """GET /live."""

    async def stream(request: Request) -> Response:
        headers = {"X-Accel-Buffering": "no"}
        if request.method == "HEAD":  # without a body there is nothing that would ever end
            return Response(media_type=EVENT_STREAM, headers=headers)
        return StreamingResponse(_pulses(live), media_type=EVENT_STREAM, headers=headers)

    return [Route("/live", stream, methods=["GET"])]


async def _pulses(live: Live) -> AsyncIterator[str]:
    try:
        async for pulse in live.pulses(idle_s=IDLE_S):
            *how_far, spread_s = pulse
            yield f"data: {' '.join(map(str, how_far))} {spread_s:.1f}\n\n"
    except StoreUnavailable:
        return  # the browser asks again by itself
