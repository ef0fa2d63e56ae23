"""Erase raw bodies that hold what should not be kept; receipts, observations and solutions stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from sqlalchemy import Engine

from partnerhook.services.patience import transact
from partnerhook.store import receipts

SLICE: Final = 200


def find(engine: Engine, text: str, on_progress: Callable[[int, int], None]) -> list[int]:
    """The receipts whose bodies hold `text`, as such or as JSON escapes it."""
    forms = {text.encode(), json.dumps(text)[1:-1].encode(), json.dumps(text)[1:-1].replace("/", "\\/").encode()}
    newest = transact(engine, receipts.newest, writes=False)
    total = newest[0] if newest else 0
    found: set[int] = set()
    for first in range(1, total + 1, SLICE):
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
