"""The list of solutions as a file for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console import csv, lists
from partnerhook.console.frame import Frame
from partnerhook.core.lifecycle import Solution
from partnerhook.core.timeline import clock
from partnerhook.services.query import GraphFacts, Queries, SolutionFilter, SolutionSort, place

ROWS_AT_ONCE: Final = 500
HEAD: Final = (
    "app",
    "solution_id",
    "name",
    "role",
    "portfolio_id",
    "status",
    "pending",
    "usable",
    "since",
    "partners",
    "anomalies",
)


def routes(frame: Frame) -> list[Route]:
    """GET /solutions.csv, with the filters of /solutions."""

    async def download(request: Request) -> Response:
        wanted = lists.read(request.query_params).filter
        return await csv.answer("solutions.csv", HEAD, lambda: _rows(frame.management.queries, wanted))

    return [Route("/solutions.csv", download, methods=["GET"])]


def _rows(queries: Queries, wanted: SolutionFilter) -> Iterator[csv.Row]:
    after = None
    while page := queries.solutions_page(wanted, sort=SolutionSort.ID, after=after, limit=ROWS_AT_ONCE):
        yield from (_row(one, facts) for one, facts in page)
        after = place(page[-1][0], SolutionSort.ID)


def _row(one: Solution, facts: GraphFacts | None) -> csv.Row:
    names = [part.app.name or part.app.id for part in facts.partners if part.app] if facts else []
    return (
        one.app,
        one.solution_id,
        facts.name if facts else "",
        facts.role if facts else "",
        one.portfolio_id,
        one.status,
        one.pending,
        "yes" if one.usable else "no",
        clock(one.since),
        ", ".join(names),
        " ".join(one.anomalies),
    )
