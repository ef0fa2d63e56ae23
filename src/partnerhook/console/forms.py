"""Forms: bounded, of this console, of this session, by somebody who may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from partnerhook.console.visitors import Visitor
from partnerhook.core.access import Role

FORM_BYTES_MAX: Final = 20_000

Form = Mapping[str, str]


async def read_form(request: Request, role: Role) -> Form:
    """The fields of a form that somebody may send who has `role`. Raises HTTPException.

    The attack is cross-site request forgery: a page anywhere can have the browser of somebody who is signed in here
    send a form. It does not know the session's token, and browsers say where a form comes from.
    """
    visitor = visitor_of(request)
    if not visitor.actor.role.may(role):
        raise HTTPException(403, f"This needs the role {role}; you have {visitor.actor.role}.")
    form = await read_fields(request)
    if not visitor.sent(form.get("csrf", "")):
        raise HTTPException(403, "This form is of another session. Go back, reload the page and send it again.")
    return form


async def read_fields(request: Request) -> Form:
    """The fields of a form of this console. Raises HTTPException."""
    if not _from_here(request):
        raise HTTPException(403, "This form was sent by another site.")
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > FORM_BYTES_MAX:
            raise HTTPException(413, "The form is too long.")
    fields = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: value.replace("\0", "") for name, value in fields}  # as `word_asked` has it


def visitor_of(request: Request) -> Visitor:
    """Who sends it."""
    visitor: Visitor = request.state.visitor
    return visitor


def _from_here(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    # Without its scheme: a proxy may have taken TLS off.
    return origin is None or origin.partition("://")[2] == request.headers.get("host", "")
