"""The pass-through: a POST as it came, byte for byte, with the headers that prove where it comes from."""

from __future__ import annotations

from typing import NamedTuple

from partnerhook.core import kept_headers
from partnerhook.core.delivery import Answer
from partnerhook.sinks.outbound import Outbound, answer_of


class Post(NamedTuple):
    """A POST as it came."""

    body: bytes
    headers: str
    """`name: value` lines, as `core/kept_headers` wrote them."""


class Forward:
    """One target of the pass-through."""

    def __init__(self, *, url: str, outbound: Outbound) -> None:
        self._url = url
        self._outbound = outbound

    async def deliver(self, post: Post) -> Answer:
        """POST it. The target verifies it with the same app secret as we did."""
        return answer_of(await self._outbound.post(self._url, post.body, kept_headers.read(post.headers)))

    async def close(self) -> None:
        """Let go of connections."""
        await self._outbound.close()
