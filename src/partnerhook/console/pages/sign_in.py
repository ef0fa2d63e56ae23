"""Signing in with a link, once; signing out, everywhere too."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import read_fields, read_form, visitor_of
from partnerhook.console.frame import Frame
from partnerhook.console.visitors import SIGN_IN, Doors, set_cookie
from partnerhook.core.access import Actor, Role
from partnerhook.core.errors import PartnerhookError
from partnerhook.services.access import NewSession


class UsedUp(PartnerhookError):
    """Two came with one link at the same time."""


def routes(frame: Frame, doors: Doors) -> list[Route]:
    """GET and POST /sign-in, POST /sign-out."""
    access, audit = frame.management.access, frame.management.audit

    async def show(request: Request) -> Response:
        return frame.page(request, "sign_in.html", {"link": None, "token": ""})

    async def show_link(request: Request) -> Response:
        # Looking uses nothing up: programs that preview links look at every one that they see.
        token = request.path_params["token"]
        link = await asyncio.to_thread(access.link, token)
        status = 200 if link else 410
        return frame.page(request, "sign_in.html", {"link": link, "token": token}, status)

    def use(token: str, address: str) -> NewSession | None:
        link = access.link(token)
        if link is None:
            return None
        with suppress(UsedUp), audit.doing(Actor(link.who, link.role, "link", address), "session.begin", link.who):
            made = access.sign_in(token)
            if made is None:
                raise UsedUp("the link was used a moment before")
            return made
        return None

    async def enter(request: Request) -> Response:
        await read_fields(request)
        made = await asyncio.to_thread(use, request.path_params["token"], request.client.host if request.client else "")
        if made is None:
            return await show_link(request)
        answer = frame.lead_to("/")
        answer.headers["set-cookie"] = set_cookie(request.headers, made.token, secure=doors.secure)
        return answer

    async def leave(request: Request) -> Response:
        form = await read_form(request, Role.VIEWER)
        visitor = visitor_of(request)
        everywhere = form.get("where") == "everywhere"

        def work() -> None:
            with audit.doing(visitor.actor, "session.end", visitor.actor.who, everywhere=everywhere):
                if everywhere:
                    access.sign_out_everywhere(visitor.actor.who)
                else:
                    access.sign_out(visitor.token)

        await asyncio.to_thread(work)
        return frame.lead_to(SIGN_IN)

    return [
        Route(SIGN_IN, show, methods=["GET"]),
        Route(f"{SIGN_IN}/{{token}}", show_link, methods=["GET"]),
        Route(f"{SIGN_IN}/{{token}}", enter, methods=["POST"]),
        Route("/sign-out", leave, methods=["POST"]),
    ]
