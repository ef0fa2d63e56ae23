"""Who I am and where I am signed in; for admins, who else is, and which keys there are."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import read_form, visitor_of
from partnerhook.console.frame import Frame
from partnerhook.console.page_words import counted
from partnerhook.core.access import Role, digest
from partnerhook.services.aside import aside


def routes(frame: Frame) -> list[Route]:
    """GET /account, POST /account/sign-out-somebody."""
    management = frame.management

    async def show(request: Request) -> Response:
        visitor = visitor_of(request)
        admin = visitor.may(Role.ADMIN)
        sessions = await aside(management.access.sessions)
        mine = [one for one in sessions if one.who == visitor.actor.who]
        context = {
            "mine": mine,
            "this": digest(visitor.token),
            "others": [one for one in sessions if one.who != visitor.actor.who] if admin else [],
            "keys": await aside(management.access.keys) if admin else [],
        }
        return frame.page(request, "account.html", context)

    async def sign_out_somebody(request: Request) -> Response:
        form = await read_form(request, Role.ADMIN)
        who = form.get("who", "")

        def work() -> int:
            with management.audit.doing(visitor_of(request).actor, "session.end", who):
                return management.access.sign_out_everywhere(who)

        count = await asyncio.to_thread(work)
        return frame.lead_to("/account", f"{who} is signed out: {counted(count, 'session')} ended.", good=bool(count))

    return [
        Route("/account", show, methods=["GET"]),
        Route("/account/sign-out-somebody", sign_out_somebody, methods=["POST"]),
    ]
