"""Signing in with a link, once; signing out, everywhere too."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import read_fields, read_form, visitor_of
from partnerhook.console.frame import Frame
from partnerhook.console.visitors import SIGN_IN, Doors, set_cookie
from partnerhook.core.access import Role


def routes(frame: Frame, doors: Doors) -> list[Route]:
    """GET and POST /sign-in, POST /sign-out."""
    access = frame.management.access

    async def show(request: Request) -> Response:
        return frame.page(request, "sign_in.html", {"link": None, "token": "", "next": _safe(request)})

    async def show_link(request: Request) -> Response:
        # Looking uses nothing up: programs that preview links look at every one that they see.
        token = request.path_params["token"]
        link = await asyncio.to_thread(access.link, token)
        status = 200 if link else 410
        return frame.page(request, "sign_in.html", {"link": link, "token": token, "next": "/"}, status)

    async def enter(request: Request) -> Response:
        await read_fields(request)
        made = await asyncio.to_thread(access.sign_in, request.path_params["token"])
        if made is None:
            return await show_link(request)
        answer = frame.lead_to("/")
        answer.headers["set-cookie"] = set_cookie(request.headers, made.token, secure=doors.secure)
        return answer

    async def leave(request: Request) -> Response:
        form = await read_form(request, Role.VIEWER)
        visitor = visitor_of(request)
        if form.get("where") == "everywhere":
            await asyncio.to_thread(access.sign_out_everywhere, visitor.actor.who)
        else:
            await asyncio.to_thread(access.sign_out, visitor.token)
        return frame.lead_to(SIGN_IN)

    return [
        Route(SIGN_IN, show, methods=["GET"]),
        Route(f"{SIGN_IN}/{{token}}", show_link, methods=["GET"]),
        Route(f"{SIGN_IN}/{{token}}", enter, methods=["POST"]),
        Route("/sign-out", leave, methods=["POST"]),
    ]


def _safe(request: Request) -> str:
    """Where somebody wanted to go, if it is a place of ours."""
    wanted = request.query_params.get("next", "/")
    return wanted if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) else "/"
