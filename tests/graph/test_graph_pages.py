"""The Graph client: pages by cursor, bounded."""

from __future__ import annotations

from typing import Any

import pytest
from played_meta import APP_ID, TOKEN, MakeGraph, PlayedMeta

from partnerhook.graph import GraphUnreadable

pytestmark = pytest.mark.asyncio


def page(number: int, after: Any = None, *, more: bool = True) -> dict[str, Any]:
    """A page with one solution. Its `next` leads elsewhere, and repeats the token, as Meta's do."""
    paging: dict[str, Any] = {"cursors": {"before": "first", **({} if after is None else {"after": after})}}
    if more:
        paging["next"] = (
            f"http://elsewhere.example/v25.0/1/whatsapp_business_solutions?access_token={TOKEN}&after=wrong"
        )
    return {"data": [{"id": str(number), "status": "ACTIVE"}], "paging": paging}


async def ids(graph: MakeGraph, **settings: Any) -> list[str]:
    """All that a list gives."""
    async with graph(**settings) as client:
        return [one.solution_id async for page in client.solution_pages(APP_ID) for one in page.readings]


async def test_followed(graph: MakeGraph, meta: PlayedMeta):
    """Every page is asked for by its cursor; no URL of Meta's is followed."""
    meta.says(page(1, "two"), page(2, "three=&"), page(3, "end", more=False))

    found = await ids(graph)

    assert found == ["1", "2", "3"]
    assert [one.query.get("after") for one in meta.asked] == [None, "two", "three=&"]
    assert {one.query["limit"] for one in meta.asked} == {"100"}


async def test_circle(graph: MakeGraph, meta: PlayedMeta):
    """A cursor that was there before ends the list as an error: not silently, and not never."""
    meta.says(page(1, "two"), page(2, "three"), page(3, "two"))

    with pytest.raises(GraphUnreadable, match="circle"):
        await ids(graph)

    assert len(meta.asked) == 3


async def test_too_many(graph: MakeGraph, meta: PlayedMeta):
    """A list of more pages than are taken is an error."""
    meta.says(page(1, "a"), page(2, "b"), page(3, "c"))

    with pytest.raises(GraphUnreadable, match="more than 2 pages"):
        await ids(graph, pages_max=2)

    assert len(meta.asked) == 2


@pytest.mark.parametrize("after", [None, 7, "", "x" * 5_000])
async def test_no_cursor(graph: MakeGraph, meta: PlayedMeta, after: Any):
    """A next page without a cursor that leads there is an error: solutions would be missing unnoticed."""
    meta.says(page(1, after))

    with pytest.raises(GraphUnreadable, match="cursor"):
        await ids(graph)


@pytest.mark.parametrize("body", [{}, [], {"data": {}}, {"data": None}])
async def test_no_list(graph: MakeGraph, meta: PlayedMeta, body: Any):
    """What has no list is not an empty one."""
    meta.says(body)

    with pytest.raises(GraphUnreadable, match="data"):
        await ids(graph)


@pytest.mark.parametrize("paging", [None, [], {}, {"cursors": None}, {"cursors": {}}])
async def test_last(graph: MakeGraph, meta: PlayedMeta, paging: Any):
    """A page that names no next one is the last, however it leaves that out."""
    meta.says({"data": [], "paging": paging})

    assert await ids(graph) == []


@pytest.mark.parametrize("limit", [0, 101, -1])
async def test_limit(graph: MakeGraph, meta: PlayedMeta, limit: int):
    """A limit outside of Meta's bounds is not sent."""
    async with graph() as client:
        with pytest.raises(ValueError, match="1 to 100"):
            await anext(client.solution_pages(APP_ID, limit=limit))

    assert meta.asked == []
