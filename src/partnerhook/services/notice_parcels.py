"""Notices for a destination, loaded just before they are delivered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import Engine

from partnerhook.core.delivery import Answer
from partnerhook.core.notice_documents import AnyNotice, document
from partnerhook.services.deliver import Load, Parcel
from partnerhook.services.patience import transaction
from partnerhook.sinks.sink import Message, Sink
from partnerhook.store import notices
from partnerhook.store.outbox import Claimed


class NoticeParcel(NamedTuple):
    """A notice for a destination."""

    sink: Sink
    message: Message

    async def hand_over(self) -> Answer:
        """One attempt."""
        return await self.sink.deliver(self.message)


def message_of(notice: AnyNotice) -> Message:
    """A notice as sinks take it."""
    written = document(notice)
    return Message(notice.id, f"{notice.app}/{notice.solution_id}", written["type"], dict(written))


def load_notices(engine: Engine, sink: Sink) -> Load:
    """What loads notices for a sink."""

    async def load(claimed: Sequence[Claimed]) -> dict[int, Parcel]:
        wanted = {one.id: one.notice_id for one in claimed if one.notice_id is not None}
        found = await transaction(engine, partial(notices.find, ids=list(wanted.values())), writes=False)
        return {key: NoticeParcel(sink, message_of(found[notice])) for key, notice in wanted.items() if notice in found}

    return load
