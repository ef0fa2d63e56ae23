"""The box as one ASGI application: the page at /, /_control, and the Graph API everywhere else."""

from __future__ import annotations

import re
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from partnerhook.emulator.box import Box
from partnerhook.emulator.control import Control
from partnerhook.emulator.graph.face import GraphFace
from partnerhook.emulator.page.page import Page

VERSION: Final = re.compile(r"/(v[0-9]{1,3}\.[0-9]{1,2})(?=/|$)")
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def emulator(box: Box) -> ASGIApp:
    """The application for a box."""
    graph = GraphFace(box)
    routes = [
        *Page(box).routes(),
        Mount("/_control", routes=Control(box).routes()),
        Route("/{node}", graph.answer, methods=METHODS),
        Route("/{node}/{edge:path}", graph.answer, methods=METHODS),
    ]
    return _VersionOptional(Starlette(routes=routes))


class _VersionOptional:
    """Takes /v25.0 off the path: Graph paths work with a version and without."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (found := VERSION.match(scope["path"])):
            scope = {**scope, "path": scope["path"][found.end() :] or "/", "graph_version": found[1]}
        await self._app(scope, receive, send)
