"""POSTs for a forward target, loaded just before they are passed on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from partnerhook.core.delivery import Answer
from partnerhook.services.deliver import Load, Parcel
from partnerhook.sinks.forward import Forward, Post
from partnerhook.store import receipts
from partnerhook.store.outbox import Claimed


class PostParcel(NamedTuple):
    """A POST for a forward target."""

    forward: Forward
    post: Post

    async def hand_over(self) -> Answer:
        """One attempt."""
        return await self.forward.deliver(self.post)


def load_posts(engine: Engine, forward: Forward) -> Load:
    """What loads POSTs for a forward target."""

    def find(ids: Sequence[int]) -> dict[int, Post]:
        with engine.connect() as conn, conn.begin():
            return {number: Post(body, headers) for number, body, headers in receipts.bodies(conn, ids)}

    async def load(claimed: Sequence[Claimed]) -> dict[int, Parcel]:
        wanted = {one.id: one.receipt_id for one in claimed if one.receipt_id is not None}
        found = await asyncio.to_thread(find, list(wanted.values()))
        return {key: PostParcel(forward, found[receipt]) for key, receipt in wanted.items() if receipt in found}

    return load
