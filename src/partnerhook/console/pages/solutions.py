"""All solutions as a list, sorted and paged; and the search, which leads to one where it can."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from partnerhook.console import lists
from partnerhook.console.frame import Frame
from partnerhook.console.places import solution_path
from partnerhook.core.names import STATES
from partnerhook.services.aside import aside
from partnerhook.services.query import SolutionSort, place

ROWS: Final = 50


def routes(frame: Frame) -> list[Route]:
    """GET /solutions and /find."""
    queries = frame.management.queries

    async def show(request: Request) -> Response:
        wanted = lists.read(request.query_params)
        after = lists.read_after(request.query_params, wanted.sort)
        found = await aside(queries.solutions_page, wanted.filter, sort=wanted.sort, after=after, limit=ROWS + 1)
        rows, more = found[:ROWS], len(found) > ROWS
        next_after = lists.write_after(place(rows[-1][0], wanted.sort)) if more else ""
        context = {
            "rows": rows,
            "wanted": wanted,
            "apps": [one.name for one in frame.management.apps()],
            "states": STATES,
            "sorts": SORTS,
            "next_page": wanted.link("/solutions", after=next_after) if more else "",
            "first_page": wanted.link("/solutions") if after else "",
        }
        return frame.page(request, "solutions.html", context)

    async def find(request: Request) -> Response:
        text = lists.read(request.query_params).text
        known = await aside(queries.find_solutions, text) if text.isascii() and text.isdigit() else []
        if len(known) == 1:
            return RedirectResponse(solution_path(known[0].app, known[0].solution_id), 303)
        return RedirectResponse(lists.read(request.query_params).link("/solutions"), 303)

    return [Route("/solutions", show, methods=["GET"]), Route("/find", find, methods=["GET"])]


SORTS: Final = {
    SolutionSort.OLDEST: "In this state for longest",
    SolutionSort.NEWEST: "Changed last",
    SolutionSort.ID: "By app and id",
}
