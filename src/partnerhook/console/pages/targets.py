"""One destination or forward target: how it stands, and to pause, resume or test it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import read_form, visitor_of
from partnerhook.console.frame import Frame
from partnerhook.core.access import Role
from partnerhook.core.delivery import Fate, Reply
from partnerhook.core.errors import PartnerhookError
from partnerhook.services.aside import aside
from partnerhook.services.outbox import DeliveryFilter
from partnerhook.services.targets import Configured

SHOWN: Final = 10
REASON_CHARS_MAX: Final = 200


def routes(frame: Frame) -> list[Route]:
    """GET /deliveries/targets/NAME, and POST to .../pause, .../resume, .../test."""
    pages = _Targets(frame)
    place = "/deliveries/targets/{name}"
    return [
        Route(place, pages.show, methods=["GET"]),
        Route(f"{place}/pause", pages.pause, methods=["POST"]),
        Route(f"{place}/resume", pages.resume, methods=["POST"]),
        Route(f"{place}/test", pages.test, methods=["POST"]),
    ]


class _Targets:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._management = frame.management

    async def show(self, request: Request) -> Response:
        """How it stands, with what was delivered last and what was given up last."""
        one = await self._find(request)
        outbox = self._management.outbox
        newest, dead = await asyncio.gather(
            *[
                aside(outbox.deliveries_page, DeliveryFilter(target=one.name, fate=fate), before_id=None, limit=SHOWN)
                for fate in (None, Fate.DEAD)
            ]
        )
        context = {"target": one, "newest": newest, "dead": dead}
        return self._frame.page(request, "target.html", context)

    async def pause(self, request: Request) -> Response:
        """Attempt nothing there until it is resumed."""
        form = await read_form(request, Role.OPERATOR)
        one = await self._find(request)
        reason = form.get("reason", "").strip()[:REASON_CHARS_MAX] or f"paused by {visitor_of(request).actor.who}"
        await self._do(request, one, "pause", lambda: self._management.outbox.pause(one.name, reason))
        return self._lead_back(one, f"{one.name} is paused. What is for it waits.")

    async def resume(self, request: Request) -> Response:
        """Attempt again, at once."""
        await read_form(request, Role.OPERATOR)
        one = await self._find(request)
        await self._do(request, one, "resume", lambda: self._management.outbox.resume(one.name))
        return self._lead_back(one, f"{one.name} is delivered to again, oldest first.")

    async def test(self, request: Request) -> Response:
        """Send it a test notice, past the queue."""
        await read_form(request, Role.OPERATOR)
        one = await self._find(request)
        try:
            async with self._management.audit.doing_async(visitor_of(request).actor, "destination.test", one.name):
                tried = await self._management.try_destination(one.name)
        except PartnerhookError as problem:
            return self._lead_back(one, str(problem), good=False)
        took = tried.answer.reply is Reply.TAKEN
        status = f" ({tried.answer.status})" if tried.answer.status else ""
        said = f" It said: {tried.answer.text}" if tried.answer.text else ""
        note = (
            f"{one.name} {'took' if took else 'did not take'} the test notice{status}, {tried.seconds * 1000:.0f} ms."
        )
        return self._lead_back(one, note + said, good=took)

    async def _find(self, request: Request) -> Configured:
        targets = await aside(self._management.targets)
        for one in targets:
            if one.name == request.path_params["name"]:
                return one
        raise HTTPException(404, "There is no such destination or forward target in the configuration.")

    async def _do(self, request: Request, one: Configured, verb: str, change: Callable[[], None]) -> None:
        def work() -> None:
            with self._management.audit.doing(visitor_of(request).actor, f"destination.{verb}", one.name):
                change()

        await asyncio.to_thread(work)

    def _lead_back(self, one: Configured, note: str, *, good: bool = True) -> Response:
        return self._frame.lead_to(f"/deliveries/targets/{one.name}", note, good=good)
