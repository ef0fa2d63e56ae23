"""POSTs for a forward target, loaded just before they are passed on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from partnerhook.core.delivery import Answer
from partnerhook.services.deliver import Load, Parcel
from partnerhook.services.patience import transaction
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

    def find(conn: Connection, ids: Sequence[int]) -> dict[int, Post]:
        return {number: Post(body, headers) for number, body, headers in receipts.bodies(conn, ids)}

    async def load(claimed: Sequence[Claimed]) -> dict[int, Parcel]:
        wanted = {one.id: one.receipt_id for one in claimed if one.receipt_id is not None}
        found = await transaction(engine, partial(find, ids=list(wanted.values())), writes=False)
        return {key: PostParcel(forward, found[receipt]) for key, receipt in wanted.items() if receipt in found}

    return load
