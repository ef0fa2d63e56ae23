"""Pages by cursor, one after the other, until there is no next one.

    {"data": [...], "paging": {"cursors": {"before", "after"}, "next"?, "previous"?}}

`next` is a whole URL that repeats the access token: that it is there says that there is more, and nothing
else is taken from it. Source: https://developers.facebook.com/docs/graph-api/results (read 2026-06-17).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, NamedTuple

from partnerhook.graph.asking import Answer, Asker
from partnerhook.graph.errors import GraphUnreadable
from partnerhook.graph.requests import Ask

PAGES_MAX: Final = 1_000
"""A hundred thousand solutions in pages of a hundred."""

CURSOR_CHARS_MAX: Final = 4_096


class Page(NamedTuple):
    """The rows of one page, as they came."""

    rows: list[Any]
    answer: Answer


async def pages(asker: Asker, ask: Ask, pages_max: int) -> AsyncIterator[Page]:
    """Each page. Raises GraphUnreadable where the cursors lead in a circle, or to no end."""
    seen: set[str] = set()
    for _ in range(pages_max):
        answer = await asker.ask(ask)
        page = Page(rows_of(answer.document), answer)
        after = _after(answer.document)
        yield page
        if after is None:
            return
        if after in seen:
            raise GraphUnreadable("The list leads in a circle: a page names the cursor of an earlier one.")
        seen.add(after)
        ask = ask._replace(query={**ask.query, "after": after})
    raise GraphUnreadable(f"The list has more than {pages_max} pages.")


def rows_of(document: Any) -> list[Any]:
    """`data` of a list. Raises GraphUnreadable."""
    rows = document.get("data") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise GraphUnreadable("The answer is no list: it has no 'data'.")
    return rows


def _after(document: Mapping[str, Any]) -> str | None:
    """The cursor of the next page; None where this is the last."""
    paging = document.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(after, str) or not 0 < len(after) <= CURSOR_CHARS_MAX:
        raise GraphUnreadable("The list has a next page, but names no cursor for it.")
    return after
