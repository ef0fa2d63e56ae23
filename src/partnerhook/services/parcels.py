"""What is delivered, loaded just before it is: notices for a sink, POSTs for a forward target."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from partnerhook.core.delivery import Answer
from partnerhook.core.notice_documents import Notice, document
from partnerhook.services.deliver import Load, Parcel
from partnerhook.sinks.forward import Forward, Post
from partnerhook.sinks.sink import Message, Sink
from partnerhook.store import notices, receipts
from partnerhook.store.deliveries import Claimed


class NoticeParcel(NamedTuple):
    """A notice for a destination."""

    sink: Sink
    message: Message

    async def hand_over(self) -> Answer:
        """One attempt."""
        return await self.sink.deliver(self.message)


class PostParcel(NamedTuple):
    """A POST for a forward target."""

    forward: Forward
    post: Post

    async def hand_over(self) -> Answer:
        """One attempt."""
        return await self.forward.deliver(self.post)


def message_of(notice: Notice) -> Message:
    """A notice as sinks take it."""
    written = document(notice)
    return Message(notice.id, f"{notice.app}/{notice.solution_id}", written["type"], dict(written))


def load_notices(engine: Engine, sink: Sink) -> Load:
    """What loads notices for a sink."""

    def find(ids: Sequence[int]) -> dict[int, Notice]:
        with engine.connect() as conn, conn.begin():
            return notices.find(conn, ids)

    async def load(claimed: Sequence[Claimed]) -> dict[int, Parcel]:
        wanted = {one.id: one.notice_id for one in claimed if one.notice_id is not None}
        found = await asyncio.to_thread(find, list(wanted.values()))
        return {key: NoticeParcel(sink, message_of(found[notice])) for key, notice in wanted.items() if notice in found}

    return load


def load_posts(engine: Engine, forward: Forward) -> Load:
    """What loads POSTs for a forward target."""

    def find(ids: Sequence[int]) -> dict[int, Post]:
        with engine.connect() as conn, conn.begin():
            found = [receipts.find(conn, receipt_id) for receipt_id in ids]
        return {one.id: Post(one.body, one.headers) for one in found if one is not None and one.body is not None}

    async def load(claimed: Sequence[Claimed]) -> dict[int, Parcel]:
        wanted = {one.id: one.receipt_id for one in claimed if one.receipt_id is not None}
        found = await asyncio.to_thread(find, list(wanted.values()))
        return {key: PostParcel(forward, found[receipt]) for key, receipt in wanted.items() if receipt in found}

    return load
