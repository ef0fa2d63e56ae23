"""Delete what grows with the traffic and tells nothing of a solution: receipts without a body, settled deliveries.

Observations, solutions, the facts of customers, notices, and the receipts that tell of these are kept: they are the
truth, and few. One process does it at a time (`services/retain.py`), in slices, each in a transaction of milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine

from partnerhook.services.leisure import rest
from partnerhook.services.patience import transaction
from partnerhook.store import deliveries, receipts
from partnerhook.store.receipts import ListedReceipt, ReceiptFilter

SLICE: Final = 1_000
"""Rows that are read, and deleted, in one transaction."""
PAUSE_S: Final = 0.05
AT_MOST_S: Final = 7_200.0
"""At a time: years of receipts go by and by, for raw bodies, which hold people's messages, are dropped in between."""


class Receipts:
    """Which receipts go, and how far that was looked for: so that those that stay are not read every hour."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._first = 0
        """Before this one there is none any more."""
        self._behind = 0
        self._held: dict[str, int] = {}
        """By app the newest that could go; it goes once there is a newer one. So an app that has gone silent can still
        be told from one that was never heard, and SQLite gives no number twice."""

    async def forget(self, before: int, *, anew: bool, within_s: float = AT_MOST_S) -> int:
        """Delete those that came before `before` (Unix microseconds); how many. The next call goes on.

        `anew`: also look once more at those that had to stay, for their bodies may be gone, and nobody wait any more.
        """
        if anew:
            await self._begin()
        reach = partial(receipts.newest_before, received_before=before, after_id=self._behind)
        last = await transaction(self._engine, reach, writes=False)
        count = 0
        until = time.monotonic() + within_s
        while self._behind < last and time.monotonic() < until:
            began = time.monotonic()
            page, awaited = await transaction(self._engine, self._read, writes=False)
            ids = [number for one in page if (number := self._gone(one, before, last, awaited))]
            if ids:
                count += await transaction(self._engine, partial(receipts.delete_those, ids=ids), writes=True)
                await asyncio.sleep(PAUSE_S)
            else:
                await rest(began)
            self._behind = min(page[-1].receipt.id, last) if page else last
        return count

    async def _begin(self) -> None:
        def oldest(conn: Connection) -> int:
            return receipts.oldest(conn, from_id=self._first) or 0

        self._first = await transaction(self._engine, oldest, writes=False)
        self._behind = max(self._first - 1, 0)
        self._held.clear()

    def _read(self, conn: Connection) -> tuple[list[ListedReceipt], set[int]]:
        page = receipts.page(conn, ReceiptFilter(), after_id=self._behind, limit=SLICE)
        return page, deliveries.awaited(conn, page[0].receipt.id, page[-1].receipt.id) if page else set()

    def _gone(self, listed: ListedReceipt, before: int, last: int, awaited: set[int]) -> int | None:
        """Which receipt can go now that this one was seen: the one before it of the same app."""
        one = listed.receipt
        gone = self._held.pop(one.app, None)
        if one.id <= last and one.received_at < before and not (listed.body_kept or one.telling or one.id in awaited):
            self._held[one.app] = one.id
        return gone


async def forget_deliveries(engine: Engine, before: int) -> None:
    """Delete deliveries that were settled before `before` (Unix microseconds), with their attempts."""
    behind = 0
    # What was enqueued later was settled later: the millions of these are not read.
    last = await transaction(engine, partial(deliveries.newest_before, enqueued_before=before), writes=False)
    while behind < last:
        find = partial(deliveries.settled_before, before=before, after_id=behind, last=last, limit=SLICE)
        ids = await transaction(engine, find, writes=False)
        if not ids:
            return
        await transaction(engine, partial(deliveries.delete_those, ids=ids, settled_before=before), writes=True)
        behind = ids[-1]
        await asyncio.sleep(PAUSE_S)
