"""Who got what and what is still on its way: all targets, the newest deliveries, one delivery with its attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import read_form, visitor_of
from partnerhook.console.frame import Frame
from partnerhook.console.page_words import counted
from partnerhook.console.requests import here, must_be, number_asked, number_in_path, word_asked
from partnerhook.console.words import fate_name
from partnerhook.core.access import Role
from partnerhook.core.delivery import Fate
from partnerhook.services.aside import aside
from partnerhook.services.management import Management
from partnerhook.services.outbox import DeliveryFilter, Listed

ROWS: Final = 50
AT_ONCE_MAX: Final = 5_000
"""Tried again with one click; the rest with another one, or by command."""


def routes(frame: Frame) -> list[Route]:
    """GET /deliveries, and what is done with one or with all dead ones of a target."""
    pages = _Deliveries(frame)
    return [
        Route("/deliveries", pages.list, methods=["GET"]),
        Route("/deliveries/retry", pages.ask_retry_all, methods=["GET"]),
        Route("/deliveries/retry", pages.retry_all, methods=["POST"]),
        Route("/deliveries/{id}", pages.show, methods=["GET"]),
        Route("/deliveries/{id}/retry", pages.retry, methods=["POST"]),
        Route("/deliveries/{id}/discard", pages.ask_discard, methods=["GET"]),
        Route("/deliveries/{id}/discard", pages.discard, methods=["POST"]),
    ]


def wanted_in(request: Request) -> DeliveryFilter:
    """Which deliveries the query asks for."""
    fate = request.query_params.get("fate", "")
    return DeliveryFilter(
        target=word_asked(request, "target"),
        fate=Fate(fate) if fate in set(Fate) else None,
        solution_id=word_asked(request, "solution"),
    )


class _Deliveries:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._management: Management = frame.management

    async def list(self, request: Request) -> Response:
        """All targets, and the newest deliveries that fit."""
        wanted = wanted_in(request)
        before = number_asked(request, "before")
        outbox = self._management.outbox
        targets, found = await asyncio.gather(
            aside(self._management.targets),
            aside(outbox.deliveries_page, wanted, before_id=before, limit=ROWS + 1),
        )
        rows = found[:ROWS]
        context = {
            "targets": targets,
            "deliveries": rows,
            "wanted": wanted,
            "fates": list(Fate),
            "older": here(request, before=rows[-1].id) if len(found) > ROWS else "",
            "newest": here(request, before=None) if before else "",
        }
        return self._frame.page(request, "deliveries.html", context)

    async def show(self, request: Request) -> Response:
        """One delivery."""
        found = await aside(self._management.outbox.delivery, number_in_path(request))
        if found is None:
            raise HTTPException(404, "There is no such delivery.")
        one, attempts, notice = found
        context = {"delivery": one, "attempts": attempts, "notice": notice}
        return self._frame.page(request, "delivery.html", context)

    async def retry(self, request: Request) -> Response:
        """Try it again."""
        await read_form(request, Role.OPERATOR)
        return await self._act(request, "retry", self._management.outbox.retry, "It is tried again now.")

    async def ask_discard(self, request: Request) -> Response:
        """Ask."""
        must_be(request, Role.ADMIN)
        one = await self._find(request)
        context = {
            "title": f"Give up delivery {one.id}?",
            "text": f"{one.target} does not get it. It stays in the list, and can be tried again.",
            "action": f"/deliveries/{one.id}/discard",
            "button": "Give it up",
            "stops": True,
            "fields": {},
            "back": f"/deliveries/{one.id}",
        }
        return self._frame.page(request, "ask.html", context)

    async def discard(self, request: Request) -> Response:
        """Give it up."""
        await read_form(request, Role.ADMIN)
        return await self._act(request, "discard", self._management.outbox.discard, "It is given up.")

    async def ask_retry_all(self, request: Request) -> Response:
        """Ask, with how many they are."""
        must_be(request, Role.OPERATOR)
        found = await aside(self._dead, word_asked(request, "target"))
        target = word_asked(request, "target")
        whose = f" for {target}" if target else ""
        context = {
            "title": f"Try {counted(len(found), 'delivery')}{whose} again?",
            "text": "All that were given up, from the first attempt on, oldest first."
            + (f" No more than {AT_ONCE_MAX:,} at once." if len(found) == AT_ONCE_MAX else ""),
            "action": "/deliveries/retry",
            "button": "Try them again",
            "stops": False,
            "fields": {"target": target} if target else {},
            "back": "/deliveries?fate=dead",
        }
        return self._frame.page(request, "ask.html", context)

    async def retry_all(self, request: Request) -> Response:
        """Try all again that were given up."""
        form = await read_form(request, Role.OPERATOR)
        target = form.get("target") or None

        def work() -> int:
            found = self._dead(target)
            with self._management.audit.doing(
                visitor_of(request).actor, "delivery.retry", target or "all targets", deliveries=len(found)
            ):
                return self._management.outbox.retry(found)

        count = await asyncio.to_thread(work)
        place = f"/deliveries/targets/{target}" if target else "/deliveries"
        return self._frame.lead_to(place, f"Tried again now: {counted(count, 'delivery')}.")

    def _dead(self, target: str | None) -> Sequence[Listed]:
        found = self._management.outbox.find(DeliveryFilter(target=target, fate=Fate.DEAD))
        return [*islice(found, AT_ONCE_MAX)]

    async def _find(self, request: Request) -> Listed:
        found = await aside(self._management.outbox.delivery, number_in_path(request))
        if found is None:
            raise HTTPException(404, "There is no such delivery.")
        return found[0]

    async def _act(self, request: Request, verb: str, change: Callable[[Sequence[Listed]], int], note: str) -> Response:
        one = await self._find(request)

        def work() -> int:
            with self._management.audit.doing(
                visitor_of(request).actor, f"delivery.{verb}", f"delivery {one.id}", target=one.target
            ):
                return change([one])

        if await asyncio.to_thread(work):
            return self._frame.lead_to(f"/deliveries/{one.id}", note)
        return self._frame.lead_to(
            f"/deliveries/{one.id}", f"It is {fate_name(one.fate)}: nothing was changed.", good=False
        )
