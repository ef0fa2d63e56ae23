"""What a page was asked for: numbers in paths and filters, and links to the same page with other ones."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request

from partnerhook.console.forms import visitor_of
from partnerhook.console.visitors import Visitor
from partnerhook.core.access import Role

NUMBER_MAX: Final = 2**63 - 1
"""The largest that a database can be asked for."""
WORD_CHARS_MAX: Final = 200


def number_in_path(request: Request, name: str = "id") -> int:
    """A number of the path. Raises HTTPException: 404 where there can be nothing of it."""
    found = _number(request.path_params[name])
    if not found:
        raise HTTPException(404)
    return found


def number_asked(request: Request, name: str) -> int | None:
    """A number of the query; None where it is not given, or is none."""
    return _number(request.query_params.get(name, "")) or None


def word_asked(request: Request, name: str) -> str | None:
    """A word of the query; None where it is not given."""
    # PostgreSQL cannot be asked for a text with a zero in it, and nothing has one.
    return request.query_params.get(name, "").replace("\0", "").strip()[:WORD_CHARS_MAX] or None


def here(request: Request, **changes: str | int | None) -> str:
    """A link to this page with these parameters changed; None takes one away."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in {*changes, "note"}]
    query = urlencode([*kept, *((name, value) for name, value in changes.items() if value is not None)])
    return f"{request.url.path}?{query}" if query else request.url.path


def must_be(request: Request, role: Role) -> Visitor:
    """Who looks, if that is somebody with this role. Raises HTTPException."""
    visitor = visitor_of(request)
    if not visitor.actor.role.may(role):
        raise HTTPException(403, f"This needs the role {role}; you have {visitor.actor.role}.")
    return visitor


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(NUMBER_MAX))):
        return 0
    return int(text) if int(text) <= NUMBER_MAX else 0
