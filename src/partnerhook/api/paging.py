"""Long lists, a page at a time: `limit` and `cursor` in, `next_cursor` out. A cursor is opaque to whoever gets it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from partnerhook.api.parameters import WHOLE_NUMBER
from partnerhook.api.problems import Refusal

LIMIT: Final = 100
LIMIT_MAX: Final = 500
CURSOR_CHARS_MAX: Final = 1_000

Item = TypeVar("Item")

# In this order: what stands behind the bounds is asked before them, and the document has both.
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most."), WHOLE_NUMBER]
Cursor = Annotated[
    str | None,
    Query(
        max_length=CURSOR_CHARS_MAX,
        description="`next_cursor` of the page before, as it is.",
        json_schema_extra={"format": "cursor"},
    ),
]


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None = Field(description="What to ask for the next page with; null: this is the last one.")


def page(items: Sequence[Any], limit: int, place: Callable[[Any], Any], view: Callable[[Any], Any]) -> dict[str, Any]:
    """A page of `items`, of which one more than `limit` was asked for. `place` is what the next page begins behind."""
    more = len(items) > limit
    shown = items[:limit]
    return {"items": [view(one) for one in shown], "next_cursor": cursor(place(shown[-1])) if more else None}


def cursor(place: Any) -> str:
    """A place in a list, as text."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def number_behind(text: str | None) -> int | None:
    """The number that a page begins behind; None: the first page. Raises Refusal."""
    if text is None:
        return None
    found = _read(text)
    # PostgreSQL's and SQLite's integers end there.
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 2**63:
        raise _not_ours()
    return found


def place_behind(text: str | None, kinds: Sequence[type[str | int]]) -> tuple[str | int, ...] | None:
    """The texts and numbers that a page begins behind; None: the first page. Raises Refusal."""
    if text is None:
        return None
    found = _read(text)
    if not isinstance(found, list) or len(found) != len(kinds):
        raise _not_ours()
    if not all(_is(one, kind) for one, kind in zip(found, kinds, strict=True)):
        raise _not_ours()
    return tuple(found)


def _is(one: object, kind: type[str | int]) -> bool:
    if kind is str:
        return isinstance(one, str) and "\0" not in one and one.isprintable()
    return isinstance(one, int) and not isinstance(one, bool) and -(2**63) <= one < 2**63


def _read(text: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise _not_ours() from None


def _not_ours() -> Refusal:
    return Refusal(400, "query.cursor is none of this list's: use `next_cursor` of the page before, as it is.")
