"""A page that is drawn when it is sent, in a thread of its own: meanwhile the event loop answers Meta."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from partnerhook.services.brisk import brisk

_drawing: Final = ThreadPoolExecutor(1, thread_name_prefix="drawing")
"""One page at a time: two would only take the interpreter from each other, and from whoever answers Meta."""


class Drawn(HTMLResponse):
    """What `draw` returns, as a page."""

    def __init__(self, draw: Callable[[], str], status: int) -> None:
        super().__init__(status_code=status)
        self._draw = draw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Draw it, and send it."""
        self.body = await asyncio.get_running_loop().run_in_executor(_drawing, self._drawn)
        self.headers["content-length"] = str(len(self.body))
        await super().__call__(scope, receive, send)

    def _drawn(self) -> bytes:
        with brisk():
            return self._draw().encode(self.charset)
