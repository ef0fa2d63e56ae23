"""What every page is drawn in: templates, their filters, static files, and what a form led to, said once."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from importlib.resources import files
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from partnerhook.console import words
from partnerhook.console.drawn import Drawn
from partnerhook.services.management import Management

KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

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
        self._templates.filters |= words.FILTERS
        self._static = _read_static()
        self._templates.globals["static"] = {
            name: f"/static/{name}?{one.version}" for name, one in self._static.items()
        }
        # Kept here and not in the URL: a link from elsewhere must not put words into our mouth.
        self._notes: OrderedDict[str, Note] = OrderedDict()

    def page(self, request: Request, template: str, context: Mapping[str, Any], status: int = 200) -> Response:
        """A page. `template` extends `frame.html`."""
        visitor = getattr(request.state, "visitor", None)
        draw = partial(
            self._templates.get_template(template).render,
            visitor=visitor,
            path=request.url.path,
            query=request.query_params,
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
        """A style, script or picture. Its URL changes with its content, so that browsers may keep it."""
        one = self._static.get(request.path_params["name"])
        if one is None:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        return Response(one.content, media_type=one.kind, headers={"Cache-Control": "public, max-age=31536000"})


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
