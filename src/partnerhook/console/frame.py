"""What every page is drawn in: templates, their filters, static files, and what a form led to, said once."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from importlib.resources import files
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from partnerhook.console import page_words, telling, words
from partnerhook.console.drawn import Drawn
from partnerhook.console.places import solution_path
from partnerhook.core.access import Role
from partnerhook.services.management import Management

KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

PLACES: Final = (
    ("/", "Board"),
    ("/inbox", "Inbox"),
    ("/deliveries", "Deliveries"),
    ("/overview", "Overview"),
)
"""What every page leads to."""

MORE_PLACES: Final = (
    ("/solutions", "Solutions as a list", Role.VIEWER),
    ("/observations", "Observations", Role.VIEWER),
    ("/receipts", "Receipts", Role.VIEWER),
    ("/quarantine", "Quarantine", Role.VIEWER),
    ("/audit", "Audit log", Role.ADMIN),
    ("/reference", "API reference", Role.VIEWER),
)
"""And what is looked for less often, each with who may see it."""

NOTES_KEPT: Final = 200


class Note(NamedTuple):
    """What a form led to."""

    text: str
    good: bool


class Frame:
    """Draws pages."""

    def __init__(self, management: Management) -> None:
        self.management = management
        self._templates = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= words.FILTERS | page_words.FILTERS
        self._templates.filters |= {"solution_path": lambda one: solution_path(one.app, one.solution_id)}
        self._templates.globals |= {"places": PLACES, "more_places": MORE_PLACES, "telling": telling}
        self._static = _read_static()
        self._templates.globals["static"] = {
            name: f"/static/{name}?{one.version}" for name, one in self._static.items()
        }
        # Kept here and not in the URL: a link from elsewhere must not put words into our mouth.
        self._notes: OrderedDict[str, Note] = OrderedDict()

    @staticmethod
    def now() -> int:
        """Unix seconds of our clock: what ages are counted from."""
        return int(time.time())

    def page(self, request: Request, template: str, context: Mapping[str, Any], status: int = 200) -> Response:
        """A page. `template` extends `frame.html`."""
        visitor = getattr(request.state, "visitor", None)
        draw = partial(
            self._templates.get_template(template).render,
            visitor=visitor,
            path=request.url.path,
            section=_section(request.url.path),
            now=self.now(),
            query=request.query_params,
            troubles=self.management.health.alarms() if visitor else (),
            note=self._notes.get(request.query_params.get("note", "")),
            **context,
        )
        return Drawn(draw, status)

    def lead_to(self, place: str, note: str = "", *, good: bool = True) -> Response:
        """After a form: to a page (303), so that reloading it repeats nothing, with something said there once."""
        if note:
            token = secrets.token_urlsafe(9)
            self._notes[token] = Note(note, good)
            if len(self._notes) > NOTES_KEPT:
                self._notes.popitem(last=False)
            path, hash_, fragment = place.partition("#")
            place = f"{path}{'&' if '?' in path else '?'}note={token}{hash_}{fragment}"
        return RedirectResponse(place, 303)

    async def file(self, request: Request) -> Response:
        """A style, script or picture. Pages name its version, which changes with it, so that browsers may keep it."""
        one = self._static.get(request.path_params["name"])
        if one is None:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        kept_s = 31_536_000 if request.url.query == one.version else 300
        return Response(one.content, media_type=one.kind, headers={"Cache-Control": f"public, max-age={kept_s}"})


def _section(path: str) -> str:
    """Which of the places a page belongs to."""
    first = f"/{path.split('/')[1]}"
    return "/" if first == "/solutions" and path != first else first


class _File(NamedTuple):
    content: bytes
    kind: str
    version: str


def _read_static() -> dict[str, _File]:
    found = {}
    for one in files(__package__).joinpath("static").iterdir():
        kind = KINDS.get(f".{one.name.rpartition('.')[2]}")
        if kind is not None:
            content = one.read_bytes()
            found[one.name] = _File(content, kind, hashlib.sha256(content).hexdigest()[:12])
    return found
