"""The page and its forms over HTTP: GET shows, POST does and leads back (303), so that reloading repeats nothing."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from functools import cached_property
from importlib.resources import files
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from partnerhook.emulator.box import Box
from partnerhook.emulator.origin import from_this_page
from partnerhook.emulator.page import shown
from partnerhook.emulator.page.deeds import FIELDS, Deeds
from partnerhook.emulator.page.words import refusal
from partnerhook.emulator.refusals import Refusal, Refused

HEADERS: Final = {
    # Names of solutions come from anybody who reaches the port: should one ever get past the templates'
    # escaping, there is nothing that it could load, run, or send anywhere.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " form-action 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: browsers then send our own forms with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

STATIC: Final = {
    "tokens.css": "text/css",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}

FORM_BYTES_MAX: Final = 20_000
"""Room for a long URL; there is no longer field."""

NOTICES_KEPT: Final = 100


class Notice(NamedTuple):
    """What a form led to, said once where it was sent."""

    text: str
    place: str
    good: bool
    form: dict[str, str]
    """What was typed, so that what was refused can be mended."""


class Page:
    """The page of a box."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._deeds = Deeds(box)
        # Kept here and not in the URL: a link from elsewhere must not put words into our mouth.
        self._notices: OrderedDict[str, Notice] = OrderedDict()

    @cached_property
    def _template(self) -> Template:
        """Read when somebody looks: most tests start an emulator and never do."""
        templates = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        return templates.get_template("page.html")

    def routes(self) -> list[Route]:
        """The page, what it is drawn with, and its forms."""
        return [
            Route("/", self.show, methods=["GET"]),
            Route("/_page/{file}", self.draw_with, methods=["GET"]),
            Route("/_page/{deed}/{about}", self.do, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The whole page."""
        text = self._template.render(
            clock=shown.clock(self._box),
            parties=shown.parties(self._box),
            deliveries=shown.deliveries(self._box),
            fields=FIELDS,
            notice=self._notices.get(request.query_params.get("notice", "")),
            profile=self._box.rules.profile.value,
        )
        return Response(text, headers=HEADERS, media_type="text/html")

    async def draw_with(self, request: Request) -> Response:
        """The style and the script."""
        name = request.path_params["file"]
        if name not in STATIC:
            return PlainTextResponse("There is no such file.\n", 404, HEADERS)
        content = files(__package__).joinpath("static", name).read_bytes()
        return Response(content, headers=HEADERS, media_type=STATIC[name])

    async def do(self, request: Request) -> Response:
        """One form."""
        if not from_this_page(request):
            return PlainTextResponse("This form was sent by another page.\n", 403, HEADERS)
        kind, about = self._deeds.kinds.get(request.path_params["deed"]), request.path_params["about"]
        if kind is None:
            return PlainTextResponse("There is no such form.\n", 404, HEADERS)
        form: dict[str, str] = {}
        try:
            form = await _form(request)
            text, good = await kind.do(about, form), True
        except Refused as refused:
            text, good = refusal(refused, self._box.rules), False
        side = form.get("app", "")  # a solution stands in two columns
        place = kind.place.format(f"{about}-{side}" if side else about)
        return RedirectResponse(f"/{self._keep(Notice(text, place, good, form))}#{place}", 303, HEADERS)

    def _keep(self, notice: Notice) -> str:
        """The query by which the next page finds a notice."""
        if not notice.text:
            return ""
        token = secrets.token_urlsafe(9)
        self._notices[token] = notice
        if len(self._notices) > NOTICES_KEPT:
            self._notices.popitem(last=False)
        return f"?notice={token}"


async def _form(request: Request) -> dict[str, str]:
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > FORM_BYTES_MAX:
            raise Refused(Refusal.BAD_PARAMETER, "The form is too long")
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
