"""A page that is drawn when it is sent, aside: meanwhile the event loop answers others."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from partnerhook.services.aside import aside


class Drawn(HTMLResponse):
    """What `draw` returns, as a page."""

    def __init__(self, draw: Callable[[], str], status: int) -> None:
        super().__init__(status_code=status)
        self._draw = draw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Draw it, and send it."""
        self.body = await aside(self._drawn)
        self.headers["content-length"] = str(len(self.body))
        await super().__call__(scope, receive, send)

    def _drawn(self) -> bytes:
        return self._draw().encode(self.charset)
