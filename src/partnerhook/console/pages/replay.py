"""Deliver notices of the past once more: what that would be is shown before anybody agrees."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import read_form, visitor_of
from partnerhook.console.frame import Frame
from partnerhook.console.page_words import counted
from partnerhook.console.requests import word_asked
from partnerhook.core.access import Role
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.health import TYPE_PREFIX, HealthKind
from partnerhook.core.notices import NoticeKind
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.aside import aside
from partnerhook.services.outbox import NoticeFilter
from partnerhook.services.replay import NOTICES_MAX, Preview

PLACE: Final = "/deliveries/replay"
FIELDS: Final = ("since", "until", "type", "solution", "destination")
KINDS: Final = ("solution.*", "health.*", *NoticeKind, *HealthKind)


def routes(frame: Frame) -> list[Route]:
    """GET and POST /deliveries/replay."""
    replays = frame.management.replays

    async def show(request: Request) -> Response:
        given = {name: word_asked(request, name) or "" for name in FIELDS}
        preview: Preview | None = None
        problem = ""
        up_to = 0
        if request.query_params.get("look"):
            try:
                up_to = await aside(frame.management.outbox.newest_notice)
                preview = await asyncio.to_thread(replays.preview, _wanted(given), _destinations(given))
            except (PartnerhookError, ValueError) as error:
                problem = str(error)
        context = {
            "given": given,
            "preview": preview,
            "problem": problem,
            "up_to": up_to,
            "most": NOTICES_MAX,
            "kinds": KINDS,
            "destinations": replays.destinations(),
        }
        return frame.page(request, "replay.html", context, 422 if problem else 200)

    async def do(request: Request) -> Response:
        form = await read_form(request, Role.OPERATOR)
        given = {name: form.get(name, "") for name in FIELDS}
        up_to = form.get("up_to", "")
        if not (up_to.isascii() and up_to.isdigit()):
            return frame.lead_to(PLACE, "Look first at what it would be.", good=False)

        def work() -> int:
            told = {name: value for name, value in given.items() if value}
            to = given["destination"] or "all destinations"
            with frame.management.audit.doing(visitor_of(request).actor, "notice.replay", to, **told):
                return replays.replay(_wanted(given), _destinations(given), up_to=int(up_to))

        try:
            count = await asyncio.to_thread(work)
        except (PartnerhookError, ValueError) as error:
            return frame.lead_to(PLACE, str(error), good=False)
        return frame.lead_to("/deliveries", f"On their way: {counted(count, 'delivery')} of notices of the past.")

    return [Route(PLACE, show, methods=["GET"]), Route(PLACE, do, methods=["POST"])]


def _wanted(given: Mapping[str, str]) -> NoticeFilter:
    """Raises ValueError, whose words are for people."""
    kind = given["type"].removeprefix(TYPE_PREFIX)
    return NoticeFilter(
        solution_id=given["solution"] or None,
        kinds=(kind,) if kind else None,
        since=_moment(given["since"]),
        until=_moment(given["until"]),
    )


def _destinations(given: Mapping[str, str]) -> tuple[str, ...]:
    return (given["destination"],) if given["destination"] else ()


def _moment(text: str) -> int | None:
    """A time as browsers send it from such a field, taken as UTC: they do not say in which zone."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time such as 2026-06-17T12:00.") from None
    return int(at.replace(tzinfo=at.tzinfo or UTC).timestamp()) * MICROSECONDS
