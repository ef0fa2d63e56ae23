"""Who looks at the console: somebody with a session, somebody a proxy vouches for, or somebody on this machine."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from partnerhook.core.access import Actor, Role, digest
from partnerhook.core.errors import PartnerhookError
from partnerhook.services.access import Access, Session
from partnerhook.services.aside import aside

COOKIE: Final = "partnerhook"
SIGN_IN: Final = "/sign-in"
OPEN: Final = (SIGN_IN, "/static/")
"""What is there for everybody."""

FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""With one of these a request comes through a proxy, and from anywhere."""

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """How people get in."""

    secure: bool
    """Cookies are for https alone."""
    open_on_loopback: bool
    proxies: tuple[IPv4Network | IPv6Network, ...]
    user_header: str | None
    proxy_role: Role


class Visitor(NamedTuple):
    """Who looks."""

    actor: Actor
    token: str
    """Of the session: the cookie's value."""

    @property
    def csrf(self) -> str:
        """What every form of this session carries: another site cannot know it."""
        return digest(f"csrf {self.token}")

    def sent(self, csrf: str) -> bool:
        """Whether a form with this value is one of ours."""
        return hmac.compare_digest(csrf.encode(), self.csrf.encode())

    def may(self, role: str) -> bool:
        """Whether the role is enough where `role` is needed."""
        return self.actor.role.may(Role(role))


class Visitors:
    """Around all pages: finds out who asks, and leads whoever is nobody to the sign-in page."""

    def __init__(self, app: ASGIApp, access: Access, doors: Doors) -> None:
        self._app = app
        self._access = access
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        try:
            visitor, fresh = await aside(self._visitor, scope, headers)
        except PartnerhookError as problem:
            await PlainTextResponse(f"{problem}\n", 503, {"Retry-After": "1"})(scope, receive, send)
            return
        if visitor is None and not scope["path"].startswith(OPEN):
            await _turned_away(scope, headers)(scope, receive, send)
            return
        scope.setdefault("state", {})["visitor"] = visitor
        await self._app(scope, receive, self._with_cookie(send, headers, visitor) if visitor and fresh else send)

    def _visitor(self, scope: Scope, headers: Headers) -> tuple[Visitor | None, bool]:
        """Who asks, and whether the session is a new one."""
        address = scope["client"][0] if scope.get("client") else ""
        token = cookie_of(headers)
        session = self._access.session(token) if token else None
        vouched = self._vouched(address, headers)
        if vouched is not None:
            who, role, via = vouched
            if session is None or (session.who, session.role, session.via) != vouched:
                # Forms need a session to tell ours from others', whoever vouches.
                made = self._access.let_in(who, role, via)
                return Visitor(Actor(who, role, via, address), made.token), True
        elif session is not None and session.via != "session":
            session = None  # nobody vouches any more
        if session is None:
            return None, False
        return Visitor(_actor(session, address), token), False

    def _vouched(self, address: str, headers: Headers) -> tuple[str, Role, str] | None:
        """Who it is by somebody else's word: (who, role, via)."""
        doors = self._doors
        if doors.user_header and _is_in(address, doors.proxies):
            # The attack is a header of the visitor's own beside which the proxy puts its: which is whose is not said.
            told = headers.getlist(doors.user_header)
            who = told[0].strip() if len(told) == 1 else ""
            return (who[:200], doors.proxy_role, "proxy") if who else None
        if not doors.open_on_loopback or any(name in headers for name in FORWARDED):
            return None
        # The attack is DNS rebinding: a page of the web has its own name lead to this machine. Its requests carry
        # that name.
        if _is_loopback(address) and _host_of(headers) in LOOPBACK_NAMES:
            return "this machine", Role.ADMIN, "loopback"
        return None

    def _with_cookie(self, send: Send, headers: Headers, visitor: Visitor) -> Send:
        cookie = set_cookie(headers, visitor.token, secure=self._doors.secure)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"set-cookie", cookie.encode())]}
            await send(message)

        return sent


def set_cookie(headers: Headers, token: str, *, secure: bool) -> str:
    """The header's value. Lax: a link in an e-mail leads to a page, and no form of another site is ours."""
    return f"{_cookie_name(headers)}={token}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"


def cookie_of(headers: Headers) -> str:
    """The session's token; empty where there is none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(_cookie_name(headers))
    except CookieError:
        return ""
    return found.value if found else ""


def _cookie_name(headers: Headers) -> str:
    """Browsers keep cookies by host, whatever the port: both parties on one machine must not sign each other out."""
    port = headers.get("host", "").rpartition(":")[2]
    return f"{COOKIE}-{port}" if port.isascii() and port.isdigit() else COOKIE


def _host_of(headers: Headers) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""  # "[", and whatever else names no host


def _turned_away(scope: Scope, headers: Headers) -> ASGIApp:
    if scope["method"] in {"GET", "HEAD"} and "text/html" in headers.get("accept", ""):
        return RedirectResponse(SIGN_IN, 303)
    return PlainTextResponse("Sign in first.\n", 401)


def _actor(session: Session, address: str) -> Actor:
    return Actor(session.who, session.role, session.via, address)


def _is_in(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in networks)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
