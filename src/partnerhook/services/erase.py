"""Erase raw bodies that hold what should not be kept; receipts, observations and solutions stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from sqlalchemy import Engine

from partnerhook.core.access import Actor
from partnerhook.services.audit import Audit
from partnerhook.services.patience import transact
from partnerhook.store import receipts

SLICE: Final = 200


class Erasing:
    """Erasing as people do it who are not on this host: one body at a time, written down."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def erase(self, actor: Actor, receipt_id: int) -> bool | None:
        """Whether there was a body to erase; None where there is no such receipt. Raises StoreUnavailable."""
        found = transact(self._engine, partial(receipts.find, receipt_id=receipt_id), writes=False)
        if found is None or found.body is None:
            return None if found is None else False
        with self._audit.doing(actor, "receipt.erase", f"receipt {receipt_id}"):
            return erase(self._engine, [receipt_id]) > 0


def find(engine: Engine, text: str, on_progress: Callable[[int, int], None]) -> list[int]:
    """The receipts whose bodies hold `text`, as such or as JSON escapes it."""
    forms = {text.encode(), json.dumps(text)[1:-1].encode(), json.dumps(text)[1:-1].replace("/", "\\/").encode()}
    newest = transact(engine, receipts.newest, writes=False)
    total = newest[0] if newest else 0
    found: set[int] = set()
    for first in range(transact(engine, receipts.oldest, writes=False) or 1, total + 1, SLICE):
        for form in forms:
            look = partial(receipts.holding, text=form, first=first, last=first + SLICE - 1)
            found.update(transact(engine, look, writes=False))
        on_progress(min(first + SLICE - 1, total), total)
    return sorted(found)


def erase(engine: Engine, ids: Sequence[int]) -> int:
    """Drop the raw bodies of these receipts, also where somebody waits for them; how many there were."""
    erased = 0
    for first in range(0, len(ids), SLICE):
        drop = partial(receipts.drop_bodies, ids=ids[first : first + SLICE])
        erased += transact(engine, drop, writes=True)
    return erased
