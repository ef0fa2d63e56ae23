"""The live stream: notices as they are told, as server-sent events.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html (read 2026-11-25).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from starlette.responses import Response, StreamingResponse

from partnerhook.api.keys import key_shown, needs
from partnerhook.api.parameters import (
    DIGITS,
    NUMBER_MAX,
    OnlyApp,
    OnlySolution,
    Since,
    Types,
    microseconds,
)
from partnerhook.api.problems import Refusal
from partnerhook.api.routes.notices import kinds_of
from partnerhook.api.routes.router import new_router
from partnerhook.core.access import Role
from partnerhook.core.errors import StoreUnavailable
from partnerhook.core.notice_documents import AnyNotice, document
from partnerhook.services.management import Management
from partnerhook.services.outbox import NoticeFilter

EVENT_STREAM: Final = "text/event-stream"

IDLE_S: Final = 15.0
"""A line is sent at least so often: proxies end what is silent for long."""

AT_ONCE: Final = 200
"""Notices read in one look. Who is far behind gets them look by look, and holds nothing else up."""

STREAMS_MAX: Final = 50
"""Half of the listener's connections: probes, scrapers and people need the rest."""

LastEventId = Annotated[
    str | None, Header(pattern=DIGITS, description="Go on behind this notice: the `id:` seen last.")
]


def routes(management: Management) -> APIRouter:
    """GET /stream."""
    router = new_router("stream")
    streams: set[object] = set()

    @router.get(
        "/stream",
        response_class=StreamingResponse,
        responses={200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}},
        **needs(Role.VIEWER),
    )
    async def follow_notices(
        request: Request,
        *,
        types: Types = None,
        app: OnlyApp = None,
        solution_id: OnlySolution = None,
        since: Since = None,
        last_event_id: LastEventId = None,
    ) -> Response:
        """Follow what is told, live: an event for each notice, `data:` its CloudEvents document, `id:` its number.

        It begins behind `Last-Event-ID`; without that, with what was told at `since` or later; without either, with
        what is new. An `id:` alone tells where a stream stands, so that nothing is lost between two of them, whatever
        the filters let through. Comments keep it open. It ends when the server stops or the key is revoked.
        """
        if len(streams) >= STREAMS_MAX:
            raise Refusal(503, f"There are {STREAMS_MAX} streams already.", {"Retry-After": "10"})
        wanted = NoticeFilter(app=app, solution_id=solution_id, kinds=kinds_of(types), since=microseconds(since))
        if last_event_id is not None:
            behind = min(int(last_event_id), NUMBER_MAX)
        else:
            behind = 0 if since is not None else await asyncio.to_thread(management.outbox.newest_notice)

        async def still_good() -> bool:
            return await asyncio.to_thread(management.access.key, key_shown(request)) is not None

        events = _counted(_Follower(management, wanted, behind, still_good).events(), streams)
        return StreamingResponse(events, media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})

    return router


async def _counted(events: AsyncIterator[str], streams: set[object]) -> AsyncIterator[str]:
    me = object()
    streams.add(me)
    try:
        async for event in events:
            yield event
    finally:
        streams.discard(me)


class _Follower:
    """One stream: where it stands, and what it has to send."""

    def __init__(
        self, management: Management, wanted: NoticeFilter, behind: int, still_good: Callable[[], Awaitable[bool]]
    ) -> None:
        self._live = management.live
        self._outbox = management.outbox
        self._wanted = wanted
        self._behind = behind
        self._still_good = still_good

    async def events(self) -> AsyncIterator[str]:
        """Until the server stops, or whoever listens may no more."""
        yield f": notices as they are told\nid: {self._behind}\n\n"
        try:
            async for pulse in self._live.pulses(idle_s=IDLE_S):
                if not await self._still_good():
                    return
                told = self._behind
                while found := await asyncio.to_thread(self._next):
                    for number, notice in found:
                        self._behind = number
                        yield _event(number, notice)
                    # Who is far behind is so for long.
                    if self._live.ended or not await self._still_good():
                        return
                # Up to here all has been looked at, whatever the filters let through.
                self._behind = max(self._behind, pulse.notice_id)
                yield f"id: {self._behind}\n\n" if self._behind != told else ": still here\n\n"
        except StoreUnavailable:
            return  # it is asked for again behind what was seen last

    def _next(self) -> list[tuple[int, AnyNotice]]:
        return list(islice(self._outbox.notices(self._wanted, after_id=self._behind), AT_ONCE))


def _event(number: int, notice: AnyNotice) -> str:
    written: Any = document(notice)
    return f"id: {number}\nevent: notice\ndata: {json.dumps(written)}\n\n"
