"""Whose requests are answered: those of our own page, and those of programs that are no browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request


def from_this_page(request: Request) -> bool:
    """Whether a form was sent by this page, or by something that says nothing of pages, such as curl.

    The attack is cross-site request forgery: a page anywhere on the web can make the browser of somebody
    who visits it POST to http://127.0.0.1:9090. It could set callbacks, and so let the emulator call
    addresses of that person's network. Browsers say where a form comes from, and pages cannot forge it.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    # Without its scheme: a proxy may have taken TLS off. `null`, a page without an origin, has no host.
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
