"""Cursor pages: opaque cursors, and whole URLs for the next and the previous page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from partnerhook.emulator.refusals import Refusal, Refused

LIMIT: Final = 25
LIMIT_MAX: Final = 100


class Page(NamedTuple):
    """Some of the items, with what leads to the others."""

    items: Sequence[Any]
    paging: dict[str, Any]


def page(ids: Sequence[str], params: Mapping[str, str], url: str) -> Page:
    """The ids that `limit`, `after` and `before` ask for. Raises Refused.

    `url`: without its query. The cursor is the id of an item, so that a page stays where it is when others come.
    """
    limit = _limit(params.get("limit"))
    after, before = params.get("after"), params.get("before")
    if after:
        start = _place(ids, after) + 1
        stop = start + limit
    elif before:
        stop = _place(ids, before)
        start = max(stop - limit, 0)
    else:
        start, stop = 0, limit
    items = ids[start:stop]
    if not items:
        return Page((), {"cursors": {}})
    cursors = {"before": _cursor(items[0]), "after": _cursor(items[-1])}
    paging: dict[str, Any] = {"cursors": cursors}
    kept = {name: value for name, value in params.items() if name not in {"after", "before", "limit"}}
    if stop < len(ids):
        paging["next"] = f"{url}?{urlencode({**kept, 'limit': limit, 'after': cursors['after']})}"
    if start > 0:
        paging["previous"] = f"{url}?{urlencode({**kept, 'limit': limit, 'before': cursors['before']})}"
    return Page(items, paging)


def _limit(given: str | None) -> int:
    if given is None:
        return LIMIT
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= LIMIT_MAX):
        raise Refused(Refusal.BAD_PARAMETER, f"Param limit must be a number from 1 to {LIMIT_MAX}")
    return int(given)


def _cursor(item: str) -> str:
    return base64.urlsafe_b64encode(f"AQH{item}".encode()).decode().rstrip("=")


def _place(ids: Sequence[str], cursor: str) -> int:
    try:
        item = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().removeprefix("AQH")
        return list(ids).index(item)
    except (binascii.Error, ValueError):
        raise Refused(Refusal.BAD_PARAMETER, "Invalid cursors values") from None
